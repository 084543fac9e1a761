"""R*: chosen on validation among the arms that use the real images alone, and what hands these back never helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.results import FractionScore, Scores
from qaugbench.stats.score import score
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, EQUAL, GRADES, run

MACRO = Endpoint("macro_auroc", "macro-AUROC", "macro_auroc", GRADES, margin=0.01)
KL = tuple(f"KL {grade}" for grade in range(5))
KNEES = Endpoint("macro_auroc", "macro-AUROC over 5 grades", "macro_auroc", KL, margin=0.01)
COPYCAT_ARMS = (
    *(arm for arm in ARMS if arm.role not in ("synthetic", "control")),
    ArmInfo(id="copycat", role="synthetic", generator="copycat", control="none", kind="hybrid"),
)
# Mean test macro-AUROC of a recipe short of its plateau: more images in a step bring most of what the oracle brings.
SHORT_OF_PLATEAU = {"R": 0.700, "R+": 0.717, "R+cm": 0.752, "R+os": 0.750, "copycat": 0.751, "O-real": 0.768}
PATIENTS, LASTING, OWN = 500, 0.8, 0.6
PLACE = {arm.id: number for number, arm in enumerate(ARMS)}


def _stored(aurocs: Mapping[str, float], seed: int, replicates: int = 5) -> PredictionSet:
    """Return a run on knees, two a patient, whose arms have these macro-AUROCs up to training and sampling."""
    random = np.random.default_rng(seed)
    grades = np.repeat(random.integers(0, 5, PATIENTS), 2)
    labels = np.eye(5, dtype=np.uint8)[grades]
    # One-versus-rest AUROC of equally strong logits grows with the distance of the means over the SD of a difference.
    distance = {arm: 1.26 * NormalDist().inv_cdf(auroc) for arm, auroc in aurocs.items()}

    def logits() -> np.ndarray:
        lasting = LASTING * random.normal(size=labels.shape)
        own = OWN * random.normal(size=(len(COPYCAT_ARMS), replicates, *labels.shape))
        means = np.array([distance[arm.id] for arm in COPYCAT_ARMS])[:, None, None, None]
        means = means + 0.01 * random.normal(size=(len(COPYCAT_ARMS), replicates, 1, 1))
        return (means * labels + lasting + own).astype(np.float32)

    ids = np.arange(len(grades)).astype(str)
    groups = np.arange(len(grades)) // 2
    stored = {"10%": FractionPredictions(logits(), logits())}
    return PredictionSet(tuple(arm.id for arm in COPYCAT_ARMS), ids, labels, groups, ids, labels, groups, stored)


def _fraction(predictions: PredictionSet, arms: tuple[ArmInfo, ...] = ARMS, **options: object) -> FractionScore:
    scores: Scores = score(predictions, arms, [MACRO], "ordinal", GRADES, **options)  # type: ignore[arg-type]
    return scores.fractions["10%"]


@pytest.mark.parametrize("seed", range(5))
def test_a_copycat_never_helps_though_it_beats_classical_augmentation_by_margins(seed: int) -> None:
    scored = score(_stored(SHORT_OF_PLATEAU, seed), COPYCAT_ARMS, [KNEES], "ordinal", KL).fractions["10%"]
    endpoint = scored.endpoints["macro_auroc"]
    assert scored.reference.arm in ("R+cm", "R+os")
    for arm, auroc in SHORT_OF_PLATEAU.items():
        assert endpoint.arms[arm].mean == pytest.approx(auroc, abs=0.02)
    found = {c.family: c for c in endpoint.contrasts if c.arm == "copycat"}
    assert found["augmented"].ci_low is not None
    assert found["augmented"].ci_low > 0.01
    assert found["augmented"].estimate > 2 * 0.01
    assert found["augmented"].verdict == "NO-VERDICT"
    assert found["reference"].verdict != "HELPS"
    ladder = endpoint.verdicts["copycat"].ladder
    assert ladder.verdict not in ("HELPS", "NON-INFERIOR", "SUPERIOR")
    assert not any(rung.passed for rung in ladder.rungs if rung.claim == "helps")


def test_what_is_worth_something_is_measured_from_the_best_real_only_arm() -> None:
    predictions = _stored({**SHORT_OF_PLATEAU, "O-real": 0.81}, seed=0)
    scores = score(
        predictions, COPYCAT_ARMS, [KNEES], "ordinal", KL, n_real={"10%": 400}, n_fill={"10%": 400}, task="kneeoa"
    )
    endpoint, star = scores.fractions["10%"].endpoints["macro_auroc"], str(scores.fractions["10%"].reference.arm)
    means = {arm: one.mean for arm, one in endpoint.arms.items()}
    worth = scores.worth["10%"]["copycat"].worth
    assert worth.share is not None
    expected = (means["copycat"] - means[star]) / (means["O-real"] - means[star])
    assert worth.share.estimate == pytest.approx(expected)
    (member,) = scores.confirmatory.members
    assert (member.against, member.estimate) == (star, pytest.approx(means["copycat"] - means[star]))
    assert set(scores.fractions["10%"].ensemble.differences) == set(means) - {star}
    assert f"against the best real-only training ({star})" in endpoint.verdicts["copycat"].sentence


def test_the_reference_is_the_best_on_validation_whatever_the_test_scores_say() -> None:
    predictions = run(EQUAL)
    part = predictions.fractions["10%"]
    for star in ("R+", "R+cm", "R+os"):
        validation, test = part.val_logits.copy(), part.test_logits.copy()
        validation[PLACE[star]] += 2 * predictions.val_labels
        test[PLACE[star]] -= predictions.test_labels
        found = _fraction(replace(predictions, fractions={"10%": FractionPredictions(test, validation)})).reference
        assert found.arm == star
        assert found.validation_means[star] == max(found.validation_means.values())
        assert list(found.validation_means) == ["R+", "R+cm", "R+os"]


def test_neither_the_oracle_nor_a_generator_nor_bare_real_images_can_be_the_reference() -> None:
    strong = {**EQUAL, "R": 3.0, "O-real": 3.0, "qldm": 3.0, "ddpm": 3.0, "qldm:twin": 3.0}
    assert _fraction(run(strong)).reference.arm in ("R+", "R+cm", "R+os")


def test_a_real_only_arm_that_failed_is_not_eligible_and_is_named() -> None:
    predictions = run({**EQUAL, "R+cm": 3.0, "R+os": 2.0})
    predictions.fractions["10%"].val_logits[PLACE["R+cm"], 1] = np.nan
    found = _fraction(predictions).reference
    assert found.arm == "R+os"
    assert set(found.validation_means) == {"R+", "R+os"}
    assert "R+cm was left out: no usable predictions in replicates 1" in found.reason


def test_a_board_may_name_the_reference() -> None:
    predictions = run({**EQUAL, "R+cm": 3.0})
    scored = _fraction(predictions, reference={"10%": "R+os"})
    assert (scored.reference.arm, scored.reference.reason) == ("R+os", "chosen for all entries of the board together")
    assert {c.against for c in scored.endpoints["macro_auroc"].contrasts if c.family == "reference"} == {"R+os"}
    assert set(scored.best_classical.validation_means) == {"R+os", "ddpm"}
    with pytest.raises(StatisticsError, match="must be an arm that trains on the real images alone; given 'qldm'"):
        _fraction(predictions, reference={"10%": "qldm"})
    with pytest.raises(StatisticsError, match="no fraction '20%'"):
        _fraction(predictions, reference={"20%": "R+os"})
    predictions.fractions["10%"].val_logits[PLACE["R+os"], 1] = np.nan
    assert "R+os, was left out" in _fraction(predictions, reference={"10%": "R+os"}).reference.reason


def test_a_circuit_that_hardly_reaches_the_images_cannot_be_credited() -> None:
    predictions = run({**EQUAL, "qldm": 3.0}, replicates=10)
    why = "the circuit hardly reaches the images; attribution cannot be tested"
    verdicts = _fraction(predictions, unattributable={"10%": {"qldm": why}}).endpoints["macro_auroc"].verdicts
    assert verdicts["qldm"].ladder.verdict != "NO-VERDICT"
    assert (verdicts["qldm"].ladder.attribution, verdicts["qldm"].ladder.attribution_reason) == ("NOT-TESTED", why)
    assert {control.passed for control in verdicts["qldm"].ladder.controls} == {None}
    assert verdicts["qldm"].sentence.endswith(f"was not tested: {why}.")
    assert verdicts["ddpm"].ladder.attribution is None
    with pytest.raises(StatisticsError, match="no arm 'qldn'"):
        _fraction(predictions, unattributable={"10%": {"qldn": why}})


def test_the_assay_may_rest_on_a_classical_generator_that_validation_puts_behind_the_reference() -> None:
    predictions = run({**EQUAL, "R+os": 1.5, "ddpm": 3.0, "qldm": 3.0})
    part = predictions.fractions["10%"]
    validation = part.val_logits.copy()
    validation[PLACE["R+os"]] += 4 * predictions.val_labels
    scored = _fraction(replace(predictions, fractions={"10%": FractionPredictions(part.test_logits, validation)}))
    assert scored.best_classical.arm == scored.reference.arm == "R+os"
    ladder = scored.endpoints["macro_auroc"].verdicts["qldm"].ladder
    assays = {rung.contrast: rung.passed for rung in ladder.rungs if rung.claim == "assay"}
    assert assays == {"ddpm - R+os": True, "O-real - R+os": False}


@pytest.mark.parametrize("kind", ["external", "quantum-inspired"])
def test_only_a_classical_generator_is_a_classical_arm(kind: str) -> None:
    arms = tuple(arm.model_copy(update={"kind": kind}) if arm.id == "ddpm" else arm for arm in ARMS)
    assert "ddpm" not in _fraction(run({**EQUAL, "ddpm": 3.0}), arms).best_classical.validation_means


def test_a_misspelt_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        ArmInfo(id="x", role="synthetic", kind="clasical")  # type: ignore[arg-type]
