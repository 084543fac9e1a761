"""Images stored as identical files: they always stay in one group, whatever patient is named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from qaugbench.datasets.formats.archive import Archive
from qaugbench.datasets.formats.pictures import read_picture
from qaugbench.datasets.merged_groups import close_groups
from qaugbench.errors import DataError

BLANK_TONES = 6
"""An image whose middle 99 % of pixels are within this many grey levels is blank: two white pages are not one patient's."""


def same_file(archive: Archive, files: Sequence[str]) -> np.ndarray:
    """Return int64 [N]: for each of ``files`` the first with the same bytes, or itself; blank and unreadable files match none.

    Only files of equal length are read.
    """
    first = np.arange(len(files), dtype=np.int64)
    for rows in _equal([archive.size(name) for name in files], range(len(files))):
        for same in _equal([_digest(archive, files[row]) for row in rows], rows):
            if _shows_something(archive, files[same[0]]):
                first[same] = same[0]
    return first


def closed_over_files(
    codes: np.ndarray, names: Sequence[str], archive: Archive, files: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return group ``codes`` [N] and ``names`` after merging groups that share a file, under the name of the first."""
    first = same_file(archive, files)
    second = np.flatnonzero(first != np.arange(len(files)))
    if not len(second):
        return codes, tuple(names)
    closed = close_groups([str(code) for code in codes], first[second], second, len(files))
    _, leading = np.unique(closed, return_index=True)
    return closed, tuple(names[codes[row]] for row in leading)


def _equal(keys: Iterable[object], rows: Iterable[int]) -> list[list[int]]:
    """Return the rows that share a key with another row, by key; a key of None is never shared."""
    sets: dict[object, list[int]] = {}
    for key, row in zip(keys, rows, strict=True):
        if key is not None:
            sets.setdefault(key, []).append(row)
    return [same for same in sets.values() if len(same) > 1]


def _digest(archive: Archive, name: str) -> bytes | None:
    try:
        return hashlib.sha256(archive.read(name)).digest()
    except (OSError, DataError):
        return None  # reported by whatever decodes it


def _shows_something(archive: Archive, name: str) -> bool:
    try:
        pixels = np.asarray(read_picture(archive.read(name)).convert("RGB").convert("L"))
    except (OSError, ValueError, DataError):
        return False
    low, high = np.percentile(pixels, (0.5, 99.5))
    return bool(high - low > BLANK_TONES)
