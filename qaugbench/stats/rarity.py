"""Recall of the frequent, the less frequent and the rare classes, by their training images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qaugbench.stats.metric_kinds import EXCLUSIVE
from qaugbench.stats.metric_on_images import Images
from qaugbench.stats.secondary import Secondary

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

GROUPS = ("head", "medium", "tail")
HEAD_ABOVE, TAIL_BELOW = 1000, 100
"""Training images of a head and of a tail class where the task does not say which its classes are."""


def rarity_groups(endpoints: Sequence[Endpoint], training_counts: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Return the classes of head, medium and tail: as the task's endpoints of these names have them, else by training images.

    Classes without a training image and groups without a class are left out.

    >>> rarity_groups([], {"a": 5000, "b": 150, "c": 20, "d": 0})
    {'head': ('a',), 'medium': ('b',), 'tail': ('c',)}
    """
    known = {endpoint.id: endpoint.classes for endpoint in endpoints if endpoint.id in GROUPS}
    if known:
        return {group: known[group] for group in GROUPS if group in known}
    found: dict[str, list[str]] = {group: [] for group in GROUPS}
    for name, n in training_counts.items():
        if n > 0:
            found["head" if n > HEAD_ABOVE else "tail" if n < TAIL_BELOW else "medium"].append(name)
    return {group: tuple(names) for group, names in found.items() if names}


def recall_metrics(
    endpoints: Sequence[Endpoint], training_counts: Mapping[str, int], validation: Images
) -> dict[str, Secondary]:
    """Return the mean recall of the classes of each group.

    A class is called where it is the most probable of all; of several findings each from its validation threshold on.
    """
    by_threshold = None if validation.label_kind in EXCLUSIVE else validation.labels
    return {
        group: Secondary(
            f"recall_{group}",
            _title(group, classes, training_counts),
            "recall",
            classes,
            validation_labels=by_threshold,
        )
        for group, classes in rarity_groups(endpoints, training_counts).items()
    }


def _title(group: str, classes: Sequence[str], training_counts: Mapping[str, int]) -> str:
    counts = sorted(training_counts.get(name, 0) for name in classes)
    images = f"{counts[0]:,}" if counts[0] == counts[-1] else f"{counts[0]:,} to {counts[-1]:,}"
    return f"recall of {group} classes ({images} training images each)"
