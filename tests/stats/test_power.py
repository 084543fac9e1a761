"""Planning: the documented table from the binormal model, power by simulation, and what cannot be planned with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.mrmc import interval
from qaugbench.stats.pilot import Pilot, pilot_of_run, pool
from qaugbench.stats.power import detectable, equivalence_margin, noninferiority_margin, power_at, replicates_needed
from qaugbench.stats.power_table import table
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, EQUAL, GRADES, run

SAME_ARM, OTHER_ARM, SEED_SD = 0.78, 0.70, 0.025
PILOT = Pilot(seeds=2e-5, residual=3e-5, patients=4e-5, n_replicates=5, n_groups=200, n_eff=200)


def _binormal(auroc: float, positives: int, negatives: int) -> Pilot:
    """Return the exact components of a difference of two AUROCs, scenario B of the method's table of power.

    DeLong's covariance of two models with score correlation rho follows from the chance that both rank a positive above
    two different negatives, a bivariate normal with correlation rho / 2.
    """
    z = stats.norm.ppf(auroc)

    def covariance(rho: float) -> float:
        cell = [[1, rho / 2], [rho / 2, 1]]
        both = stats.multivariate_normal([0, 0], cell).cdf([z, z])
        return float((both - auroc**2) * (1 / positives + 1 / negatives))

    return Pilot(
        seeds=2 * (SEED_SD * stats.norm.pdf(z)) ** 2,
        residual=2 * (covariance(1.0) - covariance(SAME_ARM)),
        patients=2 * (covariance(SAME_ARM) - covariance(OTHER_ARM)),
        n_replicates=10,
        n_groups=positives + negatives,
        n_eff=min(positives, negatives),
        sides=(positives, negatives),
    )


@pytest.mark.parametrize(
    ("auroc", "sides", "documented", "noninferiority"),
    [
        (0.80, (30, 1970), (0.065, 0.057, 0.053, 0.051), 0.050),
        (0.80, (100, 1900), (0.036, 0.031, 0.028, 0.027), 0.028),
        (0.80, (300, 1700), (0.026, 0.021, 0.019, 0.017), 0.019),
        (0.80, (1000, 1000), (0.023, 0.017, 0.014, 0.013), 0.015),
        (0.90, (30, 1970), (0.045, 0.038, 0.035, 0.034), 0.034),
        (0.90, (100, 1900), (0.026, 0.022, 0.020, 0.019), 0.020),
        (0.90, (300, 1700), (0.018, 0.015, 0.013, 0.012), 0.013),
        (0.90, (1000, 1000), (0.015, 0.011, 0.010, 0.009), 0.010),
    ],
)
def test_the_documented_table(
    auroc: float, sides: tuple[int, int], documented: tuple[float, ...], noninferiority: float
) -> None:
    pilot = _binormal(auroc, *sides)
    found = [detectable(pilot, replicates) for replicates in (5, 10, 20, 50)]
    assert found == pytest.approx(documented, rel=0.06, abs=0.0021)
    assert noninferiority_margin(pilot, 10) == pytest.approx(noninferiority, rel=0.06, abs=0.0011)


def test_one_pilot_foretells_another_test_set() -> None:
    planned = _binormal(0.85, 100, 1900).on((300, 1700))
    measured = _binormal(0.85, 300, 1700)
    assert (planned.seeds, planned.residual, planned.patients) == pytest.approx(
        (measured.seeds, measured.residual, measured.patients)
    )
    assert (planned.n_eff, planned.n_groups) == (300, 2000)


def test_by_hand() -> None:
    variance = 5e-5 / 10 + 4e-5
    df = variance**2 / ((5e-6) ** 2 / 9 + (4e-5) ** 2 / 199)
    t = {q: float(stats.t.ppf(q, df)) for q in (0.80, 0.90, 0.95, 0.975)}
    se = math.sqrt(variance)
    assert detectable(PILOT, 10) == pytest.approx((t[0.975] + t[0.80]) * se)
    assert detectable(PILOT, 10, power=0.9, alpha=0.10) == pytest.approx((t[0.95] + t[0.90]) * se)
    assert noninferiority_margin(PILOT, 10) == pytest.approx((t[0.95] + t[0.80]) * se)
    assert equivalence_margin(PILOT, 10) == pytest.approx((t[0.95] + t[0.90]) * se)
    assert PILOT.on(2.0) == replace(PILOT, residual=1.5e-5, patients=2e-5, n_groups=400, n_eff=400)


def _differences(pilot: Pilot, replicates: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return differences [R] around 0 and influence [R, C] of a run with exactly the pilot's components."""
    n = pilot.n_groups
    lasting = math.sqrt(n * pilot.patients) * random.normal(size=n)
    rows = lasting + math.sqrt(n * pilot.residual) * random.normal(size=(replicates, n))
    seeds = math.sqrt(pilot.seeds) * random.normal(size=replicates)
    return rows.mean(axis=1) + seeds, (rows - rows.mean(axis=1, keepdims=True)) / n


