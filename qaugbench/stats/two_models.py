"""Two models compared from nothing but their predictions and the labels: for use outside this benchmark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qaugbench.errors import StatisticsError, near_names
from qaugbench.stats.arrays import checked_patients
from qaugbench.stats.average_precision import average_precision_influence
from qaugbench.stats.influence import auroc_influence
from qaugbench.stats.jackknife import jackknife_influence
from qaugbench.stats.mrmc import Comparison, interval
from qaugbench.stats.per_image import brier_influence, log_loss_influence, log_loss_of_probabilities_influence

Metric = Callable[[np.ndarray, np.ndarray], float]
Influence = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[float, np.ndarray]]


def compare_models(
    one: np.ndarray,
    other: np.ndarray,
    labels: np.ndarray,
    *,
    metric: str | Metric = "auroc",
    groups: np.ndarray | None = None,
) -> Comparison:
    """Return ``one`` minus ``other`` in ``metric`` with its interval over patients, and over training runs where given.

    ``labels`` [N] or [N, K] of 0 and 1. ``one`` and ``other`` are predictions of the same images, shaped like the labels,
    or [R, ...] from R training runs of each model, run r of one trained with what run r of the other was; one run each
    gives an interval that is conditional on the two trained models and says so. ``metric`` is "auroc" or "ap" (means over
    K classes, of any scores that rank), "brier" or "log_loss" (of probabilities), "log_loss_of_logits" (which do not round
    to 0), or any function of (predictions, labels) of one run, which is jackknifed over patients. ``groups`` [N] are the
    patients; every image is its own by default. Raises StatisticsError for an unknown metric, shapes that differ, NaN,
    predictions that are not probabilities where these are needed, and a class without a positive or a negative.

    >>> labels = np.array([0, 0, 0, 1, 1, 1])
    >>> good, poor = np.array([1.0, 2.0, 4.0, 3.0, 5.0, 6.0]), np.array([1.0, 5.0, 3.0, 4.0, 2.0, 6.0])
    >>> found = compare_models(good, poor, labels)
    >>> round(found.estimate, 3), found.ci_low < 0 < found.ci_high
    (0.222, True)
    """
    return _interval([(one, 1.0), (other, -1.0)], labels, metric, groups)


def evaluate_model(
    predictions: np.ndarray, labels: np.ndarray, *, metric: str | Metric = "auroc", groups: np.ndarray | None = None
) -> Comparison:
    """Return one model's ``metric`` with its interval; arguments and errors as ``compare_models``.

    The p-value is against a value of 0, which is seldom of interest.
    """
    return _interval([(predictions, 1.0)], labels, metric, groups)


def _interval(
    weighted: list[tuple[np.ndarray, float]], labels: np.ndarray, metric: str | Metric, groups: np.ndarray | None
) -> Comparison:
    labels = np.asarray(labels)
    runs = [_runs(np.asarray(predictions), labels) for predictions, _ in weighted]
    if len({predictions.shape for predictions in runs}) > 1:
        raise StatisticsError(
            f"Both models need as many runs; given {' and '.join(str(len(runs_)) for runs_ in runs)}."
        )
    columns = labels[:, None] if labels.ndim == 1 else labels
    codes = np.arange(len(columns)) if groups is None else np.asarray(groups)
    n_groups = checked_patients(codes, len(columns)).n_groups
    influence_of = _influence(metric, columns)
    values = np.zeros(len(runs[0]))
    influence = np.zeros((len(runs[0]), n_groups))
    for predictions, (_, weight) in zip(runs, weighted, strict=True):
        for r, run in enumerate(predictions):
            value, of_patients = influence_of(run, columns, codes)
            values[r] += weight * value
            influence[r] += weight * of_patients
    return interval(values, influence, _n_eff(metric, columns, codes, n_groups))


def _runs(predictions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return predictions as [R, N, K]."""
    if labels.ndim not in (1, 2) or predictions.shape not in (labels.shape, (*predictions.shape[:1], *labels.shape)):
        raise StatisticsError(
            f"Predictions must be shaped like the labels, {labels.shape}, or have the training runs before that; "
            f"given {predictions.shape}."
        )
    runs = predictions if predictions.ndim > labels.ndim else predictions[None]
    return runs[..., None] if labels.ndim == 1 else runs


def _influence(metric: str | Metric, labels: np.ndarray) -> Influence:
    kind = "multiclass" if labels.shape[1] > 1 and (labels.sum(axis=1) == 1).all() else "multilabel"
    known: dict[str, Influence] = {
        "auroc": auroc_influence,
        "ap": average_precision_influence,
        "brier": lambda predictions, truth, groups: brier_influence(predictions, truth, groups, kind),
        "log_loss": lambda predictions, truth, groups: log_loss_of_probabilities_influence(
            predictions, truth, groups, kind
        ),
        "log_loss_of_logits": lambda predictions, truth, groups: log_loss_influence(predictions, truth, groups, kind),
    }
    if isinstance(metric, str):
        if metric not in known:
            raise StatisticsError(f"There is no metric {metric!r}.{near_names(metric, known)}")
        return known[metric]
    return lambda predictions, truth, groups: jackknife_influence(
        lambda kept: metric(predictions[kept], truth[kept]), groups
    )


def _n_eff(metric: str | Metric, labels: np.ndarray, groups: np.ndarray, n_groups: int) -> int:
    """Return the patients on the rarer side for the AUROC of one class, else all (see ``mrmc.compare``)."""
    if metric != "auroc" or labels.shape[1] > 1:
        return n_groups
    positive = labels[:, 0] > 0
    return min(np.unique(groups[positive]).size, np.unique(groups[~positive]).size)
