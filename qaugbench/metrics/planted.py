"""What the test for copies would have found: copies of training images planted in known number, and the share found.

The planted images go through the same search and are held against the same threshold as the synthetic ones. That threshold comes
from held-out images, so planting changes nothing about the synthetic ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from scipy.ndimage import affine_transform

from qaugbench.errors import StatisticsError
from qaugbench.metrics.shares import Share, share

JPEG_QUALITY = 50
TURN_DEGREES = 2.0
CROP = 0.05
NOISE = 0.05
"""Standard deviation of the noise, of the whole range of grey levels."""
BRIGHTER = 1.15


@dataclass(frozen=True)
class Planted:
    """Altered copies: ``images`` uint8 [P, H, W, C], ``kinds`` [P], names of ``KINDS``, and ``rows`` [P] of the training images."""

    images: np.ndarray
    kinds: np.ndarray
    rows: np.ndarray


def planted_copies(training: np.ndarray, n_per_kind: int, rng: np.random.Generator) -> Planted:
    """Return ``n_per_kind`` copies of each of ``KINDS``, of images drawn from ``training`` uint8 [N, H, W, C].

    Every kind alters the same images, all different while there are enough, so that kinds can be compared. Raises
    StatisticsError for other arrays and for no copies.

    >>> images = np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8, 1)
    >>> planted = planted_copies(images, 2, np.random.default_rng(1))
    >>> (planted.images[planted.kinds == "exact"] == images[planted.rows[planted.kinds == "exact"]]).all()
    np.True_
    """
    if training.ndim != 4 or training.dtype != np.uint8 or training.shape[3] not in (1, 3) or len(training) == 0:
        raise StatisticsError(f"Images must be uint8 [N, H, W, 1 or 3]; given {training.dtype} {training.shape}.")
    if n_per_kind < 1:
        raise StatisticsError(f"At least one copy of each kind is planted; given {n_per_kind}.")
    rows = np.concatenate([rng.permutation(len(training)) for _ in range(-(-n_per_kind // len(training)))])[:n_per_kind]
    images = [alter(training[row], rng) for alter in KINDS.values() for row in rows]
    return Planted(np.stack(images), np.repeat(list(KINDS), n_per_kind), np.tile(rows, len(KINDS)))


def sensitivity(ratios: np.ndarray, kinds: np.ndarray, threshold: float) -> dict[str, Share]:
    """Return the share of planted copies found, by kind and, under "all", altogether, each with Wilson's interval.

    ``ratios`` [P] of ``Planted.images`` and their ``kinds`` [P]; ``threshold`` is that of ``copies.copy_excess``, at or below which
    an image is flagged. Higher is better.

    >>> found = sensitivity(np.array([0.0, 0.9, 0.1]), np.array(["exact", "noise", "noise"]), 0.2)
    >>> found["exact"].rate, found["noise"].rate, found["all"].count
    (1.0, 0.5, 2)
    """
    if ratios.ndim != 1 or ratios.shape != kinds.shape or len(ratios) == 0:
        raise StatisticsError(
            f"Ratios [P] and kinds [P] of planted copies must agree; given {ratios.shape}, {kinds.shape}."
        )
    flagged = ratios <= threshold
    by_kind = {str(kind): flagged[kinds == kind] for kind in dict.fromkeys(kinds.tolist())}
    return {name: share(int(found.sum()), len(found)) for name, found in {**by_kind, "all": flagged}.items()}


def _exact(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return image


def _jpeg(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(stream, "JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(stream, formats=("JPEG",))).reshape(image.shape)


def _mirrored(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return image[:, ::-1]


def _turned(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    angle = np.radians(TURN_DEGREES)
    return _moved(image, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def _cropped(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Return the middle of the image, 95 % of each side, enlarged to the old size."""
    return _moved(image, (1 - CROP) * np.eye(2))


def _noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _pixels(image + rng.normal(0, 255 * NOISE, image.shape))


def _brighter(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return _pixels(image * BRIGHTER)


def _moved(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the image sampled at ``matrix`` times the places relative to its centre; its border is continued outside."""
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = centre - matrix @ centre
    channels = np.moveaxis(image.astype(np.float64), 2, 0)
    moved = [affine_transform(channel, matrix, offset, order=1, mode="nearest") for channel in channels]
    return _pixels(np.stack(moved, axis=2))


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


KINDS: Mapping[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "exact": _exact,
    "JPEG 50": _jpeg,
    "mirrored": _mirrored,
    "turned by 2 degrees": _turned,
    "cropped by 5 %": _cropped,
    "noise": _noisy,
    "brighter": _brighter,
}
"""Kinds of copies, in the order in which they are shown, and what alters an image [H, W, C]."""
