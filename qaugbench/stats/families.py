"""Many comparisons at once: intervals that all hold together, and p-values adjusted for how many there are.

A family is a list of differences decided together. Max-T uses how they vary together; Holm's procedure needs only
p-values; Benjamini & Hochberg's bounds the share of false findings, for exploration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.joint import Joint

MAX_T = "max-T over the family: simultaneous intervals; step-down p-values (Romano & Wolf)"
HOLM = "no joint covariance: Bonferroni intervals; step-down p-values (Holm)"
DRAWS = 100_000
SEED = 20_190_101
DOUBLES_AT_ONCE = 2**18


@dataclass(frozen=True)
class Family:
    """M differences decided together: intervals [``low``, ``high``] that all hold at once with probability ``level``.

    They are ``estimate`` -/+ ``quantile`` * ``se``. ``p_value`` is unadjusted. ``p_single_step`` agrees with the
    intervals: it is below 1 - level exactly where one excludes 0. ``p_step_down`` is the smaller, for decisions.
    """

    estimate: np.ndarray
    se: np.ndarray
    df: np.ndarray
    quantile: float
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    p_single_step: np.ndarray
    p_step_down: np.ndarray
    level: float
    method: str


def simultaneous(joint: Joint, *, level: float = 0.95, draws: int = DRAWS, seed: int = SEED) -> Family:
    """Return the max-T Family of the estimates of ``joint``, two-sided against 0.

    The largest |t| of the family under the null is drawn ``draws`` times from N(0, correlation) / sqrt(chi2_df / df)
    with the smallest df of the family: a larger one would make the intervals too short. Adjusted p-values are
    (1 + larger draws) / (1 + draws), so never below 1 / (1 + draws), and never below the unadjusted one at that df. A
    contrast that never varies (se 0) has p 1 and a point for an interval, and does not take part in the maximum.
    Same arguments, same numbers; the draws follow the order of the arms, so give them in a fixed one. Single step:
    Hothorn, Bretz & Westfall 2008; step-down: Romano & Wolf 2005. Raises StatisticsError for a level outside (0, 1),
    fewer than 100 draws, and draws too few for the level.

    >>> family = simultaneous(Joint.of(np.array([0.03, 0.01]), np.diag([1e-4, 1e-4]), 20.0))
    >>> round(family.quantile, 1), bool(family.low[0] > 0), bool(family.low[1] > 0)
    (2.4, True, False)
    """
    if not 0 < level < 1:
        raise StatisticsError(f"A level is between 0 and 1, such as .95; given {level}.")
    rank = math.floor((1 - level) * (1 + draws) * (1 + 1e-12))
    if draws < 100 or rank < 1:
        raise StatisticsError(f"{draws} draws are too few for level {level}; give at least {DRAWS:,}.")

    varies = joint.se > 0
    size = np.divide(np.abs(joint.estimate), joint.se, out=np.zeros(joint.se.shape), where=varies)
    smallest_df = float(joint.df[varies].min(initial=math.inf))
    alone = np.where(varies, 2 * stats.t.sf(size, smallest_df), 1.0)
    quantile = float(stats.t.ppf(0.5 + level / 2, smallest_df))
    single_step, step_down = alone.copy(), alone.copy()
    if varies.sum() > 1:
        maximum, larger = _null(joint.factor[varies] / joint.se[varies, None], size[varies], smallest_df, draws, seed)
        quantile = max(quantile, float(maximum[draws - rank]))
        larger_than_all = draws - np.searchsorted(maximum, size[varies], side="left")
        single_step[varies] = np.maximum(alone[varies], (1 + larger_than_all) / (1 + draws))
        step_down[varies] = _never_decreasing(size[varies], np.maximum(alone[varies], (1 + larger) / (1 + draws)))
    return Family(
        estimate=joint.estimate,
        se=joint.se,
        df=joint.df,
        quantile=quantile,
        low=joint.estimate - quantile * joint.se,
        high=joint.estimate + quantile * joint.se,
        p_value=np.where(varies, 2 * stats.t.sf(size, joint.df), 1.0),
        p_single_step=single_step,
        p_step_down=step_down,
        level=level,
        method=MAX_T,
    )


def without_covariance(estimate: np.ndarray, se: np.ndarray, df: np.ndarray, *, level: float = 0.95) -> Family:
    """Return the Family of differences [M] whose joint covariance is not to be had: Bonferroni intervals, Holm's p.

    Valid however they vary together, and wider than max-T. ``quantile`` is that of the smallest df. Raises
    StatisticsError for NaN, shapes that differ, a negative se and a level outside (0, 1).

    >>> family = without_covariance(np.array([0.03, 0.01]), np.array([0.01, 0.01]), np.array([20.0, 20.0]))
    >>> family.p_step_down.round(4).tolist()
    [0.0142, 0.3293]
    """
    estimate, se, df = (np.asarray(column, dtype=np.float64) for column in (estimate, se, df))
    if not 0 < level < 1:
        raise StatisticsError(f"A level is between 0 and 1, such as .95; given {level}.")
    if estimate.ndim != 1 or estimate.size == 0 or not estimate.shape == se.shape == df.shape:
        raise StatisticsError(f"Needed are estimate, se, df [M]; given {estimate.shape}, {se.shape} and {df.shape}.")
    if not (np.isfinite(estimate).all() and np.isfinite(se).all()) or not (se >= 0).all() or not (df > 0).all():
        raise StatisticsError("Estimates must be finite, standard errors finite and not negative, and df positive.")
    varies = se > 0
    size = np.divide(np.abs(estimate), se, out=np.zeros(se.shape), where=varies)
    smallest_df = float(df[varies].min(initial=math.inf))
    count = max(int(varies.sum()), 1)
    quantile = float(stats.t.isf((1 - level) / (2 * count), smallest_df))
    p_value = np.where(varies, 2 * stats.t.sf(size, df), 1.0)
    step_down = p_value.copy()
    step_down[varies] = holm(p_value[varies])
    return Family(
        estimate=estimate,
        se=se,
        df=df,
        quantile=quantile,
        low=estimate - quantile * se,
        high=estimate + quantile * se,
        p_value=p_value,
        p_single_step=np.where(varies, np.minimum(count * 2 * stats.t.sf(size, smallest_df), 1.0), 1.0),
        p_step_down=step_down,
        level=level,
        method=HOLM,
    )


def holm(p: np.ndarray) -> np.ndarray:
    """Return Holm's adjusted p-values [M]: those below alpha are all true findings with probability 1 - alpha.

    Holm 1979. Raises StatisticsError for NaN, values outside [0, 1] and an array that is not [M].

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked_p(p)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(p.shape)
    adjusted[order] = np.minimum(np.maximum.accumulate((p.size - np.arange(p.size)) * p[order]), 1.0)
    return adjusted


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Return q-values [M]: of the findings with q below .10, 10 % are expected to be false. For exploration only.

    Benjamini & Hochberg 1995; valid for independent and for positively dependent p-values. Errors as ``holm``.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _checked_p(p)
    order = np.argsort(p, kind="stable")
    scaled = p.size / np.arange(1, p.size + 1) * p[order]
    adjusted = np.empty(p.shape)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def _null(factor: np.ndarray, size: np.ndarray, df: float, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest |t| of each draw, sorted [draws], and how many draws exceed each ``size`` [M] in step-down.

    ``factor`` [M, L] has unit rows. Step-down compares a contrast with the largest |t| among those no more significant
    than itself, so going from the smallest size up, a running maximum serves all of them in one pass.
    """
    order = np.argsort(size, kind="stable")
    rows, ascending = factor[order], size[order, None]
    random = np.random.RandomState(seed)
    scale = np.sqrt(df / random.chisquare(df, size=draws)) if math.isfinite(df) else np.ones(draws)
    maximum = np.empty(draws)
    larger = np.zeros(size.size, dtype=np.int64)
    at_once = max(DOUBLES_AT_ONCE // size.size, 1)
    for start in range(0, draws, at_once):
        part = slice(start, min(start + at_once, draws))
        normal = random.standard_normal((part.stop - part.start, factor.shape[1]))
        largest = rows @ (normal * scale[part, None]).T
        np.abs(largest, out=largest)
        for smaller, row in pairwise(
            largest
        ):  # row by row: accumulating along the first axis takes three times as long
            np.maximum(smaller, row, out=row)
        maximum[part] = largest[-1]
        larger[order] += np.count_nonzero(largest >= ascending, axis=1)
    maximum.sort()
    return maximum, larger


def _never_decreasing(size: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return ``p`` [M] raised where a more significant contrast, one of larger ``size`` [M], has a larger one."""
    order = np.argsort(-size, kind="stable")
    raised = np.empty(p.shape)
    raised[order] = np.maximum.accumulate(p[order])
    return raised


def _checked_p(p: np.ndarray) -> np.ndarray:
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 1:
        raise StatisticsError(f"p-values must be [M]; given shape {p.shape}.")
    unusable = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if unusable.size:
        raise StatisticsError(
            f"p-values must lie in [0, 1]; those at {first_offenders(unusable)} do not: leave out what was not tested."
        )
    return p
