"""An arm at several levels of noise, as the statistics take it: values, influence, and differences with their covariance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.joint import Joint
from qaugbench.stats.mrmc import Comparison, interval

REPLICATES_ALONE = "Student's t over replicates alone: the test patients are taken as given"
Values = tuple[np.ndarray, np.ndarray]  # theta [1 or L, R] and influence [1 or L, R, C]


@dataclass(frozen=True)
class NoisyArm:
    """An arm at levels of ``noise`` [L], ascending from 0: ``theta`` [L, R], ``influence`` [L, R, C], 0 where none was given."""

    noise: np.ndarray
    theta: np.ndarray
    influence: np.ndarray
    n_eff: int
    has_influence: bool

    @classmethod
    def of(cls, noise: np.ndarray, theta: np.ndarray, influence: np.ndarray | None, n_eff: int | None) -> NoisyArm:
        """Return the arm, or raise StatisticsError for levels and shapes that cannot be used."""
        levels, theta = np.asarray(noise, dtype=np.float64), np.asarray(theta, dtype=np.float64)
        if theta.ndim != 2 or levels.shape != theta.shape[:1]:
            raise StatisticsError(
                f"Needed are levels of noise [L] and theta [L, R]; given {levels.shape} and {theta.shape}."
            )
        if levels.size < 3 or levels[0] != 0 or not np.isfinite(levels).all() or not (np.diff(levels) > 0).all():
            raise StatisticsError(
                "Levels of noise ascend from 0, the noiseless one, with two or more above it; given "
                f"{', '.join(f'{level:g}' for level in levels[:8])}."
            )
        given = np.zeros((*theta.shape, 2)) if influence is None else np.asarray(influence)
        if given.ndim != 3 or given.shape[:2] != theta.shape:
            raise StatisticsError(f"Influence is [L, R, C] for theta {theta.shape}; given {given.shape}.")
        return cls(levels, theta, given, given.shape[2] if n_eff is None else n_eff, influence is not None)

    def beside(self, theta: np.ndarray, influence: np.ndarray | None) -> Values:
        """Return another arm, [R] or [L, R], in the shape of this one."""
        other = np.atleast_2d(np.asarray(theta, dtype=np.float64))
        if other.shape not in ((1, self.theta.shape[1]), self.theta.shape):
            raise StatisticsError(
                f"A comparator has the replicates of the arm, [R] or [L, R] with theta {self.theta.shape}; "
                f"given {np.shape(theta)}."
            )
        wanted = (*other.shape, self.influence.shape[2])
        found = np.zeros(wanted) if influence is None else np.asarray(influence)
        if found.ndim == 2:
            found = found[None]
        if found.shape != wanted:
            raise StatisticsError(
                f"The comparator's influence is of the arm's patients, {wanted}; given {found.shape}."
            )
        return other, found

    def minus_at_zero(self, other: Values) -> Comparison:
        """Return this arm minus the other one, both without noise."""
        found = interval(self.theta[0] - other[0][0], self.influence[0] - other[1][0], self.n_eff)
        return found if self.has_influence else replace(found, method=REPLICATES_ALONE, n_groups=0)

    def minus(self, other: Values) -> Joint:
        """Return the Joint of this arm minus the other one, at every level."""
        n_levels = len(self.theta)
        against = np.eye(n_levels) if len(other[0]) == n_levels else np.ones((n_levels, 1))
        theta, influence = np.concatenate([self.theta, other[0]]), np.concatenate([self.influence, other[1]])
        return contrast_covariance(theta, influence, np.hstack([np.eye(n_levels), -against]), self.n_eff)

    def from_zero(self) -> Joint:
        """Return the Joint of theta(level) - theta(0) for the levels above 0."""
        n_above = len(self.theta) - 1
        contrasts = np.hstack([-np.ones((n_above, 1)), np.eye(n_above)])
        return contrast_covariance(self.theta, self.influence, contrasts, self.n_eff)


def check_both_or_neither(influence: np.ndarray | None, other: np.ndarray | None) -> None:
    """Raise StatisticsError when one of two arms has influence and the other has none."""
    if (influence is None) != (other is None):
        raise StatisticsError("One of the two arms has influence and the other none; give both, or neither.")
