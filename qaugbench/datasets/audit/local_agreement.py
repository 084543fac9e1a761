"""Whether two pictures agree in every small window, whatever was done to brightness and contrast."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_dilation, label, uniform_filter

WINDOW = 5
FLOOR = 2.0
"""Windows whose standard deviation is below this many grey levels in both pictures are ignored."""
MIN_WINDOWS = 20
DARK_SHARE = 0.25
"""Pixels up to this share of a picture's 98th percentile are dark ..."""
SATURATED = 250
"""... and pixels at least this bright are saturated. Dark or saturated areas that reach the border are outside the picture."""


def local_agreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return float [P] in [-1, 1]: the median correlation over 5 x 5 windows of pictures [P, S, S] in grey levels.

    Each window is compared after its own brightness and contrast are taken out, so a smooth change of tone (window,
    gamma, inversion of both) leaves it near 1. Windows that touch the ``outside`` of either picture do not count:
    padding and a round aperture are the same in all photographs of one camera, whatever was photographed. NaN if fewer
    than 20 of the others have any contrast. (Local normalised cross-correlation, Cachier et al., 2003.)
    """
    a, b = first.astype(np.float32), second.astype(np.float32)
    mean_a, mean_b = _blurred(a), _blurred(b)
    variance_a = np.maximum(_blurred(a * a) - mean_a**2, 0)
    variance_b = np.maximum(_blurred(b * b) - mean_b**2, 0)
    covariance = _blurred(a * b) - mean_a * mean_b
    agreement = covariance / np.sqrt(np.maximum(variance_a, 0.25) * np.maximum(variance_b, 0.25))
    touched = _widened(outside(first) | outside(second))
    telling = (np.maximum(variance_a, variance_b) > FLOOR**2) & ~touched
    enough = telling.sum(axis=(1, 2)) >= MIN_WINDOWS
    medians = np.full(len(a), np.nan)
    medians[enough] = np.nanmedian(np.where(telling, agreement, np.nan)[enough], axis=(1, 2))
    return medians


def outside(pictures: np.ndarray) -> np.ndarray:
    """Return bool [P, S, S]: dark or saturated areas of uint8 [P, S, S] that reach the border, such as padding and apertures.

    >>> outside(np.pad(np.full((1, 2, 2), 200, np.uint8), ((0, 0), (1, 1), (1, 1)))).sum().item()
    12
    """
    bright = np.percentile(pictures, 98, axis=(1, 2), keepdims=True)
    return _reaching_the_border(pictures <= DARK_SHARE * bright) | _reaching_the_border(pictures >= SATURATED)


def _reaching_the_border(areas: np.ndarray) -> np.ndarray:
    """Return bool [P, S, S]: the connected areas of each plane, by pixels side by side, that touch its edge."""
    side_by_side = np.zeros((3, 3, 3), dtype=bool)
    side_by_side[1] = [[False, True, False], [True, True, True], [False, True, False]]
    numbered, count = label(areas, structure=side_by_side)
    touching = np.zeros(count + 1, dtype=bool)
    for edge in (numbered[:, 0], numbered[:, -1], numbered[:, :, 0], numbered[:, :, -1]):
        touching[edge.ravel()] = True
    touching[0] = False
    return touching[numbered]


def _widened(areas: np.ndarray) -> np.ndarray:
    """Return bool [P, S, S]: the centres of the windows that touch ``areas`` or a pixel beside them, half of which they are."""
    return np.asarray(binary_dilation(areas, np.ones((1, WINDOW + 2, WINDOW + 2), dtype=bool)))


def _blurred(pictures: np.ndarray) -> np.ndarray:
    return uniform_filter(pictures, size=(0, WINDOW, WINDOW), mode="reflect")
