"""What curves against noise say beyond a threshold: their shape, one axis for all devices, and what a device lacks.

The companion curve and the collapse describe; they decide nothing. Where noise stops a generator is in ``thresholds``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from qaugbench.errors import StatisticsError
from qaugbench.formatting import signed, unsigned
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.learning_curve import Censored, Range
from qaugbench.stats.thresholds import Threshold, antitonic

FEWEST_LEVELS = 5
STEEPNESS = (0.2, 10.0)
DECADES_BEYOND = 2.0
DRAWS = 2000
SEED = 20_230_817


@dataclass(frozen=True)
class Companion:
    """The curve D_inf + (D_0 - D_inf) / (1 + (noise / p50)^h) that fits best: descriptive, without any interval.

    ``at_zero`` is D_0, ``at_infinity`` D_inf; ``r2`` is the share of the spread of the levels' means that it explains.
    ``bounded`` says that p50 or h stopped at the end of what was allowed, so that neither means anything.
    """

    at_zero: float
    at_infinity: float
    p50: float
    steepness: float
    r2: float
    bounded: bool

    def at(self, noise: np.ndarray) -> np.ndarray:
        """Return the curve at ``noise`` [M]."""
        return _sigmoid(np.asarray(noise, dtype=np.float64), self.at_zero, self.at_infinity, self.p50, self.steepness)


def companion_curve(noise: np.ndarray, means: np.ndarray) -> Companion | str:
    """Return the Companion of the levels' ``means`` [L] at ``noise`` [L], ascending from 0; or in words why there is none.

    Least squares over the levels; p50 up to two decades beyond them, h between 0.2 and 10. Four numbers are fitted, so five
    levels are needed, and a curve that never changes has none. Raises StatisticsError for shapes that differ and NaN.

    >>> noise = np.array([0, 1e-4, 1e-3, 1e-2, 1e-1, 1.0])
    >>> found = companion_curve(noise, -0.02 + 0.05 / (1 + (noise / 3e-3) ** 1.5))
    >>> round(found.at_zero, 4), round(found.at_infinity, 4), round(found.p50, 5), round(found.steepness, 3)
    (0.03, -0.02, 0.003, 1.5)
    """
    levels, means = np.asarray(noise, dtype=np.float64), np.asarray(means, dtype=np.float64)
    if levels.ndim != 1 or levels.shape != means.shape or not (np.isfinite(levels).all() and np.isfinite(means).all()):
        raise StatisticsError(f"Needed are noise [L] and finite means [L]; given {levels.shape} and {means.shape}.")
    if levels.size < FEWEST_LEVELS:
        return f"four numbers are fitted, and {levels.size} levels do not say them: {FEWEST_LEVELS} are needed"
    spread = float(((means - means.mean()) ** 2).sum())
    if spread == 0:
        return "the curve never changes"
    positive = np.log(levels[levels > 0])
    beyond = DECADES_BEYOND * math.log(10)
    box = (positive[0] - beyond, math.log(STEEPNESS[0])), (positive[-1] + beyond, math.log(STEEPNESS[1]))

    def linear(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (D_0, D_inf) that fit best, and what they leave, for a shape (log p50, log h)."""
        share = _sigmoid(levels, 1.0, 0.0, math.exp(shape[0]), math.exp(shape[1]))
        design = np.stack([share, 1 - share], axis=1)
        ends = np.linalg.lstsq(design, means, rcond=None)[0]
        return ends, design @ ends - means

    starts = [(place, slope) for place in np.quantile(positive, [0.25, 0.5, 0.75]) for slope in (-0.5, 0.5, 1.2)]
    fits = [least_squares(lambda shape: linear(shape)[1], start, bounds=box, x_scale=1.0) for start in starts]
    best = min(fits, key=lambda fit: float(fit.cost))
    ends, left = linear(best.x)
    return Companion(
        at_zero=float(ends[0]),
        at_infinity=float(ends[1]),
        p50=math.exp(best.x[0]),
        steepness=math.exp(best.x[1]),
        r2=1 - float((left**2).sum()) / spread,
        bounded=bool((np.abs(best.x - box[0]) < 1e-3).any() or (np.abs(best.x - box[1]) < 1e-3).any()),
    )


@dataclass(frozen=True)
class NoiseAxis:
    """One sweep or preset: ``theta`` [n, R] at n noise levels, each with its two-qubit error and expected errors [n].

    The replicates are the same on every axis. A level without any noise belongs to one axis at most, or to none.
    """

    name: str
    two_qubit_error: np.ndarray
    expected_errors: np.ndarray
    theta: np.ndarray


