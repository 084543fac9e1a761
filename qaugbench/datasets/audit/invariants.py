"""Features of a square picture that do not change with its eight orientations.

In the cosine transform c[u, v] of a picture, mirroring multiplies by (-1)^v or (-1)^u, a quarter turn also swaps u and
v, and inversion changes every sign. So the magnitudes |c[u, v]| and |c[v, u]|, the larger first, are the same for all
sixteen. The transform is orthonormal, and neither taking magnitudes nor sorting two numbers moves points apart: two
pictures with correlation r in any orientation, inverted or not, have such descriptions at distance at most
sqrt(2 - 2 |r|). A search within that radius misses no such pair (lower bounding, Faloutsos et al., SIGMOD 1994). The
low frequencies are those of the perceptual hash of Zauner (2010), here as values instead of one bit each.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn

BLOCK = 8
"""Frequencies 0 to 7 in each direction describe a picture."""
_ROWS, _COLUMNS = np.triu_indices(BLOCK, 1)
_DIAGONAL = np.arange(1, BLOCK)


def unit_pictures(thumbnails: np.ndarray) -> np.ndarray:
    """Return float32 [N, S, S]: mean 0 and length 1, so that a product of two is their Pearson correlation.

    A constant thumbnail becomes 0.
    """
    centred = thumbnails.astype(np.float32)
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("nij,nij->n", centred, centred))
    centred /= np.maximum(length, np.float32(1e-6))[:, None, None]
    return centred


def low_frequencies(pictures: np.ndarray) -> np.ndarray:
    """Return float32 [N, 8, 8], the low frequencies of unit pictures [N, S, S]; those at [0, 0] are 0."""
    return np.ascontiguousarray(dctn(pictures, axes=(1, 2), norm="ortho")[:, :BLOCK, :BLOCK])


def invariants(frequencies: np.ndarray) -> np.ndarray:
    """Return [N, 63], the same for all orientations and for the inverted picture, of frequencies [N, 8, 8]."""
    size = np.abs(frequencies)
    one, other = size[:, _ROWS, _COLUMNS], size[:, _COLUMNS, _ROWS]
    return np.concatenate([np.maximum(one, other), np.minimum(one, other), size[:, _DIAGONAL, _DIAGONAL]], axis=1)


def largest_product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return [P], the largest |product| of frequencies ``first`` and ``second`` [P, 8, 8] over the orientations.

    The products of one parity class (u even or odd, v even or odd) keep a common sign in each orientation.
    """
    largest = np.zeros(len(first), dtype=first.dtype)
    for other in (second, second.transpose(0, 2, 1)):
        product = first * other
        even = product[:, ::2, ::2].sum(axis=(1, 2)), product[:, ::2, 1::2].sum(axis=(1, 2))
        odd = product[:, 1::2, ::2].sum(axis=(1, 2)), product[:, 1::2, 1::2].sum(axis=(1, 2))
        for row_sign in (1, -1):
            for column_sign in (1, -1):
                total = even[0] + column_sign * even[1] + row_sign * (odd[0] + column_sign * odd[1])
                np.maximum(largest, np.abs(total), out=largest)
    return largest
