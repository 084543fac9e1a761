"""Whether two pictures agree in every small window, whatever was done to brightness and contrast."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

WINDOW = 5
FLOOR = 2.0
"""Windows whose standard deviation is below this many grey levels in both pictures say nothing."""
MIN_WINDOWS = 20


def local_agreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return float [P] in [-1, 1]: the median correlation over 5 x 5 windows of pictures [P, S, S] in grey levels.

    Each window is compared after its own brightness and contrast are taken out, so a smooth change of tone (window,
    gamma, inversion of both) leaves it near 1, and an outline that many pictures share, such as a retina's disc, does
    not carry it. NaN where fewer than 20 windows show anything. (Local normalised cross-correlation, Cachier et al.,
    2003.)
    """
    a, b = first.astype(np.float32), second.astype(np.float32)
    mean_a, mean_b = _blurred(a), _blurred(b)
    variance_a = np.maximum(_blurred(a * a) - mean_a**2, 0)
    variance_b = np.maximum(_blurred(b * b) - mean_b**2, 0)
    covariance = _blurred(a * b) - mean_a * mean_b
    agreement = covariance / np.sqrt(np.maximum(variance_a, 0.25) * np.maximum(variance_b, 0.25))
    telling = np.maximum(variance_a, variance_b) > FLOOR**2
    enough = telling.sum(axis=(1, 2)) >= MIN_WINDOWS
    medians = np.full(len(a), np.nan)
    medians[enough] = np.nanmedian(np.where(telling, agreement, np.nan)[enough], axis=(1, 2))
    return medians


def _blurred(pictures: np.ndarray) -> np.ndarray:
    return uniform_filter(pictures, size=(0, WINDOW, WINDOW), mode="reflect")
