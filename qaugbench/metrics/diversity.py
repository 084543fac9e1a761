"""How varied the images of a class are, against real ones: the effective number of images, and how alike random pairs look.

Give the images of one class at a time. A generator that draws the same image again and again scores well on fidelity and
badly here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.features import checked_features, checked_sets, unit_rows
from qaugbench.metrics.structural_similarity import ms_ssim, scales_for

LEAST_IMAGES = 10
"""Images of a class that a comparison of its variety needs."""
COLLAPSED_RATIO = 0.5
"""A Vendi score below this share of the real images' is a sign of collapse."""
COLLAPSED_EXCESS = 0.1
"""So is a mean MS-SSIM of pairs this much above the real images'."""
PAIRS = 1000
"""Random pairs of images that are compared."""
SUBSETS = 20
"""Random subsets of the larger set, which is brought down to the size of the smaller."""
CHUNK_PAIRS = 256
"""Pairs whose images are gathered at once."""


@dataclass(frozen=True)
class VendiRatio:
    """The Vendi scores of the ``real`` and ``synthetic`` images, both at ``n`` images, and their ratio, ``value``."""

    value: float
    real: float
    synthetic: float
    n: int

    @property
    def collapsed(self) -> bool:
        """Whether the synthetic images have less than half of the real images' variety."""
        return self.value < COLLAPSED_RATIO


@dataclass(frozen=True)
class PairSimilarity:
    """The ``mean`` MS-SSIM of ``pairs`` of the ``n`` images, its standard error, and the number of ``scales`` used."""

    mean: float
    se: float
    n: int
    pairs: int
    scales: int


@dataclass(frozen=True)
class SimilarityExcess:
    """How much more alike the synthetic images are than the real ones: ``value`` is the difference, with its standard error.

    ``ratio`` is the synthetic mean over the real one, None where the latter is 0.
    """

    value: float
    se: float
    ratio: float | None
    real: PairSimilarity
    synthetic: PairSimilarity

    @property
    def collapsed(self) -> bool:
        """Whether pairs of synthetic images are more alike by over 0.1."""
        return self.value > COLLAPSED_EXCESS


def vendi_score(features: np.ndarray) -> float:
    """Return the effective number of different images among ``features`` [n, d], in [1, n]; higher is more varied.

    The exponential of the entropy of the eigenvalues of K / n, K the cosine similarities of the images (Friedman & Dieng 2023,
    q = 1). It grows with n, so compare at one n. Raises StatisticsError for features that are not [n, d] and finite, and for
    rows of zeros.

    >>> round(vendi_score(np.eye(3)), 9), round(vendi_score(np.ones((3, 5))), 9)
    (3.0, 1.0)
    """
    return _vendi(unit_rows(checked_features(features, "The Vendi score"), "The Vendi score"))


def vendi_ratio(real: np.ndarray, synthetic: np.ndarray, rng: np.random.Generator) -> VendiRatio:
    """Return the Vendi score of ``synthetic`` [m, d] as a ratio to that of ``real`` [n, d], both at the smaller number.

    The larger set's score is its mean over 20 random subsets. Raises StatisticsError for features as in ``checked_sets``, rows
    of zeros, and fewer than ten images of a set.
    """
    sets = [
        unit_rows(rows, "The Vendi score") for rows in checked_sets(real, synthetic, "The Vendi score", LEAST_IMAGES)
    ]
    n = min(len(rows) for rows in sets)
    real_score, synthetic_score = (_vendi_at(rows, n, rng) for rows in sets)
    return VendiRatio(synthetic_score / real_score, real_score, synthetic_score, n)


def pair_similarity(images: np.ndarray, rng: np.random.Generator, pairs: int = PAIRS) -> PairSimilarity:
    """Return the mean MS-SSIM of random pairs of ``images`` [n, H, W, C] in [0, 255]; lower is more varied.

    ``pairs`` different pairs, or all where there are fewer. Unlike the Vendi score its expectation does not depend on n. The
    standard error is the jackknife's over images, as pairs that share one are not independent. Odena, Olah & Shlens 2017 use
    it for classes. Raises StatisticsError for images as in ``ms_ssim`` and fewer than ten.
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
        [ms_ssim(images[first[s : s + CHUNK_PAIRS]], images[second[s : s + CHUNK_PAIRS]]) for s in steps]
    )
    se = _jackknife_se(values, first, second, n)
    return PairSimilarity(float(values.mean()), se, n, len(values), scales_for(*images.shape[1:3]))


def similarity_excess(
    real: np.ndarray, synthetic: np.ndarray, rng: np.random.Generator, pairs: int = PAIRS
) -> SimilarityExcess:
    """Return by how much pairs of ``synthetic`` images [m, H, W, C] are more alike than pairs of ``real`` ones [n, H, W, C].

    Raises StatisticsError for sets of other sizes or channels, and as ``pair_similarity``.
    """
    if np.shape(real)[1:] != np.shape(synthetic)[1:]:
        raise StatisticsError(
            f"Real and synthetic images must have one size and number of channels; given {np.shape(real)} and "
            f"{np.shape(synthetic)}."
        )
    ours, theirs = pair_similarity(real, rng, pairs), pair_similarity(synthetic, rng, pairs)
    ratio = theirs.mean / ours.mean if ours.mean else None
    return SimilarityExcess(theirs.mean - ours.mean, float(np.hypot(ours.se, theirs.se)), ratio, ours, theirs)


def _vendi(units: np.ndarray) -> float:
    """Return the Vendi score of rows of length 1, from the smaller of the two matrices with the same eigenvalues."""
    gram = units @ units.T if len(units) < units.shape[1] else units.T @ units
    shares = np.linalg.eigvalsh(gram / len(units))
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _vendi_at(units: np.ndarray, n: int, rng: np.random.Generator) -> float:
    if len(units) == n:
        return _vendi(units)
    return float(np.mean([_vendi(units[rng.permutation(len(units))[:n]]) for _ in range(SUBSETS)]))


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
