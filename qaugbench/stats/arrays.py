"""Arrays that a statistic can use: what else is refused, by name and before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.influence import Patients


def checked_scores(
    scores: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    metric: str,
    class_names: Sequence[str] | None = None,
) -> tuple[np.ndarray, np.ndarray, Patients]:
    """Return scores [N, K], which images are positive [N, K] and their patients, for a metric that is a mean of classes.

    Raises StatisticsError for shapes that differ, NaN, labels other than 0/1, a class without a positive or a
    negative (by its name in ``class_names``), class names that repeat, and what ``checked_patients`` refuses.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or scores.shape != labels.shape:
        raise StatisticsError(f"{metric} needs scores and labels [N, K]; given {scores.shape} and {labels.shape}.")
    names = [str(k) for k in range(labels.shape[1])] if class_names is None else list(class_names)
    if len(names) != labels.shape[1] or len(set(names)) != len(names):
        raise StatisticsError(f"{labels.shape[1]} columns of labels need as many different class names; given {names}.")
    missing = np.flatnonzero(np.isnan(scores).any(axis=1))
    if missing.size:
        raise StatisticsError(f"Scores are NaN at images {first_offenders(missing)}.")
    if not np.isin(labels, (0, 1)).all():
        raise StatisticsError(f"Labels must be 0 or 1; given {first_offenders(np.setdiff1d(labels, (0, 1)))}.")
    positive = labels > 0
    for lacking, side in ((~positive.any(axis=0), "positive"), (positive.all(axis=0), "negative")):
        if lacking.any():
            offenders = first_offenders(names[k] for k in np.flatnonzero(lacking))
            raise StatisticsError(f"{metric} is undefined for a class without a {side}: {offenders}. Leave it out.")
    return scores, positive, checked_patients(groups, len(labels))


def checked_patients(groups: np.ndarray, n_images: int) -> Patients:
    """Return the patients of ``groups`` [N].

    Raises StatisticsError unless there is one code per image, none NaN and at least two different.
    """
    groups = np.asarray(groups)
    if groups.shape != (n_images,):
        raise StatisticsError(
            f"Groups must be [N] with N={n_images}, one patient code per image; given {groups.shape}."
        )
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        images = first_offenders(np.flatnonzero(np.isnan(groups)))
        raise StatisticsError(f"Groups are NaN at images {images}; give each image its patient's code.")
    return Patients.of(groups)
