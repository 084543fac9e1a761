"""K folds of whole groups, so that K runs test every image once: for classes too rare for one fixed test part."""

from __future__ import annotations

import re

import numpy as np

from qaugbench.datasets.strata import group_strata
from qaugbench.errors import DataError
from qaugbench.seeds import numpy_generator

MIN_FOLDS = 3
"""One fold tests, one validates, and at least one trains."""
FOLD_SYNTAX = "fold:J/K (fold J of K tests, for example fold:1/5)"


def group_folds(labels: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Return int64 [N], the fold 0..n_folds-1 of each image; whole groups, stratified by the rarest positive label.

    ``labels`` [N, K] of 0 and 1, ``groups`` [N]. Strata are assigned from the rarest on, their groups in random order with larger
    ones first, each to the fold with the fewest images of the stratum so far (ties: fewest images, then the lower number). So
    folds differ in a stratum by at most the images of one group. Raises DataError for fewer than 2 folds or fewer groups than
    folds.

    >>> folds = group_folds(np.eye(2)[[0] * 4 + [1] * 8], np.arange(12), 4, seed=0)
    >>> np.bincount(folds), np.bincount(folds[:4])
    (array([3, 3, 3, 3]), array([1, 1, 1, 1]))
    """
    codes, strata, images = group_strata(labels, groups)
    if not 2 <= n_folds <= len(codes):
        raise DataError(f"{len(codes)} groups (patients) cannot be cut into {n_folds} folds; choose 2 to {len(codes)}.")
    draw = numpy_generator(seed)
    fold_of_group = np.empty(len(codes), dtype=np.int64)
    total = np.zeros(n_folds, dtype=np.int64)
    present, size = np.unique(strata, return_counts=True)
    for stratum in present[np.argsort(size, kind="stable")]:
        members = draw.permutation(np.flatnonzero(strata == stratum))
        held = np.zeros(n_folds, dtype=np.int64)
        for group in members[np.argsort(-images[members], kind="stable")]:
            fold = int(np.lexsort((total, held))[0])
            fold_of_group[group] = fold
            held[fold] += images[group]
            total[fold] += images[group]
    return fold_of_group[np.searchsorted(codes, groups)]


def fold_parts(folds: np.ndarray, test: int) -> np.ndarray:
    """Return "train", "val" or "test" [N]: fold ``test`` (from 0) tests, the next (the first after the last) validates.

    >>> fold_parts(np.array([0, 1, 2, 3]), 3).tolist()
    ['val', 'train', 'train', 'test']
    """
    n_folds = int(folds.max()) + 1
    return np.where(folds == test, "test", np.where(folds == (test + 1) % n_folds, "val", "train"))


def fold_request(column: str) -> tuple[int, int] | None:
    """Return (J, K) of a split column written "fold:J/K", or None for any other column name.

    Raises DataError for a name that begins with "fold:" but does not say a fold 1..K of at least 3.

    >>> fold_request("fold:2/5"), fold_request("split")
    ((2, 5), None)
    """
    if not column.startswith("fold:"):
        return None
    said = re.fullmatch(r"fold:(\d{1,4})/(\d{1,4})", column)
    fold, n_folds = (int(said[1]), int(said[2])) if said else (0, 0)
    if n_folds < MIN_FOLDS or not 1 <= fold <= n_folds:
        raise DataError(
            f"{column!r} names no fold. Write {FOLD_SYNTAX}, with K at least {MIN_FOLDS} and J from 1 to K."
        )
    return fold, n_folds
