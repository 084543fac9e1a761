"""Tuning studies in the list of runs, shown again, and refused where only a run will do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qaugbench.board.result_folders import result_folders
from qaugbench.catalogue import catalogue, catalogue_text
from qaugbench.cli import cli, main
from qaugbench.errors import EntryError
from qaugbench.files import json_text
from qaugbench.places import STUDY_FILE
from qaugbench.report.study_list import listed_studies
from qaugbench.tuning.stored import stored_study
from qaugbench.tuning.study import StudyResult
from qaugbench.tuning.text import table
from tests.board.factory import write_run
from tests.cli.test_completion import offered
from tests.tuning.test_study import STUDY, result

FOUND = StudyResult(STUDY, (result(0, 0.70, 0.60), result(1, 0.75, 0.67), result(2, 0.9, None)))


def write_study(folder: Path, found: StudyResult = FOUND) -> None:
    folder.mkdir(parents=True)
    (folder / "log.txt").touch()
    (folder / STUDY_FILE).write_text(json_text(found.to_dict()), encoding="utf-8")


def test_a_study_is_listed_with_what_it_tunes_and_the_best(tmp_path: Path) -> None:
    write_study(tmp_path / "tuning-a")
    (found,) = listed_studies(tmp_path)
    listed = found.to_dict()
    assert listed.pop("date") is not None
    assert listed.pop("best_mean") == pytest.approx(0.71)
    assert listed == {
        "path": str(tmp_path / "tuning-a"),
        "state": "not finished",
        "task": "kneeoa@2",
        "source": "made",
        "track": "smoke",
        "generator": "flat:twin",
        "trials_done": 3,
        "trials": 4,
        "best": 1,
    }


def test_studies_are_listed_below_runs_and_damaged_ones_named(tmp_path: Path) -> None:
    write_run(tmp_path / "one", replicates=2)
    write_study(tmp_path / "tuning-a")
    write_study(tmp_path / "tuning-b", StudyResult(STUDY, ()))
    (tmp_path / "tuning-c").mkdir()
    (tmp_path / "tuning-c" / STUDY_FILE).write_text("{", encoding="utf-8")
    text = " ".join(catalogue_text("runs", tmp_path, 80).split())
    assert text.index("RUNS") < text.index(str(tmp_path / "one")) < text.index("STUDIES")
    assert "generator flat:twin; 3 of 4 trials done; best .710 (trial 1)" in text
    assert "0 of 4 trials done" in text
    assert "its file cannot be read" in text
    assert {kind: len(rows) for kind, rows in catalogue("runs", tmp_path).items()} == {
        "runs": 1,
        "studies": 3,
        "noise": 0,
        "comparisons": 0,
    }
    assert list(catalogue("studies", tmp_path)) == ["studies", "noise"]
    assert "There is no tuning study" in catalogue_text("studies", tmp_path / "nowhere")


def test_a_study_read_back_is_what_was_written(tmp_path: Path) -> None:
    write_study(tmp_path / "tuning-a")
    assert stored_study(tmp_path / "tuning-a") == FOUND


def test_show_prints_the_table_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(tmp_path / "runs" / "tuning-a")
    write_study(tmp_path / "runs" / "tuning-b", StudyResult(STUDY, ()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    for name in ("tuning-a", "runs/tuning-a"):
        done = CliRunner().invoke(cli, ["show", name])
        assert done.exit_code == 0
        assert done.output.rstrip("\n") == table(FOUND)
    (shown,) = json.loads(CliRunner().invoke(cli, ["show", "tuning-a", "--json"]).output)["results"]
    assert shown == FOUND.to_dict()
    assert "No trial is done yet" in CliRunner().invoke(cli, ["show", "tuning-b"]).output
    assert offered("show", "tun") == ["tuning-a", "tuning-b"]
    assert offered("verify", "tun") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tuning-a", "qldm"], "'qldm' is not: show studies by themselves"),
        (["tuning-a", "--format", "csv"], "--format csv is for runs, entries and boards"),
        (["tuning-c"], "tuning.json is not usable JSON"),
        (["tuning-d"], "tuning.json holds no study that can be read"),
        (["tuning-aa"], "Did you mean 'tuning-a'"),
    ],
)
def test_what_cannot_be_shown_is_said(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_study(tmp_path / "runs" / "tuning-a")
    for name, text in (("tuning-c", "{"), ("tuning-d", "{}")):
        write_study(tmp_path / "runs" / name)
        (tmp_path / "runs" / name / STUDY_FILE).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["qaugbench", "show", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_study_where_a_run_is_needed_is_named_as_such(tmp_path: Path) -> None:
    write_study(tmp_path / "tuning-a")
    with pytest.raises(EntryError, match="tuning-a is a tuning study, not a run"):
        result_folders([tmp_path / "tuning-a"])
