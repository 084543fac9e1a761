"""Arms drawn under noise: compared with the same fits drawn exactly and with the twin, and without effect on all other numbers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.results import FractionScore, Scores
from qaugbench.stats.score import score
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, GRADES, run

NOISY = ArmInfo(
    id="qldm@ibm_heron_r1",
    role="noisy",
    generator="qldm",
    control="none",
    kind="hybrid",
    execution="ibm_heron_r1",
)
ENDPOINT = Endpoint("macro_auroc", "macro-AUROC", "macro_auroc", GRADES, margin=0.01)
WITHOUT = run()


def with_noisy(predicted: PredictionSet, failed: int | None = None) -> PredictionSet:
    """Return predictions with a noisy arm, weaker than its generator; NaN in the replicate that ``failed``."""
    place, random = predicted.arms.index("qldm"), np.random.default_rng(9)

    def added(logits: np.ndarray) -> np.ndarray:
        own = logits[place] + random.normal(0, 0.6, logits[place].shape).astype(np.float32)
        if failed is not None:
            own[failed] = np.nan
        return np.concatenate([logits, own[None]])

    part = predicted.fractions["10%"]
    fractions = {"10%": FractionPredictions(added(part.test_logits), added(part.val_logits))}
    return replace(predicted, arms=(*predicted.arms, NOISY.id), fractions=fractions)


def scored(predicted: PredictionSet, arms: tuple[ArmInfo, ...]) -> Scores:
    return score(predicted, arms, [ENDPOINT], "ordinal", GRADES, n_real={"10%": 60}, n_fill={"10%": 60})


BEFORE = scored(WITHOUT, ARMS)
AFTER = scored(with_noisy(WITHOUT), (*ARMS, NOISY))


def only(found: FractionScore, family: str) -> dict[tuple[str, str], Any]:
    every = found.endpoints["macro_auroc"].contrasts
    return {(one.arm, one.against): one for one in every if one.family == family}


def test_it_is_compared_with_r_star_r_plus_the_exact_drawing_and_the_twin() -> None:
    found = AFTER.fractions["10%"]
    assert set(only(found, "execution")) == {(NOISY.id, "qldm"), (NOISY.id, "qldm:twin")}
    assert (NOISY.id, found.reference.arm) in only(found, "reference")
    assert (NOISY.id, "R+") in only(found, "augmented")
    values = {arm: np.array(one.values) for arm, one in found.endpoints["macro_auroc"].arms.items()}
    exact = only(found, "execution")[NOISY.id, "qldm"]
    assert exact.estimate == pytest.approx(float((values[NOISY.id] - values["qldm"]).mean()))
    assert exact.ci_low < exact.estimate < exact.ci_high
    assert exact.words in ("worse than qldm", "inconclusive")


def test_it_has_no_rank_no_verdict_of_its_own_and_cannot_become_the_best_classical_arm() -> None:
    found = AFTER.fractions["10%"]
    assert NOISY.id not in found.ranks
    assert NOISY.id not in found.endpoints["macro_auroc"].verdicts
    assert NOISY.id not in found.best_classical.validation_means
    assert NOISY.id not in {one.arm for one in AFTER.confirmatory.members}
    assert NOISY.id not in AFTER.worth["10%"]


def _without(value: Any) -> Any:
    """Return scores without what is said of the noisy arm."""
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key != NOISY.id}
    if isinstance(value, list):
        return [_without(item) for item in value if not (isinstance(item, dict) and NOISY.id in (item.get("arm"),))]
    return value


def test_no_number_of_another_arm_depends_on_it() -> None:
    assert _without(asdict(AFTER)) == asdict(BEFORE)


def test_a_failed_drawing_is_filled_in_as_any_generator_s() -> None:
    found = scored(with_noisy(WITHOUT, failed=1), (*ARMS, NOISY)).fractions["10%"]
    assert found.flagged == {NOISY.id: [1]}
    assert only(found, "execution")[NOISY.id, "qldm"].verdict == "NO-VERDICT"
