"""Macro-AUROC by age, sex and site: the same classes in every group, and only groups large enough to be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.limits import MIN_FOR_INTERVAL, MIN_FOR_SUBGROUP
from qaugbench.predictions import UNSTATED, SubgroupColumn
from qaugbench.stats.arm_scores import arm_scores
from qaugbench.stats.class_notes import NOUNS
from qaugbench.stats.fraction import ArmMeasurements
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Images, MetricOnImages
from qaugbench.stats.results import ArmScore, SubgroupScore, SubgroupScores

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

KIND = "macro_auroc"


def subgroup_scores(
    present: Present,
    arms: Sequence[str],
    primary: Endpoint,
    images: Images,
    columns: Mapping[SubgroupColumn, np.ndarray],
) -> dict[str, SubgroupScores]:
    """Return the macro-AUROC of ``arms`` in the groups [N] of each of ``columns``, over the classes of the primary endpoint.

    A group is scored where it has 30 patients, and 10 images with and 10 without at least half of the classes that all images
    decide so; and all groups on the classes that each of them decides.
    """
    return {column: _column(present, arms, primary, images, names) for column, names in columns.items()}


def _column(
    present: Present, arms: Sequence[str], primary: Endpoint, images: Images, names: np.ndarray
) -> SubgroupScores:
    asked = [images.class_names.index(name) for name in primary.classes]
    rows = {str(name): np.flatnonzero(names == name) for name in np.unique(names)}
    decided = {name: _decided(images, own, asked, restrict=primary.restrict) for name, own in rows.items()}
    everything = _decided(images, np.arange(len(names)), asked, restrict=primary.restrict)
    notes = {name: _why_not(images, own, decided[name], everything) for name, own in rows.items()}
    scored = [name for name, note in notes.items() if note is None]
    shared = [k for k in everything if all(k in decided[name] for name in scored)]
    groups = []
    for name in sorted(rows, key=lambda name: (name == UNSTATED, not name.startswith("under"), name)):
        note = (
            notes[name] if notes[name] or shared else f"no {NOUNS[images.label_kind]} in common with the other groups"
        )
        found = _scores(present, arms, images, rows[name], shared, restrict=primary.restrict) if note is None else {}
        groups.append(SubgroupScore(name, len(rows[name]), _n_patients(images, rows[name]), note, found))
    classes = [images.class_names[k] for k in shared] if scored else []
    title = f"macro-AUROC over {len(classes)} of {len(asked)} {NOUNS[images.label_kind]}"
    return SubgroupScores(title, classes, groups, _gaps(arms, groups))


def _scores(
    present: Present, arms: Sequence[str], images: Images, rows: np.ndarray, classes: Sequence[int], *, restrict: bool
) -> dict[str, ArmScore]:
    metric = MetricOnImages.of(KIND, classes, _part(images, rows), restrict=restrict)
    measured = {arm: metric.evaluate(present.test_logits(arm)[:, rows], {}) for arm in arms}
    return arm_scores(present, ArmMeasurements(metric, measured))


def _decided(images: Images, rows: np.ndarray, classes: Sequence[int], *, restrict: bool) -> list[int]:
    """Return the classes that ``rows`` have 10 images with and 10 without; with ``restrict`` of those with any of the classes."""
    labels = images.labels[rows][:, list(classes)] > 0
    labels = labels[labels.any(axis=1)] if restrict else labels
    positive = labels.sum(axis=0)
    enough = np.minimum(positive, len(labels) - positive) >= MIN_FOR_INTERVAL
    return [k for k, is_enough in zip(classes, enough, strict=True) if is_enough]


def _why_not(images: Images, rows: np.ndarray, decided: Sequence[int], everything: Sequence[int]) -> str | None:
    """Return why a group is not scored, or None."""
    n_patients, noun = _n_patients(images, rows), NOUNS[images.label_kind]
    if n_patients < MIN_FOR_SUBGROUP:
        return f"{n_patients} of the {MIN_FOR_SUBGROUP} that a score needs"
    if not decided or 2 * len(decided) < len(everything):
        few = f"{MIN_FOR_INTERVAL} test images on either side"
        return f"{len(decided)} of {len(everything)} {noun} have {few}; a score needs half of them"
    return None


def _gaps(arms: Sequence[str], groups: Sequence[SubgroupScore]) -> dict[str, float]:
    """Return the highest minus the lowest mean by arm, where two groups are scored."""
    means = {arm: [group.arms[arm].mean for group in groups if group.arms] for arm in arms}
    return {arm: max(found) - min(found) for arm, found in means.items() if len(found) > 1}


def _part(images: Images, rows: np.ndarray) -> Images:
    return Images(images.labels[rows], images.groups[rows], images.class_names, images.label_kind)


def _n_patients(images: Images, rows: np.ndarray) -> int:
    return int(np.unique(images.groups[rows]).size)
