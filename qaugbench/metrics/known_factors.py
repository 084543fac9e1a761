"""How the factors of drawn phantoms, such as lesion size or grade, are distributed against the truth, which is known.

Two finite samples of one distribution differ, so every distance is given beside its floor: what honest images of the same number
would show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from qaugbench.errors import StatisticsError, first_offenders

RESAMPLES = 500
LEAST_IMAGES = 20
BINS = 10
"""Equally likely ranges into which the true values of a number are divided."""


@dataclass(frozen=True)
class FactorDistance:
    """How far the drawn distribution of a factor is from the true one, and which share of the true modes it reaches.

    ``distance`` is 0 or more, lower is better: Wasserstein-1 in standard deviations of the true values, or total variation, at most
    1, between categories. ``floor`` is the mean distance of as many honest draws. The modes are the categories, or ten
    equally likely ranges of a number; ``modes_expected`` is the share that honest draws would reach on average.
    """

    distance: float
    ci_low: float
    ci_high: float
    floor: float
    modes_reached: float
    modes_expected: float
    n_modes: int
    n: int
    n_true: int


def number_distance(
    drawn: np.ndarray, true: np.ndarray, rng: np.random.Generator, weights: np.ndarray | None = None
) -> FactorDistance:
    """Return the distance between ``drawn`` [N] and ``true`` [M] values of a number, as Wasserstein-1 over the true values' SD.

    ``weights`` [M], 0 or more, say how much each true value counts, all alike by default; M is then the effective number,
    (sum w)^2 / sum w^2. The interval is the distance give or take what two samples of one distribution, N and M large, differ by in
    95 of 100 cases: of the drawn or of the true one, whichever differ more. It holds 0 where nothing was shown, and is wide rather
    than narrow. Raises StatisticsError below 20 of either, for values that are not finite and true values that are all the same.
    """
    drawn, true = _checked(drawn, np.float64, "drawn"), _checked(true, np.float64, "true")
    weights, n_true = _weights(weights, len(true))
    sizes, shares = (len(drawn), n_true), weights / weights.sum()
    if np.ptp(true[weights > 0]) == 0:
        raise StatisticsError(f"All true values of the factor are {true[0]}: there is no scale, give it as a category.")
    spread = float(np.sqrt(shares @ np.square(true - shares @ true) * n_true / (n_true - 1)))

    def by_chance(values: np.ndarray, chances: np.ndarray | None) -> np.ndarray:
        samples = ((rng.choice(values, size, p=chances) for size in sizes) for _ in range(RESAMPLES))
        return np.array([float(wasserstein_distance(*pair)) / spread for pair in samples])

    edges = ranges(true, BINS, weights)
    modes = [
        np.bincount(np.searchsorted(edges, of, "right"), of_weights, minlength=len(edges) + 1)
        for of, of_weights in ((drawn, None), (true, weights))
    ]
    distance = float(wasserstein_distance(drawn, true, v_weights=weights)) / spread
    return _found(distance, by_chance(drawn, None), by_chance(true, shares), *modes, sizes=sizes, most=np.inf)


def ranges(true: np.ndarray, n: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the borders, at most n - 1, that divide ``true`` values [M] with ``weights`` [M] into ``n`` equally likely ranges.

    >>> ranges(np.array([1.0, 2.0, 3.0, 4.0]), 2, np.array([1.0, 1.0, 1.0, 3.0])).tolist()
    [3.0]
    """
    return np.unique(np.quantile(true, np.linspace(0, 1, n + 1)[1:-1], weights=weights, method="inverted_cdf"))


def category_distance(
    drawn: np.ndarray, true: np.ndarray, rng: np.random.Generator, weights: np.ndarray | None = None
) -> FactorDistance:
    """Return the total variation, in [0, 1], between the categories ``drawn`` [N] and ``true`` [M]: half the summed differences.

    A category that never truly occurs counts fully. Several factors at once: give their combinations as categories. Interval,
    ``weights`` [M] and errors as ``number_distance``.

    >>> found = category_distance(np.repeat(["a", "b"], [15, 5]), np.repeat(["a", "b", "c"], [10, 5, 5]), np.random.default_rng(1))
    >>> found.distance, round(found.modes_reached, 3), found.n_modes
    (0.25, 0.667, 3)
    """
    drawn, true = _checked(drawn, None, "drawn"), _checked(true, None, "true")
    weights, n_true = _weights(weights, len(true))
    sizes = (len(drawn), n_true)
    _, codes = np.unique(np.concatenate([drawn, true]), return_inverse=True)
    length = codes.max() + 1
    own = np.bincount(codes[: len(drawn)], minlength=length) / len(drawn)
    known = np.bincount(codes[len(drawn) :], weights, minlength=length) / weights.sum()

    def by_chance(of: np.ndarray) -> np.ndarray:
        one, other = (rng.multinomial(n, of, RESAMPLES) / n for n in sizes)
        return np.asarray(np.abs(one - other).sum(axis=-1) / 2)

    distance = float(np.abs(own - known).sum() / 2)
    return _found(distance, by_chance(own), by_chance(known), own, known, sizes=sizes, most=1.0)


def _found(
    distance: float,
    as_drawn: np.ndarray,
    as_true: np.ndarray,
    drawn_modes: np.ndarray,
    true_modes: np.ndarray,
    *,
    sizes: tuple[int, int],
    most: float,
) -> FactorDistance:
    """Return the result from a distance, what samples of either distribution differ by, and the weight of each mode in both."""
    by_chance = max(np.quantile(as_drawn, 0.95), np.quantile(as_true, 0.95))
    (n, n_true), real = sizes, true_modes > 0
    return FactorDistance(
        distance=distance,
        ci_low=float(max(distance - by_chance, 0.0)),
        ci_high=float(min(distance + by_chance, most)),
        floor=float(as_true.mean()),
        modes_reached=float((drawn_modes[real] > 0).mean()),
        modes_expected=float((1 - (1 - true_modes[real] / true_modes.sum()) ** n).mean()),
        n_modes=int(real.sum()),
        n=n,
        n_true=n_true,
    )


def _weights(weights: np.ndarray | None, n: int) -> tuple[np.ndarray, int]:
    """Return weights [n], all 1 by default, and the effective number of values."""
    if weights is None:
        return np.ones(n), n
    weights = np.asarray(weights, np.float64)
    if weights.shape != (n,) or not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise StatisticsError(f"Weights of {n} true values are as many finite numbers, 0 or more, and not all 0.")
    effective = int(np.square(weights.sum()) / np.square(weights).sum() + 1e-9)
    if effective < LEAST_IMAGES:
        raise StatisticsError(
            f"The weights leave {effective} true values in effect; at least {LEAST_IMAGES} are needed."
        )
    return weights, effective


def _checked(values: np.ndarray, dtype: type | None, kind: str) -> np.ndarray:
    values = np.asarray(values, dtype)
    if values.ndim != 1 or len(values) < LEAST_IMAGES:
        raise StatisticsError(
            f"A factor is compared on at least {LEAST_IMAGES} {kind} values [N]; given {values.shape}."
        )
    if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
        raise StatisticsError(
            f"Values must be finite; not so at {kind} images {first_offenders(np.flatnonzero(~np.isfinite(values)))}."
        )
    return values
