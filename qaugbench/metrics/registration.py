"""Distances between images after rigid registration, so that a shifted, slightly turned or cropped copy is near its original.

Small grey copies are compared. The middle of the synthetic one, in eight orientations, turned by up to 4 degrees and scaled by up
to 5 %, is laid over the training image at every shift of up to 3 of its 32 pixels; the best correlation of the two counts
(template matching by normalised cross-correlation, Lewis 1995; phase correlation, which whitens, loses smooth images). Only the
middle is compared, so no pixel from outside an image takes part, and brightness and contrast do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import sparse

from qaugbench.errors import StatisticsError
from qaugbench.metrics.orientations import OrientedNeighbours, nearest_distinct, oriented_nearest
from qaugbench.orientations import ORIENTATIONS, oriented

SIZE = 32
COARSE = 16
"""Side of the copies among which candidates are found: so coarse that a crop by 5 % moves nothing by a whole pixel."""
MIDDLE = 26
"""Side of the compared part: it stays inside the image when turned and scaled as below."""
DEGREES = (0.0, -4.0, -2.0, 2.0, 4.0)
SCALES = (1.0, 0.95, 1.05)
GREY = (0.299, 0.587, 0.114)
KEPT_WINDOWS = 1500
"""Training images whose shifts are kept for the next image to compare, of 130 kB each."""
FLAT = 1e-3
"""Standard deviation, in grey levels, below which there is nothing to register."""


def small_grey(images: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Return float32 [N, size, size] in 0..255, the area averages of ``images`` uint8 [N, H, W, C], C 1 or 3, in grey.

    An image that is not square is stretched; smaller ones are repeated. Raises StatisticsError for other arrays.

    >>> small_grey(np.array([[0, 100], [20, 40]], np.uint8).reshape(1, 2, 2, 1), 1).tolist()
    [[[40.0]]]
    """
    if images.ndim != 4 or images.dtype != np.uint8 or images.shape[3] not in (1, 3) or 0 in images.shape[1:]:
        raise StatisticsError(f"Images must be uint8 [N, H, W, 1 or 3]; given {images.dtype} {images.shape}.")
    weights = np.array(GREY if images.shape[3] == 3 else (1.0,), np.float32)
    rows, columns = _averages(images.shape[1], size), _averages(images.shape[2], size)
    parts = [rows @ (images[start : start + 256] @ weights) @ columns.T for start in range(0, len(images), 256)]
    return np.concatenate(parts).astype(np.float32) if parts else np.empty((0, size, size), np.float32)


def grey_candidates(synthetic: np.ndarray, training: np.ndarray, k: int = 20) -> OrientedNeighbours:
    """Return the ``k`` training images whose coarse grey copies are nearest to each synthetic one in any orientation.

    ``synthetic`` [N, H, W, C] and ``training`` [M, H', W', C'] uint8. Distances are sqrt(2 - 2 r) of the whole pictures of 16 x 16
    pixels, r their correlation.
    """
    coarse = small_grey(synthetic, COARSE)
    tables = [_unit(oriented(coarse, number).reshape(len(coarse), -1)) for number in range(len(ORIENTATIONS))]
    return oriented_nearest(tables, _unit(small_grey(training, COARSE).reshape(len(training), -1)), k)


def registered_distances(synthetic: np.ndarray, training: np.ndarray, candidates: np.ndarray) -> OrientedNeighbours:
    """Return the distances, in [0, 2], of each synthetic image to its candidates after registration, ascending.

    ``synthetic`` uint8 [N, H, W, C], ``training`` uint8 [M, H', W', C'], ``candidates`` [N, K] different rows of ``training``. The
    distance is sqrt(2 - 2 r), r the largest correlation of the two pictures over orientations, turns, scales and shifts; an image
    without contrast is at sqrt(2) from all. Raises StatisticsError for other arrays and rows that do not exist.
    """
    _check(len(synthetic), len(training), candidates)
    fixed = small_grey(training)
    turned = [oriented(small_grey(synthetic), number) for number in range(len(ORIENTATIONS))]
    distances, orientations = np.empty(candidates.shape), np.empty(candidates.shape, np.int64)
    windows = lru_cache(maxsize=KEPT_WINDOWS)(
        lambda row: _windows(fixed[row])
    )  # most rows are candidates of many images
    for i, rows in enumerate(candidates):
        moving = _variants(np.stack([pictures[i] for pictures in turned]))
        best = np.stack([_best_by_orientation(windows(row), moving) for row in rows.tolist()])
        orientations[i] = best.argmax(axis=1)
        distances[i] = np.sqrt(2 - 2 * np.clip(best.max(axis=1), -1, 1))
    return nearest_distinct(distances, candidates, orientations, candidates.shape[1])


