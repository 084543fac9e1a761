"""The command that repeats a run, and what a run is answered with that names no images."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import qaugbench
from qaugbench.board.entry import without_paths
from qaugbench.board.verify import verify
from qaugbench.cli import runs
from qaugbench.cli.root import cli
from qaugbench.errors import DataError
from qaugbench.experiment.command import check_images_named, command_of, resuming
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import RunResult
from qaugbench.record import Record, read_record, record_text
from qaugbench.report.html import write_report
from tests.experiment.tiny import TASK, tiny_task

EVERYTHING: dict[str, Any] = {
    "task": "kneeoa",
    "generators": ("qldm", "qldm:fourier"),
    "source": "ward-3",
    "track": "smoke",
    "fraction": (0.1, 0.25),
    "replicates": 3,
    "split": "fold:1/5",
    "allow_leaky_split": True,
    "plateau_check": False,
    "arms": ("O-true",),
    "executions": ("fake:torino", "mine.toml"),
    "ratio": 0.5,
    "withhold_test": True,
    "recipe": "B",
    "accelerator": "cpu",
    "extractors": ("dinov2", "lpips=w.pth"),
    "metrics": False,
}


def read_back(command: str, monkeypatch: pytest.MonkeyPatch) -> RunRequest:
    """Return the request that the command line makes of a command."""
    asked: list[RunRequest] = []

    def stop(request: RunRequest) -> None:
        asked.append(request)
        raise DataError("enough")

    monkeypatch.setattr(
        "qaugbench.experiment.check_request.check_request", lambda request: None
    )  # its data are nowhere
    monkeypatch.setattr("qaugbench.experiment.run.perform", stop)
    program, *arguments = shlex.split(command)
    assert program == "qaugbench"
    CliRunner().invoke(cli, arguments)
    return asked[0]


def test_the_command_asks_for_the_same_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    request = RunRequest(**EVERYTHING)
    assert read_back(command_of(request), monkeypatch) == request


def test_every_option_that_changes_a_number_is_in_the_command() -> None:
    of_the_machine = {"jobs", "backend", "scheduler", "slurm", "out", "quiet"}
    assert set(RunRequest.__dataclass_fields__) == {*EVERYTHING, "data", *of_the_machine}
    plain = command_of(RunRequest(task="kneeoa", generators=("qldm",)))
    assert plain == "qaugbench run --task kneeoa --generator qldm --track lite"
    for name in set(EVERYTHING) - {"task", "generators", "track"}:
        assert command_of(RunRequest(task="kneeoa", generators=("qldm",), **{name: EVERYTHING[name]})) != plain


def test_no_folder_of_anybody_is_in_the_command(tmp_path: Path) -> None:
    made = tmp_path / "made elsewhere"
    made.mkdir()
    request = RunRequest(task=TASK, generators=(f"folder:{made}",), data=tmp_path / "my scans.zip", out=tmp_path)
    of_mine = replace(request, executions=(str(tmp_path / "mine.toml"), "fake:torino"))
    assert command_of(of_mine).endswith("--execution mine.toml --execution fake:torino")
    assert f"--execution {tmp_path / 'mine.toml'}" in resuming(of_mine)
    assert command_of(request) == (
        f"qaugbench run --task {TASK} --generator 'folder:made elsewhere' --data 'my scans.zip' --track lite"
    )
    assert command_of(replace(request, generators=("finetune:lab/weights",), data=Path("."))) == (
        f"qaugbench run --task {TASK} --generator finetune:lab/weights --data DATA --track lite"
    )


def test_a_run_states_its_command_in_record_report_and_entry(finished: RunResult) -> None:
    command = (
        f"qaugbench run --task {TASK} --generator qldm --source phantom --track smoke --no-metrics --accelerator cpu"
    )
    assert read_record(finished.folder).command == command
    page = finished.report.read_text(encoding="utf-8")
    assert "Reproduce with" in page
    assert command in page
    assert without_paths(finished.record).command == command
    verify(finished.folder)


def test_the_page_of_a_run_shows_paths_as_typed_and_that_of_an_entry_their_last_parts(
    finished: RunResult, tmp_path: Path
) -> None:
    given = RunRequest(task=TASK, generators=("folder:../made",), data=Path("../images/mine"))
    record = finished.record.model_copy(update={"command": command_of(given)})
    shutil.copytree(finished.folder, tmp_path / "run")
    (tmp_path / "run" / "record.json").write_text(record_text(record), encoding="utf-8")
    stated = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    (tmp_path / "run" / "run.json").write_text(json.dumps({**stated, "command": resuming(given)}), encoding="utf-8")
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "--generator folder:../made --data ../images/mine --track lite</code>" in page
    (tmp_path / "run" / "run.json").unlink()
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "--data mine --track lite</code>" in page


def test_an_older_record_has_none(finished: RunResult) -> None:
    stated = finished.record.model_dump(mode="json")
    del stated["command"]
    assert Record.model_validate(stated).command is None


def test_a_run_that_names_no_images_is_answered_with_two_commands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as stopped:
        qaugbench.run("chestxray", "qldm", out=tmp_path / "runs", replicates=2)
    said = str(stopped.value)
    commands = [line.strip() for line in said.splitlines() if line.startswith("  qaugbench")]
    options = "run --task chestxray --generator qldm --source"
    assert commands == [
        f"qaugbench {options} phantom --track smoke --replicates 2",
        f"qaugbench data get chestmnist && qaugbench {options} chestmnist --track lite --replicates 2",
    ]
    assert not (tmp_path / "runs").exists()
    assert read_back(commands[0], monkeypatch).source == "phantom"


def test_a_source_that_no_program_may_fetch_is_explained_first() -> None:
    with pytest.raises(DataError, match="qaugbench data info hidden && qaugbench run"):
        check_images_named(RunRequest(task=TASK, generators=("qldm",)), replace(tiny_task(), default_source="hidden"))


def test_the_prepared_default_source_needs_no_name(data_home: Path) -> None:
    folder = data_home / TASK
    folder.mkdir()
    (folder / f"{tiny_task().default_source}.zip").touch()
    check_images_named(RunRequest(task=TASK, generators=("qldm",)), tiny_task())


def test_the_options_of_the_command_line_are_those_of_a_request() -> None:
    """But for the form of what is printed, and for classifiers, which make it another request."""
    given = {parameter.name for parameter in runs.run.params}
    renamed = {"no_plateau_check": "plateau_check", "no_metrics": "metrics", "no_test": "withhold_test"}
    assert {renamed.get(name, name) for name in given - {"as_json", "classifiers"}} == set(
        RunRequest.__dataclass_fields__
    )


def test_to_resume_paths_are_as_they_were_given() -> None:
    request = RunRequest(
        task="brainmri", generators=("folder:../made",), data=Path("../images/mine.zip"), out=Path("elsewhere")
    )
    assert resuming(request) == (
        "qaugbench run --task brainmri --generator folder:../made --data ../images/mine.zip --track lite --out elsewhere"
    )


def test_the_command_that_resumes_says_where_and_how_it_computes() -> None:
    request = RunRequest(
        task="brainmri",
        generators=("kde",),
        source="phantom",
        jobs=2,
        backend="slurm",
        slurm={"partition": "gpu", "time": "60"},
    )
    assert resuming(request) == (
        "qaugbench run --task brainmri --generator kde --source phantom --track lite --jobs 2 --backend slurm "
        "--slurm partition=gpu --slurm time=60"
    )
    assert "--jobs" not in command_of(request)
