"""Groups and a split, added to labels.csv after an audit has found the near-duplicates; images are not changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.merged_groups import close_groups
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.splits import crossing_groups, own_parts
from qaugbench.errors import DataError
from qaugbench.seeds import BENCH_SEED, child_seed
from qaugbench.task import PARTS, canonical_hash


class ImagePairs(Protocol):
    """Pairs of row numbers, int [P] each, that show the same picture."""

    @property
    def first(self) -> np.ndarray: ...

    @property
    def second(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Grouped:
    """The rows of a new labels.csv, a description of what was done, and facts for the manifest."""

    rows: list[dict[str, object]]
    how: str
    facts: dict[str, Any]


def with_groups(prepared: PreparedData, pairs: ImagePairs, *, seed: int | None = None) -> Grouped:
    """Return labels.csv with ``group`` merged over patients and ``pairs``, and a ``group_split`` if one is needed.

    The published ``group_split``, else ``split``, is kept if it has a train and a test part and no group crosses it; no
    ``group_split`` is added then. Otherwise ``group_split`` is 70/15/15 by group, stratified by the rarest positive
    label. ``pairs`` are row numbers of ``prepared``; existing groups of labels.csv are kept together. The result
    depends on the rows, the pairs and ``seed`` alone (by default derived from the source's name). Raises DataError if
    there are too few groups for three parts.
    """
    known = prepared.table["group" if prepared.group_column == "group" else "patient_id"] if _named(prepared) else None
    groups = close_groups(None if known is None else list(known), pairs.first, pairs.second, len(prepared))
    table = prepared.table.assign(group=_names(groups))
    clean, refused = _clean_column(prepared, groups)
    sentences = [
        f"{len(pairs.first)} near-duplicate pairs and the {'groups' if _named(prepared) else 'images'} of labels.csv form "
        f" {groups.max() + 1} groups"
    ]
    if clean is None:
        seed = child_seed(BENCH_SEED, prepared.name, "group-split") if seed is None else seed
        parts = own_parts(prepared.labels, groups, seed)
        if len(set(parts)) < len(PARTS):
            raise DataError(
                f"{prepared.path} has {groups.max() + 1} groups (patients and near-duplicates together): too few for train, val "
                "and test. Give more data."
            )
        table = table.assign(group_split=parts)
        sentences += [*refused, "`group_split` is 70/15/15 by group, stratified by the rarest positive label"]
    else:
        table = table.drop(columns=[name for name in ("group_split",) if name in table and name != clean])
        sentences += [*refused, f"no group crosses the published `{clean}`, which is kept"]
    facts = {
        "pairs": len(pairs.first),
        "groups": int(groups.max()) + 1,
        "split": clean or "group_split",
        "how": "; ".join(sentences) + ".",
        "sha256": canonical_hash(
            sorted(zip(prepared.files, table["group"], table[clean or "group_split"], strict=True))
        ),
    }
    return Grouped(table.to_dict("records"), facts["how"], facts)  # type: ignore[arg-type]


def write_grouped(
    prepared: PreparedData, grouped: Grouped, path: Path | None = None, *, facts: Mapping[str, Any] | None = None
) -> Path:
    """Write the source with its new labels.csv to ``path``, by default over the old one; return the path.

    The image files are copied byte for byte, and ``grouping`` and ``facts`` are added to the manifest. The new source
    is complete before the old one is removed. Raises DataError if ``path`` exists or cannot be written.
    """
    target = prepared.path if path is None else Path(path)
    stored = {} if prepared.archive.problem("manifest.json") else json.loads(prepared.archive.read("manifest.json"))
    kept = {name: value for name, value in stored.items() if name not in ("files", "schema")}
    new = target.with_name(f".{target.stem}.{os.getpid()}.regrouped{target.suffix}") if path is None else target
    images = (prepared.read_bytes(i) for i in range(len(prepared)))
    try:
        write_prepared(new, images, grouped.rows, {**kept, **(facts or {}), "grouping": grouped.facts})
        if path is None:
            _exchange(new, target)
    finally:
        if path is None and new.exists():
            shutil.rmtree(new) if new.is_dir() else new.unlink()
    return target


def _exchange(new: Path, target: Path) -> None:
    """Replace ``target`` by ``new``; a folder cannot be replaced atomically, so the old one is renamed first."""
    if not target.is_dir():
        os.replace(new, target)
        return
    aside = target.with_name(f".{target.name}.{os.getpid()}.replaced")
    target.rename(aside)
    new.rename(target)
    shutil.rmtree(aside)


def _named(prepared: PreparedData) -> bool:
    return prepared.group_column is not None


def _names(groups: np.ndarray) -> list[str]:
    width = max(5, len(str(groups.max() + 1)))
    return [f"g{code + 1:0{width}d}" for code in groups]


def _clean_column(prepared: PreparedData, groups: np.ndarray) -> tuple[str | None, Sequence[str]]:
    """Return the published split column to keep, or None, and what is wrong with the others."""
    refused: list[str] = []
    for column in (name for name in ("group_split", "split") if name in prepared.table):
        parts = _parts(prepared.table[column])
        crossing = len(crossing_groups(groups, parts))
        if not crossing and {"train", "test"} <= set(parts):
            return column, refused
        why = f"puts {crossing} groups into more than one part" if crossing else "lacks a train or a test part"
        refused.append(f"the published `{column}` {why}")
    return None, refused or ["no split is published"]


def _parts(column: pd.Series) -> np.ndarray:
    return column.str.strip().str.lower().to_numpy(dtype="U")
