"""Copies of an image that were only turned or mirrored, found by hash, even with little contrast."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np


def turned_hash(pixels: np.ndarray) -> bytes:
    """Return 16 bytes that are the same for integer ``pixels`` [H, W] or [H, W, C] in all eight orientations.

    The sums of rows and columns choose one orientation, which is hashed; if they cannot distinguish two orientations,
    as in a symmetric picture, the smallest of their hashes is taken.

    >>> picture = np.arange(12).reshape(3, 4)
    >>> turned_hash(picture) == turned_hash(np.rot90(picture)[::-1]) != turned_hash(picture + 1)
    True
    """
    sums = pixels.astype(np.int64) if pixels.ndim == 2 else pixels.sum(axis=2, dtype=np.int64)
    rows, columns = sums.sum(axis=1), sums.sum(axis=0)
    candidates = list(_orientations(pixels, rows, columns))
    smallest = min(signature for signature, _ in candidates)
    return min(_hash(turned) for signature, turned in candidates if signature == smallest)


def _orientations(
    pixels: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> Iterator[tuple[tuple[int, bytes, bytes], np.ndarray]]:
    """Yield the eight orientations as views, each with its height and the sums of its rows and columns."""
    for picture, down, across in ((pixels, rows, columns), (pixels.swapaxes(0, 1), columns, rows)):
        for one in (1, -1):
            for other in (1, -1):
                yield (len(down), down[::one].tobytes(), across[::other].tobytes()), picture[::one, ::other]


def _hash(pixels: np.ndarray) -> bytes:
    return hashlib.blake2b(f"{pixels.shape}".encode() + pixels.tobytes(), digest_size=16).digest()
