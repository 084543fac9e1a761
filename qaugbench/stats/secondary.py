"""The metrics reported beside a task's endpoints: average precision, calibration, decisions. None of them decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.metrics.decisions import youden_thresholds
from qaugbench.stats.metric_on_images import Images, Question

if TYPE_CHECKING:
    from qaugbench.task import Endpoint


@dataclass(frozen=True)
class Secondary:
    """One metric of some classes; ``validation_labels`` [N, K] choose the thresholds of one that needs them."""

    id: str
    title: str
    kind: str
    classes: tuple[str, ...]
    restrict: bool = False
    validation_labels: np.ndarray | None = None

    def question(self, images: Images) -> Question:
        """Return what is asked of test images."""
        classes = [images.class_names.index(name) for name in self.classes]
        return Question.of(self.kind, classes, images, restrict=self.restrict)

    def thresholds(self, validation_logits: np.ndarray) -> np.ndarray | None:
        """Return the thresholds [R, K] that validation logits [R, N, K] choose, None for a metric without any.

        A class without a positive or a negative validation image keeps logit 0, probability one half.
        """
        if self.validation_labels is None:
            return None
        count = self.validation_labels.sum(axis=0)
        decidable = (count > 0) & (count < len(self.validation_labels))
        thresholds = np.zeros((validation_logits.shape[0], decidable.size), dtype=validation_logits.dtype)
        if decidable.any():
            chosen = validation_logits[..., decidable]
            thresholds[:, decidable] = youden_thresholds(chosen, self.validation_labels[:, decidable])
        return thresholds


def secondary_metrics(endpoints: Sequence[Endpoint], validation: Images) -> list[Secondary]:
    """Return the average precision beside every macro-AUROC, and the metrics of all classes together.

    Of several labels at once, each is decided by the threshold with the best Youden index on validation.
    """
    names = validation.class_names
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
    by_threshold = validation.labels if validation.label_kind == "multilabel" else None
    found += [
        Secondary("brier", "Brier score", "brier", names),
        Secondary("log_loss", "log loss", "log_loss", names),
        Secondary("balanced_accuracy", "balanced accuracy", "balanced_accuracy", names, validation_labels=by_threshold),
    ]
    if validation.label_kind == "ordinal":
        found.append(Secondary("mae", "mean absolute error in grades", "mae", names))
    return found
