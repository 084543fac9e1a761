"""What may be claimed of a generator: the order of claims, the margin, the controls, and what is said instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.ladder import Competitors, Ladder, climb, equivalence, one_sided_p
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.mrmc import NO_VARIATION, OR_HILLIS, Comparison, interval

CONTROLS = {"frozen": "q:frozen", "no-entanglement": "q:no-entanglement", "twin": "q:twin"}
AGAINST = Competitors("R+", "R+os", "O-real", CONTROLS, quantum=True)
N_PATIENTS = 400


def _measurements(
    gains: dict[str, float], *, noise: float = 0.001, replicates: int = 10, seed: int = 0
) -> dict[str, Measurement]:
    """Return measurements whose means are .8 + gain exactly and whose differences have a standard error near ``noise``."""
    random = np.random.default_rng(seed)
    found = {}
    for arm, gain in gains.items():
        seeds = random.normal(size=replicates)
        influence = random.normal(size=(replicates, N_PATIENTS))
        values = 0.8 + gain + noise * (seeds - seeds.mean())
        found[arm] = values, noise * (influence - influence.mean()) / np.sqrt(N_PATIENTS)
    return found


def _climb(q: float, best: float = 0.0, oracle: float = 0.0, controls: float = 0.0, **options: object) -> Ladder:
    noise = float(options.pop("noise", 0.001))  # type: ignore[arg-type]
    replicates = int(options.pop("replicates", 10))  # type: ignore[call-overload]
    gains = {"R+": 0.0, "R+os": best, "O-real": oracle, "q": q, **dict.fromkeys(CONTROLS.values(), controls)}
    settings = {"n_eff": N_PATIENTS, "margin": 0.01, **options}
    return climb("q", AGAINST, _measurements(gains, noise=noise, replicates=replicates), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("q", "best", "oracle", "noise", "verdict"),
    [
        (0.05, 0.02, 0.04, 0.001, "SUPERIOR"),
        (0.018, 0.02, 0.04, 0.001, "NON-INFERIOR"),
        (0.005, 0.03, 0.04, 0.001, "HELPS"),
        (0.05, 0.0, 0.0, 0.001, "HELPS"),
        (-0.02, 0.02, 0.04, 0.001, "HURTS"),
        (0.0, 0.0, 0.04, 0.001, "NEITHER-HELPS"),
        (0.0, 0.04, 0.04, 0.001, "INFERIOR"),
        (0.0, 0.0, 0.0, 0.02, "NO-ASSAY-SENSITIVITY"),
        (0.0, 0.0, 0.2, 0.02, "INCONCLUSIVE"),
    ],
)
def test_each_verdict_has_its_place(q: float, best: float, oracle: float, noise: float, verdict: str) -> None:
    assert _climb(q, best, oracle, noise=noise).verdict == verdict


def test_equivalent_to_a_classical_arm_that_helps_is_not_neither_helps() -> None:
    # The arm and R+os share their noise: their difference is known well, each one's gain over R+ is not.
    measurements = _measurements({"R+": 0.0, "R+os": 0.012, "O-real": 0.2, "q": 0.0}, noise=0.03)
    own = _measurements({"q": 0.0}, noise=0.01, seed=1)["q"]
    shared = measurements["R+os"][0] - 0.002 + own[0] - own[0].mean(), measurements["R+os"][1] + own[1]
    found = climb("q", AGAINST_ALONE, {**measurements, "q": shared}, n_eff=N_PATIENTS, margin=0.01)
    assert found.verdict == "EQUIVALENT"


AGAINST_ALONE = replace(AGAINST, controls={}, quantum=False)


def test_a_rung_that_is_not_reached_claims_nothing_and_shows_its_numbers() -> None:
    found = _climb(0.0, 0.02, 0.04)
    retains, superior = found.rungs[-2:]
    assert (retains.passed, superior.passed) == (None, None)
    assert retains.reason == superior.reason == "it was not shown to help"
    assert superior.contrast == "q - R+os"
    assert superior.estimate == pytest.approx(-0.02)


def test_half_of_the_classical_gain_is_the_arm_minus_the_middle() -> None:
    retains = _climb(0.03, 0.02, 0.04).rungs[3]
    assert retains.contrast == "q - 0.5 R+os - 0.5 R+"
    assert retains.estimate == pytest.approx(0.03 - 0.01)


def test_the_oracle_alone_proves_that_the_task_can_show_a_gain() -> None:
    assert _climb(0.05, 0.0, 0.04).verdict == "SUPERIOR"
    assert [rung.passed for rung in _climb(0.05, 0.0, 0.04).rungs[1:3]] == [False, True]


def test_when_the_reference_is_the_best_classical_arm_helping_is_enough() -> None:
    measurements = _measurements({"R+": 0.0, "O-real": 0.04, "q": 0.03})
    found = climb(
        "q", Competitors("R+", "R+", "O-real", {}, quantum=False), measurements, n_eff=N_PATIENTS, margin=0.01
    )
    assert found.verdict == "SUPERIOR"
    assert [rung.contrast for rung in found.rungs] == ["q - R+", "O-real - R+", "q - R+", "q - R+"]
    assert len(found.equivalences) == 1


def test_five_replicates_claim_neither_superiority_nor_the_circuit() -> None:
    found = _climb(0.05, 0.02, 0.04, replicates=5)
    assert found.verdict == "NON-INFERIOR"
    assert found.rungs[-1].reason == "a claim to be better needs 10 replicates"
    assert (found.attribution, found.attribution_reason) == ("NOT-TESTED", "a claim on the circuit needs 10 replicates")


def test_the_circuit_must_beat_every_control() -> None:
    assert _climb(0.05, 0.02, 0.04, controls=0.02).attribution == "QUANTUM-ATTRIBUTED"
    measurements = _measurements({"R+": 0.0, "R+os": 0.02, "q": 0.05, **dict.fromkeys(CONTROLS.values(), 0.02)})
    measurements["q:no-entanglement"] = measurements["q"]
    found = climb("q", replace(AGAINST, oracle=None), measurements, n_eff=N_PATIENTS, margin=0.01)
    assert found.attribution == "NOT-ATTRIBUTED"
    assert found.attribution_reason == "it was not shown to be better than no-entanglement"


@pytest.mark.parametrize(
    ("q", "options", "reason"),
    [
        (0.0, {}, "it was not shown to help, so there is no gain to attribute"),
        (0.05, {"why_none": "the source is too small"}, "there is no verdict"),
        (0.05, {"flagged": {"q:twin": 0.2}}, "too many replicates of q:twin failed and were filled in"),
    ],
)
def test_attribution_that_was_not_tested_says_why(q: float, options: dict[str, object], reason: str) -> None:
    found = _climb(q, 0.02, 0.04, **options)
    assert (found.attribution, found.attribution_reason) == ("NOT-TESTED", reason)


def test_a_missing_control_is_named() -> None:
    measurements = _measurements({"R+": 0.0, "R+os": 0.02, "q": 0.05, "q:twin": 0.0})
    against = Competitors("R+", "R+os", None, {"twin": "q:twin"}, quantum=True)
    found = climb("q", against, measurements, n_eff=N_PATIENTS, margin=0.01)
    assert found.attribution_reason == "it ran without its control no-entanglement"
    assert climb("q", replace(against, quantum=False), measurements, n_eff=N_PATIENTS, margin=0.01).attribution is None


def test_a_gain_smaller_than_the_margin_is_said_to_be() -> None:
    assert _climb(0.004, 0.03, 0.04).below_margin
    assert not _climb(0.02, 0.06, 0.07).below_margin
    assert not _climb(0.004, 0.03, 0.04, margin=None).below_margin


def test_without_a_margin_nothing_is_equivalent() -> None:
    found = _climb(0.0, 0.0, 0.04, margin=None)
    assert (found.verdict, found.equivalences) == ("INCONCLUSIVE", [])


def test_identical_arms_are_equivalent_and_never_better() -> None:
    measurements = _measurements({"R+": 0.0, "R+os": 0.02, "O-real": 0.04})
    measurements["q"] = measurements["R+"]
    found = climb("q", AGAINST_ALONE, measurements, n_eff=N_PATIENTS, margin=0.01)
    assert (found.rungs[0].estimate, found.rungs[0].p_value, found.rungs[0].passed) == (0.0, 1.0, False)
    assert found.equivalences[0].passed


def test_a_difference_that_never_varied_claims_nothing() -> None:
    flat = np.full(10, 0.9), np.zeros((10, N_PATIENTS))
    measurements = {"R+": (np.full(10, 0.8), np.zeros((10, N_PATIENTS))), "q": flat}
    found = climb("q", Competitors("R+", None, None, {}, quantum=False), measurements, n_eff=N_PATIENTS, margin=0.01)
    assert (found.rungs[0].passed, found.equivalences[0].passed) == (False, False)
    assert found.verdict == "NO-ASSAY-SENSITIVITY"


def test_two_one_sided_tests_by_hand() -> None:
    # estimate .004, se .003, df 9: t(.95, 9) = 1.8331, so 90 % limits -.0015 and .0095; p = P(T > (.01 - .004) / .003).
    found = equivalence(Comparison(0.004, 0.003, 9.0, 0, 0, 0, 0, OR_HILLIS, 10, 300), 0.01)
    assert (found.ci_low, found.ci_high) == pytest.approx((-0.0014993, 0.0094993), abs=1e-6)
    assert found.p_value == pytest.approx(stats.t.sf(2.0, 9))
    assert found.passed
    assert not equivalence(Comparison(0.006, 0.003, 9.0, 0, 0, 0, 0, OR_HILLIS, 10, 300), 0.01).passed
    assert not equivalence(Comparison(0.006, 0.0, np.inf, 0, 0, 1, 0, NO_VARIATION, 10, 300), 0.01).passed


def test_one_sided_p_is_half_of_the_two_sided_one_for_a_gain() -> None:
    values, influence = _measurements({"q": -0.799})["q"]
    found = interval(values, influence)
    assert one_sided_p(found) == pytest.approx(found.p_value / 2)
    assert one_sided_p(replace(found, estimate=-found.estimate)) == pytest.approx(1 - found.p_value / 2)


def test_unknown_arms_and_margins_are_refused() -> None:
    with pytest.raises(StatisticsError, match="no measurement of arm 'R\\+os'"):
        climb("q", AGAINST_ALONE, _measurements({"R+": 0.0, "O-real": 0.0, "q": 0.0}), n_eff=N_PATIENTS, margin=0.01)
    with pytest.raises(StatisticsError, match="must be above 0"):
        _climb(0.0, margin=0.0)


def test_without_a_verdict_no_claim_is_tested_and_every_number_is_shown() -> None:
    found = _climb(0.05, 0.02, 0.04, why_none="2 replicates are a smoke test")
    assert found.verdict == "NO-VERDICT"
    assert {part.passed for part in (*found.rungs, *found.equivalences, *found.controls)} == {None}
    assert {rung.reason for rung in found.rungs} == {"2 replicates are a smoke test"}
    assert found.rungs[0].estimate == pytest.approx(0.05)
