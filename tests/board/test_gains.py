"""Gains: each generator over its own reference, ranked as sets; entries that do not fit together are refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from qaugbench.board.comparable import Submitted, by_board
from qaugbench.board.gains import Gains, Measured, Place, measure, ranking
from qaugbench.board.pinned import FILE
from qaugbench.errors import EntryError
from qaugbench.predictions import read_predictions
from qaugbench.record import LabelFacts
from qaugbench.stats.mrmc import interval
from qaugbench.task import Endpoint, canonical_hash
from tests.board.factory import SPACES, record_for, write_predictions, write_run

NOISE = np.random.default_rng(5).normal(size=(4, 10, 60)) * 1e-3


def _auroc(folder: Path, arm: str, replicate: int) -> float:
    predicted = read_predictions(folder / "predictions.npz")
    logits = predicted.fractions["10%"].test_logits[predicted.arms.index(arm), replicate].astype(float)
    odds = np.exp(logits)
    return float(roc_auc_score(predicted.test_labels, odds / odds.sum(axis=1, keepdims=True)))


def _reference(board: Measured) -> str:
    return str(board.references["10%"].arm)


def test_a_gain_is_over_the_reference_of_the_board(tmp_path: Path) -> None:
    entries = [write_predictions(tmp_path / name, replicates=2, seed=seed) for name, seed in (("a", 0), ("b", 7))]
    gains = measure(entries).primary
    assert gains is not None
    assert gains.places[3] == Place(tmp_path / "b", "10%", "qldm")
    reference = _reference(measure(entries))
    wanted = [_auroc(tmp_path / "b", "qldm", r) - _auroc(tmp_path / "b", reference, r) for r in range(2)]
    assert gains.theta[3].tolist() == pytest.approx(wanted, abs=1e-12)


def test_a_gain_is_as_uncertain_as_the_difference_in_the_scores(tmp_path: Path) -> None:
    record = write_run(tmp_path / "a", replicates=3, phantom=False)
    gains = measure([Submitted(tmp_path / "a", record)]).primary
    assert gains is not None
    contrasts = record.scores.fractions["10%"].endpoints["macro_auroc"].contrasts
    (stated,) = [one for one in contrasts if (one.family, one.arm) == ("reference", "qldm")]
    found = interval(gains.theta[1], gains.influence[1], gains.n_eff)
    assert (found.se, found.df) == pytest.approx((stated.se, stated.df), rel=1e-9)


def test_a_failed_replicate_is_filled_in_by_intention_to_treat(tmp_path: Path) -> None:
    board = measure([write_predictions(tmp_path / "a", replicates=3, failed=(("qldm", 1),))])
    gains = board.primary
    assert gains is not None
    wanted = _auroc(tmp_path / "a", "R+cm", 1) - _auroc(tmp_path / "a", _reference(board), 1)
    assert gains.theta[1, 1] == pytest.approx(wanted, abs=1e-12)


def test_an_entry_without_its_reference_has_no_gain(tmp_path: Path) -> None:
    assert measure([write_predictions(tmp_path / "a", replicates=3, arms=("R", "qldm"))]).primary is None


def _planted(levels: list[float]) -> Gains:
    noise = NOISE[: len(levels)]
    theta = np.array(levels)[:, None] + noise.mean(axis=2)
    places = tuple(Place(Path("entry"), "10%", f"arm{number}") for number in range(len(levels)))
    return Gains(places, theta, noise / 60, 60)


def test_ranks_of_a_planted_order_are_that_order() -> None:
    assert list(ranking(_planted([0.1, 0.3, 0.2]), "10%").spans.values()) == [(3, 3), (1, 1), (2, 2)]


def test_rows_that_cannot_be_told_apart_share_their_ranks() -> None:
    assert list(ranking(_planted([0.2, 0.2, 0.0, 0.2]), "10%").spans.values()) == [(1, 3), (1, 3), (4, 4), (1, 3)]


def test_only_rows_of_the_fraction_asked_for_are_ranked() -> None:
    assert ranking(_planted([0.1, 0.3]), "100%").spans == {}


def test_the_mean_over_entries_is_of_one_generator_at_one_fraction() -> None:
    found = _planted([0.1, 0.3, 0.2, 0.7])
    places = [("a", "10%", "qldm"), ("b", "10%", "qldm"), ("b", "10%", "ddpm"), ("b", "100%", "qldm")]
    gains = replace(found, places=tuple(Place(Path(entry), key, arm) for entry, key, arm in places))
    theta, influence = gains.mean_of("10%", "qldm")
    assert theta == pytest.approx((found.theta[0] + found.theta[1]) / 2)
    assert influence == pytest.approx((found.influence[0] + found.influence[1]) / 2)


def test_macro_auroc_is_asked_anew_where_the_task_ranks_by_another_metric(tmp_path: Path) -> None:
    names = SPACES["ordinal"][0]
    kappa = Endpoint(id="qwk", title="kappa", kind="qwk", classes=names)
    board = measure([write_predictions(tmp_path / "a", "ordinal", replicates=2, endpoints=[kappa])])
    assert board.primary is not None
    assert board.macro is not None
    wanted = _auroc(tmp_path / "a", "qldm", 0) - _auroc(tmp_path / "a", _reference(board), 0)
    assert board.macro.theta[1, 0] == pytest.approx(wanted, abs=1e-12)
    assert board.primary.theta[1, 0] != pytest.approx(wanted, abs=1e-6)


def test_a_board_is_one_task_classifier_source_track_data_split_and_number_of_replicates(tmp_path: Path) -> None:
    entries = [write_predictions(tmp_path / str(number), replicates=2) for number in range(2)]
    assert len(by_board(entries)) == 1
    others = [
        write_predictions(tmp_path / "track", replicates=3),
        write_predictions(tmp_path / "task", replicates=2, task_sha256="f" * 64),
        write_predictions(tmp_path / "classifier", replicates=2, recipe_sha256="f" * 64),
        write_predictions(tmp_path / "phantom", replicates=2, phantom=True),
    ]
    assert [len(board) for board in by_board([*others, *entries])] == [2, 1, 1, 1, 1]


def test_classifiers_that_give_the_same_numbers_share_a_board(tmp_path: Path) -> None:
    pinned = json.loads(FILE.read_text())
    present = canonical_hash({"code": pinned["recipe"], "timm": "1.0"})
    hashes = (present, *pinned["earlier_recipes"], "f" * 64)
    entries = [write_predictions(tmp_path / name, replicates=2, recipe_sha256=name) for name in hashes]
    packages = entries[0].record.environment.model_copy(update={"packages": {"timm": "1.0"}})
    told = [replace(entry, record=entry.record.model_copy(update={"environment": packages})) for entry in entries]
    assert [len(board) for board in by_board(told)] == [len(hashes) - 1, 1]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"seed": 1, "patients": 42}, "the number of test images: 60 and 63"),
        ({"endpoints": [Endpoint(id="a", title="a", kind="auroc", classes=["Mass"])]}, "the primary endpoint"),
        (
            {"labels": LabelFacts(kind="multilabel", names=["Mass", "Nodule", "Edema"], titles=["a", "b", "c"])},
            r"the classes: \('Mass', 'Nodule', 'Hernia'\) and \('Mass', 'Nodule', 'Edema'\)",
        ),
        ({"seed": 1}, r"the label of test image \d+: \[.*\] and \["),
    ],
)
def test_entries_scored_on_other_test_images_are_refused(changes: dict[str, Any], found: str, tmp_path: Path) -> None:
    one = write_predictions(tmp_path / "one", "multilabel", replicates=2)
    other = write_predictions(tmp_path / "other", "multilabel", replicates=2, **changes)
    with pytest.raises(EntryError, match=f"one and .*other are on one board but cannot be compared: {found}"):
        measure([one, other])


@pytest.mark.parametrize(
    ("field", "named"),
    [("test_ids", "the id of test image 0: 'test0059' and"), ("test_groups", "the group of test image 0: 39 and 0")],
)
def test_images_in_another_order_are_refused(field: str, named: str, tmp_path: Path) -> None:
    one, other = (write_predictions(tmp_path / name, replicates=2) for name in ("one", "other"))
    predicted = read_predictions(one.path / "predictions.npz")
    turned = replace(predicted, **{field: getattr(predicted, field)[::-1]})
    (one.path / "predictions.npz").write_bytes(turned.to_bytes())
    found = one.record.model_copy(update={"predictions_sha256": hashlib.sha256(turned.to_bytes()).hexdigest()})
    with pytest.raises(EntryError, match=named):
        measure([Submitted(one.path, found), other])


def _better_on_validation(entry: Submitted, arm: str, by: float) -> Submitted:
    """Return the entry with validation logits of one arm moved towards the labels."""
    predicted = read_predictions(entry.path / "predictions.npz")
    part = predicted.fractions["10%"]
    logits = part.val_logits.copy()
    logits[predicted.arms.index(arm)] += by * predicted.val_labels
    changed = replace(predicted, fractions={"10%": replace(part, val_logits=logits)})
    (entry.path / "predictions.npz").write_bytes(changed.to_bytes())
    return Submitted(entry.path, record_for(changed, "multiclass", phantom=False))


def test_entries_that_disagree_on_the_reference_share_the_better_one_and_are_scored_again(tmp_path: Path) -> None:
    drawn = [write_predictions(tmp_path / name, replicates=3, seed=seed) for name, seed in (("a", 0), ("b", 7))]
    entries = [_better_on_validation(drawn[0], "R+", 0.4), _better_on_validation(drawn[1], "R+cm", 6.0)]
    own = [entry.record.scores.fractions["10%"].reference for entry in entries]
    assert [one.arm for one in own] == ["R+", "R+cm"]
    board = measure(entries)
    shared = board.references["10%"]
    means = {arm: np.mean([one.validation_means[arm] for one in own]) for arm in ("R+", "R+cm")}
    assert not shared.agreed
    assert shared.arm == max(means, key=lambda arm: means[arm]) == "R+cm"
    assert shared.validation_mean == pytest.approx(means["R+cm"], abs=1e-12)
    for entry in board.entries:
        scored = entry.record.scores.fractions["10%"]
        assert scored.reference.arm == "R+cm"
        assert all(
            one.against == "R+cm" for one in scored.endpoints["macro_auroc"].contrasts if one.family == "reference"
        )
    assert board.primary is not None
    wanted = _auroc(tmp_path / "a", "qldm", 0) - _auroc(tmp_path / "a", "R+cm", 0)
    assert board.primary.theta[1, 0] == pytest.approx(wanted, abs=1e-12)


def test_entries_that_agree_on_the_reference_keep_their_scores(tmp_path: Path) -> None:
    entry = _better_on_validation(write_predictions(tmp_path / "a", replicates=3), "R+cm", 6.0)
    board = measure([entry])
    assert board.references["10%"].agreed
    assert board.entries[0] is entry
