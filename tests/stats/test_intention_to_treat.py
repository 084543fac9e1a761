"""Intention to treat: what is filled in, what is left out, and what is said about it."""

from __future__ import annotations

import numpy as np

from qaugbench.predictions import PredictionSet
from qaugbench.stats.intention_to_treat import Present
from tests.stats.runs import ARMS, run

PLACE = {arm.id: place for place, arm in enumerate(ARMS)}


def _present(predictions: PredictionSet) -> Present:
    return Present.of(predictions.arms, predictions.fractions["10%"], {arm.id: arm for arm in ARMS})


def _break(predictions: PredictionSet, arm: str, *replicates: int) -> None:
    predictions.fractions["10%"].test_logits[PLACE[arm], list(replicates)] = np.nan


def test_a_complete_run_is_taken_as_it_is() -> None:
    predictions = run()
    present = _present(predictions)
    assert (sorted(present.arms), present.flagged, present.dropped) == (sorted(PLACE), {}, {})
    np.testing.assert_array_equal(present.test_logits("qldm"), predictions.fractions["10%"].test_logits[PLACE["qldm"]])


def test_a_failed_replicate_takes_the_compute_matched_predictions_and_is_flagged() -> None:
    predictions = run()
    _break(predictions, "qldm", 1)
    present = _present(predictions)
    matched = predictions.fractions["10%"].test_logits[PLACE["R+cm"]]
    np.testing.assert_array_equal(present.test_logits("qldm")[1], matched[1])
    assert np.isfinite(present.test_logits("qldm")).all()
    assert (present.flagged, present.flagged_fraction("qldm", "ddpm")) == ({"qldm": [1]}, 0.2)
    assert np.isnan(predictions.fractions["10%"].test_logits[PLACE["qldm"], 1]).all()


def test_a_failure_on_validation_images_alone_counts() -> None:
    predictions = run()
    predictions.fractions["10%"].val_logits[PLACE["qldm:twin"], 3, 0, 0] = np.inf
    assert _present(predictions).flagged == {"qldm:twin": [3]}


def test_real_arms_are_never_filled_in() -> None:
    predictions = run()
    _break(predictions, "R+os", 0)
    reason = "no usable predictions in replicates 0, and oversampling arms are never filled in"
    assert _present(predictions).dropped == {"R+os": reason}


def test_an_arm_without_any_replicate_is_left_out() -> None:
    predictions = run()
    _break(predictions, "O-real", *range(5))
    assert _present(predictions).dropped == {"O-real": "no replicate has usable predictions"}


def test_without_the_compute_matched_arm_nothing_can_be_filled_in() -> None:
    predictions = run()
    _break(predictions, "R+cm", 4)
    _break(predictions, "ddpm", 2)
    present = _present(predictions)
    assert set(present.dropped) == {"R+cm", "ddpm"}
    assert "no complete compute-matched arm" in present.dropped["ddpm"]
