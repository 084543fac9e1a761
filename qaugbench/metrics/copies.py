"""Whether synthetic images are copies of training images: the excess of small distance ratios (the primary test).

The ratio of an image is its distance to the nearest training image over that to the r-th nearest. A copy is much nearer to one
training image than to the others there; an image of a generator that only keeps to the middle is near to many. How small a
ratio is small is read off held-out real images of other patients: 1 % of those are at or below the threshold, so
what a generator has beyond 1 % there is its excess (docs/copies.md: simulations, and why there are three states).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import beta

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.metrics.shares import share

State = Literal["memorising", "releasable", "not decided"]

NOMINAL = 0.01
"""The share of held-out real images at or below the threshold."""
TOLERATED = 0.05
"""A set is releasable when its excess is below this with confidence."""
EXPLAINED = 0.02
"""Excess that a shrunk generator has without copying; memorising is said only of more, with confidence."""
LARGEST_RANK = 50
LEAST_IMAGES = 20
MANY = 3
"""Held-out images of one and the same ratio that are no coincidence."""
MOST_IMAGES = 10**6
"""More images than this are not asked for: the observed rate is too near a border to be decided."""


@dataclass(frozen=True)
class CopyExcess:
    """What the primary test found.

    ``rate`` of ``n`` synthetic images have a ratio at or below ``threshold``, ``expected`` is the rate of honest images, and
    ``excess`` their difference in [-1, 1] with its 95 % interval. ``n_effective`` is the number of held-out images, of equal
    weight, that would tell as much. ``n_needed`` images with this very rate would decide; None where it is decided, or more
    images would not help.
    """

    state: State
    excess: float
    ci_low: float
    ci_high: float
    rate: float
    expected: float
    threshold: float
    n_flagged: int
    n: int
    n_held_out: int
    n_effective: float
    n_needed: int | None


def second_rank(n_training: int, smallest_group: int | None = None) -> int:
    """Return the rank of the farther neighbour: 50, or half of the smallest group of training images if that is less, at least 2.

    ``smallest_group`` is the number of training images of the rarest class; without it all are one group. Beyond a class's own
    images the r-th neighbour is an image of another class, so that every honest image of a rare class would look like a copy.

    >>> second_rank(1000), second_rank(60), second_rank(1000, smallest_group=24)
    (50, 30, 12)
    """
    group = n_training if smallest_group is None else smallest_group
    if n_training < LEAST_IMAGES or not 1 <= group <= n_training:
        raise StatisticsError(
            f"Copies are looked for among at least {LEAST_IMAGES} training images, in groups of at least 1; "
            f"given {n_training} and a smallest group of {group}."
        )
    return max(2, min(LARGEST_RANK, group // 2))


def distance_ratios(distances: np.ndarray) -> np.ndarray:
    """Return [N] in [0, 1], the nearest over the farthest of each image's ``distances`` [N, r], ascending; 0 at distance 0.

    Take the distances from ``orientations.oriented_nearest`` with k = ``second_rank``, or from registered candidates: of
    held-out images in exactly the same way as of synthetic ones. Raises StatisticsError for distances that are none.

    >>> distance_ratios(np.array([[1.0, 3.0, 4.0], [0.0, 0.0, 0.0]])).tolist()
    [0.25, 0.0]
    """
    wrong = np.flatnonzero(~(np.isfinite(distances) & (distances >= 0)).all(axis=1))
    if wrong.size:
        raise StatisticsError(f"Distances must be finite and not negative; not so at images {first_offenders(wrong)}.")
    first, last = distances[:, 0], distances[:, -1]
    return np.divide(first, last, out=np.zeros(len(first)), where=first > 0)


def matching_weights(groups: np.ndarray, held_out_groups: np.ndarray) -> np.ndarray:
    """Return weights [M], of mean 1, with which held-out images are of the same mix of groups as the synthetic ones.

    ``groups`` [N] are the requested classes of synthetic images, ``held_out_groups`` [M] those of the held-out. Rare classes
    have other ratios, so a set that fills up rare classes is compared with held-out images of that mix (post-stratification).
    Raises StatisticsError for a group without a held-out image.

    >>> matching_weights(np.array([0, 1]), np.array([0, 0, 0, 1])).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    missing = np.setdiff1d(groups, held_out_groups)
    if missing.size:
        raise StatisticsError(f"No held-out image is of the groups {first_offenders(missing)}: leave them out.")
    wanted = np.array([np.mean(groups == group) for group in held_out_groups])
    present = np.array([np.mean(held_out_groups == group) for group in held_out_groups])
    return wanted / present


