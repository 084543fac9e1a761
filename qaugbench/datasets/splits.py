"""The images that train, validate and test: always whole groups, with the rule in words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from qaugbench.datasets.folds import FOLD_SYNTAX, fold_parts, fold_request, group_folds
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.strata import groups_in_stratified_order
from qaugbench.errors import DataError, first_offenders, near_names
from qaugbench.seeds import BENCH_SEED, child_seed
from qaugbench.task import PARTS

OWN_SHARES = (0.15, 0.15)
"""Shares of val and test in a split of our own; the rest trains."""
VAL_SHARE = 0.15
"""Share of the published training images that becomes val where no val is published."""


@dataclass(frozen=True)
class Split:
    """Row indices (int64, ascending) of the three parts, and how they were chosen.

    ``name`` is the column used, or "own"; ``crossing_groups`` counts the groups in more than one part, and ``leaky``
    says whether there are any; ``sha256`` is that of the sorted (image id, part) pairs.
    """

    name: str
    how: str
    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    leaky: bool
    crossing_groups: int
    sha256: str


def choose_split(prepared: PreparedData, *, column: str | None = None, allow_leaky: bool = False) -> Split:
    """Return the split to use, a function of images, labels, groups and published parts alone.

    Without ``column``: ``group_split`` if labels.csv has it; else the published ``split`` if no group crosses it and it
    has a test part; else our own split by group, 70/15/15, stratified by the rarest positive label of the group.
    Without a published val part, 15 % of the training images, in whole groups, become val. A requested ``column`` that
    puts a group into two parts raises DataError unless ``allow_leaky``. "fold:J/K" instead of a column divides all
    images into K folds by group, of which fold J tests and the next validates, so that the K runs test every image
    once.
    """
    seed = split_seed(prepared)
    if column is not None and (fold := fold_request(column)) is not None:
        return _fold(prepared, *fold, seed)
    if column is not None:
        return _published(prepared, column, "as asked for", allow_leaky, seed)
    if "group_split" in prepared.table:
        return _published(prepared, "group_split", "as published with the groups", allow_leaky, seed)
    if "split" not in prepared.table:
        return _own(prepared, "labels.csv has no split column", seed)
    parts = _parts(prepared, "split")
    crossing = crossing_groups(prepared.groups, parts)
    if len(crossing):
        return _own(prepared, f"the column `split` puts {len(crossing)} groups into more than one part", seed)
    if not {"train", "test"} <= set(parts):
        return _own(prepared, "the column `split` lacks a train or a test part", seed)
    return _published(prepared, "split", "as published; no group crosses it", allow_leaky, seed)


def usable_split(prepared: PreparedData, *, column: str | None = None, allow_leaky: bool = False) -> Split:
    """Return what ``choose_split`` returns; raise DataError also if a part of it cannot be used."""
    chosen = choose_split(prepared, column=column, allow_leaky=allow_leaky)
    if why := unusable_part(prepared, chosen):
        raise DataError(f"{prepared.where}: {why}. Give more data, or another split column with --split.")
    return chosen


def unusable_part(prepared: PreparedData, split: Split) -> str:
    """Return in words which part of ``split`` has no class with both positives and negatives, or ""."""
    for part in PARTS:
        rows = getattr(split, part)
        positives = prepared.labels[rows].sum(axis=0)
        if not ((positives > 0) & (positives < len(rows))).any():
            counts = ", ".join(
                f"{name}: {int(count)}" for name, count in zip(prepared.label_names, positives, strict=True)
            )
            return f"the {part} part has {len(rows)} images and no class with both positives and negatives ({counts})"
    return ""


def split_seed(prepared: PreparedData) -> int:
    """Return the seed of every split of ``prepared``: it is derived from images, labels and groups and cannot be chosen."""
    return child_seed(BENCH_SEED, prepared.identity.sha256, "split")


def crossing_groups(groups: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return the codes of the groups in more than one part; rows whose part is "" are in none.

    >>> crossing_groups(np.array([0, 0, 1, 1]), np.array(["train", "test", "val", "val"]))
    array([0])
    """
    used = parts != ""
    pairs = {(int(group), str(part)) for group, part in zip(groups[used], parts[used], strict=True)}
    codes, counts = np.unique([group for group, _ in pairs], return_counts=True)
    return codes[counts > 1].astype(np.int64)


