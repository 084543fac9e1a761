"""Wrong names and facts are answered before PyTorch is imported, which takes seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.errors import DataError, QaugbenchError
from qaugbench.experiment.check_request import amounts, check_request
from qaugbench.experiment.request import RunRequest
from qaugbench.kinds import CONTROL_NAMES
from tests.datasets.own.make import png, table, write

GOOD = {"task": "brainmri", "generator": "qldm", "source": "phantom", "track": "smoke"}
WRONG = [
    ({"task": "brianmri"}, "There is no task 'brianmri'"),
    ({"track": "smok"}, "There is no track 'smok'"),
    ({"generator": "qlmd"}, "qlmd"),
    ({"generator": "qldm:twim"}, "has no control or variant 'twim'. Did you mean 'twin'"),
    ({"generator": "smote:twin"}, "Generator 'smote' has no control 'twin'"),
    ({"generator": "folder:nowhere"}, "nowhere does not exist"),
    ({"generator": "folder:"}, "needs the images to score"),
    ({"source": "fantom"}, "There is no source 'fantom'"),
    ({"data": "nowhere.zip"}, "nowhere.zip does not exist"),
    ({"source": None}, "No images are named"),
    ({"arm": "P-nose"}, "There is no arm 'P-nose'"),
    ({"arm": "P-noise:3"}, "takes nothing after a colon"),
    ({"execution": "heron"}, "Unknown device 'heron'"),
    ({"execution": "none.toml"}, "There is no file none.toml"),
    ({"generator": "ddpm", "execution": "aqt_ibex"}, "no generator of this run has circuits: ddpm (classical)"),
    ({"ratio": "0"}, "--ratio must be"),
    ({"fraction": "2"}, "--fraction must be"),
    ({"replicates": "0"}, "--replicates must be"),
    ({"backend": "slrum"}, "There is no backend 'slrum'"),
    ({"jobs": "0"}, "--jobs must be at least 1"),
    (
        {"generator": "mine"},
        "mine is a path, not a generator. To score the images there: --generator folder:mine.",
    ),
    ({"out": "file/x"}, "The folder file/x cannot be made (Not a directory). Choose another with --out."),
    ({"data": "mine", "source": None}, "labels.csv in mine has no labels: a column label is needed."),
    ({"data": "cut.zip", "source": None}, "cut.zip is not a whole .zip file"),
    ({"generator": "folder:cut.zip"}, "cut.zip is not a whole .zip file"),
]
WRONG_TO_TUNE = [
    ({"generator": "qldm:twim"}, "has no control or variant 'twim'"),
    ({"generator": "folder:nowhere"}, "nothing to tune"),
    ({"data": "nowhere.zip"}, "nowhere.zip does not exist"),
    ({"source": None}, "No images are named"),
    ({"data": "mine", "source": None}, "labels.csv in mine has no labels: a column label is needed."),
    ({"track": "smok"}, "There is no track 'smok'"),
    ({"trials": "0"}, "--trials must be at least 1"),
    ({"jobs": "0"}, "--jobs must be at least 1"),
]
SCRIPT = """
import json, sys
from qaugbench.cli import main
from qaugbench.cli.root import cli
from qaugbench.errors import QaugbenchError
for arguments in json.loads(sys.argv[1]):
    try:
        cli.main(arguments, standalone_mode=False)
    except QaugbenchError as error:
        print(json.dumps([str(error), "torch" in sys.modules]))
"""


def command(*words: str, **options: str | None) -> list[str]:
    given = {**GOOD, **options}
    return [*words, *(text for key, value in given.items() if value is not None for text in (f"--{key}", value))]


def test_what_names_and_facts_tell_is_said_before_pytorch_is_imported(tmp_path: Path) -> None:
    write(tmp_path / "mine", {"a.png": png(), "labels.csv": table("filename,grade", "a.png,3")})
    write(tmp_path, {"cut.zip": b"PK", "file": ""})
    wrong = [command("run", "--quiet", **options) for options, _ in WRONG]
    wrong += [command("tune", "--quiet", **options) for options, _ in WRONG_TO_TUNE]
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(wrong)], capture_output=True, text=True, cwd=tmp_path, check=True,
        env={**os.environ, "QAUGBENCH_DATA": str(tmp_path / "home")},
    )  # fmt: skip
    answers = [json.loads(line) for line in said.stdout.splitlines()]
    assert [
        (words, text)
        for (_, words), (text, _) in zip([*WRONG, *WRONG_TO_TUNE], answers, strict=True)
        if words not in text
    ] == []
    assert not any(imported for _, imported in answers)
    assert not (tmp_path / "runs").exists()


def test_the_names_of_controls_are_those_that_can_be_built() -> None:
    from qaugbench.circuits.controls.build import CONTROLS

    assert {"none", *CONTROL_NAMES} == set(CONTROLS)


def test_a_request_without_fault_passes() -> None:
    check_request(RunRequest("brainmri", ("qldm", "qldm:fourier", "smote"), source="phantom", track="smoke"))


def test_a_task_that_is_given_is_not_looked_up() -> None:
    given = definitions.task("brainmri")
    check_request(RunRequest("mine", ("of-mine",), source="phantom", track="smoke"), given)
    with pytest.raises(DataError, match=r"none\.zip does not exist"):
        check_request(RunRequest("mine", ("of-mine",), data=Path("none.zip"), track="smoke"), given)


def test_a_run_without_generators_is_none() -> None:
    with pytest.raises(QaugbenchError, match="at least one generator"):
        check_request(RunRequest("brainmri", (), source="phantom"))


def test_amounts_are_the_track_s_unless_given() -> None:
    track = definitions.track(definitions.task("brainmri"), "smoke")
    assert amounts(RunRequest("brainmri", ("qldm",)), track) == (track.fractions, track.replicates)
    assert amounts(RunRequest("brainmri", ("qldm",), fraction=(0.5,), replicates=3), track) == ((0.5,), 3)