def copy_excess(ratios: np.ndarray, held_out_ratios: np.ndarray, weights: np.ndarray | None = None) -> CopyExcess:
    """Return the excess of copies among synthetic images, from ``ratios`` [N] and those of held-out images [M], all in [0, 1].

    ``weights`` [M] are those of ``matching_weights``. The threshold is the 1 % quantile of ``held_out_ratios``; below 99 of
    them their smallest, and ``expected`` is then 1 / (M + 1). The interval combines Wilson's of the rate with that of the
    threshold's own error, by the square root of summed squares (Zou & Donner 2008). Releasable: the excess is at most 5 %
    with confidence. Memorising: it is not, and is above 2 % with confidence. Raises StatisticsError below 20 images of
    either kind, for ratios that are not in [0, 1], and where so many held-out images share the smallest ratios that these tell
    nothing.

    >>> honest = np.linspace(0.1, 1.0, 300)
    >>> found = copy_excess(np.concatenate([np.zeros(30), honest[:270]]), honest)
    >>> found.state, found.n_flagged, round(found.excess, 2)
    ('memorising', 33, 0.1)
    """
    ratios, held_out_ratios = _checked(ratios, "synthetic"), _checked(held_out_ratios, "held-out real")
    weights = _checked_weights(weights, len(held_out_ratios))
    n_effective = float(weights.sum() ** 2 / np.square(weights).sum())
    threshold = _quantile(held_out_ratios, weights, n_effective)
    _refuse_ties(held_out_ratios, weights, threshold, n_effective)
    flagged, n = int((ratios <= threshold).sum()), len(ratios)
    low, high = _interval(flagged, n, n_effective)
    state = state_of_excess(low, high)
    return CopyExcess(
        state=state,
        excess=flagged / n - _expected(n_effective),
        ci_low=low,
        ci_high=high,
        rate=flagged / n,
        expected=_expected(n_effective),
        threshold=threshold,
        n_flagged=flagged,
        n=n,
        n_held_out=len(held_out_ratios),
        n_effective=n_effective,
        n_needed=_needed(flagged / n, n, n_effective) if state == "not decided" else None,
    )


def _position(n_effective: float) -> float:
    """Return which of the ordered held-out ratios, counted from 1, is the threshold; it may be between two."""
    return max(1.0, NOMINAL * (n_effective + 1))


def _expected(n_effective: float) -> float:
    return _position(n_effective) / (n_effective + 1)


def _quantile(ratios: np.ndarray, weights: np.ndarray, n_effective: float) -> float:
    order = np.argsort(ratios)
    positions = np.cumsum(weights[order]) * (n_effective / weights.sum())
    return float(np.interp(_position(n_effective), positions, ratios[order]))


def _refuse_ties(ratios: np.ndarray, weights: np.ndarray, threshold: float, n_effective: float) -> None:
    """Raise StatisticsError where honest images are flagged too: ``MANY`` held-out images share the ratio of the threshold."""
    level = ratios[ratios <= threshold].max(initial=0.0)
    tied = int((ratios == level).sum())
    flagged = float(weights[ratios <= threshold].sum() / weights.sum())
    if tied >= MANY and flagged - _expected(n_effective) > TOLERATED:
        raise StatisticsError(
            f"{tied} of {len(ratios)} held-out real images have the same distance ratio, {level:.3g}, and hardly any a smaller "
            "one: they are one picture, or equally far from all training images, so that small ratios tell nothing."
        )


def _interval(flagged: int, n: int, n_effective: float) -> tuple[float, float]:
    """Return the limits of the excess. A further honest image is below the k-th of m others with a probability that is
    distributed as Beta(k, m + 1 - k)."""
    of_set, position, expected = share(flagged, n), _position(n_effective), _expected(n_effective)
    honest_low, honest_high = beta.ppf([0.025, 0.975], position, n_effective + 1 - position)
    excess = of_set.rate - expected
    low = excess - np.hypot(of_set.rate - of_set.ci_low, honest_high - expected)
    high = excess + np.hypot(of_set.ci_high - of_set.rate, expected - honest_low)
    return float(low), float(high)


def state_of_excess(low: float, high: float) -> State:
    """Return the word for an excess of copies with this 95 % interval."""
    if high <= TOLERATED:
        return "releasable"
    return "memorising" if low > EXPLAINED else "not decided"


def _needed(rate: float, n: int, n_effective: float) -> int | None:
    """Return about how many images of the same rate would decide, in steps of a tenth; None for too many."""
    while n <= MOST_IMAGES:
        n = max(n + 1, round(1.1 * n))
        if state_of_excess(*_interval(round(rate * n), n, n_effective)) != "not decided":
            return n
    return None


def _checked(ratios: np.ndarray, kind: str) -> np.ndarray:
    ratios = np.asarray(ratios, np.float64)
    if ratios.ndim != 1 or len(ratios) < LEAST_IMAGES:
        raise StatisticsError(
            f"Copies are tested on the ratios of at least {LEAST_IMAGES} {kind} images; given {ratios.size}."
        )
    wrong = np.flatnonzero(~((ratios >= 0) & (ratios <= 1)))
    if wrong.size:
        raise StatisticsError(f"Ratios must be in [0, 1]; not so at {kind} images {first_offenders(wrong)}.")
    return ratios


def _checked_weights(weights: np.ndarray | None, n: int) -> np.ndarray:
    if weights is None:
        return np.ones(n)
    weights = np.asarray(weights, np.float64)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() == 0:
        raise StatisticsError(f"Weights of {n} held-out images must be {n} numbers, none negative and not all 0.")
    return weights
