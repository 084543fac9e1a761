"""How small a difference a planned run could show, from the variance components of a pilot run.

A difference is found with 80 % power when it is (t_.975 + t_.80) standard errors; the standard error has a part that
shrinks with the number of replicates and a part that only more test patients make smaller, so that beyond some number
of replicates the patients limit what can be seen. Degrees of freedom as in ``mrmc`` (Hillis 2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.formatting import unsigned
from qaugbench.stats.mrmc import Components, standard_error
from qaugbench.stats.pilot import Pilot, TestSet

MOST_REPLICATES = 1000
EMPTY_TAIL = 6.0  # below -critical is less than P(Z < -6), a billionth


def detectable(
    pilot: Pilot, replicates: int, test_set: TestSet = 1.0, *, power: float = 0.80, alpha: float = 0.05
) -> float:
    """Return the difference that a two-sided test at ``alpha`` finds with ``power``, in the metric's own unit.

    (t_{1-alpha/2} + t_{power}) standard errors. With three replicates and little from patients the power is a few
    points less than asked, because the standard error itself is then badly known; ``power_at`` says how much. Raises
    StatisticsError for fewer than 2 replicates and ``power`` or ``alpha`` outside (0, 1).

    >>> pilot = Pilot(seeds=0.0001, residual=0.0, patients=0.0, n_replicates=5, n_groups=200, n_eff=200)
    >>> round(detectable(pilot, 10), 4), round(detectable(pilot, 40), 4)
    (0.0099, 0.0045)
    """
    return _reach(pilot, replicates, test_set, 1 - _level("alpha", alpha) / 2, _level("power", power))


def noninferiority_margin(
    pilot: Pilot, replicates: int, test_set: TestSet = 1.0, *, power: float = 0.80, alpha: float = 0.05
) -> float:
    """Return the smallest margin for which non-inferiority, one-sided at ``alpha``, is shown with ``power`` when the
    true difference is 0; errors as ``detectable``."""
    return _reach(pilot, replicates, test_set, 1 - _level("alpha", alpha), _level("power", power))


def equivalence_margin(
    pilot: Pilot, replicates: int, test_set: TestSet = 1.0, *, power: float = 0.80, alpha: float = 0.05
) -> float:
    """Return the smallest margin for which two one-sided tests, each at ``alpha``, show equivalence with ``power`` when
    the true difference is 0; errors as ``detectable``. (Schuirmann 1987: either side may fail, so each has half.)"""
    return _reach(pilot, replicates, test_set, 1 - _level("alpha", alpha), (1 + _level("power", power)) / 2)


def power_at(
    pilot: Pilot, difference: float, replicates: int, test_set: TestSet = 1.0, *, alpha: float = 0.05
) -> float:
    """Return the probability that a two-sided test at ``alpha`` finds a true ``difference`` > 0, by the non-central t.

    >>> pilot = Pilot(seeds=0.0001, residual=0.0, patients=0.0, n_replicates=5, n_groups=200, n_eff=200)
    >>> round(power_at(pilot, 0.01, 10), 2)
    0.8
    """
    _check_difference(difference)
    se, df = _planned_error(pilot, replicates, test_set)
    critical, shift = float(stats.t.ppf(1 - _level("alpha", alpha) / 2, df)), difference / se
    # Far out the non-central t loses its digits, and the other tail is long empty.
    if shift > 20 + 2 * critical:
        return 1.0
    other_tail = float(stats.nct.cdf(-critical, df, shift)) if shift < EMPTY_TAIL else 0.0
    return float(stats.nct.sf(critical, df, shift)) + other_tail


@dataclass(frozen=True)
class Needed:
    """How many replicates show a difference; None when none does, and ``floor`` is what infinitely many would show."""

    replicates: int | None
    floor: float
    words: str


def replicates_needed(
    pilot: Pilot, difference: float, test_set: TestSet = 1.0, *, power: float = 0.80, alpha: float = 0.05
) -> Needed:
    """Return the fewest replicates with which ``difference`` > 0 is found with ``power``; errors as ``detectable``."""
    _check_difference(difference)
    quantiles = 1 - _level("alpha", alpha) / 2, _level("power", power)
    there = pilot.on(test_set)
    floor = math.sqrt(there.patients) * sum(float(stats.t.ppf(q, there.n_eff - 1)) for q in quantiles)
    planned = np.arange(2, MOST_REPLICATES + 1)
    se, df = np.array([_planned_error(there, int(replicates)) for replicates in planned]).T
    enough = se * (stats.t.ppf(quantiles[0], df) + stats.t.ppf(quantiles[1], df)) <= difference
    if enough.any():
        fewest = int(planned[enough.argmax()])
        return Needed(fewest, floor, f"{fewest} replicates")
    if floor >= difference:
        return Needed(None, floor, f"not at any number of replicates: the test patients limit it to {unsigned(floor)}")
    return Needed(None, floor, f"more than {MOST_REPLICATES:,} replicates")


def _reach(pilot: Pilot, replicates: int, test_set: TestSet, significance: float, power: float) -> float:
    se, df = _planned_error(pilot, replicates, test_set)
    return se * float(stats.t.ppf(significance, df) + stats.t.ppf(power, df))


def _planned_error(pilot: Pilot, replicates: int, test_set: TestSet = 1.0) -> tuple[float, float]:
    """Return the standard error of a difference with ``replicates``, and its degrees of freedom."""
    if replicates < 2:
        raise StatisticsError(f"A run to plan needs at least 2 replicates to know its own error; given {replicates}.")
    there = pilot.on(test_set)
    components = Components((there.seeds + there.residual) / replicates, there.patients)
    se, df = standard_error(components, replicates, there.n_eff)
    if se == 0:
        raise StatisticsError("The pilot's variance components are all 0: take a contrast that varies.")
    return se, df


def _level(name: str, value: float) -> float:
    if not 0 < value < 1:
        raise StatisticsError(f"{name} is a probability in (0, 1); given {value}.")
    return value


def _check_difference(difference: float) -> None:
    if not (math.isfinite(difference) and difference > 0):
        raise StatisticsError(f"A difference to detect is greater than 0; given {difference}. Give its size.")
