"""Pairs of images that show the same picture: turned, mirrored, inverted, or with another contrast."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.candidates import near_pairs
from qaugbench.datasets.audit.image_facts import DETAIL, THUMBNAIL, small_copy
from qaugbench.datasets.audit.invariants import invariants, largest_product, low_frequencies, unit_pictures
from qaugbench.datasets.audit.local_agreement import local_agreement
from qaugbench.errors import DataError
from qaugbench.orientations import oriented

SAME = 0.998
"""Correlation at 32 x 32 above which two images are the same picture ..."""
SAME_AGREEMENT = 0.9
"""... if their small windows at 48 x 48 agree at least this well (``local_agreement``)."""
ALTERED = 0.98
"""Correlation above which they may be the same picture with another contrast ..."""
ALTERED_AGREEMENT = 0.985
"""... if their small windows agree this well. Different retinas reach 0.967 on the images measured, knees 0.94."""
KINDS = ("identical file", "identical pixels", "same picture", "changed contrast")
AT_ONCE = 2000


@dataclass(frozen=True)
class Pairs:
    """Pairs of images that show one picture, sorted by ``first`` and ``second``.

    ``first`` < ``second`` int64 [P] are row numbers; ``orientation`` int64 [P] turns the second into the first
    (``orientations.oriented``); ``correlation`` float64 [P] is Pearson's at 32 x 32 pixels, negative if one is
    inverted; ``kind`` [P] is one of ``KINDS``. Of k identical images only the k - 1 pairs with the first are listed,
    and only the first is paired with others: enough to form clusters, and never quadratic.
    """

    first: np.ndarray
    second: np.ndarray
    orientation: np.ndarray
    correlation: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    @property
    def identical(self) -> np.ndarray:
        """Bool [P]: the same pixels."""
        return np.isin(self.kind, KINDS[:2])

    def among(self, rows: np.ndarray) -> Pairs:
        """Return these pairs of positions in ``rows`` (ascending) as pairs of the rows themselves."""
        return Pairs(rows[self.first], rows[self.second], self.orientation, self.correlation, self.kind)


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Return the pairs of all ``parts``, sorted."""
    columns = [np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Pairs)]
    order = np.lexsort((columns[1], columns[0]))
    return Pairs(*(column[order] for column in columns))