@dataclass(frozen=True)
class Collapse:
    """How well one curve, drawn through all other axes, foretells the levels of an axis that it has not seen.

    ``by_expected_errors`` and ``by_two_qubit_error`` are R2 of such forecasts, 1 where they are perfect and below 0 where the
    overall mean does better; ``difference`` is the first minus the second, with its 95 % percentile interval from
    resampled replicates.
    """

    by_expected_errors: float
    by_two_qubit_error: float
    difference: float
    low: float
    high: float
    n_axes: int
    n_levels: int

    @property
    def words(self) -> str:
        """What follows, in words."""
        by_errors, by_two_qubit = unsigned(self.by_expected_errors), unsigned(self.by_two_qubit_error)
        by = f"R2 {by_errors} by expected errors, {by_two_qubit} by two-qubit error"
        found = f"{signed(self.difference)}, 95 % CI {signed(self.low)} to {signed(self.high)}"
        if max(self.by_expected_errors, self.by_two_qubit_error) <= 0:
            return f"no axis can be foretold from the others: {by} ({found})"
        if self.low > 0:
            return f"expected errors explain the axes better: {by} ({found})"
        if self.high < 0:
            return f"the two-qubit error explains the axes better: {by} ({found})"
        return f"neither explains the axes better: {by} ({found})"


def collapse(axes: Sequence[NoiseAxis], *, draws: int = DRAWS, seed: int = SEED) -> Collapse:
    """Return the Collapse of two or more ``axes``: does the expected number of errors bring them onto one curve?

    For each axis an antitonic curve is drawn through the levels of all the others, once against the expected errors and once
    against the two-qubit error, straight between levels and level beyond them, and its own levels are forecast from it: so
    a finer scale gains nothing by being finer. Levels without noise are drawn but not forecast. Raises StatisticsError for
    fewer than two axes, axes without noise, shapes that differ, NaN and fewer than three replicates.

    >>> errors, wobble = np.array([0.03, 0.1, 0.3, 1.0]), 0.001 * np.array([[1, -1, 0]])
    >>> gates = NoiseAxis("gates", errors / 10, errors, np.exp(-errors)[:, None] + wobble)
    >>> readout = NoiseAxis("readout", 0 * errors, errors * 1.1, np.exp(-1.1 * errors)[:, None] + wobble)
    >>> found = collapse([gates, readout])
    >>> found.by_expected_errors > 0.9, found.by_two_qubit_error < 0, found.low > 0
    (True, True, True)
    """
    if len(axes) < 2:
        raise StatisticsError(f"A collapse compares two or more axes or presets; given {len(axes)}.")
    theta = [np.asarray(axis.theta, dtype=np.float64) for axis in axes]
    for axis, values in zip(axes, theta, strict=True):
        sizes = {np.shape(axis.two_qubit_error), np.shape(axis.expected_errors), values.shape[:1]}
        if (
            values.ndim != 2
            or len(sizes) > 1
            or values.shape[1:] != theta[0].shape[1:]
            or not np.isfinite(values).all()
        ):
            raise StatisticsError(
                f"Axis {axis.name!r} needs two_qubit_error [n], expected_errors [n] and finite theta [n, R], with the "
                f"replicates of the other axes; given theta {values.shape}."
            )
        if not (np.asarray(axis.expected_errors) > 0).any():
            raise StatisticsError(f"Axis {axis.name!r} has no level with noise; leave it out.")
    n_replicates = theta[0].shape[1]
    too_few = too_few_replicates(n_replicates)
    if too_few is not None:
        raise StatisticsError(f"Whether axes collapse cannot be said: {too_few}.")
    of_axis = np.concatenate([np.full(len(values), number) for number, values in enumerate(theta)])
    scales = [
        np.concatenate([np.asarray(getattr(axis, name), dtype=np.float64) for axis in axes])
        for name in ("expected_errors", "two_qubit_error")
    ]
    scored, every = scales[0] > 0, np.concatenate(theta)

    def both(values: np.ndarray) -> tuple[float, float]:
        by_errors, by_two_qubit = (_forecast_r2(scale, values, of_axis, scored) for scale in scales)
        return by_errors, by_two_qubit

    found = both(every.mean(axis=1))
    random = np.random.default_rng(seed)
    drawn = [both(every[:, random.integers(n_replicates, size=n_replicates)].mean(axis=1)) for _ in range(draws)]
    low, high = np.quantile([one - other for one, other in drawn], [0.025, 0.975])
    return Collapse(*found, found[0] - found[1], float(low), float(high), len(axes), int(scored.sum()))


