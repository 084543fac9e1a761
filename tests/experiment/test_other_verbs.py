"""Estimates, images from a folder, the Python function and the doctor."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import qaugbench
from qaugbench.cards import Training
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.errors import DefinitionError
from qaugbench.experiment.estimate import _steps, estimate_run, seconds_here
from qaugbench.experiment.order import steps_of
from qaugbench.experiment.prepare import prepare
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import RunResult
from qaugbench.experiment.store import Store
from qaugbench.inspection.doctor import examine
from qaugbench.stats.results import Contrast, Scores
from tests.experiment.tiny import TASK, tiny_definitions, tiny_request, tiny_run


def test_estimate_times_what_is_missing_and_adds_nothing_to_the_store(tmp_path: Path) -> None:
    request = tiny_request(tmp_path, generators=("ldm",))
    estimated = estimate_run(request, tiny_definitions(request))
    missing: Counter[str] = Counter()
    for stage in estimated.stages:
        missing[stage.what.split()[0]] += stage.missing
    assert missing == {"space": 2, "fit": 2, "sample": 2, "fill": 2, "train": 14}
    assert all(stage.seconds_each > 0 for stage in estimated.stages)
    assert not list((tmp_path / "store" / "cells").iterdir())


def test_a_fit_that_is_counted_in_epochs_is_timed_over_few_steps(tmp_path: Path) -> None:
    request = tiny_request(tmp_path, generators=("qlatent-wgan:as-released",))
    cells = prepare(request, tiny_definitions(request)).plan.cells
    fit = next(cell for cell in steps_of(cells) if cell.stage == "fit")
    assert fit.key["training"]["epochs"] == 80
    assert fit.needs["space"].key["training"]["epochs"] == 12
    trial = Store(tmp_path / "trial")
    steps = _steps(fit, trial)
    assert (
        steps == Training(epochs=80, batch_size=8).on(trial.meta("draw", fit.needs["draw"].name)["facts"]["real"]).steps
    )
    assert seconds_here(fit, trial.root) > 0
    metas = [json.loads(path.read_text()) for path in trial.root.glob("cells/*/*/*/cell.json")]
    trained = [meta["facts"]["diagnostics"]["updates"] for meta in metas if meta["stage"] == "fit"]
    assert sorted(trained) == [2, 4, 16]
    assert steps > 16
    assert {meta["key"]["training"]["steps"] for meta in metas if meta["stage"] == "space"} == {4}


def test_estimate_of_a_finished_run_is_nothing(finished: RunResult) -> None:
    request = tiny_request(finished.folder.parent)
    estimated = estimate_run(request, tiny_definitions(request))
    assert estimated.total_s == 0
    assert sum(stage.missing for stage in estimated.stages) == 0


def test_images_from_a_folder_are_an_arm(finished: RunResult, tmp_path: Path) -> None:
    made = tmp_path / "made.zip"
    drawn = render_phantom(TASK, 150, 7, 32)  # other patients than those of the run
    write_prepared(made, drawn.images, drawn.rows, {"name": "made", "task": TASK})
    scored = tiny_run(finished.folder.parent, generators=(f"folder:{made}",)).record
    arm = next(arm for arm in scored.arms if arm.role == "synthetic")
    assert (arm.id, arm.kind) == ("folder:made", "external")
    assert scored.scores.fractions["50%"].endpoints["macro_auroc"].arms["folder:made"].mean > 0
    assert not any(contrast.against == "folder:made" for contrast in _contrasts(scored.scores))


def _contrasts(scores: Scores) -> list[Contrast]:
    return scores.fractions["50%"].endpoints["macro_auroc"].contrasts


def test_python_function_does_what_the_command_does(finished: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RunRequest] = []
    monkeypatch.setattr("qaugbench.experiment.run.perform", lambda request: asked.append(request) or finished)
    result = qaugbench.run(
        TASK,
        "qldm",
        source="phantom",
        track="smoke",
        out=str(finished.folder.parent),
        jobs=1,
        accelerator="cpu",
        metrics=False,
        quiet=True,
    )
    assert asked == [tiny_request(finished.folder.parent)]
    assert result is finished


def test_python_function_names_near_options() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'replicates'"):
        qaugbench.run(TASK, "qldm", replicate=3)


def test_doctor_finds_this_installation_sound(tmp_path: Path) -> None:
    findings = examine(tmp_path)
    assert not [finding.text() for finding in findings if finding.state == "fails"]
    assert {"torch", "circuits", "store", "tasks"} <= {finding.what for finding in findings}


def test_doctor_says_what_does_not_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failing = [finding for finding in examine(tmp_path / "file") if finding.state == "fails"]
    assert [finding.what for finding in failing] == ["store"]
