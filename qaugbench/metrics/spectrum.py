"""The power of images at each spatial frequency, and how two sets differ in it: blur, noise, and checkerboards.

Images are [N, H, W, C] in [0, 255]; frequencies are in cycles per pixel, at most 0.5 along an axis; powers are in decibels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.fft import rfft2

from qaugbench.errors import StatisticsError

LEAST_SIDE = 8
LEAST_IMAGES = 10
HIGH = 0.375
"""Cycles per pixel from which a frequency counts as high: the last quarter of an axis."""
ROUNDING_POWER = 1 / 12
"""Variance of rounding to whole grey values: power far below it cannot be told from none, and none has no logarithm."""
CHUNK_PIXELS = 2**22
"""Values that are transformed at once."""


@dataclass(frozen=True)
class RadialSpectra:
    """Each image's ``power`` [N, R] in dB at the ``frequencies`` [R], the mean over a ring of directions."""

    frequencies: np.ndarray
    power: np.ndarray


@dataclass(frozen=True)
class SpectralComparison:
    """How the spectra of two sets differ, in dB, synthetic minus real.

    ``distance`` is the root mean square over frequencies of the ``difference`` [R] of the mean spectra, ``high`` its mean at the
    ``frequencies`` [R] from 0.375: below 0 for blurred images, above for noisy ones. ``checkerboard`` is the difference of
    ``checkerboard_power`` at a period of two pixels: above 0 for the patterns of transposed convolutions, below 0 where images
    were enlarged by repeating or interpolating pixels.
    """

    distance: float
    high: float
    checkerboard: float
    frequencies: np.ndarray
    difference: np.ndarray
    n_real: int
    n_synthetic: int


def compare_spectra(real: np.ndarray, synthetic: np.ndarray) -> SpectralComparison:
    """Return how the spectra of ``synthetic`` images [m, H, W, C] differ from those of ``real`` ones [n, H, W, C].

    The distance is above 0 even between two real sets: read it against theirs. After Durall, Keuper & Keuper 2020. Raises
    StatisticsError for sets of other sizes or channels, fewer than ten images of a set, and images as ``radial_spectra`` does.
    """
    if np.shape(real)[1:] != np.shape(synthetic)[1:]:
        raise StatisticsError(
            f"Spectra compare images of one size and number of channels; given {np.shape(real)} and {np.shape(synthetic)}."
        )
    if min(len(real), len(synthetic)) < LEAST_IMAGES:
        raise StatisticsError(
            f"Spectra compare at least {LEAST_IMAGES} images of each set; given {len(real)} real and {len(synthetic)} synthetic."
        )
    spectra = radial_spectra(real), radial_spectra(synthetic)
    frequencies = spectra[0].frequencies
    difference = spectra[1].power.mean(axis=0) - spectra[0].power.mean(axis=0)
    return SpectralComparison(
        distance=float(np.sqrt(np.square(difference).mean())),
        high=float(difference[frequencies >= HIGH].mean()),
        checkerboard=checkerboard_power(synthetic) - checkerboard_power(real),
        frequencies=frequencies,
        difference=difference,
        n_real=len(real),
        n_synthetic=len(synthetic),
    )


