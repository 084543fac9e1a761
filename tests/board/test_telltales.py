"""Predictions that no training leaves: copied, leaked, reseeded or exchanged, within an entry and between entries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qaugbench.board.peers import Peers, Traces, machine_tolerance, traces
from qaugbench.board.reader import Bundle, read_bundle
from qaugbench.board.telltales import auroc_by_class, exact, suspicious
from qaugbench.board.verify import scores_of
from qaugbench.metrics.discrimination import auroc
from qaugbench.predictions import FractionPredictions, PredictionSet
from qaugbench.record import BlockInfluence, Record
from tests.board.factory import predictions_for, record_for
from tests.cli.committed import committed_entry

ARMS = ("R", "R+", "R+cm", "R+os", "O-real", "ddpm", "qldm", "qldm:twin")
PLACES = {arm: number for number, arm in enumerate(ARMS)}


@pytest.fixture(scope="module")
def predicted() -> PredictionSet:
    return predictions_for("multiclass", ARMS, ("10%", "25%"), replicates=4)


def with_logits(predicted: PredictionSet, change: Any) -> PredictionSet:
    """Return predictions with a copy of the test logits [A, R, N, K] at 10 % changed."""
    part = predicted.fractions["10%"]
    logits = part.test_logits.copy()
    change(logits)
    return replace(predicted, fractions={**predicted.fractions, "10%": FractionPredictions(logits, part.val_logits)})


def told(predicted: PredictionSet, **changes: Any) -> list[str]:
    record = record_for(predicted, "multiclass", phantom=False).model_copy(update=changes)
    return [*exact(record, predicted), *suspicious(record, predicted)]


def test_an_honest_entry_has_no_telltale(predicted: PredictionSet) -> None:
    assert told(predicted) == []
    bundle = read_bundle(committed_entry())
    assert [*exact(bundle.record, bundle.predictions), *suspicious(bundle.record, bundle.predictions)] == []


def _copy_arm(logits: np.ndarray) -> None:
    logits[PLACES["qldm"], 2] = logits[PLACES["R+"], 2]


def _repeat_replicate(logits: np.ndarray) -> None:
    logits[PLACES["qldm"], 3] = logits[PLACES["qldm"], 0]


def _nearly_copy(logits: np.ndarray) -> None:
    logits[PLACES["qldm"], 1] = 2 * logits[PLACES["O-real"], 1] + 1 + 1e-4


def _steady(logits: np.ndarray) -> None:
    logits[PLACES["qldm"]] = logits[PLACES["qldm"], :1] + 1e-5 * np.arange(4)[:, None, None] ** 2
    logits[PLACES["qldm"], :, 0, 0] += 1e-3 * np.arange(4)


def _exchange_classes(logits: np.ndarray) -> None:
    logits[PLACES["qldm"]] = logits[PLACES["qldm"]][..., [1, 0, 2]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_copy_arm, "qldm at 10% in replicate 2 has the same predictions as R+ at 10% in replicate 2"),
        (_repeat_replicate, "qldm at 10% in replicate 3 has the same predictions as qldm at 10% in replicate 0"),
        (_nearly_copy, "qldm at 10% in replicate 1 has nearly the predictions of O-real"),
        (_steady, "qldm at 10% varies over replicates with a standard deviation of 0.0"),
        (_exchange_classes, "qldm at 10% predicts classes by the names of others: glioma for meningioma"),
    ],
)
def test_a_telltale_is_told(change: Any, words: str, predicted: PredictionSet) -> None:
    found = told(with_logits(predicted, change))
    assert any(sentence.startswith(words) for sentence in found), found


def test_predictions_of_another_fraction_are_no_training(predicted: PredictionSet) -> None:
    other = predicted.fractions["25%"].test_logits

    def repeat(logits: np.ndarray) -> None:
        logits[PLACES["qldm"], 0] = other[PLACES["qldm"], 0]

    assert any(
        "qldm at 25% in replicate 0 has the same predictions as qldm at 10%" in one
        for one in told(with_logits(predicted, repeat))
    )


def test_an_arm_that_knows_the_labels_is_told(predicted: PredictionSet) -> None:
    noise = np.random.default_rng(1).random(size=(4, *predicted.test_labels.shape))

    def leak(logits: np.ndarray) -> None:
        logits[PLACES["qldm"]] = 5 * predicted.test_labels + noise

    found = told(with_logits(predicted, leak))
    assert any("qldm at 10% makes no error in any replicate" in one for one in found), found
    assert any("more than with as many further real images" in one for one in found), found


def test_a_control_that_changes_no_image_may_have_its_generators_predictions(predicted: PredictionSet) -> None:
    def same(logits: np.ndarray) -> None:
        logits[PLACES["qldm:twin"]] = logits[PLACES["qldm"]]

    equal = with_logits(predicted, same)
    influence = BlockInfluence(
        seed_difference=20.0,
        controls={"twin": 0.0},
        mean_replaced=None,
        noise_replaced=None,
        parameter_share=0.1,
        n_images=9,
        n_replicates=4,
    )
    assert told(equal)
    assert told(equal, influence={"10%": {"qldm": influence}}) == []


def test_auroc_by_class_is_that_of_each_pair() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(50, 3)).round(1), rng.random((50, 3)) < 0.4
    expected = [[auroc(scores[:, k], labels[:, j]) for j in range(3)] for k in range(3)]
    assert auroc_by_class(scores, labels) == pytest.approx(np.array(expected))


@pytest.fixture(scope="module")
def honest() -> Bundle:
    return read_bundle(committed_entry())


def _traces(bundle: Bundle, name: str, predicted: PredictionSet | None = None, **changes: Any) -> Traces:
    """Return the traces of the committed entry under another name, scored again where its predictions are others."""
    found = predicted or bundle.predictions
    record: Record = bundle.record.model_copy(update={"id": name, "predictions_sha256": name[0] * 64, **changes})
    if predicted is not None:
        record = record.scored(scores_of(record, found))
    return traces(Path(name), record, found)


def test_entries_of_one_board_share_their_real_arms_and_generators(honest: Bundle) -> None:
    assert list(Peers([_traces(honest, "b")]).against(_traces(honest, "a"))) == []


def test_an_entry_with_all_predictions_of_another_is_told(honest: Bundle) -> None:
    one, other = _traces(honest, "a"), _traces(honest, "b", predictions_sha256="a" * 64)
    assert list(Peers([other]).against(one)) == ["it has the predictions of b, all of them"]


def test_a_generator_with_the_predictions_of_another_entrys_is_told(honest: Bundle) -> None:
    arms = tuple("mygan" if arm == "ddpm" else arm for arm in honest.predictions.arms)
    renamed = [
        arm.model_copy(update={"id": "mygan", "generator": "mygan"}) if arm.id == "ddpm" else arm
        for arm in honest.record.arms
    ]
    copied = replace(honest.predictions, arms=arms)
    record = honest.record.model_copy(update={"arms": renamed, "predictions_sha256": "c" * 64})
    (found,) = Peers([_traces(honest, "b")]).against(traces(Path("c"), record, copied))
    assert "mygan at 10% in replicate" in found
    assert "has the predictions of ddpm" in found


def test_real_arms_of_other_seeds_are_told(honest: Bundle) -> None:
    part = honest.predictions.fractions["10%"]
    place = honest.predictions.arms.index("R+")
    logits = part.test_logits.copy()
    logits[place] = np.roll(logits[place], 1, axis=0)  # the same trainings, called by other replicates
    reseeded = replace(honest.predictions, fractions={"10%": FractionPredictions(logits, part.val_logits)})
    (found,) = Peers([_traces(honest, "b")]).against(_traces(honest, "a", reseeded))
    assert found.startswith("R+ at 10% in replicate 0 scores .956, and .975 in b: seeds are derived")


def test_the_tolerance_is_twice_the_largest_difference_that_was_measured() -> None:
    assert (machine_tolerance("lite"), machine_tolerance("smoke")) == (0.01, 0.022)
    text = (Path(__file__).parents[2] / "docs" / "method.md").read_text(encoding="utf-8")
    assert "Single test AUROCs differ by up to .011" in text
    assert "`lite`, where the classifier is trained to its plateau, single AUROCs differ by up to .005" in text
