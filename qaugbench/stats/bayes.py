"""How probable it is that a difference is below, within or above the margin that matters: a companion, never a verdict.

A hierarchical normal model over tasks, small enough to be integrated rather than sampled:
d_t ~ N(delta_t, se_t^2), delta_t ~ N(mu, tau^2), mu ~ N(0, prior_mean_sd^2), tau ~ half-normal(prior_between_sd).
Given tau all is normal, so one integral over tau remains (Roever 2020, J. Stat. Softw. 93(6), integrates likewise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp, ndtr

from qaugbench.errors import StatisticsError, first_offenders

PRIOR_MEAN_SD = 0.02
PRIOR_BETWEEN_SD = 0.01
PRIOR_SCALES = (0.5, 1.0, 2.0)
NODES = 32  # of Gauss-Legendre in each panel of tau; a panel spans a factor of two
PANELS_BELOW_SMALLEST = 8
FARTHEST = 12.0


@dataclass(frozen=True)
class Posterior:
    """What is believed of the mean difference mu after the data: three probabilities that sum to 1, its mean and sd.

    ``below`` is P(mu < -margin), ``within`` P(|mu| <= margin), ``above`` P(mu > margin).
    """

    below: float
    within: float
    above: float
    mean: float
    sd: float
    margin: float
    prior_mean_sd: float
    prior_between_sd: float
    n_tasks: int


def posterior(
    estimates: Sequence[float] | np.ndarray,
    ses: Sequence[float] | np.ndarray,
    *,
    margin: float,
    prior_mean_sd: float = PRIOR_MEAN_SD,
    prior_between_sd: float = PRIOR_BETWEEN_SD,
) -> Posterior:
    """Return the Posterior of the mean over tasks, from ``estimates`` [T] with ``ses`` [T] in the metric's unit.

    One task says nothing about the spread over tasks, whose prior then widens the posterior. Raises StatisticsError for no
    task, shapes that differ, values that are not finite, and an se, margin or prior that is not positive.

    >>> found = posterior([0.004], [0.010], margin=0.01)
    >>> round(found.below, 2), round(found.within, 2), round(found.above, 2)
    (0.12, 0.64, 0.25)
    """
    estimate, se = np.asarray(estimates, dtype=np.float64), np.asarray(ses, dtype=np.float64)
    if estimate.ndim != 1 or estimate.shape != se.shape or estimate.size == 0:
        raise StatisticsError(f"Every task needs an estimate and an se; given shapes {estimate.shape}, {se.shape}.")
    unusable = np.flatnonzero(~(np.isfinite(estimate) & np.isfinite(se) & (se > 0)))
    if unusable.size:
        raise StatisticsError(
            f"Estimates must be finite and standard errors positive; they are not in tasks {first_offenders(unusable)}. "
            "Leave out a difference that never varied: it has no uncertainty to learn from."
        )
    for name, value in (("margin", margin), ("prior_mean_sd", prior_mean_sd), ("prior_between_sd", prior_between_sd)):
        if not 0 < value < np.inf:
            raise StatisticsError(f"{name} must be positive and finite; given {value}.")

    # Data far out pull tau against its prior; the two balance near the geometric mean of their scales.
    far = FARTHEST * np.sqrt(prior_between_sd * max(prior_between_sd, float(np.abs(estimate).max())))
    tau, log_weight = _quadrature(min(prior_between_sd, float(se.min())), float(far))
    variance = se**2 + tau[:, None] ** 2
    precision = 1 / prior_mean_sd**2 + (1 / variance).sum(axis=1)
    mean = (estimate / variance).sum(axis=1) / precision
    sd = 1 / np.sqrt(precision)
    # log N(d; 0, diag(variance) + prior_mean_sd^2 11'), by the matrix determinant and inversion lemmas.
    log_likelihood = -0.5 * (
        np.log(variance).sum(axis=1) + np.log(precision) + (estimate**2 / variance).sum(axis=1) - mean**2 * precision
    )
    log_posterior = log_weight + log_likelihood - 0.5 * (tau / prior_between_sd) ** 2
    weight = np.exp(log_posterior - logsumexp(log_posterior))
    weight /= weight.sum()

    below = float(weight @ ndtr((-margin - mean) / sd))
    above = float(weight @ ndtr((mean - margin) / sd))
    average = float(weight @ mean)
    return Posterior(
        below=below,
        within=max(1.0 - below - above, 0.0),
        above=above,
        mean=average,
        sd=float(np.sqrt(weight @ (sd**2 + (mean - average) ** 2))),
        margin=margin,
        prior_mean_sd=prior_mean_sd,
        prior_between_sd=prior_between_sd,
        n_tasks=estimate.size,
    )


def posterior_of_one(estimate: float, se: float, *, margin: float, prior_sd: float = PRIOR_MEAN_SD) -> Posterior:
    """Return the Posterior of a single difference itself, with the prior N(0, ``prior_sd``^2); errors as ``posterior``.

    ``posterior`` of one task is about the mean of tasks like it, of which one says less.

    >>> found = posterior_of_one(0.004, 0.010, margin=0.01)
    >>> round(found.below, 2), round(found.within, 2), round(found.above, 2)
    (0.07, 0.71, 0.22)
    """
    checked = posterior([estimate], [se], margin=margin, prior_mean_sd=prior_sd)
    share = prior_sd**2 / (prior_sd**2 + se**2)
    mean, sd = share * estimate, float(np.sqrt(share)) * se
    below, above = float(ndtr((-margin - mean) / sd)), float(ndtr((mean - margin) / sd))
    return replace(
        checked,
        below=below,
        within=max(1.0 - below - above, 0.0),
        above=above,
        mean=mean,
        sd=sd,
        prior_between_sd=0.0,
    )


def sensitivity(
    estimates: Sequence[float] | np.ndarray,
    ses: Sequence[float] | np.ndarray,
    *,
    margin: float,
    prior_mean_sd: float = PRIOR_MEAN_SD,
    prior_between_sd: float = PRIOR_BETWEEN_SD,
) -> dict[float, Posterior]:
    """Return the Posterior under both prior standard deviations times .5, 1 and 2, by that factor.

    A posterior that changes with it is the prior's, not the data's. Arguments and errors as ``posterior``.

    >>> {scale: round(found.above, 2) for scale, found in sensitivity([0.02], [0.004], margin=0.01).items()}
    {0.5: 0.79, 1.0: 0.81, 2.0: 0.75}
    """
    return {
        scale: posterior(
            estimates,
            ses,
            margin=margin,
            prior_mean_sd=scale * prior_mean_sd,
            prior_between_sd=scale * prior_between_sd,
        )
        for scale in PRIOR_SCALES
    }


def _quadrature(smallest: float, largest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes of tau between 0 and ``largest``, and the logarithms of their weights.

    Panels double in width from a fraction of ``smallest``, so that what happens near 0 and far out is seen at its own
    scale.
    """
    first = smallest / PANELS_BELOW_SMALLEST
    edges = np.append(0.0, first * 2.0 ** np.arange(np.ceil(np.log2(largest / first)) + 1))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + nodes)).ravel(), np.log(half * weights).ravel()
