"""A replicate computed again: the same numbers from the same seeds on one machine, and what is said where they are others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qaugbench.cli import cli
from qaugbench.errors import EntryError
from qaugbench.experiment import reproduce as module
from qaugbench.experiment.reproduce import Reproduced, Reproduction, reproduce, request_of
from qaugbench.experiment.run import RunResult
from qaugbench.record import read_record
from tests.board.tampering import change_record
from tests.cli.committed import committed_entry, copied_entry
from tests.experiment.conftest import CopyWithout
from tests.experiment.tiny import tiny_definitions, tiny_request


def again(finished: RunResult, out: Path, **options: object) -> Reproduction:
    defined = tiny_definitions(tiny_request(out))
    return reproduce(finished.folder, out=out, jobs=1, quiet=True, defined=defined, **options)  # type: ignore[arg-type]


def test_a_replicate_is_trained_again_to_the_same_scores(finished: RunResult, copy_without: CopyWithout) -> None:
    found = again(finished, copy_without("train"), replicate=1, arms=("R", "R+os"))
    assert [(row.arm, row.fraction) for row in found.rows] == [("R", "50%"), ("R+os", "50%")]
    assert found.largest == 0
    assert found.agrees
    assert found.cached == found.steps - 2
    assert "Replicate 1 computed here agrees with" in found.text()
    assert found.notes == ()


def test_every_arm_is_compared_and_steps_that_are_there_are_counted(
    finished: RunResult, copy_without: CopyWithout
) -> None:
    found = again(finished, copy_without())
    assert [row.arm for row in found.rows] == [arm.id for arm in finished.record.arms]
    assert (found.largest, found.cached) == (0, found.steps)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicate": 2}, "has the replicates 0 to 1; given 2"),
        ({"arms": ("R++",)}, "There is no arm 'R\\+\\+'"),
    ],
)
def test_what_is_not_there_is_not_reproduced(
    options: dict[str, object], words: str, finished: RunResult, tmp_path: Path
) -> None:
    with pytest.raises(EntryError, match=words):
        again(finished, tmp_path, **options)


def test_other_images_are_refused(finished: RunResult, copy_without: CopyWithout) -> None:
    out = copy_without()
    run = out / finished.folder.name
    change_record(run, lambda record: record["data"].update(manifest_sha256="f" * 64))
    with pytest.raises(EntryError, match="images of the content ffffffffffff, and those here have"):
        reproduce(run, out=out, jobs=1, quiet=True, defined=tiny_definitions(tiny_request(out)))


def test_changed_settings_are_said(finished: RunResult, copy_without: CopyWithout) -> None:
    out = copy_without()
    run = out / finished.folder.name
    change_record(run, lambda record: record["generators"][0]["settings"].update(learning_rate=0.5))
    found = reproduce(run, arms=("qldm",), out=out, jobs=1, quiet=True, defined=tiny_definitions(tiny_request(out)))
    assert found.notes == ("qldm has other settings than then (learning_rate), so its rows may differ for that.",)


def test_a_request_is_that_of_the_entry() -> None:
    record = json.loads((committed_entry() / "entry.json").read_text(encoding="utf-8"))["record"]
    run = committed_entry()
    from qaugbench.board.reader import record_of

    request = request_of(record_of(run), data=None, out=Path("x"), jobs=None, quiet=True)
    assert (request.task, request.source, request.track) == ("brainmri", "nickparvar", "lite")
    assert request.generators == ("qldm", "ddpm")
    assert request.accelerator == record["environment"]["accelerator"] == "cpu"


def test_images_of_files_cannot_be_made_again(finished: RunResult) -> None:
    record = read_record(finished.folder)
    facts = record.generators[0].model_copy(update={"id": "folder:mine", "kind": "external"})
    with pytest.raises(EntryError, match="needs files that only its submitter has"):
        request_of(record.model_copy(update={"generators": [facts]}), data=None, out=Path("x"), jobs=1, quiet=True)


@pytest.mark.parametrize(
    ("difference", "code", "words"), [(0.004, 0, "agrees with"), (-0.02, 1, "does not agree with")]
)
def test_the_command_says_whether_another_machine_explains_it_and_records_it(
    difference: float, code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores are given here: that they are computed is tested above."""
    entry = copied_entry(tmp_path / "results")
    rows = (Reproduced("R", "10%", 0.95, 0.95 + difference),)
    found = Reproduction(entry.name, 0, rows, 0.01, (), 9, 0)
    monkeypatch.setattr(module, "reproduce", lambda *_, **__: found)
    said = CliRunner().invoke(cli, ["reproduce", str(entry), "--record", "A Person", "--quiet"], standalone_mode=False)
    assert (said.exception, said.return_value) == (None, code)
    assert words in said.stdout
    assert "another machine is allowed .010" in said.stdout
    verified = CliRunner().invoke(cli, ["verify", str(entry)], standalone_mode=False)
    trust = "Trust: rerun" if code == 0 else "Trust: rescored (a rerun differs by more than another machine explains)"
    assert trust in verified.stdout
