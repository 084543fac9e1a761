"""How alike two images of a class are on average, against two real ones: MS-SSIM, or any distance between images.

Give the images of one class at a time. The mean over pairs does not depend on the number of images, unlike a Vendi score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.structural_similarity import ms_ssim, scales_for

Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Maps images [P, H, W, C] and their partners to one number per pair [P]."""
LEAST_IMAGES = 10
COLLAPSED_EXCESS = 0.1
"""A mean MS-SSIM of pairs this much above the real images' is a sign of collapse."""
PAIRS = 1000
"""Random pairs of images that are compared."""
CHUNK_PAIRS = 256
"""Pairs whose images are gathered at once."""


@dataclass(frozen=True)
class PairMean:
    """The ``mean`` over ``pairs`` pairs of the ``n`` images, and its standard error."""

    mean: float
    se: float
    n: int
    pairs: int


@dataclass(frozen=True)
class SimilarityExcess:
    """How much more alike the synthetic images are than the real ones: ``value`` is the difference, with its standard error.

    ``scales`` of MS-SSIM were used.
    """

    value: float
    se: float
    real: PairMean
    synthetic: PairMean
    scales: int

    @property
    def collapsed(self) -> bool:
        """Whether pairs of synthetic images are more alike by over 0.1."""
        return self.value > COLLAPSED_EXCESS


@dataclass(frozen=True)
class DistanceRatio:
    """How far apart synthetic images are, over how far apart real ones are, with its standard error; below 1: more alike."""

    value: float
    se: float
    real: PairMean
    synthetic: PairMean


def pair_mean(images: np.ndarray, compare: Compare, rng: np.random.Generator, pairs: int = PAIRS) -> PairMean:
    """Return the mean of ``compare`` over random pairs of ``images`` [n, H, W, C]: ``pairs`` different ones, or all if fewer.

    The standard error is the jackknife's over images, as pairs that share one are not independent. Raises StatisticsError for
    fewer than ten images or pairs, and what ``compare`` raises.
    """
    images = np.asarray(images)
    n = len(images) if images.ndim == 4 else 0
    if n < LEAST_IMAGES:
        raise StatisticsError(
            f"The similarity of pairs needs at least {LEAST_IMAGES} images of a class; there are {n}."
        )
    first, second = _random_pairs(n, pairs, rng)
    steps = range(0, len(first), CHUNK_PAIRS)
    values = np.concatenate(
        [compare(images[first[s : s + CHUNK_PAIRS]], images[second[s : s + CHUNK_PAIRS]]) for s in steps]
    )
    return PairMean(float(values.mean()), _jackknife_se(values, first, second, n), n, len(values))


def similarity_excess(
    real: np.ndarray, synthetic: np.ndarray, rng: np.random.Generator, pairs: int = PAIRS
) -> SimilarityExcess:
    """Return by how much pairs of ``synthetic`` images [m, H, W, C] are more alike than pairs of ``real`` ones [n, H, W, C].

    Mean MS-SSIM, which Odena, Olah & Shlens 2017 use for classes. Raises StatisticsError for sets of other sizes or channels,
    and as ``pair_mean`` and ``ms_ssim``.
    """
    _check_alike(real, synthetic)
    ours, theirs = (pair_mean(images, ms_ssim, rng, pairs) for images in (real, synthetic))
    error = float(np.hypot(ours.se, theirs.se))
    return SimilarityExcess(theirs.mean - ours.mean, error, ours, theirs, scales_for(*np.shape(real)[1:3]))


def distance_ratio(
    real: np.ndarray, synthetic: np.ndarray, distance: Compare, rng: np.random.Generator, pairs: int = PAIRS
) -> DistanceRatio:
    """Return the mean ``distance`` of pairs of ``synthetic`` images [m, H, W, C] over that of ``real`` ones [n, H, W, C].

    As many images of either set are used, the smaller number, drawn by ``rng``. The error is that of a ratio of independent
    means, to first order. Raises StatisticsError where real images are all alike, and as ``similarity_excess``.
    """
    _check_alike(real, synthetic)
    n = min(len(real), len(synthetic))
    ours, theirs = (
        pair_mean(images[np.sort(rng.permutation(len(images))[:n])], distance, rng, pairs)
        for images in (np.asarray(real), np.asarray(synthetic))
    )
    if ours.mean == 0:
        raise StatisticsError("The real images are all alike: there is no distance to divide by.")
    value = theirs.mean / ours.mean
    return DistanceRatio(value, float(np.hypot(theirs.se, value * ours.se)) / abs(ours.mean), ours, theirs)


def _check_alike(real: np.ndarray, synthetic: np.ndarray) -> None:
    if np.shape(real)[1:] != np.shape(synthetic)[1:]:
        raise StatisticsError(
            f"Real and synthetic images must have one size and number of channels; given {np.shape(real)} and "
            f"{np.shape(synthetic)}."
        )


def _random_pairs(n: int, pairs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return different pairs of rows, the first above the second, numbered as in the lower triangle of a matrix."""
    if pairs < LEAST_IMAGES:
        raise StatisticsError(f"The similarity of pairs needs at least {LEAST_IMAGES} pairs; given {pairs}.")
    every = n * (n - 1) // 2
    number = np.arange(every) if every <= pairs else rng.choice(every, pairs, replace=False)
    first = ((1 + np.sqrt(1 + 8 * number)) / 2).astype(np.int64)
    return first, number - first * (first - 1) // 2


def _jackknife_se(values: np.ndarray, first: np.ndarray, second: np.ndarray, n: int) -> float:
    """Return the standard error of the mean of ``values`` of pairs, leaving out every pair of one image at a time."""
    both = np.concatenate([first, second])
    sums, counts = np.bincount(both, np.tile(values, 2), minlength=n), np.bincount(both, minlength=n)
    left = len(values) - counts
    without = (values.sum() - sums) / left
    return float(np.sqrt((n - 1) / n * np.square(without - without.mean()).sum()))
