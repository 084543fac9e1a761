"""The score by which a checkpoint is chosen."""

from __future__ import annotations

import numpy as np

from qaugbench.errors import DataError
from qaugbench.metrics.discrimination import auroc, class_scores
from qaugbench.recipe import LabelKind


def validation_auroc(logits: np.ndarray, labels: np.ndarray, kind: LabelKind) -> float:
    """Return the mean one-versus-rest AUROC, in [0, 1], of ``logits`` [N, K] for ``labels`` [N, K] (0/1).

    Labels without a positive or without a negative are left out; DataError if none remains.
    """
    positives = labels.sum(axis=0)
    usable = np.flatnonzero((positives > 0) & (positives < len(labels)))
    if usable.size == 0:
        raise DataError(
            f"None of the {labels.shape[1]} labels has a positive and a negative among the {len(labels)} validation "
            "images, so no checkpoint can be chosen. Give more validation images."
        )
    scores = class_scores(logits, kind)
    return float(np.mean([auroc(scores[:, k], labels[:, k]) for k in usable]))
