"""A whole study on a tiny phantom: resumed, extended, with a trial that diverges, and blind to test images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from qaugbench.cli import cli
from qaugbench.errors import DefinitionError, QaugbenchError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.prepare import Definitions
from qaugbench.experiment.processes import execute
from qaugbench.experiment.store import META, Store
from qaugbench.metrics.discrimination import class_scores, macro_auroc
from qaugbench.tuning import tune as tuning
from qaugbench.tuning.study import StudyResult
from qaugbench.tuning.text import opening
from qaugbench.tuning.trial_result import TrialResult
from qaugbench.tuning.tune import TuneRequest, prepare_study, tune
from tests.experiment.tiny import TASK, tiny_definitions

SPACE = {"learning_rate": {"choices": [4e-3, 1e30]}, "sampling_steps": {"low": 2, "high": 3}}
TRIALS = 4


@dataclass(frozen=True)
class Made:
    """A finished study, its folder, and how many trials each written tuning.json had."""

    result: StudyResult
    folder: Path
    written: list[int]


def request(out: Path, **options: Any) -> TuneRequest:
    given = {"generator": "ldm", "trials": TRIALS, "replicates": 2, "jobs": 1, **options}
    return TuneRequest(task=TASK, source="phantom", track="smoke", accelerator="cpu", out=out, quiet=True, **given)


def tiny(asked: TuneRequest) -> Definitions:
    found = tiny_definitions(asked.run)
    choices = tuple(replace(one, card=replace(one.card, tune=SPACE)) for one in found.generators)
    return replace(found, generators=choices)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    out, written = tmp_path_factory.mktemp("study"), []
    write = tuning._write

    def watched(folder: Path, result: StudyResult) -> None:
        write(folder, result)
        written.append(len(json.loads((folder / "tuning.json").read_text(encoding="utf-8"))["trials"]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "_write", watched)
        result, folder = tune(request(out), tiny(request(out)))
    return Made(result, folder, written)


def without_seconds(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: without_seconds(value) for key, value in data.items() if key != "seconds"}
    return [without_seconds(value) for value in data] if isinstance(data, list) else data


def stored(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "tuning.json").read_text(encoding="utf-8"))


def test_each_trial_is_written_whole_and_the_first_is_the_default(made: Made) -> None:
    assert made.written == [0, 1, 2, 3, 4]  # none yet: a list shows the study from its first moment
    assert (made.folder / "tuning.png").read_bytes().startswith(b"\x89PNG")
    found = stored(made.folder)
    assert found == made.result.to_dict()
    assert (
        found["trials"][0]["settings"]
        == found["design"]["space"]["default"]
        == {
            "learning_rate": 4e-3,
            "sampling_steps": 2,
        }
    )


def test_scores_are_the_primary_endpoint_on_validation_images(made: Made) -> None:
    found = prepare_study(request(made.folder.parent), tiny(request(made.folder.parent)))
    source, store = found.prepared.plan.source, found.prepared.store
    labels = source.prepared.labels[source.split.val]
    decidable = np.flatnonzero((labels.sum(0) > 0) & (labels.sum(0) < len(labels)))
    for cell, score in zip(found.trials[0].cells, made.result.results[0].scores, strict=True):
        scores = class_scores(
            np.asarray(store.array("train", cell.name, "val_logits")), found.prepared.plan.task.labels.kind
        )
        assert score == pytest.approx(macro_auroc(scores[:, decidable], labels[:, decidable]))


def test_a_trial_that_diverges_counts_and_is_never_chosen(made: Made) -> None:
    diverged = [one for one in made.result.results if one.settings["learning_rate"] == 1e30]
    assert diverged
    assert {one.outcome for one in diverged} == {"diverged"}
    assert all(one.mean is None and one.reason.startswith("fit ldm 50% r0 trial") for one in diverged)
    assert all("DivergedError" in one.reason and "needs" not in one.reason for one in diverged)
    assert made.result.best is not None
    assert made.result.best.outcome == "ok"
    assert len(made.result.results) == TRIALS


def test_no_test_image_is_read_and_no_test_score_written(made: Made) -> None:
    found = prepare_study(request(made.folder.parent), tiny(request(made.folder.parent)))
    test = found.prepared.plan.source.split.test
    store = found.prepared.store
    names = {cell.stage: cell.name for cell in found.trials[0].all_cells}
    rows = [store.array("split", names["split"], part) for part in ("train", "val", "test")]
    rows += [store.array("draw", names["draw"], part) for part in ("real", "drawn", "oracle")]
    assert len(test)
    assert not np.isin(test, np.concatenate(rows)).any()
    for cell in found.trials[0].cells:
        assert len(store.array("train", cell.name, "test_logits")) == len(found.prepared.plan.source.split.val)
    texts = [path.read_text(encoding="utf-8") for path in made.folder.iterdir() if path.suffix in (".json", ".txt")]
    assert not any('"test' in text or "test score" in text for text in texts)


def test_more_trials_continue_a_study_and_compute_nothing_again(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    shutil.copytree(made.folder.parent, out)
    cells = {path: path.stat().st_mtime_ns for path in (out / "store").glob(f"cells/*/*/*/{META}")}
    more, folder = tune(request(out, trials=TRIALS + 1), tiny(request(out)))
    assert folder == out / made.folder.name
    assert {path: path.stat().st_mtime_ns for path in cells} == cells
    assert [scores_of(one) for one in more.results[:TRIALS]] == [scores_of(one) for one in made.result.results]
    assert len(stored(folder)["trials"]) == TRIALS + 1


def test_an_interrupted_study_gives_what_an_undisturbed_one_gives(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    shutil.copytree(made.folder.parent, out)
    shutil.rmtree(out / "store" / "cells" / "train")
    shutil.rmtree(out / made.folder.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "_write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            tune(request(out), tiny(request(out)))
    again, _ = tune(request(out), tiny(request(out)))
    assert without_seconds(again.to_dict()) == without_seconds(made.result.to_dict())


def test_several_trials_are_computed_at_once_where_there_are_more_processes_than_replicates(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, batches = tmp_path / "runs", []
    shutil.copytree(made.folder.parent, out)

    def one_by_one(cells: Sequence[Cell], store: Store, **options: Any) -> dict[str, CellReport]:
        batches.append({cell.note for cell in cells if cell.stage == "train"})
        return execute(cells, store, **{**options, "jobs": 1})

    monkeypatch.setattr(tuning, "execute", one_by_one)
    found, _ = tune(request(out, jobs=5), tiny(request(out, jobs=5)))
    assert batches == [{"trial 0", "trial 1"}, {"trial 2", "trial 3"}]
    assert without_seconds(found.to_dict()) == without_seconds(made.result.to_dict())


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def scores_of(result: TrialResult) -> tuple[object, ...]:
    return result.number, result.settings, result.outcome, result.scores


def test_a_control_is_tuned_over_the_space_of_its_generator(tmp_path: Path) -> None:
    twin, own = (
        prepare_study(request(tmp_path, generator=name), tiny(request(tmp_path, generator=name)))
        for name in ("qldm:twin", "qldm")
    )
    assert (twin.study.variant, twin.study.space) == ("qldm:twin", own.study.space)
    assert [trial.settings for trial in twin.trials] == [trial.settings for trial in own.trials]
    fits = [{cell.name for cell in trial.all_cells if cell.stage == "fit"} for trial in (twin.trials[0], own.trials[0])]
    assert not fits[0] & fits[1]
    assert twin.folder != own.folder


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trials": 0}, "--trials must be at least 1"),
        ({"replicates": 0}, "--replicates must be at least 1"),
        ({"generator": "folder:images"}, "nothing to tune"),
        ({"generator": "lddm"}, "Did you mean 'ldm'"),
        ({"generator": "qldm:twim"}, "Did you mean 'twin'"),
        ({"steps": 0}, "--steps must be at least 1, got 0"),
        ({"generator": "smote", "steps": 5}, "the fit of 'smote' takes no steps"),
    ],
)
def test_what_cannot_be_tuned_is_refused_before_anything_is_made(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(QaugbenchError, match=words):
        tune(request(tmp_path / "runs", **options))
    assert not (tmp_path / "runs").exists()


def test_all_trials_train_for_the_steps_that_were_asked_for(tmp_path: Path) -> None:
    asked = request(tmp_path, steps=2)
    short, own = prepare_study(asked, tiny(asked)), prepare_study(request(tmp_path), tiny(request(tmp_path)))
    fits = [cell for trial in short.trials for cell in trial.all_cells if cell.stage == "fit"]
    assert {cell.key["training"]["steps"] for cell in fits} == {2}
    assert not {cell.name for cell in fits} & {cell.name for trial in own.trials for cell in trial.all_cells}
    assert short.folder != own.folder
    assert StudyResult(short.study, ()).to_dict()["budget"]["steps"] == 2
    assert "Every trial trains for 2 steps" in opening(short.study)
    assert "Every trial trains" not in opening(own.study)


def test_a_study_of_the_steps_themselves_has_no_other_steps(tmp_path: Path) -> None:
    asked = request(tmp_path / "runs", steps=2)
    found = tiny(asked)
    choices = tuple(
        replace(one, card=replace(one.card, tune={"steps": {"low": 1, "high": 4}})) for one in found.generators
    )
    with pytest.raises(QaugbenchError, match="tunes 'steps' itself"):
        tune(asked, replace(found, generators=choices))


def test_a_generator_without_a_space_is_refused_in_words(tmp_path: Path) -> None:
    asked = request(tmp_path / "runs")
    with pytest.raises(DefinitionError, match=r"ldm.toml says nothing about what to tune. Add a table \[tune\]"):
        tune(asked, replace(tiny(asked), generators=tuple(_bare(one) for one in tiny(asked).generators)))
    assert not (tmp_path / "runs").exists()


def test_the_command_prints_the_table_and_where_the_files_are(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[TuneRequest] = []

    def tuned(wanted: TuneRequest) -> tuple[StudyResult, Path]:
        asked.append(wanted)
        return made.result, made.folder

    monkeypatch.setattr(tuning, "tune", tuned)
    arguments = ["tune", "--task", TASK, "--generator", "ldm", "--trials", "4", "--fraction", "0.5"]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.return_value == 0
    assert (asked[0].trials, asked[0].replicates, asked[0].fraction) == (4, 2, 0.5)
    assert "diverged" in done.output
    assert str(made.folder / "tuning.json") in done.output
    (study,) = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).output)["results"]
    assert study == made.result.to_dict()


def _bare(choice: Any) -> Any:
    return replace(choice, card=replace(choice.card, tune={}))