def radial_spectra(images: np.ndarray) -> RadialSpectra:
    """Return the power of each of ``images`` in rings one frequency step wide, up to 0.5 cycles per pixel.

    Each channel less its mean, under a Hann window, so that its borders do not count as edges; scaled so that white noise has
    its variance as its power everywhere; averaged over channels and the ring. Raises StatisticsError for another shape, values
    that are not in [0, 255] and a side below 8 pixels.
    """
    images = _checked(images)
    height, width = images.shape[1:3]
    side = min(height, width)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    ring = np.rint(radius * side).astype(int).ravel()
    twice = np.broadcast_to(_multiplicity(width), radius.shape).ravel()
    counts = np.bincount(ring, twice)
    rings = slice(1, side // 2 + 1)
    sums = np.concatenate(
        [[np.bincount(ring, twice * one.ravel())[rings] for one in power] for power in _power_in_chunks(images)]
    )
    return RadialSpectra(np.arange(rings.start, rings.stop) / side, _decibels(sums / counts[rings]))


def checkerboard_power(images: np.ndarray, period: int = 2) -> float:
    """Return the excess power in dB of patterns that repeat every ``period`` pixels: about 0 where there is none.

    The mean power of ``images`` at a multiple of 1 / period along both axes (those of half the period left out) against the
    median two and three frequency steps away, the largest of these; lower is better. Upsampling by transposed convolutions
    leaves such patterns (Odena, Dumoulin & Olah 2016), and real images have some too. Raises StatisticsError for images as
    ``radial_spectra`` does and a period other than 2, 4, ... that is over a quarter of the shorter side.

    >>> noise = np.random.default_rng(0).uniform(0, 200, (50, 16, 16, 1))
    >>> board = 20 * ((np.arange(16)[:, None, None] + np.arange(16)[:, None]) % 2)
    >>> abs(checkerboard_power(noise)) < 3 < 5 < checkerboard_power(noise + board)
    True
    """
    images = _checked(images)
    side = min(images.shape[1:3])
    if period < 2 or period % 2 or 4 * period > side:
        raise StatisticsError(
            f"Patterns are sought at even periods from 2 to a quarter of the side, {side // 4}; given {period}."
        )
    power = _whole_plane(sum(chunk.sum(axis=0) for chunk in _power_in_chunks(images)) / len(images), images.shape[2])
    return max(_peak(power, down, across) for down, across in _lattice(period))


def _lattice(period: int) -> list[tuple[float, float]]:
    """Return the frequencies of patterns of this period and of no shorter one, down and across, each in [0, 1)."""
    steps = range(period)
    return [(i / period, j / period) for i in steps for j in steps if i % 2 or j % 2]


def _peak(power: np.ndarray, down: float, across: float) -> float:
    """Return the power in dB at a frequency above the median of its surroundings; the plane of frequencies wraps around."""
    row, column = round(down * power.shape[0]), round(across * power.shape[1])
    offsets = np.arange(-3, 4)
    around = power[np.ix_((row + offsets) % power.shape[0], (column + offsets) % power.shape[1])]
    far = np.maximum(np.abs(offsets)[:, None], np.abs(offsets)) >= 2
    return float(_decibels(around[3, 3]) - _decibels(np.median(around[far])))


def _power_in_chunks(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the power [n, H, W // 2 + 1] of some images after others, averaged over channels."""
    height, width = images.shape[1:3]
    window = np.outer(*(0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(side) + 0.5) / side) for side in (height, width)))
    window /= np.sqrt(np.square(window).sum())
    step = max(1, CHUNK_PIXELS // images[0].size)
    for start in range(0, len(images), step):
        planes = np.moveaxis(images[start : start + step], 3, 1).astype(np.float64)
        planes -= planes.mean(axis=(2, 3), keepdims=True)
        yield np.square(np.abs(rfft2(planes * window))).mean(axis=1)


def _multiplicity(width: int) -> np.ndarray:
    """Return how often each column of a real image's half plane of frequencies is in the whole plane."""
    columns = np.arange(width // 2 + 1)
    return np.where((columns == 0) | (2 * columns == width), 1.0, 2.0)


def _whole_plane(half: np.ndarray, width: int) -> np.ndarray:
    """Return the power [H, W] from its half [H, W // 2 + 1]: opposite frequencies of a real image have equal power."""
    rest = half[:, 1 : (width + 1) // 2][:, ::-1]
    return np.concatenate([half, rest[(-np.arange(len(half))) % len(half)]], axis=1)


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(power + ROUNDING_POWER)


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or images.size == 0:
        raise StatisticsError(f"Spectra need images [N, H, W, C]; given the shape {images.shape}.")
    if min(images.shape[1:3]) < LEAST_SIDE:
        height, width = images.shape[1:3]
        raise StatisticsError(
            f"Spectra need images of at least {LEAST_SIDE} pixels on a side; given {width} x {height}."
        )
    if not (images.min() >= 0 and images.max() <= 255):
        raise StatisticsError(f"Spectra take grey values in [0, 255]; given {images.min()} to {images.max()}.")
    return images
