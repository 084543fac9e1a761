"""Confidence sets by inverting a test: every value that the test does not reject."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import brentq

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.joint import Joint
from qaugbench.stats.metric_on_images import Measurement

Pieces = tuple[tuple[float, float], ...]

LEVEL = 0.95
ROUNDING = 1e-11
SINGLE = "a single replicate cannot say how the next one would differ"


def accepted(excess: Callable[[np.ndarray], np.ndarray], places: np.ndarray) -> Pieces:
    """Return the stretches between the first and last of ``places`` [M], ascending, where ``excess`` is not above 0.

    ``excess`` maps places [M] to how far the test there is past its critical value [M]; a stretch shorter than the
    distance of neighbouring places is found only if it holds one of them.

    >>> [(round(low, 9), round(high, 9)) for low, high in accepted(lambda x: x**2 - 4, np.linspace(-5, 5, 8))]
    [(-2.0, 2.0)]
    """
    inside = excess(places) <= 0

    def one(place: float) -> float:
        return float(excess(np.array([place]))[0])

    def edge(j: int) -> float:
        here, there = float(places[j]), float(places[j + 1])
        # At an end of the set itself, rounding may deny the change of sign.
        if one(here) * one(there) >= 0:
            return here if inside[j] else there
        return float(brentq(one, here, there, xtol=1e-13))

    starts: list[float] = [float(places[0])] if inside[0] else []
    ends: list[float] = []
    for j in np.flatnonzero(inside[1:] != inside[:-1]):
        (ends if inside[j] else starts).append(edge(int(j)))
    if inside[-1]:
        ends.append(float(places[-1]))
    return tuple(zip(starts, ends, strict=True))


def joint_of(measurements: list[Measurement], weights: np.ndarray, n_eff: int | None) -> Joint:
    """Return the Joint of ``weights`` [M, A] of A measurements, (theta [R], influence [R, C]) each; ``n_eff`` defaults to C."""
    influence = np.stack([influence for _, influence in measurements])
    n_eff = influence.shape[2] if n_eff is None else n_eff
    return contrast_covariance(np.stack([theta for theta, _ in measurements]), influence, weights, n_eff)


def minus(one: Measurement, other: Measurement) -> Measurement:
    """Return the difference of two measurements of the same replicates and patients."""
    return one[0] - other[0], one[1] - other[1]


def check_paired(measurements: Mapping[str, Measurement]) -> None:
    """Raise StatisticsError, naming them, for measurements of different replicates or patients, and for one replicate."""
    shapes = {(np.shape(theta), np.shape(influence)) for theta, influence in measurements.values()}
    if len(shapes) > 1 or any(len(t) != 1 or len(i) != 2 or t[0] != i[0] for t, i in shapes):
        given = first_offenders(
            f"{name} {np.shape(theta)}, {np.shape(influence)}" for name, (theta, influence) in measurements.items()
        )
        raise StatisticsError(
            f"Arms share replicates and test patients, theta [R] and influence [R, C]; given {given}."
        )
    if np.size(next(iter(measurements.values()))[0]) < 2:
        raise StatisticsError(f"Real-data equivalents need two replicates: {SINGLE}.")