def near_duplicate_pairs(pixels: np.ndarray, *, threshold: float = SAME) -> Pairs:
    """Return every pair of ``pixels``, uint8 [N, S, S] or [N, S, S, C], that shows one picture, in any of eight
    orientations, inverted or not.

    Two images are the same picture if their 32 x 32 grey thumbnails correlate above ``threshold`` and their small
    windows agree (median correlation above 0.9 at 48 x 48); or, with changed contrast, if they correlate above 0.98
    and their windows agree above 0.985. The search is exact: it finds every such pair. Images without any contrast are
    paired with identical copies only. Raises DataError for other arrays and thresholds outside (0.98, 1).

    >>> from qaugbench.seeds import numpy_generator
    >>> pictures = numpy_generator(1).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    >>> pictures[2] = pictures[0][:, ::-1]
    >>> found = near_duplicate_pairs(pictures)
    >>> found.first.tolist(), found.second.tolist(), found.orientation.tolist(), found.kind.tolist()
    ([0], [2], [4], ['same picture'])
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4) or pixels.shape[1] != pixels.shape[2]:
        raise DataError(f"Pixels must be uint8 [N, S, S] or [N, S, S, C], not {pixels.dtype} {list(pixels.shape)}.")
    if len(pixels) == 0:
        return copies(np.empty(0, dtype=np.int64), "same picture")
    if not ALTERED < threshold < 1:
        raise DataError(f"A threshold for near-duplicates must be in ({ALTERED}, 1), not {threshold}.")
    planes = [Image.fromarray(np.ascontiguousarray(np.squeeze(image))) for image in pixels]
    thumbnails = np.array([small_copy(plane, THUMBNAIL) for plane in planes], dtype=np.uint8)
    details = np.array([small_copy(plane, DETAIL) for plane in planes], dtype=np.uint8)
    representative = first_of_equal(row_hashes(pixels))
    kept = np.flatnonzero(representative == np.arange(len(pixels)))
    found = same_pictures(thumbnails[kept], details[kept], threshold).among(kept)
    return joined([copies(representative, "identical pixels"), found])


def first_of_equal(rows: np.ndarray) -> np.ndarray:
    """Return int64 [N]: for each row of ``rows`` [N, D] the index of the first row that equals it.

    >>> first_of_equal(np.array([[1, 2], [3, 4], [1, 2]])).tolist()
    [0, 1, 0]
    """
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64)
    solid = np.ascontiguousarray(rows)
    whole = solid.view(np.dtype((np.void, solid.itemsize * solid.shape[1]))).ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def row_hashes(pixels: np.ndarray) -> np.ndarray:
    """Return uint64 [N, 2], a hash of each of ``pixels`` [N, ...]: cheap to sort for many images."""
    digests = (hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in pixels)
    return np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)


def copies(representative: np.ndarray, kind: str) -> Pairs:
    """Return a pair (first, copy) for every row whose ``representative`` [N] is another row."""
    second = np.flatnonzero(representative != np.arange(len(representative)))
    return Pairs(
        first=representative[second],
        second=second,
        orientation=np.zeros(len(second), dtype=np.int64),
        correlation=np.ones(len(second)),
        kind=np.full(len(second), kind, dtype="U16"),
    )


def same_pictures(thumbnails: np.ndarray, details: np.ndarray, threshold: float = SAME) -> Pairs:
    """Return the pairs that show one picture, of ``thumbnails`` uint8 [N, 32, 32] and ``details`` uint8 [N, 48, 48].

    Constant thumbnails have none.
    """
    if len(thumbnails) == 0:
        return copies(np.empty(0, dtype=np.int64), "same picture")
    own = np.arange(len(details))
    representative = first_of_equal(row_hashes(details))
    varied = np.ptp(thumbnails.reshape(len(thumbnails), -1), axis=1) > 0
    distinct = np.flatnonzero((representative == own) & varied)
    found = [copies(np.where(varied, representative, own), "same picture")]
    for candidates in _plausible_pairs(thumbnails[distinct]):
        for start in range(0, len(candidates), AT_ONCE):
            pairs = distinct[candidates[start : start + AT_ONCE]]
            found.append(_verified(thumbnails, details, pairs, threshold))
    return joined(found)


def first_alike(thumbnails: np.ndarray, details: np.ndarray, n_known: int) -> list[int | None]:
    """Return for each image after the first ``n_known`` the first of those that shows its picture (``same_pictures``), or None."""
    pairs = same_pictures(thumbnails, details)
    first: dict[int, int] = {}
    for one, other in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True):
        if one < n_known <= other:
            first[other] = min(one, first.get(other, n_known))
    same = first_of_equal(row_hashes(details)).tolist()  # only the first of equal images is in the pairs
    rows = (first.get(row, first.get(same[row], same[row])) for row in range(n_known, len(details)))
    return [row if row < n_known else None for row in rows]


def _plausible_pairs(thumbnails: np.ndarray) -> Iterator[np.ndarray]:
    """Yield [P, 2] pairs that the low frequencies allow to correlate above ``ALTERED`` in some orientation."""
    frequencies = np.empty((len(thumbnails), 8, 8), dtype=np.float32)
    for start in range(0, len(thumbnails), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        frequencies[part] = low_frequencies(unit_pictures(thumbnails[part]))
    rest = np.sqrt(np.maximum(1 - np.einsum("nuv,nuv->n", frequencies, frequencies), 0))
    for pairs in near_pairs(invariants(frequencies), float(np.sqrt(2 - 2 * ALTERED))):
        i, j = pairs.T
        possible = largest_product(frequencies[i], frequencies[j]) + rest[i] * rest[j]
        yield pairs[possible >= ALTERED - 1e-4]


def _verified(thumbnails: np.ndarray, details: np.ndarray, pairs: np.ndarray, threshold: float) -> Pairs:
    first, second = pairs.T
    one, other = unit_pictures(thumbnails[first]), unit_pictures(thumbnails[second])
    products = np.stack([np.einsum("pij,pij->p", one, oriented(other, turn)) for turn in range(8)], axis=1)
    orientation = np.abs(products).round(6).argmax(axis=1)
    correlation = products[np.arange(len(pairs)), orientation].astype(np.float64).round(6)
    near = np.flatnonzero(np.abs(correlation) > ALTERED)
    if not len(near):
        return copies(np.empty(0, dtype=np.int64), "same picture")
    first, second, orientation, correlation = first[near], second[near], orientation[near], correlation[near]
    turned = np.stack([oriented(details[row], turn) for row, turn in zip(second, orientation, strict=True)])
    turned[correlation < 0] = 255 - turned[correlation < 0]
    agreement = local_agreement(details[first], turned)
    same = (np.abs(correlation) > threshold) & (agreement > SAME_AGREEMENT)
    kept = same | (agreement > ALTERED_AGREEMENT)
    kind = np.where(same, "same picture", "changed contrast")
    return Pairs(first[kept], second[kept], orientation[kept], correlation[kept], kind[kept])
