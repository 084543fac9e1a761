"""The main job at its smallest: what it leaves, that it repeats itself bit for bit, and what a second run recomputes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from qaugbench.board.changed import SEAL_FILE, changed_words, seal_text
from qaugbench.board.verify import verify
from qaugbench.experiment.run import RunResult
from qaugbench.predictions import read_predictions
from qaugbench.record import read_record
from qaugbench.report.run_list import listed_runs
from tests.experiment.tiny import tiny_run

ARMS = (
    "R",
    "R+",
    "R+cm",
    "R+os",
    "O-real",
    "qldm",
    "qldm:twin",
    "qldm:no-entanglement",
    "qldm:frozen",
    "R+rec:quantum-latent-4x8x8",
)


def test_a_run_seals_its_record_and_the_sums_of_its_scores_agree(finished: RunResult) -> None:
    text = (finished.folder / "record.json").read_text(encoding="utf-8")
    assert (finished.folder / SEAL_FILE).read_text(encoding="utf-8") == seal_text(text)
    assert changed_words(finished.folder, read_record(finished.folder)) is None


def test_run_leaves_record_predictions_and_report(finished: RunResult) -> None:
    predicted = read_predictions(finished.folder / "predictions.npz")
    stored, returned = (
        record.model_dump(exclude={"environment", "cost"}) for record in (read_record(finished.folder), finished.record)
    )
    assert stored == returned  # a later test may have run it again, at another time and cost
    assert predicted.arms == ARMS
    assert predicted.fractions["50%"].test_logits.shape == (10, 2, len(predicted.test_ids), 5)
    assert all(np.isfinite(part.test_logits).all() for part in predicted.fractions.values())
    assert finished.report.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_record_says_phantom(finished: RunResult) -> None:
    assert finished.record.data.phantom
    assert finished.record.board.source == "phantom"
    assert "phantom" in finished.report.read_text(encoding="utf-8").lower()


def test_a_run_is_listed_from_its_beginning(finished: RunResult, tmp_path: Path) -> None:
    (listed,) = [run for run in listed_runs(finished.folder.parent) if run.path == finished.folder]
    assert (listed.state, listed.generators, listed.replicates) == ("finished", ("qldm",), 2)
    (tmp_path / "begun").mkdir()
    shutil.copy(finished.folder / "run.json", tmp_path / "begun")
    (begun,) = listed_runs(tmp_path)
    assert (begun.task, begun.generators) == (listed.task, ("qldm",))
    assert begun.state.startswith("not finished; to resume: qaugbench run --task kneeoa --generator qldm ")
    assert f"--out {finished.folder.parent}" in begun.state


def test_every_number_can_be_recomputed(finished: RunResult) -> None:
    assert verify(finished.folder).n_numbers > 100


def test_arms_share_initial_weights_within_a_replicate_only(finished: RunResult) -> None:
    initial: dict[int, set[str]] = {0: set(), 1: set()}
    for path in (finished.folder.parent / "store" / "cells" / "train").glob("*/*/cell.json"):
        meta = json.loads(path.read_text(encoding="utf-8"))
        initial[meta["key"]["seeds"]["init_seed"]] = initial.get(meta["key"]["seeds"]["init_seed"], set()) | {
            meta["facts"]["init_sha256"]
        }
    found = [hashes for hashes in initial.values() if hashes]
    assert [len(hashes) for hashes in found] == [1, 1]
    assert found[0] != found[1]


def test_same_command_gives_the_same_bits_whatever_the_number_of_processes(finished: RunResult, tmp_path: Path) -> None:
    again = tiny_run(tmp_path, jobs=2)
    assert (again.folder / "predictions.npz").read_bytes() == (finished.folder / "predictions.npz").read_bytes()
    assert again.record.scores == finished.record.scores
    assert again.record.influence == finished.record.influence
    assert again.record.config_sha256 == finished.record.config_sha256


def test_a_second_run_computes_nothing(finished: RunResult) -> None:
    again = tiny_run(finished.folder.parent)
    assert sum(cost.computed_now for cost in again.record.cost.values()) == 0
    assert again.record.predictions_sha256 == finished.record.predictions_sha256


def test_a_run_says_what_it_does_at_every_time(finished: RunResult, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_run(finished.folder.parent, quiet=False)
    said = capsys.readouterr().err
    told = (
        "Reading and checking the images",
        "Board: ",
        "Plan  ",
        "Nothing is left to compute.",
        f"Results: {finished.folder}",
        "Scoring every arm",
        "Writing the report",
    )
    places = [said.index(words) for words in told]
    assert places == sorted(places)


def test_a_second_generator_shares_the_cells_that_are_there(finished: RunResult) -> None:
    more = tiny_run(finished.folder.parent, generators=("qldm", "ldm"))
    computed = {stage: cost.computed_now for stage, cost in more.record.cost.items()}
    assert computed == {
        "prepare": 0,
        "split": 0,
        "draw": 0,
        "space": 2,
        "fit": 2,
        "sample": 2,
        "fill": 2,
        "influence": 0,
        "train": 4,
    }


def test_scores_are_those_of_the_stored_logits(finished: RunResult) -> None:
    """By scikit-learn, so whatever the logits are on this machine."""
    predicted = read_predictions(finished.folder / "predictions.npz")
    logits = predicted.fractions["50%"].test_logits.astype(np.float64)
    grades = predicted.test_labels.argmax(axis=1)
    scored = finished.record.scores.fractions["50%"].endpoints["macro_auroc"].arms
    for arm, by_replicate in zip(predicted.arms, logits, strict=True):
        values = [
            roc_auc_score(grades == grade, softmax(replicate, axis=1)[:, grade])
            for replicate in by_replicate
            for grade in np.unique(grades)  # a grade without a test image is in no mean
        ]
        assert scored[arm].mean == pytest.approx(np.mean(values), abs=1e-9)
