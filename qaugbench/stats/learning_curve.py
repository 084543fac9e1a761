"""How many real images the reference alone needs to do as well as an arm: its learning curve, read backwards.

Nothing is said beyond the measured numbers of images: there the number is only bounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.inversion import LEVEL, ROUNDING, accepted, check_paired, joint_of, minus
from qaugbench.stats.joint import Joint
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.unbounded import UnboundedAbove, UnboundedBelow

Bound = Literal["", "at least", "at most"]

STEPS = 32


@dataclass(frozen=True)
class Curve:
    """The reference at several numbers of real images: ``sizes`` ascending, their ``means``, and (theta, influence) each.

    Between two sizes the curve is straight in log n. Where the measured means fell with more images, neighbours were
    averaged until they did not (isotonic regression): ``averaged`` names those sizes, and is empty otherwise.
    """

    sizes: tuple[int, ...]
    means: tuple[float, ...]
    measurements: tuple[Measurement, ...]
    averaged: tuple[tuple[int, ...], ...] = ()


def learning_curve(points: Mapping[int, Measurement]) -> Curve:
    """Return the Curve through ``points``: number of real images -> (theta [R], influence [R, C]) of the reference.

    Replicate r is the same at all sizes, and so are the test patients. Raises StatisticsError for fewer than two sizes,
    sizes below 1, shapes that differ and NaN.

    >>> flat = np.zeros((2, 30))
    >>> points = {100: (np.array([0.81, 0.81]), flat), 200: (np.array([0.79, 0.79]), flat)}
    >>> curve = learning_curve(points | {400: (np.array([0.9, 0.9]), flat)})
    >>> [round(mean, 3) for mean in curve.means], curve.averaged
    ([0.8, 0.8, 0.9], ((100, 200),))
    """
    if len(points) < 2:
        raise StatisticsError(f"A learning curve needs two numbers of real images; given {first_offenders(points)}.")
    if min(points) < 1:
        raise StatisticsError(f"Numbers of real images are at least 1; given {first_offenders(sorted(points))}.")
    sizes = tuple(sorted(points))
    check_paired({f"{size} real images": points[size] for size in sizes})
    blocks = _rising_blocks([float(np.mean(points[size][0])) for size in sizes])
    averaged = [_mean_measurement([points[sizes[j]] for j in block]) for block in blocks]
    measurements = tuple(mean for block, mean in zip(blocks, averaged, strict=True) for _ in block)
    return Curve(
        sizes=sizes,
        means=tuple(float(np.mean(theta)) for theta, _ in measurements),
        measurements=measurements,
        averaged=tuple(tuple(sizes[j] for j in block) for block in blocks if len(block) > 1),
    )


@dataclass(frozen=True)
class Range:
    """An estimate with its 95 % limits."""

    estimate: float
    low: UnboundedBelow
    high: UnboundedAbove

    def times(self, factor: float, plus: float = 0.0) -> Range:
        """Return ``factor * self + plus``."""
        return Range(factor * self.estimate + plus, factor * self.low + plus, factor * self.high + plus)


@dataclass(frozen=True)
class Censored:
    """Which numbers of a Range only bound the truth, because it is beyond what was measured; empty where it does not."""

    estimate: Bound = ""
    low: Bound = ""
    high: Bound = ""


@dataclass(frozen=True)
class Equivalent:
    """The number of real images with which the reference alone does as well; ``quantile`` is the band's critical value."""

    n: Range
    censored: Censored
    quantile: float


