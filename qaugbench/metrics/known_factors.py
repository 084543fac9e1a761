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


def number_distance(drawn: np.ndarray, true: np.ndarray, rng: np.random.Generator) -> FactorDistance:
    """Return the distance between ``drawn`` [N] and ``true`` [M] values of a number, as Wasserstein-1 over the true values' SD.

    The interval is the distance give or take what two samples of one distribution, N and M large, differ by in 95 of 100 cases: of
    the drawn or of the true one, whichever differ more. It holds 0 where nothing was shown, and is wide rather than
    narrow. Raises StatisticsError below 20 of either, for values that are not finite and true values that are all the same.
    """
    drawn, true = _checked(drawn, np.float64, "drawn"), _checked(true, np.float64, "true")
    spread = float(true.std(ddof=1))
    if spread == 0:
        raise StatisticsError(f"All true values of the factor are {true[0]}: there is no scale, give it as a category.")
    edges = np.unique(np.quantile(true, np.linspace(0, 1, BINS + 1)[1:-1]))

    def between(one: np.ndarray, other: np.ndarray) -> float:
        return float(wasserstein_distance(one, other)) / spread

    def by_chance(values: np.ndarray) -> np.ndarray:
        samples = ((rng.choice(values, len(of)) for of in (drawn, true)) for _ in range(RESAMPLES))
        return np.array([between(*pair) for pair in samples])

    modes = [np.bincount(np.searchsorted(edges, of, "right"), minlength=len(edges) + 1) for of in (drawn, true)]
    return _found(between(drawn, true), by_chance(drawn), by_chance(true), *modes, most=np.inf)


def category_distance(drawn: np.ndarray, true: np.ndarray, rng: np.random.Generator) -> FactorDistance:
    """Return the total variation, in [0, 1], between the categories ``drawn`` [N] and ``true`` [M]: half the summed differences.

    A category that never truly occurs counts fully. Several factors at once: give their combinations as categories. Interval and
    errors as ``number_distance``.

    >>> found = category_distance(np.repeat(["a", "b"], [15, 5]), np.repeat(["a", "b", "c"], [10, 5, 5]), np.random.default_rng(1))
    >>> found.distance, round(found.modes_reached, 3), found.n_modes
    (0.25, 0.667, 3)
    """
    drawn, true = _checked(drawn, None, "drawn"), _checked(true, None, "true")
    _, codes = np.unique(np.concatenate([drawn, true]), return_inverse=True)
    counts = [np.bincount(of, minlength=codes.max() + 1) for of in (codes[: len(drawn)], codes[len(drawn) :])]

    def between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(one / len(drawn) - other / len(true)).sum(axis=-1) / 2)

    def by_chance(of: np.ndarray) -> np.ndarray:
        return between(*(rng.multinomial(n, of / of.sum(), RESAMPLES) for n in (len(drawn), len(true))))

    return _found(float(between(*counts)), by_chance(counts[0]), by_chance(counts[1]), *counts, most=1.0)


def _found(
    distance: float,
    as_drawn: np.ndarray,
    as_true: np.ndarray,
    drawn_modes: np.ndarray,
    true_modes: np.ndarray,
    *,
    most: float,
) -> FactorDistance:
    """Return the result from a distance, what samples of either distribution differ by, and the images in each mode."""
    by_chance = max(np.quantile(as_drawn, 0.95), np.quantile(as_true, 0.95))
    n, n_true, real = int(drawn_modes.sum()), int(true_modes.sum()), true_modes > 0
    return FactorDistance(
        distance=distance,
        ci_low=float(max(distance - by_chance, 0.0)),
        ci_high=float(min(distance + by_chance, most)),
        floor=float(as_true.mean()),
        modes_reached=float((drawn_modes[real] > 0).mean()),
        modes_expected=float((1 - (1 - true_modes[real] / n_true) ** n).mean()),
        n_modes=int(real.sum()),
        n=n,
        n_true=n_true,
    )


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