@pytest.mark.parametrize(
    ("replicates", "test_set", "parts"),
    [(5, 1.0, (2e-5, 3e-5, 4e-5)), (10, 1.0, (0.0, 1e-5, 9e-5)), (10, 2.0, (8e-5, 2e-5, 1e-5))],
)
def test_the_detectable_difference_is_found_as_often_as_promised(
    replicates: int, test_set: float, parts: tuple[float, float, float]
) -> None:
    random = np.random.default_rng(1)
    pilot = replace(PILOT, seeds=parts[0], residual=parts[1], patients=parts[2])
    difference = detectable(pilot, replicates, test_set)
    assert power_at(pilot, difference, replicates, test_set) == pytest.approx(0.80, abs=0.01)
    found = []
    for _ in range(1500):
        theta, influence = _differences(pilot.on(test_set), replicates, random)
        found.append(interval(theta + difference, influence).p_value < 0.05)
    assert np.mean(found) == pytest.approx(0.80, abs=0.03)


def test_power_with_hardly_any_degrees_of_freedom() -> None:
    # Three replicates and nothing from patients: df 2, where the rule of thumb promises 80 % and 77 % is what there is.
    pilot = replace(PILOT, residual=0.0, patients=0.0)
    difference = detectable(pilot, 3)
    random = np.random.default_rng(4)
    t = random.normal(difference / math.sqrt(pilot.seeds / 3), size=200_000) / np.sqrt(random.chisquare(2, 200_000) / 2)
    found = power_at(pilot, difference, 3)
    assert found == pytest.approx((np.abs(t) > stats.t.ppf(0.975, 2)).mean(), abs=0.004)
    assert found < 0.78


def test_a_pilots_components_are_those_that_were_planted() -> None:
    random = np.random.default_rng(2)
    truth = replace(PILOT, seeds=1e-4)
    found = pool([Pilot.of(*_differences(truth, 5, random)) for _ in range(300)])
    assert (found.seeds, found.residual, found.patients) == pytest.approx((1e-4, 3e-5, 4e-5), rel=0.12)
    assert detectable(found, 5) == pytest.approx(detectable(truth, 5), rel=0.06)


def test_a_pilot_foretells_the_very_run_that_it_is() -> None:
    theta, influence = _differences(PILOT, 5, np.random.default_rng(3))
    assert detectable(Pilot.of(theta, influence, 120), 5) == pytest.approx(interval(theta, influence, 120).mde)


def test_replicates_needed_are_the_fewest_that_do() -> None:
    for difference in (0.019, 0.021, 0.03):
        needed = replicates_needed(PILOT, difference)
        assert needed.replicates is not None
        assert detectable(PILOT, needed.replicates) <= difference
        assert needed.replicates == 2 or detectable(PILOT, needed.replicates - 1) > difference


def test_patients_limit_what_replicates_can_show() -> None:
    needed = replicates_needed(PILOT, 0.015)
    assert needed.replicates is None
    assert needed.words == "not at any number of replicates: the test patients limit it to .018"
    assert needed.floor == pytest.approx(detectable(PILOT, 10**7), rel=1e-3)
    assert replicates_needed(PILOT, 0.015, 4.0).replicates is not None
    assert replicates_needed(replace(PILOT, patients=0.0), 1e-4).words == "more than 1,000 replicates"


@pytest.mark.parametrize(
    "ask",
    [
        lambda **changed: detectable(PILOT, **{"replicates": 5, **changed}),
        lambda **changed: 1 - power_at(PILOT, 0.02, **{"replicates": 5, **changed}),
    ],
)
def test_more_replicates_and_more_patients_show_more(ask: Callable[..., float]) -> None:
    assert ask() > ask(replicates=6) > ask(replicates=20) > ask(replicates=20, test_set=2.0)


def test_the_table_in_text() -> None:
    found = table(PILOT, margin=0.02, metric="macro-AUROC")
    text = found.text()
    assert max(len(line) for line in text.splitlines()) <= 110
    assert [row.n_groups for row in found.rows] == [200, 400, 800]
    assert found.rows[1].detectable[2] == detectable(PILOT, 10, 2.0)
    (first,) = (line for line in text.splitlines() if line.startswith("x1 (200) "))
    expected = [f"{value:.3f}"[1:] + ("*" if round(value, 3) <= 0.02 else "") for value in found.rows[0].detectable]
    assert first.split()[2:7] == expected
    assert f"  x1 (200): {replicates_needed(PILOT, 0.02).words}" in text.splitlines()
    assert "*" not in table(PILOT).text()
    by_sides = table(_binormal(0.8, 100, 1900), test_sets=[(300, 1700)], replicates=[10]).text()
    assert "300 with, 1,700 without" in by_sides