def n_equivalent(arm: Measurement, curve: Curve, n_eff: int | None = None) -> Equivalent:
    """Return the Equivalent of an arm (theta [R], influence [R, C]) on the reference's learning curve.

    The limits hold every n at which 0 lies in the simultaneous 95 % band of the arm minus the curve. At
    n = n_lo^(1-w) n_hi^w that difference is the contrast theta_a - (1-w) theta_R*(n_lo) - w theta_R*(n_hi), with the
    variance that ``mrmc`` gives it, shared patients and replicates included. The band holds over the whole curve, between
    measured sizes too: along a segment the standardised contrast moves on a great circle, so with kappa the summed angles,
    P(max |T| > c) <= P(|t| > c) + kappa/pi (1 + c^2/df)^(-df/2) (Hotelling 1939; Naiman 1986; Sun & Loader 1994), df the
    smallest along the curve. For the one true n alone it is wider than need be, and coverage is above 95 %. Raises
    StatisticsError for shapes that differ, NaN and fewer than two replicates.
    """
    check_paired({"arm": arm, f"{curve.sizes[0]} real images": curve.measurements[0]})
    differences = [minus(arm, point) for point in curve.measurements]
    n_knots = len(curve.sizes)
    share = np.linspace(0, n_knots - 1, STEPS * (n_knots - 1) + 1)
    joint = joint_of(differences, _on_path(share, n_knots), n_eff)
    quantile = _tube_quantile(_angle(joint_of(differences, np.eye(n_knots), n_eff)), float(joint.df.min()))

    def excess(places: np.ndarray) -> np.ndarray:
        found = joint_of(differences, _on_path(places, n_knots), n_eff)
        return np.asarray(np.abs(found.estimate) - quantile * found.se - ROUNDING)

    estimate, of_estimate = _crossing(float(np.mean(arm[0])), curve.means)
    pieces = accepted(excess, np.union1d(share, [estimate]))
    if pieces:
        low, high = pieces[0][0], pieces[-1][1]
        censored = Censored(of_estimate, "at most" if low == 0 else "", "at least" if high == n_knots - 1 else "")
    else:
        low = high = estimate
        censored = Censored(of_estimate, of_estimate, of_estimate)
    n = Range(*(_images_at(place, curve.sizes) for place in (estimate, low, high)))
    return Equivalent(n, censored, quantile)


def _rising_blocks(means: list[float]) -> list[list[int]]:
    """Return neighbouring positions, averaged where needed so that the means never fall (pool adjacent violators)."""
    blocks: list[list[int]] = []
    for position in range(len(means)):
        blocks.append([position])
        while len(blocks) > 1 and _block_mean(means, blocks[-2]) > _block_mean(means, blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    return blocks


def _block_mean(means: list[float], block: list[int]) -> float:
    return sum(means[j] for j in block) / len(block)


def _crossing(value: float, means: tuple[float, ...]) -> tuple[float, Bound]:
    """Return where on the curve (0 at its first size, 1 at its second, ...) it first reaches ``value``."""
    if value < means[0]:
        return 0.0, "at most"
    above = next((j for j, mean in enumerate(means) if mean >= value), None)
    if above is None:
        return float(len(means) - 1), "at least"
    if above == 0:
        return 0.0, ""
    below = means[above - 1]
    return above - 1 + (value - below) / (means[above] - below), ""


def _images_at(place: float, sizes: tuple[int, ...]) -> float:
    below = math.floor(place)
    if place == below:
        return float(sizes[below])
    return float(sizes[below] * (sizes[below + 1] / sizes[below]) ** (place - below))


def _on_path(places: np.ndarray, n_knots: int) -> np.ndarray:
    """Return the weights [M, n_knots] of the measured sizes at ``places`` [M] along the curve."""
    return np.maximum(1 - np.abs(places[:, None] - np.arange(n_knots)), 0.0)


def _angle(knots: Joint) -> float:
    """Return the summed angles, in radians, between neighbouring differences, by their correlations."""
    covariance, se = knots.covariance, knots.se
    along = np.diag(covariance, 1) / np.maximum(se[:-1] * se[1:], np.finfo(np.float64).tiny)
    return float(np.arccos(np.clip(along, -1.0, 1.0)).sum())


def _tube_quantile(angle: float, df: float) -> float:
    """Return the c of ``n_equivalent``'s docstring, at which the bound is 5 %."""

    def excess(c: float) -> float:
        tail = math.exp(-c * c / 2) if math.isinf(df) else (1 + c * c / df) ** (-df / 2)
        return 2 * float(stats.t.sf(c, df)) + angle / math.pi * tail - (1 - LEVEL)

    single = float(stats.t.ppf((1 + LEVEL) / 2, df))
    if excess(single) <= 0:
        return single
    highest = 2 * single
    while excess(highest) > 0:
        highest *= 2
    return float(brentq(excess, single, highest, xtol=1e-12))


def _mean_measurement(measurements: list[Measurement]) -> Measurement:
    return np.mean([theta for theta, _ in measurements], axis=0), np.mean(
        [influence for _, influence in measurements], axis=0
    )
