"""How much each patient contributes to the average precision: the exact delete-one-patient jackknife, by counts.

A positive's term in the AP is ``tp / n``: of the ``n`` images that score at least as high, ``tp`` are positive. Take
a patient out of whom ``a`` images, ``p`` of them positive, score that high: the term falls by
``tp / n - (tp - p) / (n - a) = (p - a tp / n) / (n - a)``. Between two consecutive images of the patient in the
ranking ``a`` and ``p`` stay the same, so the falls of all terms in between are a difference of two cumulative sums,
which depend on ``a`` alone and serve every patient. A patient's own positives then lose what is left of their terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.stats.arrays import checked_scores
from qaugbench.stats.influence import Patients


def average_precision_influence(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, class_names: Sequence[str] | None = None
) -> tuple[float, np.ndarray]:
    """Return (mean of the classes' AP in [0, 1], influence [C] of each group in sorted order).

    ``scores`` [N, K] one-versus-rest, ``labels`` [N, K] 0/1, ``groups`` [N]. Raises StatisticsError for a class
    without a positive or a negative, fewer than two groups, NaN scores, labels other than 0/1 and shapes that differ.

    >>> scores, labels = np.array([[4.0], [3.0], [2.0], [1.0]]), np.array([[1], [0], [1], [0]])
    >>> value, influence = average_precision_influence(scores, labels, np.arange(4))
    >>> round(value, 4), influence.round(4).tolist()
    (0.8333, [0.25, -0.125, -0.125, 0.0])
    """
    scores, positive, patients = checked_scores(scores, labels, groups, metric="AP", class_names=class_names)
    columns = [binary_ap_influence(scores[None, :, k], positive[:, k], patients) for k in range(positive.shape[1])]
    return float(np.mean([value for value, _ in columns])), np.mean([influence[0] for _, influence in columns], axis=0)


def binary_ap_influence(scores: np.ndarray, positive: np.ndarray, patients: Patients) -> tuple[np.ndarray, np.ndarray]:
    """Return (AP [B], influence [B, C]) of B score vectors [B, N] without NaN on the same ``positive`` [N] (bool).

    Influence is (C-1)/C (AP - AP without the patient), ties as in ``average_precision``. Where one patient has every
    positive the AP without is taken as 0: how the AP varies over patients cannot be told then, and the patient's
    influence becomes the AP itself, so that an interval covers about everything, and a difference of two arms, whose
    standard error is then at least its size, is never significant. To drop the patient would claim certainty.

    Memory: some ten arrays [B, N]. Time: O(N log N) for sorting and, with P positives, O(P) for each of at most
    2 sqrt(N) sums, since the patients with the most images are taken out one at a time where that is less work.
    """
    n_groups = patients.n_groups
    sizes = np.bincount(patients.code, minlength=n_groups)
    terms, images = _ranked(scores, positive, patients.code, sizes)
    value = terms.precision.mean(axis=1, keepdims=True)

    fall = np.add.reduceat(images.own_terms, images.starts, axis=1)
    one_by_one = _most_images(sizes)
    for patient in one_by_one:
        own = slice(images.starts[patient], images.starts[patient] + sizes[patient])
        fall[:, patient] += terms.falls_without(images.first[:, own], images.positive[:, own])
    others = np.setdiff1d(np.arange(n_groups), one_by_one)
    for taken in range(1, sizes[others].max(initial=0) + 1):
        having = others[sizes[others] >= taken]
        at = images.starts[having] + taken - 1
        fall[:, having] += terms.falls_between(
            images.first[:, at], images.end[:, at], taken, images.positives_taken[:, at]
        )

    own_positives = np.bincount(patients.code, weights=positive, minlength=n_groups)
    left = np.broadcast_to(positive.sum() - own_positives, fall.shape)
    change = np.broadcast_to(value, fall.shape).copy()
    np.divide(fall - own_positives * value, left, out=change, where=left > 0)
    return value[:, 0], (n_groups - 1) / n_groups * change


@dataclass(frozen=True)
class _Terms:
    """The terms [B, P] of the AP from the highest score down, with the ``n`` of each; see the top of this file."""

    n: np.ndarray
    precision: np.ndarray

    def falls_between(self, first: np.ndarray, end: np.ndarray, taken: int, positives_taken: np.ndarray) -> np.ndarray:
        """Return how much the terms ``first`` [B, M] up to ``end`` fall together when images above are taken out."""
        weight = self._weight(taken)
        falls = positives_taken * _sum_between(first, end, weight)
        return falls - taken * _sum_between(first, end, weight * self.precision)

    def falls_without(self, first: np.ndarray, positive: np.ndarray) -> np.ndarray:
        """Return how much all terms fall together [B] without images that each count from a term ``first`` [B, m] on."""
        n_rows, n_terms = self.n.shape
        bins = (first + (n_terms + 1) * np.arange(n_rows)[:, None]).ravel()
        taken, positives_taken = (
            np.bincount(bins, weights, n_rows * (n_terms + 1)).reshape(n_rows, -1)[:, :-1].cumsum(axis=1)
            for weights in (None, positive.ravel())
        )
        return (self._weight(taken) * (positives_taken - taken * self.precision)).sum(axis=1)

    def _weight(self, taken: int | np.ndarray) -> np.ndarray:
        # Where no image is left the term is that of a positive which is itself taken out: see its own term.
        left = self.n - taken
        return np.divide(1.0, left, out=np.zeros(left.shape), where=left > 0)


@dataclass(frozen=True)
class _PatientImages:
    """The images [B, N] patient by patient, the patients from columns ``starts`` [C], each from the highest score down.

    An image counts in the terms from ``first`` on, and from ``end`` on the patient's next image does, too.
    ``positives_taken`` are the patient's positives up to here; ``own_terms`` what has not yet fallen of its own term, 0
    for a negative.
    """

    starts: np.ndarray
    positive: np.ndarray
    first: np.ndarray
    end: np.ndarray
    positives_taken: np.ndarray
    own_terms: np.ndarray


def _ranked(
    scores: np.ndarray, positive: np.ndarray, code: np.ndarray, sizes: np.ndarray
) -> tuple[_Terms, _PatientImages]:
    n_rows, n_images = scores.shape
    order = np.argsort(scores, axis=1)[:, ::-1]
    sorted_scores = np.take_along_axis(scores, order, axis=1)
    is_positive = positive[order]
    ends_tie = np.ones(scores.shape, dtype=bool)
    ends_tie[:, :-1] = sorted_scores[:, 1:] != sorted_scores[:, :-1]
    tp = np.cumsum(is_positive, axis=1)
    n, tp = _at_end(ends_tie, np.broadcast_to(np.arange(1, n_images + 1), scores.shape), tp)
    first = _positives_above_tie(ends_tie, tp)
    at_positives = n[is_positive].reshape(n_rows, -1)
    terms = _Terms(at_positives, tp[is_positive].reshape(n_rows, -1) / at_positives)

    # One whole number that orders by patient and then by rank: an ordinary sort of it is faster than a stable one.
    by_patient = np.argsort(code[order] * n_images + np.arange(n_images), axis=1)
    is_positive, n, tp, first = (np.take_along_axis(a, by_patient, axis=1) for a in (is_positive, n, tp, first))
    starts = np.cumsum(sizes) - sizes
    last = starts + sizes - 1
    end = np.empty_like(first)
    end[:, :-1] = first[:, 1:]
    end[:, last] = terms.n.shape[1]
    positives_taken = _within_patients(is_positive, starts, sizes)
    ends_tie = np.ones(scores.shape, dtype=bool)
    ends_tie[:, :-1] = n[:, 1:] != n[:, :-1]
    ends_tie[:, last] = True
    place = np.arange(1, n_images + 1) - np.repeat(starts, sizes)
    taken, tied_positives = _at_end(ends_tie, np.broadcast_to(place, scores.shape), positives_taken)
    own_terms = tp / n
    np.divide(tp - tied_positives, n - taken, out=own_terms, where=n > taken)
    own_terms *= is_positive
    return terms, _PatientImages(starts, is_positive, first, end, positives_taken, own_terms)


def _at_end(ends: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
    """Return each array [B, N] with its value at the next column that ``ends`` [B, N] a run, the last one included."""
    if ends.all():
        return list(arrays)
    n_columns = ends.shape[1]
    column = np.where(ends, np.arange(n_columns), n_columns)
    column = np.minimum.accumulate(column[:, ::-1], axis=1)[:, ::-1]
    return [np.take_along_axis(array, column, axis=1) for array in arrays]


def _positives_above_tie(ends_tie: np.ndarray, tp: np.ndarray) -> np.ndarray:
    """Return how many positives score higher [B, N], from those ``tp`` that score at least as high."""
    above = np.zeros_like(tp)
    above[:, 1:] = np.where(ends_tie[:, :-1], tp[:, :-1], 0)
    return np.maximum.accumulate(above, axis=1)


def _within_patients(counted: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the cumulative sums of ``counted`` [B, N] from each patient's first column on."""
    total = np.cumsum(counted, axis=1)
    before = total[:, starts] - counted[:, starts]
    return total - np.repeat(before, sizes, axis=1)


def _sum_between(first: np.ndarray, end: np.ndarray, terms: np.ndarray) -> np.ndarray:
    sums = np.zeros((terms.shape[0], terms.shape[1] + 1))
    np.cumsum(terms, axis=1, out=sums[:, 1:])
    return np.take_along_axis(sums, end, axis=1) - np.take_along_axis(sums, first, axis=1)


def _most_images(sizes: np.ndarray) -> np.ndarray:
    """Return the patients whose removal one at a time leaves the fewest sums over all terms to be taken."""
    largest_first = np.argsort(-sizes, kind="stable")
    sums = np.arange(sizes.size + 1) + np.append(sizes[largest_first], 0)
    return largest_first[: sums.argmin()]
