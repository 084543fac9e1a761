"""R* and the best classical arm are chosen on validation before anything is scored, and stay chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.predictions import CHECK_ROLES, ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.choices import choose
from qaugbench.stats.results import Choice
from qaugbench.stats.score import score
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, EQUAL, GRADES, run

MACRO = Endpoint("macro", "macro-AUROC", "macro_auroc", GRADES, margin=0.01)


def chosen(predictions: PredictionSet, arms: tuple[ArmInfo, ...] = ARMS, **options: object) -> Choice:
    return choose(predictions, arms, MACRO, "ordinal", GRADES, **options)["10%"]


def with_logits(predictions: PredictionSet, **parts: np.ndarray) -> PredictionSet:
    return replace(predictions, fractions={"10%": replace(predictions.fractions["10%"], **parts)})


def scored(predictions: PredictionSet, arms: tuple[ArmInfo, ...] = ARMS, **options: object):
    return score(predictions, arms, [MACRO], "ordinal", GRADES, **options).fractions["10%"]


def test_the_best_on_validation_is_chosen() -> None:
    choice = chosen(run({**EQUAL, "R+os": 2.5, "ddpm": 4.0}))
    assert (choice.reference.arm, choice.best_classical.arm) == ("R+os", "ddpm")


@pytest.mark.parametrize("seed", range(3))
def test_no_test_prediction_can_change_a_choice(seed: int) -> None:
    predictions = run()
    shape = predictions.fractions["10%"].test_logits.shape
    worst = np.random.default_rng(seed).normal(0, 100, shape).astype(np.float32)
    favoured = predictions.test_labels.astype(np.float32) * np.arange(shape[0], dtype=np.float32)[:, None, None, None]
    for changed in (worst, np.broadcast_to(favoured, shape), np.zeros(shape, np.float32)):
        assert chosen(with_logits(predictions, test_logits=changed)) == chosen(predictions)
    mislabelled = replace(predictions, test_labels=predictions.test_labels[::-1])
    assert chosen(mislabelled) == chosen(predictions)


def test_a_classifier_that_left_no_prediction_is_not_chosen() -> None:
    predictions = run({**EQUAL, "R+os": 2.5})
    logits = predictions.fractions["10%"].test_logits.copy()
    logits[3, 0] = np.nan
    assert chosen(with_logits(predictions, test_logits=logits)).reference.arm != "R+os"


def test_a_frozen_choice_is_scored_with_whatever_would_be_chosen_now() -> None:
    predictions = run({**EQUAL, "R+os": 2.5, "ddpm": 4.0})
    frozen = chosen(predictions)
    later = with_logits(run(seed=1), val_logits=run({**EQUAL, "R+": 5.0}).fractions["10%"].val_logits)
    found = scored(later, choices={"10%": frozen})
    assert (found.reference, found.best_classical) == (frozen.reference, frozen.best_classical)
    assert {one.against for one in found.endpoints["macro"].contrasts if one.family == "reference"} == {"R+os"}
    assert scored(later).reference.arm == "R+"


def test_scoring_freezes_what_choosing_finds() -> None:
    predictions = run()
    assert scored(predictions) == scored(predictions, choices={"10%": chosen(predictions)})


def test_a_board_s_reference_replaces_the_frozen_one_and_the_best_classical_arm_is_found_beside_it() -> None:
    predictions = run({**EQUAL, "R+os": 2.5})
    found = scored(predictions, choices={"10%": chosen(predictions)}, reference={"10%": "R+cm"})
    assert found.reference.arm == "R+cm"
    assert set(found.best_classical.validation_means) == {"R+cm", "ddpm"}


def test_a_choice_of_an_unknown_arm_or_fraction_is_refused() -> None:
    predictions = run()
    choice = chosen(predictions)
    odd = replace(choice, reference=replace(choice.reference, arm="R+ox"))
    with pytest.raises(StatisticsError, match=r"no arm 'R\+ox'"):
        scored(predictions, choices={"10%": odd})
    with pytest.raises(StatisticsError, match="no fraction '5%'"):
        scored(predictions, choices={"5%": choice})


@pytest.mark.parametrize("role", CHECK_ROLES)
def test_a_check_is_never_chosen_and_changes_no_claim(role: str) -> None:
    """However good it is: the same run with and without it has the same choices, verdicts, ranks and rates."""
    arms = (*ARMS, ArmInfo(id="check", role=role))  # type: ignore[arg-type]
    with_check = run({**EQUAL, "qldm": 2.0, "check": 9.0}, arms=arms)
    part = with_check.fractions["10%"]
    without = replace(
        with_check, arms=with_check.arms[:-1], fractions={"10%": FractionPredictions(part.test_logits[:-1], part.val_logits[:-1])}
    )  # fmt: skip
    one, other = scored(with_check, arms), scored(without)
    assert chosen(with_check, arms) == chosen(without)
    assert one.endpoints["macro"].verdicts == other.endpoints["macro"].verdicts
    assert one.ranks == other.ranks
    assert {name: metric.differences for name, metric in one.metrics.items()} == {
        name: metric.differences for name, metric in other.metrics.items()
    }
    assert "check" in one.endpoints["macro"].arms


def test_withheld_scores_are_those_on_validation_and_claim_nothing() -> None:
    predictions = run({**EQUAL, "qldm": 4.0})
    found = score(predictions.without_test(), ARMS, [MACRO], "ordinal", GRADES, test_withheld=True)
    fraction = found.fractions["10%"]
    endpoint = fraction.endpoints["macro"]
    assert endpoint.arms["qldm"].mean == pytest.approx(
        scored(predictions.on_validation()).endpoints["macro"].arms["qldm"].mean
    )
    assert (endpoint.verdicts, fraction.ranks, found.worth, found.confirmatory.members) == ({}, {}, {}, [])
    assert {one.verdict for one in endpoint.contrasts} == {"NO-VERDICT"}
    assert "test image" not in str(found.to_dict())
