"""In how many directions a generator's image changes with its latent input: the spectrum of its Jacobian.

A generator that ignores most of its input has few singular values that count, whatever the dimension of the input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders


@dataclass(frozen=True)
class JacobianGeometry:
    """Means over ``n`` latent points of three numbers from ``r`` singular values each, with standard errors over the points.

    ``effective_rank`` and ``participation_ratio`` are in [1, r], ``first_share`` in [1 / r, 1].
    """

    effective_rank: float
    effective_rank_se: float
    participation_ratio: float
    participation_ratio_se: float
    first_share: float
    first_share_se: float
    n: int
    r: int


def jacobian_geometry(singular_values: np.ndarray) -> JacobianGeometry:
    """Return the geometry of a generator from the ``singular_values`` [n, r] of its Jacobian at n latent points, n at least 2.

    Raises StatisticsError as ``effective_rank`` and for a single point.
    """
    values = _checked(singular_values)
    if len(values) < 2:
        raise StatisticsError("The geometry of a generator needs its Jacobian at two latent points at least; given 1.")
    rank, ratio, share = (
        (float(one.mean()), float(one.std(ddof=1) / np.sqrt(len(one))))
        for one in (effective_rank(values), participation_ratio(values), first_share(values))
    )
    return JacobianGeometry(*rank, *ratio, *share, n=values.shape[0], r=values.shape[1])


def effective_rank(singular_values: np.ndarray) -> np.ndarray:
    """Return the effective rank [n], in [1, r], of each row of ``singular_values`` [n, r].

    The exponential of the entropy of the singular values as shares of their sum (Roy & Vetterli 2007, equation 5). Raises
    StatisticsError for values that are not [n, r], finite and 0 or more, and rows that are all 0: nothing changes there.

    >>> effective_rank(np.array([[2.0, 2.0, 2.0, 2.0], [5.0, 0.0, 0.0, 0.0]])).round(9).tolist()
    [4.0, 1.0]
    """
    values = _checked(singular_values)
    shares = values / values.sum(axis=1, keepdims=True)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.exp(-(shares * logarithms).sum(axis=1))


def participation_ratio(singular_values: np.ndarray) -> np.ndarray:
    """Return (sum s^2)^2 / sum s^4 [n], in [1, r], of each row of ``singular_values`` [n, r]: directions by their variance.

    Errors as ``effective_rank``.

    >>> participation_ratio(np.array([[1.0, 1.0, 0.0], [2.0, 1.0, 0.0]])).round(4).tolist()
    [2.0, 1.4706]
    """
    variances = _variances(singular_values)
    return 1 / np.square(variances).sum(axis=1)


def first_share(singular_values: np.ndarray) -> np.ndarray:
    """Return the share [n], in [1 / r, 1], of the largest direction in the variance of each row of ``singular_values`` [n, r].

    Errors as ``effective_rank``.

    >>> first_share(np.array([[2.0, 1.0]])).tolist()
    [0.8]
    """
    return _variances(singular_values).max(axis=1)


def _variances(singular_values: np.ndarray) -> np.ndarray:
    """Return squared singular values as shares of their sum; scaled first, so that none is lost to its square."""
    values = _checked(singular_values)
    squares = np.square(values / values.max(axis=1, keepdims=True))
    return squares / squares.sum(axis=1, keepdims=True)


def _checked(singular_values: np.ndarray) -> np.ndarray:
    values = np.asarray(singular_values, np.float64)
    if values.ndim != 2 or values.size == 0:
        raise StatisticsError(f"A Jacobian's geometry needs singular values [n, r]; given {values.shape}.")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)).all(axis=1))
    if wrong.size:
        raise StatisticsError(f"Singular values are finite and 0 or more; not so at points {first_offenders(wrong)}.")
    still = np.flatnonzero(values.max(axis=1) == 0)
    if still.size:
        raise StatisticsError(
            f"The generator's image does not change with its input at points {first_offenders(still)}: it has no directions."
        )
    return values
