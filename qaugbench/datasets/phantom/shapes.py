"""Soft-edged shapes, smooth noise and thin strokes in continuous coordinates, shared by the phantoms.

Coordinates run from -1 to 1, x to the right and y down, so that the same numbers draw the same anatomy at any size.
Every field is float32 [size, size]. Randomness is always an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Field = NDArray[np.floating]


@dataclass(frozen=True)
class Canvas:
    """The pixel centres of a square picture: ``x`` and ``y`` [size, size], and the width of one ``pixel``.

    ``to_frame`` [2, 3] takes a drawn point (x, y, 1) to the frame of the picture, whose sides are at -1 and 1.
    """

    size: int
    x: Field
    y: Field
    pixel: float
    to_frame: NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """One drawn image: ``value`` [size, size, C] in 0..1 (clipped later), and the indices of its true labels.

    ``factors`` are numbers by name that it was drawn by, such as the size of a lesion; those that it does not have are left out.
    """

    value: Field
    labels: tuple[int, ...]
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DrawnPatient:
    """The pictures of one phantom patient, with the facts that labels.csv holds."""

    age: int
    sex: str
    pictures: list[Picture]


@lru_cache(maxsize=8)
def canvas_of(size: int) -> Canvas:
    """Return the canvas of ``size`` pixels per side."""
    pixel = 2.0 / size
    centres = (-1.0 + pixel * (np.arange(size) + 0.5)).astype(np.float32)
    x, y = np.meshgrid(centres, centres)
    for axis in (x, y):
        axis.setflags(write=False)
    return Canvas(size, x, y, pixel, np.eye(2, 3))


def placed(canvas: Canvas, shift: tuple[float, float], zoom: float, angle: float, mirror: float = 1.0) -> Canvas:
    """Return a canvas whose drawings come out shifted, ``zoom`` times larger, turned, and flipped for mirror -1."""
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array([[mirror * cosine, -sine], [mirror * sine, cosine]])
    back = np.linalg.inv(linear).astype(np.float32)
    dx, dy = canvas.x - np.float32(shift[0]), canvas.y - np.float32(shift[1])
    x, y = back[0, 0] * dx + back[0, 1] * dy, back[1, 0] * dx + back[1, 1] * dy
    return Canvas(canvas.size, x, y, canvas.pixel / zoom, np.column_stack([linear, shift]))


def in_frame(canvas: Canvas, x: float, y: float) -> tuple[float, float]:
    """Return where a drawn point is in the frame of the picture, whose sides are at -1 and 1."""
    column, row = canvas.to_frame @ np.array([x, y, 1.0])
    return float(column), float(row)


def ramp(distance: Field, softness: float) -> Field:
    """Return 0 outside, 1 inside, linear over ``softness`` around distance 0 (positive = inside)."""
    return np.clip(distance * (1.0 / softness) + 0.5, 0.0, 1.0)


def smooth(value: Field) -> Field:
    """Return the cubic smooth step of ``value`` clipped to 0..1."""
    clipped = np.clip(value, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def turned(canvas: Canvas, cx: float, cy: float, angle: float) -> tuple[Field, Field]:
    """Return the coordinates seen from (cx, cy) along axes turned by ``angle`` radians."""
    dx, dy = canvas.x - np.float32(cx), canvas.y - np.float32(cy)
    if angle == 0.0:
        return dx, dy
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    return cosine * dx + sine * dy, cosine * dy - sine * dx


def ellipse_radius(canvas: Canvas, cx: float, cy: float, rx: float, ry: float, angle: float = 0.0) -> Field:
    """Return the elliptic radius: 0 at the centre, 1 on the outline, more outside."""
    u, v = turned(canvas, cx, cy, angle)
    return np.sqrt((u / rx) ** 2 + (v / ry) ** 2)


def ellipse(
    canvas: Canvas, cx: float, cy: float, rx: float, ry: float, angle: float = 0.0, softness: float = 0.0
) -> Field:
    """Return the mask of a filled ellipse; its edge is at least a pixel wide."""
    radius = ellipse_radius(canvas, cx, cy, rx, ry, angle)
    return ramp((1.0 - radius) * min(rx, ry), max(softness, canvas.pixel))


def glow(canvas: Canvas, cx: float, cy: float, sx: float, sy: float, angle: float = 0.0) -> Field:
    """Return a Gaussian bump of height 1 with standard deviations ``sx`` and ``sy``."""
    u, v = turned(canvas, cx, cy, angle)
    return np.exp(-0.5 * ((u / sx) ** 2 + (v / sy) ** 2))


def stroke(canvas: Canvas, points: NDArray[np.floating], half_width: float, softness: float = 0.0) -> Field:
    """Return the mask of the polyline through ``points`` [P, 2], drawn ``half_width`` to either side."""
    start, step = points[:-1].astype(np.float32), np.diff(points, axis=0).astype(np.float32)
    dx = canvas.x - start[:, 0, None, None]
    dy = canvas.y - start[:, 1, None, None]
    length2 = (step**2).sum(axis=1) + 1e-9
    along = (dx * step[:, 0, None, None] + dy * step[:, 1, None, None]) / length2[:, None, None]
    along = np.clip(along, 0.0, 1.0)
    dx -= along * step[:, 0, None, None]
    dy -= along * step[:, 1, None, None]
    nearest = np.sqrt((dx * dx + dy * dy).min(axis=0))
    return ramp(half_width - nearest, max(softness, canvas.pixel))


def ink(
    canvas: Canvas,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    amount: NDArray[np.floating],
    blur: float,
) -> Field:
    """Return the coverage (0..1) of many small dabs at (x, y), each ``amount`` of area, blurred by ``blur``.

    Splits every dab over its four nearest pixels, which keeps thin strokes smooth at any size.
    """
    size = canvas.size
    frame = canvas.to_frame
    column = (frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] + 1.0) * (size / 2) - 0.5
    row = (frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] + 1.0) * (size / 2) - 0.5
    inside = (column > 0) & (column < size - 1) & (row > 0) & (row < size - 1)
    column, row, amount = column[inside], row[inside], amount[inside] / canvas.pixel**2
    left, top = column.astype(np.int64), row.astype(np.int64)
    right_share, low_share = column - left, row - top
    corner = top * size + left
    where = np.concatenate([corner, corner + 1, corner + size, corner + size + 1])
    share = np.concatenate(
        [
            amount * (1 - right_share) * (1 - low_share),
            amount * right_share * (1 - low_share),
            amount * (1 - right_share) * low_share,
            amount * right_share * low_share,
        ]
    )
    total = np.bincount(where, weights=share, minlength=size * size).reshape(size, size).astype(np.float32)
    sigma = blur / canvas.pixel
    if sigma > 0.3:
        total = ndimage.gaussian_filter(total, sigma, mode="nearest", truncate=2.5)
    return 1.0 - np.exp(-total)


@lru_cache(maxsize=64)
def _spline_weights(size: int, cells: int) -> tuple[Field, float]:
    """Return the cubic B-spline weights [size, cells + 3] over a lattice of ``cells``, and their rms gain."""
    position = (np.arange(size) + 0.5) / size * cells
    first = position.astype(np.int64)
    t = position - first
    basis = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6.0
    weights = np.zeros((size, cells + 3))
    np.put_along_axis(weights, first[:, None] + np.arange(4), basis, axis=1)
    gain = 151 / 315  # the mean over t of the squared basis, summed: the variance of one interpolated axis
    return weights.astype(np.float32), gain


def lattice_noise(rng: np.random.Generator, canvas: Canvas, cells: int) -> Field:
    """Return smooth noise of mean 0 and about unit variance, with features of 2 / ``cells``.

    The lattice of random numbers does not depend on the size of the picture.
    """
    weights, gain = _spline_weights(canvas.size, cells)
    knots = rng.standard_normal((cells + 3, cells + 3), dtype=np.float32)
    return (weights @ knots @ weights.T) * np.float32(1.0 / gain)


def pixel_noise(rng: np.random.Generator, canvas: Canvas) -> Field:
    """Return white noise of unit variance, one value per pixel: drawn last, so that the anatomy is the same at all sizes."""
    return rng.standard_normal((canvas.size, canvas.size), dtype=np.float32)


def area_average(value: Field, size: int) -> Field:
    """Return ``value`` [n, n, C] averaged over the areas of a coarser grid, [size, size, C].

    >>> area_average(np.arange(4, dtype=np.float32).reshape(2, 2, 1), 1).item()
    1.5
    """
    weights = _area_weights(value.shape[0], size)
    rows = np.tensordot(weights, value, axes=(1, 0))
    return np.ascontiguousarray(np.tensordot(weights, rows, axes=(1, 1)).transpose(1, 0, 2))


@lru_cache(maxsize=16)
def _area_weights(from_size: int, to_size: int) -> Field:
    edges_in = np.arange(from_size + 1) / from_size
    edges_out = np.arange(to_size + 1) / to_size
    low = np.maximum(edges_out[:-1, None], edges_in[None, :-1])
    high = np.minimum(edges_out[1:, None], edges_in[None, 1:])
    return (np.clip(high - low, 0.0, None) * to_size).astype(np.float32)
