"""Groups that merge patients and near-duplicates: images that must stay in one part of a split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qaugbench.errors import DataError, first_offenders


def close_groups(patients: Sequence[str] | None, first: np.ndarray, second: np.ndarray, n: int) -> np.ndarray:
    """Return group codes int64 [n], 0, 1, ... by first appearance: the transitive closure over patients and pairs of images.

    ``patients`` [n] names the patient of each image ("" if unknown), or is None; ``first`` and ``second`` [P] are the
    row numbers of pairs that show the same picture. Two images are in one group if a chain of equal patients and pairs
    connects them. Raises DataError for lengths that differ and rows outside 0..n-1.

    >>> close_groups(["a", "a", "b", "c"], np.array([1]), np.array([2]), 4)
    array([0, 0, 0, 1])
    """
    first, second = _rows(first, n), _rows(second, n)
    if len(first) != len(second):
        raise DataError(f"Pairs need as many first as second images; given {len(first)} and {len(second)}.")
    if patients is not None and len(patients) != n:
        raise DataError(f"{n} images need {n} patients; given {len(patients)}.")
    row, anchor = _same_patient(patients or [])
    ends = np.concatenate([first, row]), np.concatenate([second, anchor])
    links = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(n, n))
    _, found = connected_components(links, directed=False)
    _, start, code = np.unique(found, return_index=True, return_inverse=True)
    by_appearance = np.argsort(np.argsort(start))
    return by_appearance[code].astype(np.int64)


def _same_patient(patients: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return (row, first row of the same patient) of every row whose patient occurred before."""
    seen: dict[str, int] = {}
    links = [
        (row, seen[patient])
        for row, patient in enumerate(patients)
        if patient.strip() and seen.setdefault(patient, row) != row
    ]
    both = np.array(links, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _rows(rows: np.ndarray, n: int) -> np.ndarray:
    rows = np.asarray(rows, dtype=np.int64).ravel()
    outside = rows[(rows < 0) | (rows >= n)]
    if len(outside):
        raise DataError(f"Pairs name rows outside 0 to {n - 1}: {first_offenders(outside.tolist())}.")
    return rows
