"""The number by which a checkpoint is chosen."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from qaugbench.errors import DataError


def macro_auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over labels of the area under the ROC curve of ``scores`` [N, K] for ``labels`` [N, K] (0/1).

    Labels without a positive or without a negative are left out; DataError when that is all of them.
    """
    positives = labels.sum(axis=0)
    usable = np.flatnonzero((positives > 0) & (positives < len(labels)))
    if len(usable) == 0:
        raise DataError("No label has both positives and negatives in the validation set: no checkpoint can be chosen.")
    return float(np.mean([_auroc(scores[:, k], labels[:, k] > 0.5) for k in usable]))


def _auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    n_positive = int(positive.sum())
    rank_sum = rankdata(scores)[positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * (len(scores) - n_positive)))
