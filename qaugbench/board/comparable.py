"""Which entries may be compared: one board, task, classifier, data, split and number of replicates, the same test images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qaugbench.board.pinned import classifier_of
from qaugbench.board.trust import CLAIM, Trust
from qaugbench.errors import EntryError, shown
from qaugbench.predictions import PredictionSet
from qaugbench.record import Record, robustness_only
from qaugbench.stats.metric_on_images import Images
from qaugbench.task import Endpoint

SMOKE = "smoke"
"""The track that is too small for its numbers to say anything."""


@dataclass(frozen=True)
class Submitted:
    """An entry that holds what it claims, and its folder; how far it can be believed, by default a claim, and warnings."""

    path: Path
    record: Record
    trust: Trust = CLAIM
    warnings: tuple[str, ...] = ()


def by_board(entries: Iterable[Submitted]) -> list[list[Submitted]]:
    """Return the entries that may be compared together, in the order of their paths, board by board."""
    groups: dict[tuple[str, str, str, str, str, int], list[Submitted]] = {}
    for entry in sorted(entries, key=lambda entry: entry.path):
        record = entry.record
        data = record.data
        key = (
            str(record.board),
            record.task_sha256,
            classifier_of(record),
            data.manifest_sha256,
            data.split_sha256,
            record.replicates,
        )
        groups.setdefault(key, []).append(entry)
    return [groups[key] for key in sorted(groups)]


def why_no_entry(record: Record) -> str | None:
    """Return why a run that holds what it claims cannot be made an entry; None where it can."""
    if record.recipe_sha256 is None:
        return "its record does not state which code trained the classifier; run it again"
    if not _any_generator_scored(record):
        return "no generator of it has a score: every one failed"
    if record.test_withheld:
        return "its test scores are withheld (--no-test)"
    if record.recipe_name != "A":
        return str(robustness_only(record.recipe_name))
    return f"it has {'; '.join(record.departures)}" if record.departures else None


def _any_generator_scored(record: Record) -> bool:
    """Return whether any generator's images trained a classifier that was scored."""
    generated = {arm.id for arm in record.arms if arm.role == "synthetic"}
    scored = (found.endpoints for found in record.scores.fractions.values())
    return any(generated & set(endpoint.arms) for endpoints in scored for endpoint in endpoints.values())


def why_off_board(record: Record) -> str | None:
    """Return why no board lists an entry that holds what it claims; None where one does.

    Of the phantom and of the track smoke entries can be made, to try the way out; they are evidence of nothing.
    """
    if record.data.phantom:
        return "its images are a phantom's, drawn by a program, and no evidence"
    if record.board.track == SMOKE:
        return f"the track {SMOKE} shows that the software works, and is no evidence"
    return why_no_entry(record)


@dataclass(frozen=True)
class HeldOut:
    """What an entry was scored on: the ids [N] of its test images, their labels and patients, the primary endpoint."""

    entry: Submitted
    ids: np.ndarray
    images: Images
    primary: Endpoint

    @classmethod
    def of(cls, entry: Submitted, predicted: PredictionSet) -> HeldOut:
        """Return the test set of an entry with its predictions."""
        labels = entry.record.labels
        images = Images(predicted.test_labels, predicted.test_groups, tuple(labels.names), labels.kind)
        return cls(entry, predicted.test_ids, images, entry.record.endpoints[0])


def check_same(one: HeldOut, other: HeldOut) -> None:
    """Raise EntryError naming both entries and the first thing that differs, unless all of it is the same."""
    found = _difference(one, other)
    if found is not None:
        raise EntryError(
            f"{shown(one.entry.path, None)} and {shown(other.entry.path, None)} are on one board but cannot be compared: "
            f"{found}. "
            "Run the one that departs from the board's test set again, or remove it."
        )


def _difference(one: HeldOut, other: HeldOut) -> str | None:
    for what, first, second in (
        ("the classes", one.images.class_names, other.images.class_names),
        ("the kind of label", one.images.label_kind, other.images.label_kind),
        ("the primary endpoint", one.primary, other.primary),
        ("the number of test images", one.ids.size, other.ids.size),
    ):
        if first != second:
            return f"{what}: {shown(repr(first), 160)} and {shown(repr(second), 160)}"
    for what, of_one, of_other in (
        ("the id", one.ids, other.ids),
        ("the group", one.images.groups, other.images.groups),
        ("the label", one.images.labels, other.images.labels),
    ):
        unequal = (of_one != of_other).reshape(one.ids.size, -1).any(axis=1)
        if unequal.any():
            place = int(unequal.argmax())
            given, other_given = (shown(repr(array[place].tolist())) for array in (of_one, of_other))
            return f"{what} of test image {place}: {given} and {other_given}"
    return None
