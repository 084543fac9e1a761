"""The possible ranks of each of several arms: a set, not one number; ties stay ties.

Mogstad, Romano, Shaikh & Wilhelm 2024: an arm is certainly behind those whose difference from it has a simultaneous
interval above 0, and certainly ahead of those whose interval is below; every rank in between is possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.families import DRAWS, SEED, Family, simultaneous


@dataclass(frozen=True)
class Ranks:
    """The possible ranks of each arm, ``low`` [K] to ``high`` [K], 1 the best; ``order`` [K] sorts arms by value.

    All K sets hold the true ranks at once with the probability asked for. ``separable`` is the smallest difference between
    two arms that would have been decided; None where no pair was compared or no difference varies.
    """

    low: np.ndarray
    high: np.ndarray
    order: np.ndarray
    separable: float | None = None


def rank_sets(
    theta: np.ndarray,
    influence: np.ndarray,
    n_eff: int,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Ranks:
    """Return the Ranks of K arms by mean value, largest first: ``theta`` [K, R] with ``influence`` [K, R, C].

    Negate both where smaller is better. To rank by what each arm gained over a reference of its own, as entries of a
    leaderboard are that share patients and replicate seeds, give the differences of both arrays. Intervals are max-T
    over all K(K-1)/2 differences. Errors as ``mrmc.compare`` and ``simultaneous``.

    >>> theta = np.array([[0.70, 0.71], [0.90, 0.91], [0.90, 0.91]])
    >>> patients = 1e-3 * np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [0.0, 1.0, -1.0]])
    >>> ranks = rank_sets(theta, np.repeat(patients[:, None], 2, axis=1), n_eff=3)
    >>> ranks.low.tolist(), ranks.high.tolist(), ranks.order.tolist()
    ([3, 1, 1], [3, 2, 2], [1, 2, 0])
    """
    theta = np.asarray(theta, dtype=np.float64)
    if theta.ndim != 2 or theta.size == 0:
        raise StatisticsError(f"Ranks need values theta [K, R]; given shape {theta.shape}.")
    first, second = pairs(theta.shape[0])
    if first.size == 0:
        return ranks_of(theta.mean(axis=1), np.empty(0), np.empty(0))
    differences = np.eye(theta.shape[0])
    joint = contrast_covariance(theta, influence, differences[first] - differences[second], n_eff)
    family = simultaneous(joint, level=level, draws=draws, seed=seed)
    varying = family.se[family.se > 0]
    separable = float(family.quantile * varying.min()) if varying.size else None
    return replace(ranks_of(theta.mean(axis=1), *_decided(family)), separable=separable)


def ranks_of(values: np.ndarray, above: np.ndarray, below: np.ndarray) -> Ranks:
    """Return the Ranks of ``values`` [K]; ``above`` and ``below`` [K(K-1)/2] say which pairs are decided.

    Pairs are in the order of ``pairs``: the first is above the second, or below it, or neither.

    >>> ranks_of(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 0]), np.array([1, 0, 0])).high.tolist()
    [3, 2, 3]
    """
    values = np.asarray(values)
    n_arms = values.size
    first, second = pairs(n_arms)
    if np.shape(above) != first.shape or np.shape(below) != first.shape:
        raise StatisticsError(f"{n_arms} arms have {first.size} pairs; decided are {np.size(above)}, {np.size(below)}.")
    winners = np.concatenate([first[np.asarray(above, dtype=bool)], second[np.asarray(below, dtype=bool)]])
    losers = np.concatenate([second[np.asarray(above, dtype=bool)], first[np.asarray(below, dtype=bool)]])
    return Ranks(
        low=1 + np.bincount(losers, minlength=n_arms),
        high=n_arms - np.bincount(winners, minlength=n_arms),
        order=np.argsort(-values, kind="stable"),
    )


def pairs(n_arms: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and second arm of every pair, [K(K-1)/2] each: (0, 1), (0, 2), ..., (1, 2), ...

    >>> [column.tolist() for column in pairs(3)]
    [[0, 0, 1], [1, 2, 2]]
    """
    first, second = np.triu_indices(n_arms, 1)
    return first, second


def _decided(family: Family) -> tuple[np.ndarray, np.ndarray]:
    # A difference that never varies has a point for an interval, which decides nothing.
    return (family.low > 0) & (family.se > 0), (family.high < 0) & (family.se > 0)
