"""Over how many classes a value is, and what has to be said of classes: one title, and one sentence per reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from qaugbench.stats.fraction import ArmMeasurements
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.metric_on_images import MetricOnImages
from qaugbench.stats.results import ClassNote
from qaugbench.task import MIN_FOR_INTERVAL, MIN_FOR_VERDICT

NOUNS = {"multilabel": "findings", "multiclass": "classes", "ordinal": "grades"}
COUNTED = re.compile(r" over (?P<count>\d+) (?P<noun>.+)$")
LISTED = 3
"""Scored classes that a title names; of more it says the number alone."""


def scored_title(title: str, metric: MetricOnImages, class_names: Sequence[str], *, listed: bool = True) -> str:
    """Return ``title`` with the number of classes that are scored, where these are not all of them.

    All are as many as ``title`` itself says ("macro-AUROC over 14 findings"), or those of the label space. ``listed`` also
    names them, where they are few.
    """
    if KINDS[metric.kind].made_of not in ("each", "images") or metric.why_undefined is not None:
        return title
    counted = COUNTED.search(title)
    total = int(counted["count"]) if counted else len(class_names)
    scored = [class_names[k] for k in metric.scored_classes]
    if len(scored) == total:
        return title
    stem, noun = (title[: counted.start()], counted["noun"]) if counted else (title, NOUNS[metric.label_kind])
    names = f": {', '.join(scored)}" if listed and len(scored) <= LISTED else ""
    return f"{stem} over {len(scored)} of {total} {noun}{names}"


def left_out_notes(metric: MetricOnImages, total: int) -> list[ClassNote]:
    """Return the classes, of ``total`` there are, that a mean over classes leaves out, one note per reason."""
    if KINDS[metric.kind].made_of == "any":
        return []
    found = [(name, name, _of_test(reason)) for name, reason in metric.left_out.items()]
    return _grouped(found, total, metric.label_kind, "left out")


def class_notes(measured: Sequence[ArmMeasurements], class_names: Sequence[str]) -> list[ClassNote]:
    """Return what the AUROC of single classes lacks for want of test images: its value, interval or verdict."""
    metrics = [one.metric for one in measured]
    found = [item for name, metric in zip(class_names, metrics, strict=True) for item in _of_class(name, metric)]
    return _grouped(found, len(class_names), metrics[0].label_kind)


def note(metric: MetricOnImages) -> str | None:
    """Return what the value of a metric lacks for want of test images, or None."""
    if metric.why_undefined is not None:
        return metric.why_undefined
    if metric.why_no_interval is not None:
        return metric.why_no_interval
    if metric.n_rarer is not None and metric.n_rarer < MIN_FOR_VERDICT:
        return f"{metric.n_rarer} test images on the rarer side; a verdict needs {MIN_FOR_VERDICT}"
    return None


def _of_class(name: str, metric: MetricOnImages) -> list[tuple[str, str, str]]:
    """Return (class, the same with its number of images, reason) for a class of which something has to be said."""
    if metric.left_out:
        return [(name, name, _of_test(reason)) for reason in metric.left_out.values()]
    if metric.why_undefined is not None or metric.n_rarer is None:
        return []
    counted = f"{name} {metric.n_rarer}"
    for needed, lacking in ((MIN_FOR_INTERVAL, "interval"), (MIN_FOR_VERDICT, "verdict")):
        if metric.n_rarer < needed:
            return [(name, counted, f"fewer than {needed} test images on the rarer side, so no {lacking}")]
    return []


def _of_test(reason: str) -> str:
    return reason.removesuffix(" image") + " test image" if reason.endswith("tive image") else reason


def _grouped(found: Iterable[tuple[str, str, str]], total: int, label_kind: str, outcome: str = "") -> list[ClassNote]:
    by_reason: dict[str, list[tuple[str, str]]] = {}
    for name, shown, reason in found:
        by_reason.setdefault(reason, []).append((name, shown))
    return [
        ClassNote(reason, [name for name, _ in named], _sentence(reason, named, total, NOUNS[label_kind], outcome))
        for reason, named in by_reason.items()
    ]


def _sentence(reason: str, named: Sequence[tuple[str, str]], total: int, noun: str, outcome: str) -> str:
    has, is_ = ("has", "is") if len(named) == 1 else ("have", "are")
    so = f" and {is_} {outcome}" if outcome else ""
    return f"{len(named)} of {total} {noun} {has} {reason}{so}: {', '.join(shown for _, shown in named)}."
