"""Principal components of what the labels do not explain."""

from __future__ import annotations

import numpy as np


def label_means(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return an intercept and one effect per label, float32 [1 + k, d]: the least-squares fit of ``pixels`` [n, d]."""
    design = np.concatenate([np.ones((len(labels), 1)), labels], axis=1)
    return np.linalg.lstsq(design, pixels, rcond=None)[0].astype(np.float32)


def expected_pixels(means: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the fitted pixels [n, d] of label vectors [n, k]."""
    return means[0] + labels @ means[1:]


def scaled_components(residuals: np.ndarray, number: int) -> np.ndarray:
    """Return up to ``number`` principal components of ``residuals`` [n, d], each as long as its standard deviation."""
    _, lengths, directions = np.linalg.svd(residuals, full_matrices=False)
    kept = slice(min(number, len(lengths)))
    return (directions[kept] * lengths[kept, None] / np.sqrt(max(len(residuals) - 1, 1))).astype(np.float32)
