"""How much hardware noise a quantum generator stands: where it has lost something, and where its advantage has gone.

Everything follows from values at several levels of noise, ``theta`` [L, R] over R replicates that all levels share, and,
where the metric has it, from what each test patient contributes, ``influence`` [L, R, C]; without it the intervals are over
replicates alone. ``noise`` [L] are the levels, ascending from 0, in whatever is swept: an error rate, or expected errors.
Higher values are better: negate the arrays of a metric where lower ones are.

A threshold is where a curve that can only fall with noise crosses 0: antitonic regression (scikit-learn's
``IsotonicRegression`` does the same; here SciPy's), straight between levels in log noise. Its confidence set holds
every level, between measured ones too, at which 0 lies in the simultaneous max-T 95 % band of the differences. Nothing is
said beyond the levels that were measured: there the threshold is only bounded. It has no standard error: it is a
ratio at heart, and its set may reach to the end of the grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import isotonic_regression

from qaugbench.errors import StatisticsError
from qaugbench.formatting import p_value, signed, unsigned
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.families import DRAWS, SEED, Family, simultaneous
from qaugbench.stats.joint import Joint
from qaugbench.stats.learning_curve import Bound, Censored, Range
from qaugbench.stats.mrmc import Comparison
from qaugbench.stats.noise_levels import NoisyArm, check_both_or_neither

NO_ADVANTAGE = "no noiseless advantage"
TARGET_MISSED = "the target is missed even without noise"


@dataclass(frozen=True)
class NoiseCurve:
    """What crosses 0: at each level of ``noise`` its mean, simultaneous 95 % limits, and ``fitted``, which never rises.

    ``quantile`` is the band's critical value.
    """

    noise: tuple[float, ...]
    estimate: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    fitted: tuple[float, ...]
    quantile: float


@dataclass(frozen=True)
class Threshold:
    """A level of noise with its 95 % limits; ``value`` is None, with a ``reason``, where there is none to estimate.

    ``censored`` says which numbers only bound the truth: "at least" the highest level, or "at most" the lowest one above 0.
    ``at_zero`` is the difference without noise on which it depends whether a threshold exists; None where it always does.
    """

    value: Range | None
    censored: Censored
    curve: NoiseCurve | None
    at_zero: Comparison | None
    reason: str | None

    @property
    def words(self) -> str:
        """The threshold in words, or why there is none."""
        if self.value is None:
            return f"not estimable: {self.reason}"
        estimate, low, high = (
            _bounded(number, bound)
            for number, bound in (
                (self.value.estimate, self.censored.estimate),
                (self.value.low, self.censored.low),
                (self.value.high, self.censored.high),
            )
        )
        return f"{estimate} (95 % CI {low} to {high})" if low != high else f"{estimate} (95 % CI {low})"


@dataclass(frozen=True)
class OffZero:
    """The clearest gain by noise over none, among all levels; limits and ``p_value`` are adjusted for their number.

    ``noise`` is the level whose gain is largest in its own standard errors. ``helps``: the lower limit is above 0.
    ``family`` has the gain of every level above 0, in their order.
    """

    noise: float
    gain: float
    low: float
    high: float
    p_value: float
    family: Family

    @property
    def helps(self) -> bool:
        """Whether noise at that level is better than none, allowing for all the levels that were tried."""
        return self.low > 0

    @property
    def words(self) -> str:
        """What was found, in words."""
        if self.gain <= 0:
            return f"no level of noise was better than none: none of the {self.family.estimate.size} levels has a better mean"
        found = f"{signed(self.gain)} at {self.noise:.2g}, {signed(self.low)} to {signed(self.high)}"
        said = "noise helped" if self.helps else "no level of noise was better than none"
        return (
            f"{said}: the clearest gain is {found} (p {p_value(self.p_value)}, for {self.family.estimate.size} levels)"
        )


def advantage_threshold(
    noise: np.ndarray,
    theta: np.ndarray,
    comparator: np.ndarray,
    *,
    influence: np.ndarray | None = None,
    comparator_influence: np.ndarray | None = None,
    n_eff: int | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Threshold:
    """Return the Threshold at which the advantage over ``comparator`` is gone: p*, inf {noise: theta - comparator <= 0}.

    ``comparator`` is one arm [R], such as the clean twin (p*), R+ (p*_R+) or a weighted mean of arms (retention), or an arm
    at every level [L, R], such as the twin with added Gaussian noise; ``comparator_influence`` [R, C] or [L, R, C]. It is
    defined only if the arm is better without noise: unless the 95 % interval of that difference (``mrmc.interval``) is above
    0, the threshold is not estimable and the reason says "no noiseless advantage". Raises StatisticsError for levels that do
    not ascend from 0, fewer than two above it, shapes that differ, NaN, and influence of only one of the two.

    >>> gains = np.array([0.04, 0.03, 0.01, -0.01])
    >>> theta = 0.8 + gains[:, None] + 0.001 * np.array([[1, -1, 0, 0], [0, 1, -1, 0], [0, 0, 1, -1], [1, 0, 0, -1]])
    >>> advantage_threshold(np.array([0, 1e-3, 1e-2, 1e-1]), theta, np.full(4, 0.8)).words
    '0.032 (95 % CI 0.026 to 0.039)'
    """
    check_both_or_neither(influence, comparator_influence)
    arm = NoisyArm.of(noise, theta, influence, n_eff)
    other = arm.beside(comparator, comparator_influence)
    too_few = too_few_replicates(arm.theta.shape[1])
    if too_few is not None:
        return _none(too_few)
    at_zero = arm.minus_at_zero(other)
    if at_zero.se == 0:
        return _none(
            "nothing varied over replicates or patients, so whether there is an advantage cannot be said", at_zero
        )
    if at_zero.ci_low <= 0:
        found = f"{signed(at_zero.estimate)} (95 % CI {signed(at_zero.ci_low)} to {signed(at_zero.ci_high)})"
        return _none(f"{NO_ADVANTAGE}: without noise the difference is {found}", at_zero)
    return replace(_crossing(arm.noise, arm.minus(other), draws, seed), at_zero=at_zero)


def degradation_threshold(
    noise: np.ndarray,
    theta: np.ndarray,
    delta: float,
    *,
    influence: np.ndarray | None = None,
    n_eff: int | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Threshold:
    """Return the Threshold at which the arm has lost ``delta`` of its own noiseless value: p_delta.

    It is the smallest noise with theta(0) - theta(noise) >= ``delta``, always defined. Raises StatisticsError for a ``delta``
    that is not above 0, and as ``advantage_threshold``.

    >>> theta = 0.8 - np.array([0, 0.002, 0.004])[:, None] + 0.0001 * np.array([[0, 0, 0], [1, -1, 0], [0, -1, 1]])
    >>> degradation_threshold(np.array([0, 1e-3, 1e-2]), theta, 0.01).words
    'at least 0.01 (95 % CI at least 0.01)'
    """
    arm = NoisyArm.of(noise, theta, influence, n_eff)
    if not (math.isfinite(delta) and delta > 0):
        raise StatisticsError(f"A loss is a number above 0 in the metric's own unit; given {delta}.")
    too_few = too_few_replicates(arm.theta.shape[1])
    if too_few is not None:
        return _none(too_few)
    loss = arm.from_zero()
    exact = Joint(  # without noise nothing is lost, by definition: that level has no error
        estimate=np.concatenate([[delta], loss.estimate + delta]),
        se=np.concatenate([[0.0], loss.se]),
        df=np.concatenate([[math.inf], loss.df]),
        factor=np.vstack([np.zeros((1, loss.factor.shape[1])), loss.factor]),
        board=np.zeros(arm.noise.size, dtype=np.int64),
    )
    return _crossing(arm.noise, exact, draws, seed)


def tolerated_noise(
    noise: np.ndarray,
    theta: np.ndarray,
    target: float | np.ndarray,
    *,
    influence: np.ndarray | None = None,
    target_influence: np.ndarray | None = None,
    n_eff: int | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Threshold:
    """Return the most noise at which the arm still reaches ``target``, as a Threshold.

    ``target`` is a number, or an arm [R] (with ``target_influence`` [R, C]) such as a classical diffusion model. Unlike an
    advantage it need not be proved: where the mean without noise is at the target or above, there is a tolerated noise.
    Errors as ``advantage_threshold``.
    """
    wanted = np.asarray(target, dtype=np.float64)
    if wanted.ndim:
        check_both_or_neither(influence, target_influence)
    elif target_influence is not None or not np.isfinite(wanted):
        raise StatisticsError(f"A target is a finite number, without influence, or an arm [R]; given {target}.")
    arm = NoisyArm.of(noise, theta, influence, n_eff)
    goal = arm.beside(wanted if wanted.ndim else np.full(arm.theta.shape[1], wanted), target_influence)
    too_few = too_few_replicates(arm.theta.shape[1])
    if too_few is not None:
        return _none(too_few)
    at_zero = arm.minus_at_zero(goal)
    if at_zero.estimate < 0:
        return _none(f"{TARGET_MISSED}, by {unsigned(-at_zero.estimate)}", at_zero)
    return replace(_crossing(arm.noise, arm.minus(goal), draws, seed), at_zero=at_zero)


def maximum_off_zero(
    noise: np.ndarray,
    theta: np.ndarray,
    *,
    influence: np.ndarray | None = None,
    n_eff: int | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> OffZero:
    """Return the OffZero of an arm: whether some level of noise is better than none, with all levels allowed for.

    That hardware noise sometimes helps has been published (arXiv 2508.09903); the best of seven levels is better than none
    by chance alone more often than not. The differences theta(level) - theta(0) are a max-T family. Raises StatisticsError
    for fewer than three replicates, and as ``advantage_threshold``.

    >>> theta = np.array([[0.80, 0.81, 0.79], [0.80, 0.80, 0.81], [0.70, 0.70, 0.71]])
    >>> maximum_off_zero(np.array([0, 1e-3, 1e-2]), theta).helps
    False
    """
    arm = NoisyArm.of(noise, theta, influence, n_eff)
    too_few = too_few_replicates(arm.theta.shape[1])
    if too_few is not None:
        raise StatisticsError(f"Whether noise helps cannot be said: {too_few}.")
    family = simultaneous(arm.from_zero(), draws=draws, seed=seed)
    size = np.divide(family.estimate, family.se, out=np.zeros(family.se.shape), where=family.se > 0)
    best = int(np.argmax(size))
    low = float(family.low[best])
    return OffZero(
        noise=float(arm.noise[1 + best]),
        gain=float(family.estimate[best]),
        low=low if family.se[best] > 0 else min(low, 0.0),  # what never varied has no interval, and proves nothing
        high=float(family.high[best]),
        p_value=float(family.p_single_step[best]),
        family=family,
    )


def antitonic(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the values [L] that never rise and are nearest to ``values`` [L] in ``weights`` [L] (pool adjacent violators).

    >>> antitonic(np.array([3.0, 1.0, 2.0])).tolist()
    [3.0, 1.5, 1.5]
    """
    return np.asarray(isotonic_regression(np.asarray(values, dtype=np.float64), weights=weights, increasing=False).x)


