"""Analyses that are wrong on purpose: a self-test that lets one of them pass is worth nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from qaugbench.stats.mrmc import Comparison, interval, variance_components


def seeds_only(theta: np.ndarray, influence: np.ndarray, n_eff: int) -> Comparison:
    """Return a paired t-test over replicates, which takes the test patients for the whole population."""
    se = float(theta.std(ddof=1)) / math.sqrt(theta.size)
    return _with(interval(theta, influence, n_eff), se=se, df=theta.size - 1.0)


def sign_turned(theta: np.ndarray, influence: np.ndarray, n_eff: int) -> Comparison:
    """Return the comparison of the arms the wrong way round."""
    return interval(-theta, influence, n_eff)


def patients_divided_twice(theta: np.ndarray, influence: np.ndarray, n_eff: int) -> Comparison:
    """Return a comparison whose patient variance is divided by the number of patients once more."""
    found, parts = interval(theta, influence, n_eff), variance_components(theta, influence)
    return _with(found, se=math.sqrt(parts.replicates + parts.patients / influence.shape[1]), df=found.df)


def seeds_divided_twice(theta: np.ndarray, influence: np.ndarray, n_eff: int) -> Comparison:
    """Return a comparison whose replicate variance is divided by the number of replicates once more."""
    found, parts = interval(theta, influence, n_eff), variance_components(theta, influence)
    return _with(found, se=math.sqrt(parts.replicates / theta.size + parts.patients), df=found.df)


def seeds_never_divided(theta: np.ndarray, influence: np.ndarray, n_eff: int) -> Comparison:
    """Return a comparison that takes the variance of one replicate for that of their mean."""
    found, parts = interval(theta, influence, n_eff), variance_components(theta, influence)
    return _with(found, se=math.sqrt(parts.replicates * theta.size + parts.patients), df=found.df)


def _with(found: Comparison, *, se: float, df: float) -> Comparison:
    reach = float(stats.t.ppf(0.975, df)) * se
    return replace(
        found,
        se=se,
        df=df,
        ci_low=found.estimate - reach,
        ci_high=found.estimate + reach,
        p_value=float(2 * stats.t.sf(abs(found.estimate) / se, df)),
    )
