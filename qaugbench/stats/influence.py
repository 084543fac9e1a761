"""How much each patient contributes to a metric: the influence arrays from which every interval is computed.

For a metric with estimate ``theta``, ``theta - truth`` is close to the sum over patients of their influence; the
images of a patient are summed, which makes what is computed from it valid when a patient has several (Obuchowski
1997).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.metrics.discrimination import checked_grades, kappa_sums, kappa_terms


@dataclass(frozen=True)
class Patients:
    """The groups of N images: ``code`` [N] is an image's position in the sorted unique groups, C in all."""

    code: np.ndarray
    n_groups: int

    @classmethod
    def of(cls, groups: np.ndarray) -> Patients:
        """Return the groups of the images; raises StatisticsError for fewer than two."""
        groups = np.asarray(groups)
        if groups.ndim != 1:
            raise StatisticsError(f"Groups must be [N], one patient code per image; given shape {groups.shape}.")
        unique, code = np.unique(groups, return_inverse=True)
        if unique.size < 2:
            raise StatisticsError(f"An interval needs at least two patients (groups); given {unique.size}.")
        return cls(code.astype(np.int64), int(unique.size))

    def sums(self, per_image: np.ndarray) -> np.ndarray:
        """Return sums over the images of each group: [B, N] -> [B, C]."""
        rows = per_image.shape[0]
        bins = self.code + self.n_groups * np.arange(rows)[:, None]
        total = np.bincount(bins.ravel(), weights=per_image.ravel(), minlength=rows * self.n_groups)
        return total.reshape(rows, self.n_groups)


def auroc_influence(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, class_names: Sequence[str] | None = None
) -> tuple[float, np.ndarray]:
    """Return (macro-AUROC in [0, 1], influence [C] of each group in sorted order).

    ``scores`` [N, K] one-versus-rest, ``labels`` [N, K] 0/1, ``groups`` [N]. Raises StatisticsError for a class
    without a positive or a negative, fewer than two groups, NaN scores, labels other than 0/1 and shapes that differ.

    >>> scores, labels = np.array([[1.0], [3.0], [2.0], [4.0]]), np.array([[0], [0], [1], [1]])
    >>> value, influence = auroc_influence(scores, labels, np.arange(4))
    >>> value, influence.round(4).tolist()
    (0.75, [0.1531, -0.1531, -0.1531, 0.1531])
    """
    values, influence = auroc_influence_per_class(scores, labels, groups, class_names=class_names)
    return float(values.mean()), influence.mean(axis=0)