def _crossing(noise: np.ndarray, joint: Joint, draws: int, seed: int) -> Threshold:
    """Return where the differences of ``joint``, one a level, cross 0; the first is above it, or its mean is 0.

    Places count levels: 0 is without noise, 1 the lowest level above it.
    """
    family = simultaneous(joint, draws=draws, seed=seed)
    # All levels have the same replicates, so they weigh the same.
    fitted = antitonic(family.estimate)
    place, bound = _first_zero(fitted)
    pieces = _stretches(family.low, family.high)
    low, high = min([place, *(start for start, _ in pieces)]), max([place, *(end for _, end in pieces)])
    last = noise.size - 1
    clear = bool((family.low > 0).all())
    censored = Censored(bound, "at most" if low < 1 else "", "")
    if high == last or clear:
        censored = replace(censored, high="at least", low="at least" if low == last else censored.low)
    elif high < 1:
        censored = replace(censored, high="at most")
    return Threshold(
        value=Range(*(_noise_at(number, noise) for number in (place, low, high))),
        censored=censored,
        curve=NoiseCurve(
            noise=tuple(noise.tolist()),
            estimate=tuple(family.estimate.tolist()),
            low=tuple(family.low.tolist()),
            high=tuple(family.high.tolist()),
            fitted=tuple(fitted.tolist()),
            quantile=family.quantile,
        ),
        at_zero=None,
        reason=None,
    )


