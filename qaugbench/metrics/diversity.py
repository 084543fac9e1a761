"""How varied the images of a class are, against real ones: the effective number of different images.

Give the images of one class at a time. A generator that draws the same image again and again scores well on fidelity and
badly here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.metrics.features import checked_features, checked_sets, unit_rows

LEAST_IMAGES = 10
"""Images of a class that a comparison of its variety needs."""
COLLAPSED_RATIO = 0.5
"""A Vendi score below this share of the real images' is a sign of collapse."""
SUBSETS = 20
"""Random subsets of the larger set, which is brought down to the size of the smaller."""


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
