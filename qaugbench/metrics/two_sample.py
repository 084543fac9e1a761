"""Whether a classifier tells synthetic images from real ones (C2ST): 0.5 if it cannot, 1 if it always does.

Lopez-Paz & Oquab 2017, with a logistic regression and its AUROC in place of the accuracy, which depends on how many images
there are of each.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.auroc_interval import auroc_interval
from qaugbench.metrics.discrimination import auroc
from qaugbench.metrics.features import checked_sets

FOLDS = 5
LEAST_UNITS = 10
"""Patients, or images that belong to none, of each set: two in the test part of every fold."""
ITERATIONS = 1000
"""Steps of the logistic regression; it is scored as it is where more would be needed."""


@dataclass(frozen=True)
class Detectability:
    """The ``auroc`` of real against synthetic images with its 95 % interval, and the independent units of each set."""

    auroc: float
    ci_low: float
    ci_high: float
    n_real: int
    n_synthetic: int


def detectability(
    real: np.ndarray,
    synthetic: np.ndarray,
    rng: np.random.Generator,
    *,
    real_groups: np.ndarray | None = None,
    synthetic_groups: np.ndarray | None = None,
) -> Detectability:
    """Return the AUROC with which a logistic regression tells ``synthetic`` [m, d] from ``real`` [n, d]; lower is better.

    Five folds by group, dealt by ``rng``: by patient, by default by image; no group is in both sets. Features are standardised
    on the training folds; the L2 penalty is scikit-learn's default. The AUROC is the mean of the folds', whose scores are not
    on one scale. The interval is ``auroc_interval`` at the numbers of groups: of these features, images and classifiers, not of
    others trained anew. Raises StatisticsError for features as in ``checked_sets``, and fewer than ten groups of a set.

    >>> real, other = np.random.default_rng(0).normal(size=(2, 60, 3))
    >>> detectability(real, other + 10.0, np.random.default_rng(1)).auroc
    1.0
    """
    real, synthetic = checked_sets(real, synthetic, "C2ST")
    folds, units = [], []
    for rows, groups, what in ((real, real_groups, "real"), (synthetic, synthetic_groups, "synthetic")):
        fold, n_groups = _folds(len(rows), groups, rng, what)
        folds.append(fold)
        units.append(n_groups)
    features, fold = np.concatenate([real, synthetic]), np.concatenate(folds)
    is_synthetic = np.repeat([0, 1], [len(real), len(synthetic)])
    value = float(np.mean([_of_fold(features, is_synthetic, fold == f) for f in range(FOLDS)]))
    return Detectability(value, *auroc_interval(value, *units), *units)


def _folds(n: int, groups: np.ndarray | None, rng: np.random.Generator, what: str) -> tuple[np.ndarray, int]:
    """Return the fold [n] in 0..4 of each image, equal within a group, and the number of groups."""
    groups = np.arange(n) if groups is None else np.asarray(groups)
    if groups.shape != (n,):
        raise StatisticsError(f"C2ST needs one group per {what} image; given {groups.shape} for {n} images.")
    _, code = np.unique(groups, return_inverse=True)
    n_groups = int(code.max()) + 1 if n else 0
    if n_groups < LEAST_UNITS:
        raise StatisticsError(
            f"C2ST needs at least {LEAST_UNITS} {what} images of different patients; given {n_groups}."
        )
    return (rng.permutation(n_groups) % FOLDS)[code], n_groups


def _of_fold(features: np.ndarray, is_synthetic: np.ndarray, tested: np.ndarray) -> float:
    """Return the AUROC on the ``tested`` images of a regression fitted to the others."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=ITERATIONS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features[~tested], is_synthetic[~tested])
    return auroc(model.decision_function(features[tested]), is_synthetic[tested])
