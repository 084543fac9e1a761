"""The metrics reported beside a task's endpoints: average precision, calibration, decisions. None of them decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.metrics.decisions import youden_thresholds
from qaugbench.stats.metric_kinds import EXCLUSIVE
from qaugbench.stats.metric_on_images import Images, MetricOnImages

if TYPE_CHECKING:
    from qaugbench.task import Endpoint


NO_THRESHOLD = "no positive or no negative validation image to choose its threshold on"


@dataclass(frozen=True)
class Secondary:
    """One metric of some classes.

    ``validation_labels`` [N, K] choose the thresholds of a metric that needs them; a class without a positive or without a
    negative there is left out of it.
    """

    id: str
    title: str
    kind: str
    classes: tuple[str, ...]
    restrict: bool = False
    validation_labels: np.ndarray | None = None

    def on(self, images: Images) -> MetricOnImages:
        """Return the metric on test images."""
        left_out = [name for name in self.classes if not self._has_threshold(images.class_names.index(name))]
        classes = [images.class_names.index(name) for name in self.classes if name not in left_out]
        if not classes:
            every = [images.class_names.index(name) for name in self.classes]
            metric = MetricOnImages.of(self.kind, every, images, restrict=self.restrict)
            return replace(metric, why_undefined=f"every class has {NO_THRESHOLD}")
        metric = MetricOnImages.of(self.kind, classes, images, restrict=self.restrict)
        without = {**dict.fromkeys(left_out, NO_THRESHOLD), **metric.left_out}
        return replace(metric, left_out={name: without[name] for name in self.classes if name in without})

    def thresholds(self, validation_logits: np.ndarray) -> np.ndarray | None:
        """Return the thresholds [R, K] that validation logits [R, N, K] choose, None for a metric without any.

        NaN for a class without a positive or without a negative validation image.
        """
        if self.validation_labels is None:
            return None
        decidable = self._decidable(self.validation_labels)
        thresholds = np.full((validation_logits.shape[0], decidable.size), np.nan, dtype=validation_logits.dtype)
        if decidable.any():
            chosen = validation_logits[..., decidable]
            thresholds[:, decidable] = youden_thresholds(chosen, self.validation_labels[:, decidable])
        return thresholds

    def _has_threshold(self, k: int) -> bool:
        return self.validation_labels is None or bool(self._decidable(self.validation_labels)[k])

    @staticmethod
    def _decidable(labels: np.ndarray) -> np.ndarray:
        count = labels.sum(axis=0)
        return np.asarray((count > 0) & (count < len(labels)))


def secondary_metrics(endpoints: Sequence[Endpoint], validation: Images) -> list[Secondary]:
    """Return the average precision beside every macro-AUROC, and the metrics of all classes together.

    "All" are the classes that the macro-AUROC and kappa endpoints name: a run whose source lacks a class names it in none.
    Where that is not the whole label space and labels exclude one another, only images of the named classes are used and
    probabilities are shared out among these. Of several labels at once, each is decided by the threshold with the best
    Youden index on validation.
    """
    found = [
        Secondary(
            id=endpoint.id.replace("macro_auroc", "macro_ap") if "macro_auroc" in endpoint.id else f"{endpoint.id}_ap",
            title=endpoint.title.replace("AUROC", "AP"),
            kind="macro_ap",
            classes=tuple(endpoint.classes),
            restrict=endpoint.restrict,
        )
        for endpoint in endpoints
        if endpoint.kind == "macro_auroc"
    ]
    names = named_classes(endpoints, validation.class_names)
    restrict = validation.label_kind in EXCLUSIVE and len(names) < len(validation.class_names)
    by_threshold = validation.labels if validation.label_kind == "multilabel" else None
    found += [
        Secondary("brier", "Brier score", "brier", names, restrict),
        Secondary("log_loss", "log loss", "log_loss", names, restrict),
        Secondary("balanced_accuracy", "balanced accuracy", "balanced_accuracy", names, restrict, by_threshold),
    ]
    if validation.label_kind == "ordinal":
        found.append(Secondary("mae", "mean absolute error in grades", "mae", names, restrict))
    return found


def named_classes(endpoints: Sequence[Endpoint], class_names: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that a mean over classes or a kappa names, in the order of the label space; all, if there is none.

    A single AUROC names the classes of one side and so says nothing of the others.
    """
    named = {name for endpoint in endpoints if endpoint.kind != "auroc" for name in endpoint.classes}
    found = tuple(name for name in class_names if name in named)
    return found if len(found) > 1 else tuple(class_names)
