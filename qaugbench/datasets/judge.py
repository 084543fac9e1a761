"""The real images that train the judge: never those of the generator or the test part."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from qaugbench.datasets.folds import group_folds
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.splits import Split
from qaugbench.errors import DataError
from qaugbench.limits import MIN_TRAINING_POSITIVES
from qaugbench.seeds import child_seed


@dataclass(frozen=True)
class JudgeFold:
    """One judge: the rows (int64, ascending) that train it, and those on which its accuracy on real images is measured."""

    train: np.ndarray
    reference: np.ndarray


@dataclass(frozen=True)
class JudgeSplit:
    """One judge, or two that are cross-fitted, and how they were made.

    ``weak`` says why even this is too little for a class, or is None; ``sha256`` is that of the sorted
    (image id, fold, role) triples.
    """

    folds: tuple[JudgeFold, ...]
    how: str
    weak: str | None
    sha256: str


def judge_split(prepared: PreparedData, split: Split, *, seed: int) -> JudgeSplit:
    """Return the judge's rows, taken from the validation part by whole groups.

    The generators see groups of the training part alone, and nothing but a score is computed on the test part; so
    the validation part, halved by group and stratified by the rarest positive label, is what a judge may learn from.
    One judge trains on the first half, and its agreement with real labels is measured on the second. Where a half has fewer than
    10 positives of a class (or negatives, for a multilabel finding), the halves change places for a second judge, and the mean
    over both uses every validation image. Validation images also choose the classifier's checkpoint; the judge never ranks, so
    that is no leak. Rows of groups that are also in the training or test part (a leaky split) are left out. Raises DataError where
    fewer than two groups remain.
    """
    elsewhere = prepared.groups[np.concatenate([split.train, split.test])]
    rows = split.val[~np.isin(prepared.groups[split.val], elsewhere)]
    labels, groups = prepared.labels[rows], prepared.identity.groups[rows]
    if len(np.unique(groups)) < 2:
        raise DataError(
            f"The validation part of {prepared.where} ({len(split.val)} images) has {len(np.unique(groups))} groups that "
            "are in no other part; a judge needs two. Give more data, or another split column with --split."
        )
    half = group_folds(labels, groups, 2, child_seed(seed, "judge"))
    halves = rows[half == 0], rows[half == 1]
    short = [_short(prepared, part) for part in halves]
    crossed = any(short)
    folds = (JudgeFold(*halves), JudgeFold(*halves[::-1])) if crossed else (JudgeFold(*halves),)
    left_out = len(split.val) - len(rows)
    return JudgeSplit(
        folds=folds,
        how=_how(halves, crossed)
        + (f"; {left_out} images of groups in another part are left out" if left_out else "")
        + ".",
        weak=next((words for words in short if words), None),
        sha256=_hash(prepared, folds),
    )


def _short(prepared: PreparedData, rows: np.ndarray) -> str | None:
    """Return which class has too few images among ``rows`` to be judged, in words, or None."""
    positives = prepared.labels[rows].sum(axis=0)
    for kind, counts in (("positives", positives), ("negatives", len(rows) - positives)):
        k = int(counts.argmin())
        if counts[k] < MIN_TRAINING_POSITIVES:
            name = prepared.label_names[k]
            return f"half of the validation part has {int(counts[k])} {kind} of {name}, under {MIN_TRAINING_POSITIVES}"
    return None


def _how(halves: tuple[np.ndarray, np.ndarray], crossed: bool) -> str:
    sizes = f"{len(halves[0])} and {len(halves[1])} images"
    if crossed:
        return (
            f"Validation part halved by group ({sizes}); two judges, each trained on one half and measured on the other"
        )
    return f"Validation part halved by group ({sizes}); one judge, trained on the first half and measured on the second"


def _hash(prepared: PreparedData, folds: tuple[JudgeFold, ...]) -> str:
    triples = sorted(
        (prepared.identity.image_ids[row], number, role)
        for number, fold in enumerate(folds)
        for role in ("train", "reference")
        for row in getattr(fold, role)
    )
    return hashlib.sha256(json.dumps(triples).encode()).hexdigest()
