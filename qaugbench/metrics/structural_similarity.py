"""SSIM and MS-SSIM of pairs of images: 1 for equal images, near 0 for unrelated ones.

Wang, Bovik, Sheikh & Simoncelli 2004 and Wang, Simoncelli & Bovik 2003, with their constants: a Gaussian window of 11 pixels
and sigma 1.5, K1 = 0.01, K2 = 0.03. Borders are mirrored for SSIM and left out for the contrast terms of MS-SSIM, as
torchmetrics has it. Images are [N, H, W, C] in [0, 255]; the channels are averaged.
"""

from __future__ import annotations

import numpy as np

from qaugbench.errors import StatisticsError

SIGMA = 1.5
REACH = 5
"""Pixels of the window on either side of its centre."""
LUMINANCE, CONTRAST = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""The constants C1 and C2, which keep the ratios finite where an image is flat."""
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, the finest first."""
MIDDLE = 127.5
"""Taken from grey values before they are squared, so that single precision suffices."""
CHUNK_PIXELS = 2**22
"""Values of one set of images that are worked on at once."""


def scales_for(height: int, width: int) -> int:
    """Return how many of the five scales images of this size allow: the window must fit into the coarsest; 0 if into none.

    Five from 176 pixels on the shorter side, four from 88, three from 44, two from 22. One from 6, though the window only fits
    from 11: mirrored borders then fill it.

    >>> [scales_for(side, 224) for side in (5, 8, 28, 64, 128, 224)]
    [0, 1, 2, 3, 4, 5]
    """
    side = min(height, width)
    if side <= REACH:
        return 0
    return max(1, sum(side // 2**scale > 2 * REACH for scale in range(len(WEIGHTS))))


def ssim(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the SSIM [N], in [-1, 1], of each of ``images`` with its partner in ``others``, both [N, H, W, C] in [0, 255].

    Raises StatisticsError for shapes that differ, values outside [0, 255] and images of fewer than 6 pixels on a side.

    >>> flat = np.full((1, 16, 16, 1), 100.0)
    >>> ssim(flat, flat).round(6).tolist()
    [1.0]
    """
    return _in_chunks(images, others, 1)


def ms_ssim(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the MS-SSIM [N], in [0, 1], of pairs of images as ``ssim`` takes them; errors as there.

    The product over the first ``scales_for`` scales of the mean contrast and structure term, at the coarsest of the mean SSIM,
    each cut off below at 0 and raised to its weight; of fewer than five scales the weights are divided by their sum. One scale
    is SSIM, cut off at 0. Values at different numbers of scales do not compare.
    """
    images = np.asarray(images)
    scales = scales_for(*images.shape[1:3]) if images.ndim == 4 else 0
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales] or (1.0,))
    terms = np.maximum(_in_chunks(images, others, max(scales, 1), multi=True), 0.0)
    return np.prod(terms**weights, axis=1)


def _in_chunks(images: np.ndarray, others: np.ndarray, scales: int, *, multi: bool = False) -> np.ndarray:
    """Return the terms [N, scales] of pairs, or with one scale and not ``multi`` their SSIM [N]."""
    images, others = _checked(images, others)
    step = max(1, CHUNK_PIXELS // images[0].size)
    parts = [
        _terms(_planes(images[start : start + step]), _planes(others[start : start + step]), scales)
        for start in range(0, len(images), step)
    ]
    terms = np.concatenate(parts)
    return terms if multi else terms[:, 0]


def _terms(x: np.ndarray, y: np.ndarray, scales: int) -> np.ndarray:
    """Return [N, scales]: the mean contrast and structure term of each scale but the last, and the mean SSIM there."""
    terms = []
    for scale in range(scales):
        luminance, structure = _maps(x, y)
        if scale == scales - 1:
            terms.append((luminance * structure).mean(axis=(1, 2, 3)))
        else:
            terms.append(structure[:, :, REACH:-REACH, REACH:-REACH].mean(axis=(1, 2, 3)))
            x, y = _halved(x), _halved(y)
    return np.stack(terms, axis=1).astype(np.float64)


def _maps(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the luminance and the contrast-and-structure maps of planes [N, C, H, W] less ``MIDDLE``."""
    down, across = (_window_matrix(side).astype(np.float32) for side in x.shape[2:])

    def blurred(planes: np.ndarray) -> np.ndarray:
        return down @ planes @ across.T

    mean_x, mean_y = blurred(x), blurred(y)
    variances = np.maximum(blurred(x * x) - mean_x * mean_x, 0) + np.maximum(blurred(y * y) - mean_y * mean_y, 0)
    covariance = blurred(x * y) - mean_x * mean_y
    mean_x, mean_y = mean_x + np.float32(MIDDLE), mean_y + np.float32(MIDDLE)
    luminance = (2 * mean_x * mean_y + LUMINANCE) / (mean_x * mean_x + mean_y * mean_y + LUMINANCE)
    return luminance, (2 * covariance + CONTRAST) / (variances + CONTRAST)


def _window_matrix(side: int) -> np.ndarray:
    """Return the matrix [side, side] that averages by the Gaussian window, the border mirrored about its last pixel."""
    offsets = np.arange(-REACH, REACH + 1)
    weights = np.exp(-0.5 * (offsets / SIGMA) ** 2)
    weights /= weights.sum()
    rows, columns = np.broadcast_arrays(np.arange(side)[:, None], np.abs(np.arange(side)[:, None] + offsets))
    columns = np.minimum(columns, 2 * (side - 1) - columns)
    matrix = np.zeros((side, side))
    np.add.at(matrix, (rows, columns), np.broadcast_to(weights, rows.shape))
    return matrix


def _halved(planes: np.ndarray) -> np.ndarray:
    """Return the means of blocks of 2 x 2 pixels; an odd last row or column is dropped."""
    n, c, height, width = planes.shape
    even = planes[:, :, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(n, c, height // 2, 2, width // 2, 2).mean(axis=(3, 5))


def _planes(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(images, 3, 1), np.float32) - np.float32(MIDDLE)


def _checked(images: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    images, others = np.asarray(images), np.asarray(others)
    if images.ndim != 4 or images.size == 0 or images.shape != others.shape:
        raise StatisticsError(
            f"SSIM compares as many images with as many others of one shape; given {images.shape} and {others.shape}."
        )
    if scales_for(*images.shape[1:3]) == 0:
        raise StatisticsError(
            f"SSIM needs images of at least {REACH + 1} x {REACH + 1} pixels; given {images.shape[1]} x {images.shape[2]}."
        )
    for one in (images, others):
        if not (one.min() >= 0 and one.max() <= 255):
            raise StatisticsError(f"SSIM takes grey values in [0, 255]; given {one.min()} to {one.max()}.")
    return images, others
