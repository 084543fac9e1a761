"""The true values of metrics on normal scores: what a simulated estimate is compared with.

Scores of a class have variance 1; ``separation`` is the distance of the class means, and ``seeds`` the standard
deviation with which it differs from replicate to replicate, over which the truth is the mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, special

from qaugbench.errors import StatisticsError

NODES = 41
FEW_NODES = 7


def auroc_truth(separation: float, seeds: float = 0.0) -> float:
    """Return the AUROC of normal scores with variance 1 whose means are ``separation`` apart; closed form.

    >>> round(auroc_truth(1.466), 3)
    0.85
    """
    return float(special.ndtr(separation / np.sqrt(2 + seeds**2)))


def average_precision_truth(separation: float, prevalence: float, seeds: float = 0.0) -> float:
    """Return the average precision in an unlimited population: the mean precision at the scores of positives.

    By the trapezoid rule over scores, accurate to about 1e-10, and Gauss-Hermite over replicates.
    """
    away, weights = _normal_grid()

    def at(distance: np.ndarray) -> np.ndarray:
        found = prevalence * special.ndtr(-away)
        wrong = (1 - prevalence) * special.ndtr(-(away + distance[:, None]))
        return (found / (found + wrong)) @ weights

    return _mean_over_replicates(at, separation, seeds)


def expected_average_precision(separation: float, prevalence: float, n_images: int, seeds: float = 0.0) -> float:
    """Return the expectation of the average precision over test sets of ``n_images`` independent images.

    It is some thousandths above ``average_precision_truth``, the less so the larger the AP, so that differences shrink.
    With A other positives and B negatives above a positive, its term is (1 + A)/(1 + A + B); as 1/(1 + k) is the
    integral of t^k over 0..1, its expectation over binomial A and B is one integral. Gauss-Legendre over t,
    Gauss-Hermite over the number of positives and over replicates; accurate to about 1e-5.
    """
    away, weights = _normal_grid()
    spread = np.sqrt(n_images * prevalence * (1 - prevalence))
    nodes, of_count = _normal_nodes(FEW_NODES)
    positives = (n_images * prevalence + spread * nodes)[:, None, None]
    t_nodes, t_weights = special.roots_legendre(48)
    root = (t_nodes + 1) / 2
    missed, of_missed = root**3, 3 * root**2 * t_weights / 2  # 1 - t, dense near 0 where large powers of t live

    def at_one(distance: float) -> float:
        above, wrong = special.ndtr(-away)[:, None], special.ndtr(-(away + distance))[:, None]
        kept = 1 - above * missed
        power = kept ** (positives - 2)
        found = power * (kept + (positives - 1) * above * (1 - missed))
        terms = found * (1 - wrong * missed) ** (n_images - positives)
        return float(of_count @ (weights @ (terms @ of_missed).T))

    return _mean_over_replicates(lambda drawn: np.array([at_one(distance) for distance in drawn]), separation, seeds)


def brier_truth(separation: float, prevalence: float, seeds: float = 0.0) -> float:
    """Return the expected squared error of ``calibrated`` probabilities, by Gauss-Hermite quadrature over scores."""
    nodes, weights = _normal_nodes(NODES)
    squared = 0.0
    for truth, share, mean, sd in (
        (1.0, prevalence, separation, np.sqrt(1 + seeds**2)),
        (0.0, 1 - prevalence, 0.0, 1.0),
    ):
        probability = special.expit(calibrated_logit(mean + sd * nodes, separation, prevalence))
        squared += share * float(weights @ (probability - truth) ** 2)
    return squared


def calibrated_logit(scores: np.ndarray, separation: float | np.ndarray, prevalence: float) -> np.ndarray:
    """Return the log-odds of being positive, given normal scores of variance 1 with means 0 and ``separation``."""
    return separation * (scores - separation / 2) + special.logit(prevalence)


def kappa_truth(slope: float, prevalences: tuple[float, ...], seeds: float = 0.0) -> float:
    """Return the quadratic weighted kappa in an unlimited population of grades read off normal scores.

    The score of grade g has mean g * slope; the cuts are midway. In closed form for each replicate, Gauss-Hermite over them.
    """
    grades = np.arange(len(prevalences))
    cuts = (grades[:-1] + 0.5) * slope
    share = np.array(prevalences)

    def at(drawn: np.ndarray) -> np.ndarray:
        below = special.ndtr(cuts[None, None] - drawn[:, None, None] * grades[None, :, None])
        edges = np.concatenate([np.zeros_like(below[..., :1]), below, np.ones_like(below[..., :1])], axis=2)
        joint = share[None, :, None] * np.diff(edges, axis=2)
        weight = (grades[:, None] - grades) ** 2
        by_chance = share[None, :, None] * joint.sum(axis=1)[:, None, :]
        return 1 - (weight * joint).sum(axis=(1, 2)) / (weight * by_chance).sum(axis=(1, 2))

    return _mean_over_replicates(at, slope, seeds)


def _mean_over_replicates(at: Callable[[np.ndarray], np.ndarray], centre: float, seeds: float) -> float:
    if seeds == 0:
        return float(at(np.array([centre]))[0])
    nodes, weights = _normal_nodes(FEW_NODES)
    return float(weights @ at(centre + seeds * nodes))


def _normal_nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = special.roots_hermitenorm(count)
    return nodes, weights / weights.sum()


def _normal_grid() -> tuple[np.ndarray, np.ndarray]:
    """Return points over +-8.5 and the weights of the trapezoid rule for a normal density, which is all but exact."""
    away = np.linspace(-8.5, 8.5, 137)
    weights = np.exp(-(away**2) / 2)
    return away, weights / weights.sum()


def solved(value_at: Callable[[float], float], value: float) -> float:
    """Return the distance of the class means at which a metric that grows or falls with it has ``value``.

    Raises StatisticsError for a value that no distance between .01 and 6 gives.
    """
    low, high = value_at(0.01), value_at(6.0)
    if not min(low, high) < value < max(low, high):
        raise StatisticsError(f"The simulated value must lie between {low:.3f} and {high:.3f}; given {value}.")
    return float(optimize.brentq(lambda distance: value_at(distance) - value, 0.01, 6.0, xtol=1e-12))