def _check(n_synthetic: int, n_training: int, candidates: np.ndarray) -> None:
    if candidates.ndim != 2 or len(candidates) != n_synthetic or candidates.shape[1] == 0:
        raise StatisticsError(
            f"{n_synthetic} synthetic images need candidates [{n_synthetic}, K], not {candidates.shape}."
        )
    if candidates.size and not (candidates.min() >= 0 and candidates.max() < n_training):
        raise StatisticsError(
            f"Candidates must be rows 0 to {n_training - 1} of the training images; "
            f"given {candidates.min()} to {candidates.max()}."
        )


@lru_cache(maxsize=16)
def _averages(length: int, size: int) -> np.ndarray:
    """Return [size, length]: each of ``size`` equal parts of a line as weights of its ``length`` pixels."""
    edges = np.arange(size + 1) * (length / size)
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.maximum(overlap, 0.0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Return ``rows`` [..., P] with mean 0 and length 1; all 0 where there is no contrast."""
    centred = rows - rows.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    flat = length < FLAT * np.sqrt(rows.shape[-1])
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, length)).astype(np.float32)


def _windows(picture: np.ndarray) -> np.ndarray:
    """Return [P, shifts]: the unit pictures of the middle and its shifts, as columns."""
    windows = sliding_window_view(picture, (MIDDLE, MIDDLE))
    return _unit(windows.reshape(-1, MIDDLE * MIDDLE)).T


def _variants(turned: np.ndarray) -> np.ndarray:
    """Return [orientations, turns and scales, P]: unit middles of ``turned`` [orientations, S, S]."""
    moved = _motions() @ turned.reshape(len(turned), -1).T
    moved = moved.reshape(-1, MIDDLE * MIDDLE, len(turned))
    return _unit(np.ascontiguousarray(moved.transpose(2, 0, 1)))


def _best_by_orientation(windows: np.ndarray, moving: np.ndarray) -> np.ndarray:
    products = moving.reshape(-1, moving.shape[-1]) @ windows
    return np.asarray(products.reshape(len(moving), -1).max(axis=1))


@lru_cache(maxsize=1)
def _motions() -> sparse.csr_array:
    """Return [motions * P, S * S]: the middle of a picture under every turn and scale, by bilinear interpolation."""
    return sparse.vstack([_motion(degrees, scale) for degrees, scale in product(DEGREES, SCALES)]).tocsr()


def _motion(degrees: float, scale: float) -> sparse.csr_array:
    steps = np.arange(MIDDLE) - (MIDDLE - 1) / 2
    y, x = (axis.ravel() * scale for axis in np.meshgrid(steps, steps, indexing="ij"))
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return _bilinear(cosine * y - sine * x + (SIZE - 1) / 2, sine * y + cosine * x + (SIZE - 1) / 2)


def _bilinear(y: np.ndarray, x: np.ndarray) -> sparse.csr_array:
    """Return [P, S * S], the weights of a picture's pixels at the points ``y`` and ``x`` [P], all inside it."""
    top, left = (np.clip(np.floor(at), 0, SIZE - 2).astype(int) for at in (y, x))
    corners: Sequence[tuple[np.ndarray, np.ndarray]] = [
        ((top + down) * SIZE + left + right, np.abs(1 - down - (y - top)) * np.abs(1 - right - (x - left)))
        for down in (0, 1)
        for right in (0, 1)
    ]
    columns, weights = np.concatenate([c for c, _ in corners]), np.concatenate([w for _, w in corners])
    return sparse.csr_array((weights, (np.tile(np.arange(len(y)), 4), columns)), shape=(len(y), SIZE * SIZE))
