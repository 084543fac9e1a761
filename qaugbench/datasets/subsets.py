"""Nested training subsets, the smallest fraction a source supports, and the label vectors requested of generators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from qaugbench.datasets.strata import groups_in_stratified_order, rarest_positive
from qaugbench.errors import DataError, near_names
from qaugbench.formatting import share
from qaugbench.limits import MIN_FOR_INTERVAL, MIN_TRAINING_IMAGES, MIN_TRAINING_POSITIVES
from qaugbench.seeds import child_seed, numpy_generator
from qaugbench.task import FRACTION_LADDER


def nested_subsets(
    labels: np.ndarray, groups: np.ndarray, fractions: Sequence[float], seed: int
) -> dict[float, np.ndarray]:
    """Return for each fraction the ascending row indices of a subset of whole groups, the smaller inside the larger.

    The groups are put in one order, stratified by their rarest positive label, and a fraction takes the prefix whose
    number of images is nearest to fraction * N: within half of the largest group, and never empty. ``labels`` [N, K],
    ``groups`` [N]; fractions in (0, 1].

    >>> {f: len(rows) for f, rows in nested_subsets(np.ones((20, 1)), np.arange(20), (0.1, 1.0), seed=0).items()}
    {0.1: 2, 1.0: 20}
    """
    order = groups_in_stratified_order(labels, groups, child_seed(seed, "nested-subsets"))
    rank = np.empty(order.max() + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    images = np.cumsum(np.bincount(rank[groups], minlength=len(order)))
    subsets = {}
    for fraction in fractions:
        _check_fraction(fraction)
        last = int(np.abs(images - fraction * len(groups)).argmin())
        subsets[fraction] = np.flatnonzero(rank[groups] <= last)
    return subsets


def deciding_classes(test: np.ndarray) -> np.ndarray:
    """Return int64 [D]: the classes of the test labels [M, K] whose numbers of training images decide which fractions run.

    Those that are scored: with at least 10 test images on their rarer side, as the statistics need for an interval. All
    classes if none has that many.

    >>> deciding_classes(np.repeat([[1, 0], [0, 0]], [20, 20], axis=0)).tolist()
    [0]
    """
    positives = test.sum(axis=0)
    rarer = np.minimum(positives, len(test) - positives)
    enough = np.flatnonzero(rarer >= MIN_FOR_INTERVAL)
    return enough if len(enough) else np.arange(test.shape[1])


def runnable_fraction(
    labels: np.ndarray, fraction: float, ladder: Sequence[float] = FRACTION_LADDER
) -> tuple[float, str | None]:
    """Return the smallest fraction >= ``fraction`` on the ladder that the training rows ``labels`` [N, K] support, and
    why.

    ``labels`` are those of the ``deciding_classes``. A fraction is too small with fewer than 300 expected images, or
    fewer than 10 expected positives of a class. The reason is None if nothing was changed and nothing is too small; at
    1.0 it says what is too small even then.
    """
    _check_fraction(fraction)
    reason = too_small(labels, fraction)
    if reason is None:
        return fraction, None
    rungs = sorted({rung for rung in (*ladder, 1.0) if rung > fraction})
    rung = next((rung for rung in rungs if too_small(labels, rung) is None), None)
    if rung is not None:
        return rung, f"{share(rung)} of the training images instead of {share(fraction)}: {reason}."
    return 1.0, f"All training images are used, and they are too few for a verdict: {too_small(labels, 1.0)}."


def too_small(labels: np.ndarray, fraction: float) -> str | None:
    """Return in words why ``fraction`` of the training rows ``labels`` [N, K] is too small to run, or None.

    Classes without any positive row do not count.

    >>> too_small(np.ones((500, 2)), 0.1)
    '10 % of 500 training images is 50, under the 300 needed'
    """
    part = "" if fraction == 1 else f"{share(fraction)} of "
    if fraction * len(labels) < MIN_TRAINING_IMAGES:
        amount = "" if fraction == 1 else f" is {fraction * len(labels):.0f}"
        return f"{part}{len(labels)} training images{amount}, under the {MIN_TRAINING_IMAGES} needed"
    # A class that the source lacks altogether is in no score; more images would not help.
    counts = labels.sum(axis=0)
    positives = fraction * counts[counts > 0]
    short = int((positives < MIN_TRAINING_POSITIVES).sum())
    if not short:
        return None
    return (
        f"in {part}{len(labels)} training images {short} of {positives.size} classes have under {MIN_TRAINING_POSITIVES} "
        f"positives (the rarest: {positives.min():.1f})"
    )


def draw_label_vectors(
    labels: np.ndarray, n: int, mode: Literal["prior", "tailfill"], seed: int, kappa: float = 4.0
) -> np.ndarray:
    """Return int64 [n] rows of ``labels`` [N, K] whose whole label vectors are drawn, in random order.

    ``prior`` draws every row equally often. ``tailfill`` draws a row with weight min(n_max / n_k, kappa), where k is
    its rarest positive label, n_k the rows positive for k and n_max the largest n_k: 1 / frequency, capped, so that a
    label's share grows towards that of the most frequent one, by at most ``kappa`` relative to it. Rows without a
    positive form one more class. Both sample systematically: row i occurs floor or ceil of n * w_i / sum(w) times, so
    label counts vary no more than they must. Only whole rows are drawn: a combination that no image has is never
    requested.
    """
    if mode not in ("prior", "tailfill"):
        raise DataError(f"{mode!r} is no way to draw labels.{near_names(mode, ('prior', 'tailfill'))}")
    if len(labels) == 0:
        raise DataError("Labels are drawn from training rows, and there are none.")
    draw = numpy_generator(child_seed(seed, "label-vectors"))
    weight = np.ones(len(labels)) if mode == "prior" else tailfill_weights(labels, kappa)
    order = draw.permutation(len(labels))
    edges = np.cumsum(weight[order]) / weight.sum() * n
    ticks = np.arange(n) + draw.random()
    rows = order[np.minimum(np.searchsorted(edges, ticks, side="right"), len(order) - 1)]
    return draw.permutation(rows)


def tailfill_weights(labels: np.ndarray, kappa: float) -> np.ndarray:
    """Return float [N]: min(n_max / n_k, kappa) with k the rarest positive label of each row of ``labels`` [N, K]."""
    without_any = int((~labels.any(axis=1)).sum())
    frequency = np.append(labels.sum(axis=0), without_any).astype(np.float64)
    return np.minimum(frequency.max() / frequency[rarest_positive(labels)], kappa)


def _check_fraction(fraction: float) -> None:
    if not 0 < fraction <= 1:
        raise DataError(f"A fraction of the training images must be in (0, 1], not {fraction}.")
