"""Classes that a user spelled otherwise than the task: what was taken for which, in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qaugbench.datasets.label_text import canonical, other_spelling, whole_number
from qaugbench.datasets.labels_csv import LabelNames
from qaugbench.datasets.prepared import PreparedData
from qaugbench.errors import first_offenders


def spelling_words(prepared: PreparedData, labels: LabelNames) -> str | None:
    """Return in words which class each other spelling was taken for; None where all classes are written as the task has them.

    Images that were converted have the task's spelling; their manifest says what their user had.
    """
    pairs = _converted(prepared) or _in_table(prepared, labels)
    if not pairs:
        return None
    return f"classes as written: {first_offenders(f'{written!r} is {name}' for written, name in sorted(pairs.items()))}"


def spelling_lines(prepared: PreparedData, labels: LabelNames) -> list[str]:
    """Return ``spelling_words`` as the line that is printed before a run, if there is anything to say."""
    words = spelling_words(prepared, labels)
    return [] if words is None else [f"{words[:1].upper()}{words[1:]}."]


def _in_table(prepared: PreparedData, labels: LabelNames) -> dict[str, str]:
    name_of = {canonical(name): name for name in labels.names}
    written = prepared.table.columns if labels.kind == "multilabel" else prepared.table["label"].unique()
    found = {str(word): name_of.get(canonical(whole_number(word) or word)) for word in written}
    return {word: name for word, name in found.items() if name is not None and other_spelling(word, name)}


def _converted(prepared: PreparedData) -> Mapping[str, str]:
    if prepared.called == prepared.files:
        return {}
    stored: dict[str, Any] = json.loads(prepared.archive.read("manifest.json"))
    spelled: Mapping[str, str] = stored.get("own", {}).get("spelled", {})
    return spelled
