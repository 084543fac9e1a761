"""Estimates that vary together: their covariance, independent sets put side by side, and weighted sums of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag

from qaugbench.errors import StatisticsError

SPANS_BOARDS = -1
ROUNDING = 1e-9


@dataclass(frozen=True)
class Joint:
    """M estimates that vary together: ``estimate``, ``se``, ``df`` [M], and ``factor`` [M, L], whose rows have length se.

    ``covariance`` [M, M] is factor @ factor.T, so it is always positive semi-definite. ``board`` [M] numbers the
    independent sets of test patients that the estimates come from; SPANS_BOARDS (-1) marks a combination over several.
    """

    estimate: np.ndarray
    se: np.ndarray
    df: np.ndarray
    factor: np.ndarray
    board: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of the estimates [M, M]; its diagonal is se**2."""
        return self.factor @ self.factor.T

    @classmethod
    def of(cls, estimate: np.ndarray, covariance: np.ndarray, df: np.ndarray | float) -> Joint:
        """Return the Joint of estimates [M] with a known ``covariance`` [M, M] and ``df``, one for all or [M].

        Raises StatisticsError for NaN, shapes that differ and a covariance that is not symmetric, positive semi-definite.

        >>> Joint.of(np.array([0.01, 0.02]), np.diag([4e-6, 9e-6]), 12.0).se.tolist()
        [0.002, 0.003]
        """
        estimate, covariance = np.asarray(estimate, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
        if estimate.ndim != 1 or estimate.size == 0 or covariance.shape != (estimate.size, estimate.size):
            raise StatisticsError(
                f"Needed are estimates [M] and a covariance [M, M]; given {estimate.shape} and {covariance.shape}."
            )
        if not (np.isfinite(estimate).all() and np.isfinite(covariance).all()):
            raise StatisticsError("Estimates or their covariance are not finite: leave out what could not be computed.")
        if np.abs(covariance - covariance.T).max() > ROUNDING * np.abs(covariance).max():
            raise StatisticsError("A covariance must be symmetric; the one given is not.")
        lowest, highest = np.linalg.eigvalsh(covariance)[[0, -1]]
        if lowest < -ROUNDING * max(highest, 0.0):
            raise StatisticsError(f"A covariance has no negative eigenvalue; the one given has {lowest:.3g}.")
        every_df = np.broadcast_to(np.asarray(df, dtype=np.float64), estimate.shape).copy()
        if not (every_df > 0).all():
            raise StatisticsError(f"Degrees of freedom must be positive; given {every_df.min()}.")
        se = np.sqrt(np.diag(covariance))
        factor = rows_of_length(se, symmetric_root(covariance))
        return cls(estimate, se, every_df, factor, np.zeros(estimate.size, dtype=np.int64))


def stack(joints: Sequence[Joint]) -> Joint:
    """Return all estimates of ``joints``, which come from different test patients and so are independent.

    The order is that of ``joints``. Raises StatisticsError when there is none.

    >>> one = Joint.of(np.array([0.01]), np.array([[4e-6]]), 9.0)
    >>> stack([one, one]).covariance.round(9).tolist()
    [[4e-06, 0.0], [0.0, 4e-06]]
    """
    if not joints:
        raise StatisticsError("There is nothing to stack: give at least one Joint.")
    boards, next_board = [], 0
    for joint in joints:
        boards.append(np.where(joint.board == SPANS_BOARDS, SPANS_BOARDS, joint.board + next_board))
        next_board += int(joint.board.max(initial=0)) + 1
    return Joint(
        estimate=np.concatenate([joint.estimate for joint in joints]),
        se=np.concatenate([joint.se for joint in joints]),
        df=np.concatenate([joint.df for joint in joints]),
        factor=block_diag(*(joint.factor for joint in joints)),
        board=np.concatenate(boards),
    )


def combine(joint: Joint, weights: np.ndarray) -> Joint:
    """Return the P weighted sums ``weights`` [P, M] of the estimates: an identity row keeps one, 1/T pools T tasks.

    A sum may take one estimate per board, so its terms are independent: se = sqrt(sum w^2 se^2), and df by Satterthwaite
    1946. Estimates of one board are correlated, and their df does not say how their variances are: form the contrast of
    arms instead. Raises StatisticsError for such a sum, an all-zero row, and shapes that differ.

    >>> tasks = stack([Joint.of(np.array([d]), np.array([[4e-6]]), 9.0) for d in (0.01, 0.03)])
    >>> pooled = combine(tasks, np.array([[1.0, 0.0], [0.5, 0.5]]))
    >>> pooled.estimate.tolist(), pooled.df.round(6).tolist()
    ([0.01, 0.02], [9.0, 18.0])
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[1] != joint.estimate.size or weights.shape[0] == 0:
        raise StatisticsError(f"Weights must be [P, M] with M={joint.estimate.size}; given shape {weights.shape}.")
    if not np.isfinite(weights).all():
        raise StatisticsError("Weights must be finite numbers.")
    terms = weights**2 * joint.se**2
    variance = terms.sum(axis=1)
    of_each = (terms**2 / joint.df).sum(axis=1)
    df = np.divide(variance**2, of_each, out=np.full(variance.shape, np.inf), where=of_each > 0)
    se = np.sqrt(variance)
    return Joint(
        estimate=weights @ joint.estimate,
        se=se,
        df=df,
        factor=rows_of_length(se, weights @ joint.factor),
        board=np.array([_board(joint.board[row != 0]) for row in weights], dtype=np.int64),
    )


def symmetric_root(matrix: np.ndarray) -> np.ndarray:
    """Return the positive semi-definite square root of a symmetric ``matrix``, negative eigenvalues taken as 0.

    It is the only such root, so random numbers multiplied with it mean the same on every machine; a Cholesky or
    eigenvector factor depends on the library's order and signs. Eigenvalues that are rounding are taken as 0 too.

    >>> symmetric_root(np.diag([4.0, 9.0])).tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    values, vectors = np.linalg.eigh(matrix)
    rounding = values.size * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)
    return (vectors * np.sqrt(np.where(values > rounding, values, 0.0))) @ vectors.T


def rows_of_length(length: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return ``rows`` [M, L] rescaled to ``length`` [M]; a row of length 0 becomes 0."""
    norm = np.sqrt((rows**2).sum(axis=1))
    scale = np.divide(length, norm, out=np.zeros(norm.shape), where=(norm > 0) & (length > 0))
    return rows * scale[:, None]


def _board(of_terms: np.ndarray) -> int:
    """Return the board of a weighted sum whose terms come from the boards ``of_terms``."""
    if of_terms.size == 0:
        raise StatisticsError("A weighted sum needs at least one weight other than 0.")
    if of_terms.size == 1:
        return int(of_terms[0])
    if SPANS_BOARDS in of_terms or np.unique(of_terms).size < of_terms.size:
        raise StatisticsError(
            "A sum may take one estimate per board: those of one board share patients. Form their contrast of arms first."
        )
    return SPANS_BOARDS
