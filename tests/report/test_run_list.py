"""The list of runs: finished or not, of any version, damaged ones too."""

from __future__ import annotations

from pathlib import Path

from qaugbench.files import json_text
from qaugbench.record import CellOutcome
from qaugbench.report.failures import failed_words
from qaugbench.report.run_list import BEGUN_FILE, UNREADABLE, Begun, listed_runs, runs_text
from tests.board.factory import write_run

BEGUN = Begun(
    task="brainmri@2",
    source="phantom",
    track="smoke",
    generators=["smote"],
    replicates=2,
    began="2031-01-01T10:00:00+00:00",
)


def test_a_finished_run_says_what_it_is(tmp_path: Path) -> None:
    record = write_run(tmp_path / "one", replicates=2)
    (found,) = listed_runs(tmp_path)
    assert found.to_dict() == {
        "path": str(tmp_path / "one"),
        "state": "finished",
        "date": record.environment.created,
        "task": "brainmri@1",
        "source": "phantom",
        "track": "lite",
        "generators": ["ddpm", "qldm"],
        "replicates": 2,
        "executions": [],
    }


def test_what_circuits_are_drawn_on_besides_exactly_is_listed(tmp_path: Path) -> None:
    begun = BEGUN.model_copy(update={"executions": ["fake:torino", "mine"]})
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / BEGUN_FILE).write_text(json_text(begun.model_dump(mode="json")), encoding="utf-8")
    found = listed_runs(tmp_path)
    assert found[0].to_dict()["executions"] == ["fake:torino", "mine"]
    assert "generators smote; also drawn on fake:torino, mine; 2 replicates" in " ".join(runs_text(found).split())


def test_failed_steps_are_part_of_the_state(tmp_path: Path) -> None:
    failure = CellOutcome(stage="fit", name="x 10% r0", outcome="error", reason="no file")
    write_run(tmp_path / "one", replicates=2, failures=[failure])
    assert listed_runs(tmp_path)[0].state == "finished, 1 step failed"


def test_steps_that_were_not_tried_are_no_failed_ones_as_at_the_end_of_a_run(tmp_path: Path) -> None:
    reasons = ("no file", "not computed: fit x 10% r0 failed", "needs fit x 10% r0, which failed")
    failures = [CellOutcome(stage="fit", name="x 10% r0", outcome="error", reason=reason) for reason in reasons]
    write_run(tmp_path / "one", replicates=2, failures=failures)
    assert listed_runs(tmp_path)[0].state == "finished, 1 step failed, 2 that need them not computed"
    assert failed_words(failures) == "Failed: 1 step; 2 steps that need them not computed"


def test_unfinished_damaged_and_older_runs_are_listed_newest_first(tmp_path: Path) -> None:
    write_run(tmp_path / "done", replicates=2)
    for name, file, text in (
        ("begun", BEGUN_FILE, json_text(BEGUN.model_dump(mode="json"))),
        ("damaged", "record.json", "{"),
        ("hollow", BEGUN_FILE, "[]"),
        ("store", "in-use.lock", ""),
        ("tuning-x", "log.txt", ""),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text, encoding="utf-8")
    (tmp_path / "tuning-x" / "tuning.json").write_text("{}", encoding="utf-8")
    found = {run.path.name: run for run in listed_runs(tmp_path)}
    assert next(iter(found)) == "begun"
    assert set(found) == {"begun", "done", "damaged", "hollow"}
    assert (found["begun"].state, found["begun"].generators) == ("not finished", ("smote",))
    assert found["damaged"].state == UNREADABLE
    again = BEGUN.model_copy(update={"command": "qaugbench run --task brainmri"})
    (tmp_path / "begun" / BEGUN_FILE).write_text(json_text(again.model_dump(mode="json")), encoding="utf-8")
    assert listed_runs(tmp_path)[0].state == "not finished; to resume: qaugbench run --task brainmri"


def test_the_text_keeps_to_the_width_and_its_paths_in_one_piece(tmp_path: Path) -> None:
    write_run(tmp_path / "one", replicates=2)
    text = runs_text(listed_runs(tmp_path), tmp_path, width=60)
    assert f"  {tmp_path / 'one'}" in text.splitlines()
    words = " ".join(text.split())
    assert "brainmri@1 / phantom / lite; generators ddpm, qldm; 2 replicates; finished" in words
    assert all(len(line) <= 60 for line in text.splitlines() if str(tmp_path) not in line)


def test_no_run_is_said(tmp_path: Path) -> None:
    assert "There is no run in" in runs_text(listed_runs(tmp_path / "nowhere"), tmp_path / "nowhere")