ENDPOINT = Endpoint(id="m", title="macro-AUROC", kind="macro_auroc", classes=list(GRADES))
SEVERE = Endpoint(id="s", title="AUROC of severe", kind="auroc", classes=["severe"])


def test_a_run_as_pilot_compares_generators_with_the_reference() -> None:
    found = pilot_of_run(run({**EQUAL, "R+os": 2.0}), ARMS, ENDPOINT, "ordinal", GRADES, "10%")
    assert found.contrasts == ("ddpm minus R+os", "qldm minus R+os")
    assert (found.n_replicates, found.n_groups, found.sides) == (5, 90, None)
    severe = pilot_of_run(run(), ARMS, SEVERE, "ordinal", GRADES, "10%")
    assert (severe.sides, severe.n_eff) == ((30, 60), 30)


def test_a_run_without_generators_is_a_pilot_too() -> None:
    arms = [arm for arm in ARMS if arm.role not in ("synthetic", "control")]
    found = pilot_of_run(run({**EQUAL, "R+cm": 2.0}, arms=arms), arms, ENDPOINT, "ordinal", GRADES, "10%")
    assert found.contrasts == ("R+ minus R+cm", "R+os minus R+cm")


def test_runs_that_cannot_be_a_pilot_are_named() -> None:
    predictions = run(EQUAL)
    lone = [arm for arm in ARMS if arm.role == "augmented"]
    with pytest.raises(StatisticsError, match=r"no fraction '5%'.*10%"):
        pilot_of_run(predictions, ARMS, ENDPOINT, "ordinal", GRADES, "5%")
    with pytest.raises(StatisticsError, match="no arm to compare with the reference"):
        pilot_of_run(run(arms=lone), lone, ENDPOINT, "ordinal", GRADES, "10%")
    with pytest.raises(
        StatisticsError, match=r"no pilot \(2 replicates: an interval .* needs 3\). Run it with --replicates"
    ):
        pilot_of_run(run(replicates=2), ARMS, ENDPOINT, "ordinal", GRADES, "10%")
    wrong = replace(SEVERE, classes=("seveer",))
    with pytest.raises(StatisticsError, match="unknown classes: seveer"):
        pilot_of_run(predictions, ARMS, wrong, "ordinal", GRADES, "10%")
    with pytest.raises(StatisticsError, match="no variance to plan with"):
        pilot_of_run(run(counts=(60, 60, 8)), ARMS, SEVERE, "ordinal", GRADES, "10%")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: Pilot.of(np.zeros(1), np.zeros((1, 9))), "run at least 2"),
        (lambda: Pilot.of(np.zeros(5), np.zeros((5, 9))), "Nothing varied"),
        (lambda: Pilot.of(np.zeros(5), np.zeros((4, 9))), r"given \(5,\) and \(4, 9\)"),
        (lambda: Pilot.of(np.full(5, np.nan), np.zeros((5, 9))), "not finite"),
        (lambda: Pilot.of(np.arange(5.0), np.zeros((5, 9)), 1), "at least two patients"),
        (lambda: pool([]), "no pilot contrast"),
        (lambda: pool([PILOT, replace(PILOT, n_replicates=9)]), "share replicates"),
        (lambda: detectable(PILOT, 1), "at least 2 replicates"),
        (lambda: detectable(PILOT, 5, power=1.0), r"power is a probability in \(0, 1\); given 1.0"),
        (lambda: detectable(PILOT, 5, alpha=0.0), "alpha is a probability"),
        (lambda: detectable(PILOT, 5, 0.0), "positive multiple"),
        (lambda: detectable(PILOT, 5, 0.001), "planned are 0"),
        (lambda: detectable(PILOT, 5, (100, 900)), "pools classes"),
        (lambda: detectable(_binormal(0.8, 50, 90), 5, (1, 90)), "planned are 1"),
        (lambda: detectable(replace(PILOT, seeds=0.0, residual=0.0, patients=0.0), 5), "all 0"),
        (lambda: power_at(PILOT, 0.0, 5), "greater than 0; given 0.0"),
        (lambda: replicates_needed(PILOT, -0.01), "greater than 0"),
        (lambda: table(PILOT, replicates=[]), "at least one test set"),
    ],
)
def test_refuses(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        ask()