def _published(prepared: PreparedData, column: str, why: str, allow_leaky: bool, seed: int) -> Split:
    parts = _parts(prepared, column)
    lacking = [part for part in ("train", "test") if part not in parts]
    if lacking:
        raise DataError(
            f"Column {column!r} of {prepared.where} has no {' and no '.join(lacking)} part (it has: "
            f"{', '.join(sorted(set(parts) - {''}))}). Choose another column with --split, or leave --split away."
        )
    crossing = crossing_groups(prepared.groups, parts)
    if len(crossing) and not allow_leaky:
        raise DataError(
            f"Column {column!r} of {prepared.where} puts {len(crossing)} groups (patients or near-duplicates) into "
            f"more than one part: {first_offenders(_places(prepared, parts, code) for code in crossing)}. A score on "
            "such a split is too high. Choose another column with --split, or accept it with --allow-leaky-split."
        )
    sentences = [f"Column `{column}` of labels.csv, {why}"]
    if "val" not in parts:
        parts = _with_val(prepared, parts, child_seed(seed, "val"))
        sentences.append(f"it has no val part, so {VAL_SHARE:.0%} of the training images, by group, became val")
    if not (parts != "").all():
        sentences.append(f"{(parts == '').sum()} images without a part are left out")
    if len(crossing):
        sentences.append(f"LEAKY: {len(crossing)} groups are in more than one part")
    return _split(prepared, column, sentences, parts, len(crossing))


def own_parts(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return "train", "val" or "test" [N]: 70/15/15 by images, whole groups, stratified by the rarest positive label.

    ``labels`` [N, K] of 0 and 1, ``groups`` [N]. With very few groups a part may be absent.
    """
    rank = groups_in_stratified_order(labels, groups, child_seed(seed, "own"))
    return np.array(PARTS)[_cut_by_images(groups, rank, OWN_SHARES)]


def _fold(prepared: PreparedData, fold: int, n_folds: int, seed: int) -> Split:
    folds = group_folds(prepared.labels, prepared.identity.groups, n_folds, child_seed(seed, "folds", n_folds))
    sentences = [
        f"Fold {fold} of {n_folds} tests, fold {fold % n_folds + 1} validates, the others train; folds of whole groups, "
        "stratified by the rarest positive label"
    ]
    return _split(prepared, f"fold:{fold}/{n_folds}", sentences, fold_parts(folds, fold - 1), 0)


def _own(prepared: PreparedData, why: str, seed: int) -> Split:
    parts = own_parts(prepared.labels, prepared.identity.groups, seed)
    if len(set(parts)) < len(PARTS):
        raise DataError(
            f"{prepared.where} has {len(prepared.group_names)} groups (patients): too few for train, val and test."
        )
    sentences = ["Own split by group, 70/15/15, stratified by the rarest positive label", why]
    return _split(prepared, "own", sentences, parts, 0)


def _with_val(prepared: PreparedData, parts: np.ndarray, seed: int) -> np.ndarray:
    train = np.flatnonzero(parts == "train")
    groups = prepared.identity.groups[train]
    rank = groups_in_stratified_order(prepared.labels[train], groups, seed)
    carved = parts.copy()
    carved[train[_cut_by_images(groups, rank, (VAL_SHARE,)) == 1]] = "val"
    return carved


def _cut_by_images(groups: np.ndarray, order: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Return int [N]: 1, 2, ... for whole groups from the front of ``order``, by shares of the images, else 0."""
    images = np.bincount(groups, minlength=order.max() + 1)[order]
    middle = (np.cumsum(images) - images / 2) / images.sum()
    part_of_group = np.zeros(order.max() + 1, dtype=np.int64)
    start = 0.0
    for part, share in enumerate(shares, start=1):
        part_of_group[order[(middle >= start) & (middle < start + share)]] = part
        start += share
    return part_of_group[groups]


def _parts(prepared: PreparedData, column: str) -> np.ndarray:
    if column not in prepared.table:
        raise DataError(
            f"{prepared.where} has no split column {column!r}.{near_names(column, prepared.table.columns)} "
            f"Folds are written {FOLD_SYNTAX}."
        )
    parts = prepared.table[column].str.strip().str.lower().to_numpy(dtype="U")
    unknown = np.flatnonzero(~np.isin(parts, (*PARTS, "")))
    if len(unknown):
        offenders = (f"{prepared.called[i]}: {parts[i]!r}" for i in unknown)
        raise DataError(
            f"Column {column!r} of {prepared.where} must say train, val or test; {len(unknown)} rows do not: "
            f"{first_offenders(offenders)}."
        )
    return parts


def _places(prepared: PreparedData, parts: np.ndarray, code: int) -> str:
    inside = sorted(set(parts[prepared.groups == code]) - {""})
    return f"{prepared.group_called(code)} ({', '.join(inside)})"


def _split(prepared: PreparedData, name: str, sentences: list[str], parts: np.ndarray, crossing: int) -> Split:
    if not prepared.patients_known:
        sentences.append("labels.csv names no patients, so images of one patient may be in two parts unnoticed")
    ids = prepared.identity.image_ids
    pairs = sorted(zip(ids, parts.tolist(), strict=True))
    order = np.argsort(np.array(ids))  # by content: nothing drawn from a part depends on the order of the rows
    train, val, test = (order[parts[order] == part] for part in PARTS)
    return Split(
        name=name,
        how="; ".join(sentences) + ".",
        train=train,
        val=val,
        test=test,
        leaky=crossing > 0,
        crossing_groups=crossing,
        sha256=hashlib.sha256(json.dumps(pairs).encode()).hexdigest(),
    )
