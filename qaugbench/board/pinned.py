"""What this release pins of boards: the classifier's code, and the content of named sources as reviewed entries stated it.

``pinned.json`` is data: ``recipe`` holds the hash of the classifier's code, ``earlier_recipes`` those of classifiers that give the
same numbers, ``sources`` by task and source what every entry on it must state. A maintainer adds a source with the output of
``qaugbench leaderboard pin ENTRY``.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.predictions import PredictionSet
from qaugbench.record import DataFacts, Record
from qaugbench.task import canonical_hash

FILE = Path(__file__).with_name("pinned.json")
REGISTRY = Path(__file__).parents[1] / "datasets" / "sources.toml"
STATED_ONLY = frozenset({"source", "phantom", "notes", "subgroups"})
"""What of the facts of a source is not pinned: what the board says already, and what a version may word otherwise."""


@cache
def _pinned() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@cache
def registered_sources() -> dict[str, Any]:
    """Return the named sources by id, each with its ``tasks``, as the registry states them."""
    return definitions.parse_toml(REGISTRY)


def is_classifier(recipe_sha256: str | None, timm: str | None) -> bool:
    """Return whether a hash names the classifier of this release, built by this version of timm, or an equal earlier one."""
    found = _pinned()
    present = canonical_hash({"code": found["recipe"], "timm": timm})
    return recipe_sha256 == present or recipe_sha256 in found["earlier_recipes"]


def classifier_of(record: Record) -> str:
    """Return what names the classifier of an entry: of equal ones the hash that is this release's, so that they share a board."""
    timm = record.environment.packages.get("timm")
    if is_classifier(record.recipe_sha256, timm):
        return canonical_hash({"code": _pinned()["recipe"], "timm": timm})
    return str(record.recipe_sha256)


def pinned_contents(task: str, source: str) -> list[dict[str, Any]]:
    """Return what may be stated of a source of a task such as ``brainmri@2``; empty where nothing is pinned yet."""
    found: list[dict[str, Any]] = _pinned()["sources"].get(f"{task}/{source}", [])
    return found


def pin_of(record: Record, predicted: PredictionSet) -> dict[str, Any]:
    """Return what pins the source of an entry: its facts, its held-out images with their labels, and the images of fractions."""
    return {
        "facts": _facts(record.data),
        "held_out_sha256": held_out_hashes(predicted),
        "n_real": {fraction.key: fraction.n_real for fraction in record.fractions},
    }


def held_out_hashes(predicted: PredictionSet) -> dict[str, str]:
    """Return by part the SHA-256 over ids, labels and groups of the held-out images, in their order."""
    return {part: _held_out_hash(predicted, part) for part in ("test", "val")}


def _held_out_hash(predicted: PredictionSet, part: str) -> str:
    digest = hashlib.sha256("\n".join(map(str, getattr(predicted, f"{part}_ids"))).encode())
    digest.update(np.ascontiguousarray(getattr(predicted, f"{part}_labels"), dtype=np.uint8).tobytes())
    digest.update(np.ascontiguousarray(getattr(predicted, f"{part}_groups"), dtype="<i8").tobytes())
    return digest.hexdigest()


def _facts(data: DataFacts) -> dict[str, Any]:
    return {name: value for name, value in data.model_dump(mode="json").items() if name not in STATED_ONLY}


def unlike_pin(record: Record, predicted: PredictionSet) -> str | None:
    """Return what of a source's data differs from every content that is pinned of it; None where one fits or none is pinned.

    >>> pinned_contents("brainmri@2", "phantom")
    []
    """
    known = pinned_contents(record.board.task, record.board.source)
    if not known:
        return None
    stated = pin_of(record, predicted)
    same = [one for one in known if one["facts"]["manifest_sha256"] == record.data.manifest_sha256]
    if not same:
        return (
            f"the images of the source {record.board.source!r} have the content {record.data.manifest_sha256[:12]}, and this "
            f"release knows {', '.join(one['facts']['manifest_sha256'][:12] for one in known)}"
        )
    differences = [_difference(stated, one) for one in same]
    return None if None in differences else differences[0]


def _difference(stated: dict[str, Any], known: dict[str, Any]) -> str | None:
    for name, value in known["facts"].items():
        if stated["facts"].get(name) != value:
            return f"data.{name} is {_short(stated['facts'].get(name))}, and of this source it is {_short(value)}"
    for part, digest in known["held_out_sha256"].items():
        if stated["held_out_sha256"][part] != digest:
            return f"the ids, labels or groups of the {part} images are not those of this source"
    for key, n_real in stated["n_real"].items():
        if known["n_real"].get(key, n_real) != n_real:
            return f"n_real at {key} is {n_real:,}, and of this source it is {known['n_real'][key]:,}"
    return None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 120 else f"{text[:117]}..."