def _first_zero(fitted: np.ndarray) -> tuple[float, Bound]:
    """Return the place at which a falling curve reaches 0, and how it is censored."""
    reached = np.flatnonzero(fitted <= 0)
    if reached.size == 0:
        return float(fitted.size - 1), "at least"
    j = int(reached[0])
    if j == 0:
        return 0.0, "at most"
    place = j - 1 + float(fitted[j - 1] / (fitted[j - 1] - fitted[j]))
    return place, "at most" if place < 1 else ""


def _stretches(low: np.ndarray, high: np.ndarray) -> list[tuple[float, float]]:
    """Return the stretches of places at which low <= 0 <= high, both straight between levels."""
    knots = np.arange(low.size, dtype=np.float64)
    edges = np.unique(np.concatenate([knots, _zeros(low), _zeros(high)]))
    middle = (edges[:-1] + edges[1:]) / 2
    inside = (np.interp(middle, knots, low) <= 0) & (np.interp(middle, knots, high) >= 0)
    return [(float(edges[j]), float(edges[j + 1])) for j in np.flatnonzero(inside)]


def _zeros(line: np.ndarray) -> np.ndarray:
    """Return the places between levels at which ``line`` changes its sign."""
    j = np.flatnonzero(line[:-1] * line[1:] < 0)
    return j + line[j] / (line[j] - line[j + 1])


def _noise_at(place: float, noise: np.ndarray) -> float:
    """Return the noise at a place, straight in its logarithm; below the lowest level above 0, that level."""
    below = max(math.floor(place), 1)
    if place <= below:
        return float(noise[below])
    return float(noise[below] * (noise[below + 1] / noise[below]) ** (place - below))


def _none(reason: str, at_zero: Comparison | None = None) -> Threshold:
    return Threshold(None, Censored(), None, at_zero, reason)


def _bounded(number: float, bound: Bound) -> str:
    return f"{bound} {number:.2g}".strip()
