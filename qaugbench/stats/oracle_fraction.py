"""The share of an oracle's gain that an arm reached: the oracle's slots held further real images.

A ratio of two differences of the same arms has no usable standard error when the lower one may be 0. Fieller's
set (1954) says so: it becomes two rays, or everything, when the oracle itself shows nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from qaugbench.formatting import signed
from qaugbench.stats.inversion import LEVEL, ROUNDING, Pieces, accepted, check_paired, joint_of, minus
from qaugbench.stats.joint import Joint, symmetric_root
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.mrmc import NO_VARIATION, Comparison, interval

Shape = Literal["interval", "half-line", "two rays", "whole line"]

DIRECTIONS = 360


@dataclass(frozen=True)
class OracleFraction:
    """The share of the oracle's gain that an arm reached: 0 as the reference, 1 as the oracle.

    ``pieces`` are the shares that are not rejected, ascending, ends possibly infinite; ``reason`` says why they mean
    nothing, and is None when the oracle clearly beats the reference. ``gain`` and ``oracle_gain`` are over the reference.
    """

    estimate: float | None
    pieces: Pieces
    shape: Shape
    gain: Comparison
    oracle_gain: Comparison
    reason: str | None

    @property
    def words(self) -> str:
        """The share in words, and what remains possible where it cannot be said."""
        left = " or ".join(_piece_words(low, high) for low, high in self.pieces)
        if self.reason is not None:
            return f"cannot be said: {self.reason}; possible is {left}"
        return f"{self.estimate:.2f} of the oracle's gain (95 % CI {left})"


def oracle_fraction(
    arm: Measurement, reference: Measurement, oracle: Measurement, n_eff: int | None = None
) -> OracleFraction:
    """Return the OracleFraction (theta_a - theta_R*) / (theta_O - theta_R*), each arm (theta [R], influence [R, C]).

    The set holds every w for which theta_a - (1 - w) theta_R* - w theta_O is not rejected by ``mrmc.interval`` at two-sided
    95 %: an interval when the oracle clearly differs from the reference, otherwise two rays or the whole line. Variance and
    degrees of freedom are those of each w, so the ends are found as roots, not by Fieller's quadratic. Raises StatisticsError
    for shapes that differ, NaN and fewer than two replicates.

    >>> rows = np.array([[0.011, 0.009, 0.010, 0.012], [0.0, 0.001, 0.0, -0.001], [0.021, 0.019, 0.022, 0.018]])
    >>> arm, reference, oracle = ((row, np.zeros((4, 30))) for row in rows)
    >>> oracle_fraction(arm, reference, oracle).words
    "0.52 of the oracle's gain (95 % CI 0.36 to 0.70)"
    """
    check_paired({"arm": arm, "reference": reference, "oracle": oracle})
    gain, oracle_gain = minus(arm, reference), minus(oracle, reference)
    pair = interval(*gain, n_eff), interval(*oracle_gain, n_eff)
    if pair[1].se == 0:
        pieces: Pieces = ((-math.inf, math.inf),)
    else:
        pieces = _fieller(gain, oracle_gain, pair, n_eff)
    return OracleFraction(
        estimate=pair[0].estimate / pair[1].estimate if pair[1].estimate != 0 else None,
        pieces=pieces,
        shape=_shape(pieces),
        gain=pair[0],
        oracle_gain=pair[1],
        reason=_why_no_assay(pair[1]),
    )


def _fieller(
    gain: Measurement, oracle_gain: Measurement, pair: tuple[Comparison, Comparison], n_eff: int | None
) -> Pieces:
    """Return the shares w for which gain - w oracle_gain is not rejected.

    The contrasts p gain + q oracle_gain, up to scale, are the directions of half a circle, w = -q/p. It is walked from
    w = -inf to +inf in coordinates in which both gains have variance about 1 and are uncorrelated, so that no end hides
    between two steps.
    """
    whiten = _whitening(joint_of([gain, oracle_gain], np.eye(2), n_eff))
    at_infinity = math.atan2(whiten[0, 0], -whiten[0, 1])

    def direction(turn: np.ndarray) -> np.ndarray:
        angle = at_infinity + math.pi - turn
        return np.stack([np.cos(angle), np.sin(angle)], axis=1) @ whiten

    def excess(turn: np.ndarray) -> np.ndarray:
        found = joint_of([gain, oracle_gain], direction(turn), n_eff)
        reach = stats.t.ppf((1 + LEVEL) / 2, found.df)
        return np.asarray(np.abs(found.estimate) - reach * found.se - ROUNDING)

    def share(turn: float) -> float:
        if turn in (0.0, math.pi):
            return -math.inf if turn == 0.0 else math.inf
        p, q = direction(np.array([turn]))[0]
        return float(-q / p)

    # The estimate itself is never rejected, even where the set is that one point.
    p, q = np.linalg.solve(whiten, [pair[1].estimate, -pair[0].estimate])
    of_estimate = (at_infinity + math.pi - math.atan2(q, p)) % math.pi
    turns = np.union1d(np.linspace(0.0, math.pi, DIRECTIONS + 1), [of_estimate])
    return tuple((share(low), share(high)) for low, high in accepted(excess, turns))


def _whitening(joint: Joint) -> np.ndarray:
    """Return the symmetric K with K covariance K = 1, or a diagonal one where the two gains are (nearly) one."""
    root = symmetric_root(joint.covariance)
    if np.linalg.cond(root) < 1e8:
        return np.asarray(np.linalg.inv(root))
    return np.diag(1 / np.where(joint.se > 0, joint.se, joint.se.max()))


def _shape(pieces: Pieces) -> Shape:
    if pieces == ((-math.inf, math.inf),):
        return "whole line"
    open_ends = math.isinf(pieces[0][0]) + math.isinf(pieces[-1][1])
    shapes: tuple[Shape, ...] = ("interval", "half-line", "two rays")
    return shapes[open_ends]


def _piece_words(low: float, high: float) -> str:
    if math.isinf(low):
        return "any share" if math.isinf(high) else f"any share up to {high:.2f}"
    return f"any share from {low:.2f}" if math.isinf(high) else f"{low:.2f} to {high:.2f}"


def _why_no_assay(oracle_gain: Comparison) -> str | None:
    if oracle_gain.method == NO_VARIATION or oracle_gain.se == 0:
        return "the oracle and the reference did not differ in any replicate or patient"
    if oracle_gain.ci_low > 0:
        return None
    low, high = signed(oracle_gain.ci_low), signed(oracle_gain.ci_high)
    return f"adding real images did not clearly help ({signed(oracle_gain.estimate)}, 95 % CI {low} to {high})"
