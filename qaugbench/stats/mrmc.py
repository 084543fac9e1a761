"""The uncertainty of a difference between arms when every patient is scored by every replicate's model.

Replicates and patients are crossed, as readers and cases are in a multi-reader multi-case study: Obuchowski & Rockette
1995 with Hillis's degrees of freedom (Hillis 2007; Hillis, Berbaum & Metz 2008), written on influence arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.unbounded import UnboundedAbove

OR_HILLIS = "OR-Hillis over replicates and patients"
SINGLE_RUN = "single-run DeLong: conditional on this model, no verdict"
NO_VARIATION = "no variation over replicates or patients: uncertainty cannot be estimated"
ROUNDING = 1e-12


@dataclass(frozen=True)
class Comparison:
    """A difference with its 95 % interval, in the metric's own unit; ``mde`` is detected with 80 % power."""

    estimate: float
    se: float
    df: UnboundedAbove
    ci_low: float
    ci_high: float
    p_value: float
    mde: float
    method: str
    n_replicates: int
    n_groups: int


@dataclass(frozen=True)
class Components:
    """The two parts of the variance of a difference: sampling of replicates, and of patients (persistent over them)."""

    replicates: float
    patients: float


def compare(theta: np.ndarray, influence: np.ndarray, contrast: np.ndarray, n_eff: int) -> Comparison:
    """Return the Comparison for ``contrast`` [A] of the arms' values ``theta`` [A, R] with ``influence`` [A, R, C].

    The difference of replicate r is ``contrast @ theta[:, r]``; two-sided 95 % t interval and p-value against 0.
    ``n_eff`` is the rarer side's number of groups, min(m, n), for one AUROC, and C otherwise. One replicate gives
    DeLong's interval (df infinite), which is conditional on the one model. Arms that agree everywhere give estimate 0,
    se 0, p 1; a difference that never varies gives se 0, p 1 and a method that says that it has no uncertainty to
    show. Raises StatisticsError for shapes that differ, NaN, an all-zero contrast, or n_eff < 2.
    """
    theta, influence, contrast = np.asarray(theta), np.asarray(influence), np.asarray(contrast, dtype=np.float64)
    if (
        theta.ndim != 2
        or influence.shape[:2] != theta.shape
        or influence.ndim != 3
        or contrast.shape != theta.shape[:1]
    ):
        raise StatisticsError(
            "Needed are theta [A, R], influence [A, R, C] and contrast [A]; "
            f"given shapes {theta.shape}, {influence.shape} and {contrast.shape}."
        )
    involved = np.flatnonzero(contrast)
    if involved.size == 0:
        raise StatisticsError("A contrast needs at least one arm with a weight other than 0.")
    difference = sum(contrast[arm] * theta[arm] for arm in involved)
    difference_influence = sum(contrast[arm] * influence[arm] for arm in involved)
    return interval(difference, difference_influence, n_eff)


def interval(theta: np.ndarray, influence: np.ndarray, n_eff: int | None = None) -> Comparison:
    """Return the Comparison of one value or difference, ``theta`` [R] with ``influence`` [R, C], against 0.

    For one arm's value, use its estimate, se and interval; its p-value is against a value of 0. ``n_eff`` is C
    when not given. Errors as ``compare``.
    """
    theta, influence = np.asarray(theta, dtype=np.float64), np.asarray(influence, dtype=np.float64)
    if theta.ndim != 1 or influence.ndim != 2 or influence.shape[0] != theta.size or theta.size == 0:
        raise StatisticsError(f"Needed are theta [R], influence [R, C]; given {theta.shape} and {influence.shape}.")
    n_replicates, n_groups = influence.shape
    n_eff = n_groups if n_eff is None else n_eff
    if n_eff < 2 or n_groups < 2:
        raise StatisticsError(
            f"An interval needs at least two patients on the rarer side; given {min(n_eff, n_groups)}."
        )
    if np.isnan(theta).any() or np.isnan(influence).any():
        raise StatisticsError("Values or influence are NaN: give every arm and replicate, or leave the arm out.")

    components = variance_components(theta, influence)
    se, df = standard_error(components, n_replicates, n_eff)
    method = SINGLE_RUN if n_replicates == 1 else OR_HILLIS
    return comparison(float(theta.mean()), se, df, method=method, n_replicates=n_replicates, n_groups=n_groups)


def comparison(estimate: float, se: float, df: float, *, method: str, n_replicates: int, n_groups: int) -> Comparison:
    """Return the Comparison of an estimate with its standard error and degrees of freedom, by Student's t.

    An se of 0 gives p 1 and, unless the estimate is 0 too, a method that says that there is no uncertainty to show.
    """
    if se == 0:
        method = NO_VARIATION if abs(estimate) > ROUNDING else method
        return Comparison(estimate, 0.0, math.inf, estimate, estimate, 1.0, 0.0, method, n_replicates, n_groups)

    reach = float(stats.t.ppf(0.975, df))
    return Comparison(
        estimate=estimate,
        se=se,
        df=df,
        ci_low=estimate - reach * se,
        ci_high=estimate + reach * se,
        p_value=float(2 * stats.t.sf(abs(estimate) / se, df)),
        mde=(reach + float(stats.t.ppf(0.80, df))) * se,
        method=method,
        n_replicates=n_replicates,
        n_groups=n_groups,
    )


def variance_components(differences: np.ndarray, influence: np.ndarray) -> Components:
    """Return the variance of the mean of ``differences`` [R] with ``influence`` [R, C], in two parts.

    Influence that differs from replicate to replicate is already in the spread of the replicates; what is left after
    subtracting it is the patients' own part, 2(Cov2 - Cov3) in Obuchowski & Rockette's terms, floored at 0.
    """
    n_replicates = differences.size
    if n_replicates == 1:
        return Components(0.0, float(_patient_variance(influence)[0]))
    of_mean = float(_patient_variance(influence.mean(axis=0, keepdims=True))[0])
    of_one = float(_patient_variance(influence).mean())
    not_persistent = (of_one - of_mean) / (n_replicates - 1)
    return Components(float(differences.var(ddof=1)) / n_replicates, max(of_mean - not_persistent, 0.0))


def _patient_variance(influence: np.ndarray) -> np.ndarray:
    """Return C/(C-1) times the sum of squares about the mean of each row: [B, C] -> [B]."""
    n_groups = influence.shape[1]
    centred = influence - influence.mean(axis=1, keepdims=True)
    return n_groups / (n_groups - 1) * (centred**2).sum(axis=1)


def standard_error(components: Components, n_replicates: int, n_eff: int) -> tuple[float, float]:
    """Return (standard error, degrees of freedom) of a difference; 0 and infinity when it varies by no more than rounding.

    Hillis, Berbaum & Metz 2008; infinite for one replicate, where all of the variance is the patients'.
    """
    variance = components.replicates + components.patients
    if variance < ROUNDING**2:
        return 0.0, math.inf
    if n_replicates == 1:
        return math.sqrt(variance), math.inf
    of_each = components.replicates**2 / (n_replicates - 1) + components.patients**2 / (n_eff - 1)
    return math.sqrt(variance), variance**2 / of_each
