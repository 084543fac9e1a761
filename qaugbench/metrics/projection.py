"""Features along the first principal axes of a reference set: what PCA-FID compares where images are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.features import checked_features


@dataclass(frozen=True)
class Projection:
    """Principal axes: the ``mean`` [d] of the reference and its first k ``axes`` [k, d], orthonormal, largest variance first."""

    mean: np.ndarray
    axes: np.ndarray

    def of(self, features: np.ndarray) -> np.ndarray:
        """Return the coordinates [n, k] of ``features`` [n, d]; StatisticsError for another width."""
        features = checked_features(features, "PCA")
        if features.shape[1] != self.mean.size:
            raise StatisticsError(
                f"PCA was fitted to {self.mean.size} values per image; given {features.shape[1]}: take one extractor."
            )
        return (features - self.mean) @ self.axes.T


def principal_axes(reference: np.ndarray, k: int) -> Projection:
    """Return the first ``k`` principal axes of ``reference`` [n, d], each with its largest entry positive.

    Raises StatisticsError for k outside 1..min(n - 1, d).

    >>> found = principal_axes(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), 1)
    >>> found.axes.round(12).tolist(), found.of(np.array([[6.0, 8.0]])).round(12).tolist()
    ([[0.6, 0.8]], [[5.0]])
    """
    reference = checked_features(reference, "PCA", least=2)
    most = min(len(reference) - 1, reference.shape[1])
    if not 1 <= k <= most:
        raise StatisticsError(
            f"PCA of {len(reference)} images with {reference.shape[1]} features has 1 to {most} axes; asked for {k}."
        )
    mean = reference.mean(axis=0)
    axes = _right_vectors(reference - mean)[:k]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return Projection(mean, axes * np.sign(largest))


def _right_vectors(centred: np.ndarray) -> np.ndarray:
    """Return the eigenvectors of the covariance as rows."""
    if centred.shape[0] > centred.shape[1]:
        return np.linalg.eigh(centred.T @ centred)[1][:, ::-1].T
    return np.linalg.svd(centred, full_matrices=False)[2]