def auroc_influence_per_class(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, class_names: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (AUROC [K], influence [K, C]) class by class; arguments and errors as ``auroc_influence``."""
    scores, labels = np.asarray(scores), np.asarray(labels)
    patients = _checked(scores[None, None] if scores.ndim == 2 else scores, labels, groups, class_names)
    columns = [binary_influence(scores[None, :, k], labels[:, k] > 0, patients) for k in range(labels.shape[1])]
    return np.array([value[0] for value, _ in columns]), np.stack([influence[0] for _, influence in columns])


def auroc_influence_many(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, class_names: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (macro-AUROC [A, R], influence [A, R, C]) of ``scores`` [A, R, N, K], same ``labels`` and ``groups``.

    Streams over arms and classes: beyond its result it needs the memory of a few [R, N] arrays. ``scores`` may be a
    memory map. Errors as ``auroc_influence``.
    """
    labels = np.asarray(labels)
    patients = _checked(scores, labels, groups, class_names)
    n_arms, n_replicates, _, n_classes = scores.shape
    divisors = [delong_divisor(labels[:, k] > 0, patients) for k in range(n_classes)]
    value = np.zeros((n_arms, n_replicates))
    influence = np.zeros((n_arms, n_replicates, patients.n_groups))
    for arm in range(n_arms):
        by_class = np.ascontiguousarray(np.moveaxis(scores[arm], -1, 0))
        per_image = np.zeros(by_class.shape[1:])
        for k in range(n_classes):
            class_value, class_image = binary_image_influence(by_class[k], labels[:, k] > 0)
            value[arm] += class_value / n_classes
            per_image += class_image * divisors[k]
        influence[arm] = patients.sums(per_image / n_classes)
    return value, influence


def binary_influence(scores: np.ndarray, positive: np.ndarray, patients: Patients) -> tuple[np.ndarray, np.ndarray]:
    """Return (AUROC [B], influence [B, C]) of B score vectors [B, N] on the same ``positive`` [N] (bool).

    Influence has DeLong's divisors, see ``delong_divisor``.
    """
    value, per_image = binary_image_influence(scores, positive)
    return value, patients.sums(per_image * delong_divisor(positive, patients))


def delong_divisor(positive: np.ndarray, patients: Patients) -> np.ndarray:
    """Return what each image's influence [N] is multiplied by, a little more than 1 on a small side.

    The variance of a mean of influence has the divisor C - 1; DeLong's has m - 1 for the m positives and n - 1 for the
    negatives, here patients. With ten positives the difference is a tenth of the variance, and intervals without it are
    too short. The factor is sqrt(m / (m - 1) * (C - 1) / C), so that one model's interval is DeLong's exactly where every
    patient has one image. A side of a single patient keeps its influence.

    >>> delong_divisor(np.array([True, True, False, False]), Patients.of(np.arange(4))).round(4).tolist()
    [1.2247, 1.2247, 1.2247, 1.2247]
    """
    factor = np.ones(positive.size)
    for side in (positive, ~positive):
        n_patients = int(np.unique(patients.code[side]).size)
        if n_patients > 1:
            factor[side] = np.sqrt(n_patients / (n_patients - 1) * (patients.n_groups - 1) / patients.n_groups)
    return factor


def binary_image_influence(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (AUROC [B], influence of each image [B, N]); ``scores`` [B, N] without NaN, ``positive`` [N] bool.

    DeLong, DeLong & Clarke-Pearson 1988: a positive's placement is the share of negatives below it, a negative's the
    share of positives above it, ties one half; its influence is (placement - AUROC) / (number on its own side). One
    sort a row; placements are half-integers over a count, so the AUROC is exact to rounding.
    """
    n_rows, n_images = scores.shape
    n_positive = int(positive.sum())
    n_negative = n_images - n_positive
    order = np.argsort(scores, axis=1)
    positive_sorted = positive[order]
    twice_positives_below, twice_rank = _twice_midranks(np.take_along_axis(scores, order, axis=1), positive_sorted)
    twice_negatives_below = twice_rank - twice_positives_below

    won = np.where(positive_sorted, twice_negatives_below, 0).sum(axis=1, dtype=np.int64)
    value = won / (2.0 * n_positive * n_negative)
    # Divided, not multiplied by a reciprocal: perfect separation then has influence exactly 0.
    positive_side = (twice_negatives_below / (2.0 * n_negative) - value[:, None]) / n_positive
    negative_side = (1.0 - twice_positives_below / (2.0 * n_positive) - value[:, None]) / n_negative
    per_image = np.empty((n_rows, n_images))
    np.put_along_axis(per_image, order, np.where(positive_sorted, positive_side, negative_side), axis=1)
    return value, per_image


def _twice_midranks(sorted_scores: np.ndarray, positive_sorted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return twice the number of positives, and of images, below each sorted score [B, N]; equal ones count half."""
    n_rows, n_images = sorted_scores.shape
    below_or_here = np.cumsum(positive_sorted, axis=1, dtype=np.int32)
    twice_positives = 2 * below_or_here - positive_sorted
    twice_rank = np.broadcast_to(2 * np.arange(n_images, dtype=np.int32) + 1, (n_rows, n_images))
    starts_run = np.ones((n_rows, n_images), dtype=bool)
    starts_run[:, 1:] = sorted_scores[:, 1:] != sorted_scores[:, :-1]
    if starts_run.all():
        return twice_positives, twice_rank

    start = np.flatnonzero(starts_run)
    end = np.append(start[1:], n_rows * n_images)
    tied = end - start > 1
    start, end = start[tied], end[tied]
    length = end - start
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    member = np.repeat(start, length) + within
    flat_count, flat_positive = below_or_here.ravel(), positive_sorted.ravel()
    twice_positives.ravel()[member] = np.repeat(flat_count[start] - flat_positive[start] + flat_count[end - 1], length)
    twice_rank = twice_rank.copy()
    twice_rank.ravel()[member] = np.repeat(start % n_images + (end - 1) % n_images + 1, length)
    return twice_positives, twice_rank


def qwk_influence(
    predicted: np.ndarray, true: np.ndarray, n_grades: int, groups: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return (quadratic weighted kappa in [-1, 1], influence [C]) by the exact delete-one-group jackknife.

    ``predicted`` [N] and ``true`` [N] are grades in 0..n_grades-1. Influence is (C-1)/C (kappa - kappa without the
    group); leaving a group out is a subtraction of six counts. Raises StatisticsError when all true grades are the
    same, and for fewer than two groups, grades out of range and shapes that differ.
    """
    predicted, true = checked_grades(predicted, true, n_grades)
    patients = Patients.of(groups)
    if patients.code.size != true.size:
        raise StatisticsError(f"Kappa needs one group per image; given {patients.code.size} for {true.size} images.")
    if np.all(true == true[0]):
        raise StatisticsError(f"Kappa needs at least two true grades; all {true.size} images have grade {true[0]}.")
    of_group = np.rint(patients.sums(kappa_sums(predicted, true).astype(np.float64))).astype(np.int64)
    total = of_group.sum(axis=1, keepdims=True)
    kappa = float(_kappa(total)[0])
    without = _kappa(total - of_group)
    n_groups = patients.n_groups
    return kappa, (n_groups - 1) / n_groups * (kappa - without)


def _kappa(sums: np.ndarray) -> np.ndarray:
    agreement, expected = kappa_terms(*sums)
    # Without one group all that is left may be a single grade, 0/0: no agreement beyond chance.
    return np.divide(agreement, expected, out=np.zeros(agreement.shape), where=expected != 0)


def _checked(scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, class_names: Sequence[str] | None) -> Patients:
    """Return the groups after refusing scores [A, R, N, K], labels [N, K] and groups [N] that cannot be used."""
    if scores.ndim != 4 or labels.ndim != 2 or scores.shape[2:] != labels.shape:
        raise StatisticsError(
            f"Scores [..., N, K] and labels [N, K] must agree; given shapes {scores.shape} and {labels.shape}."
        )
    if np.shape(groups) != labels.shape[:1]:
        raise StatisticsError(f"Groups must be [N] with N={labels.shape[0]}; given shape {np.shape(groups)}.")
    names = [str(k) for k in range(labels.shape[1])] if class_names is None else list(class_names)
    if len(names) != labels.shape[1]:
        raise StatisticsError(f"There are {labels.shape[1]} columns of labels and {len(names)} class names.")
    _refuse_nan(scores)
    if not np.isin(labels, (0, 1)).all():
        raise StatisticsError(f"Labels must be 0 or 1; given {first_offenders(np.setdiff1d(labels, (0, 1)))}.")
    count = (labels > 0).sum(axis=0)
    for lacking, side in ((count == 0, "positive"), (count == labels.shape[0], "negative")):
        if lacking.any():
            offenders = first_offenders(names[k] for k in np.flatnonzero(lacking))
            raise StatisticsError(f"AUROC is undefined for a class without a {side}: {offenders}. Leave it out.")
    return Patients.of(groups)


def _refuse_nan(scores: np.ndarray) -> None:
    for arm in range(scores.shape[0]):
        for replicate in range(scores.shape[1]):
            missing = np.isnan(scores[arm, replicate])
            if missing.any():
                images = first_offenders(np.flatnonzero(missing.any(axis=1)))
                raise StatisticsError(f"Scores are NaN in arm {arm}, replicate {replicate}, at images {images}.")