@dataclass(frozen=True)
class Improvement:
    """By what ``factor`` some errors of a device have to fall for a target to be reached; 1 where it is reached already.

    An infinite factor stands for "not by this alone": even without these errors the rest are too many. ``low`` and ``high``
    are the factors at the ends of the tolerated errors' confidence set, ``high`` infinite where nothing bounds it.
    ``at_least``: the factor is a lower bound, since the tolerated errors are below the lowest level that was measured (1 where the
    device is that level); ``at_most``: an upper bound, since they are above the highest. ``measured``: nothing had to be read off a
    curve, because the device's own level reached the target.
    """

    what: str
    factor: float
    low: float
    high: float
    at_least: bool = False
    at_most: bool = False
    measured: bool = False

    @property
    def words(self) -> str:
        """The factor in words."""
        if self.measured:
            return "reached already, as measured"
        if math.isinf(self.factor):
            return "not by this alone"
        if self.at_least and math.isclose(self.factor, 1):
            return "lower, but no level tells by how much"
        if self.factor == 1:
            return "reached already"
        bound = "at least " if self.at_least else "at most " if self.at_most else ""
        high = "no bound" if math.isinf(self.high) else f"{self.high:.2g}"
        factor = f"{self.factor:.{2 if self.factor >= 1.05 else 3}g}"  # not "1 times"
        return f"{bound}{factor} times lower (95 % CI {self.low:.2g} to {high})"


def needed_improvements(tolerated: Threshold, parts: Mapping[str, float]) -> tuple[Improvement, ...]:
    """Return by what factor each of a device's ``parts`` would have to fall alone, and last, ``"together"``, all of them.

    ``tolerated`` is what ``tolerated_noise`` found with expected errors as the noise; ``parts`` are the device's expected
    errors by cause (two-qubit gates, readout, waiting, ...), whose sum is the device on that axis. Empty where the target is
    missed even without noise: then no hardware reaches it, and ``tolerated.reason`` says so. Raises StatisticsError for parts
    that are negative or not finite, and for no part above 0.

    >>> reached = Threshold(Range(0.2, 0.15, 0.3), Censored(), None, None, None)
    >>> for one in needed_improvements(reached, {"two-qubit gates": 0.3, "readout": 0.1}):
    ...     print(one.what, "|", one.words)
    two-qubit gates | 3 times lower (95 % CI 1.5 to 6)
    readout | not by this alone
    together | 2 times lower (95 % CI 1.3 to 2.7)
    """
    given = {what: float(errors) for what, errors in parts.items()}
    wrong = [what for what, errors in given.items() if not (math.isfinite(errors) and errors >= 0)]
    if wrong or not sum(given.values()) > 0:
        raise StatisticsError(
            "A device's expected errors by cause are finite, not negative and not all 0; given "
            f"{', '.join(f'{what} {errors:g}' for what, errors in given.items()) or 'none'}."
        )
    if tolerated.value is None:
        return ()
    total = sum(given.values())
    together = {"together": total} if "together" not in given else {}
    return tuple(
        _improvement(what, errors, total, tolerated.value, tolerated.censored)
        for what, errors in {**given, **together}.items()
    )


def _improvement(what: str, errors: float, total: float, value: Range, censored: Censored) -> Improvement:
    factor, low, high = (_factor(errors, total, allowed) for allowed in (value.estimate, value.high, value.low))
    is_above = total > value.estimate or math.isclose(
        total, value.estimate
    )  # of "at most", the level itself is too much
    return Improvement(
        what,
        factor,
        low if censored.high != "at least" else 1.0,
        high if censored.low != "at most" or total < value.low else math.inf,
        at_least=math.isfinite(factor) and is_above and censored.estimate == "at most",
        at_most=math.isfinite(factor) and factor > 1 and censored.estimate == "at least",
    )


def _factor(errors: float, total: float, allowed: float) -> float:
    """Return the factor by which ``errors`` of ``total`` must fall for the sum to be ``allowed``; infinite if none does."""
    if total <= allowed:
        return 1.0
    left = allowed - (total - errors)
    return errors / left if left > 0 and errors > 0 else math.inf


def _forecast_r2(scale: np.ndarray, values: np.ndarray, of_axis: np.ndarray, scored: np.ndarray) -> float:
    """Return R2 of forecasts of the ``scored`` values [n], each axis from a falling curve through the others."""
    forecast = np.empty_like(values)
    for axis in np.unique(of_axis):
        places, means, counts = _by_place(scale[of_axis != axis], values[of_axis != axis])
        forecast[of_axis == axis] = np.interp(scale[of_axis == axis], places, antitonic(means, counts))
    spread = float(((values[scored] - values[scored].mean()) ** 2).sum())
    return 1 - float(((values - forecast)[scored] ** 2).sum()) / spread if spread > 0 else 0.0


def _by_place(scale: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the different places, ascending, the mean value of each and how many values it has."""
    places, code = np.unique(scale, return_inverse=True)
    counts = np.bincount(code).astype(np.float64)
    return places, np.bincount(code, weights=values) / counts, counts


def _sigmoid(noise: np.ndarray, at_zero: float, at_infinity: float, p50: float, steepness: float) -> np.ndarray:
    return at_infinity + (at_zero - at_infinity) / (1 + (noise / p50) ** steepness)
