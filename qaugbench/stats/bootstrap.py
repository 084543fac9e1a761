"""The pigeonhole bootstrap: replicates and patients are resampled independently, and a cell counts by both.

Owen 2007; Owen & Eckles 2012: no bootstrap of crossed factors is exact (McCullagh 2000), and this one errs on the side of
intervals that are too wide. It checks the intervals of ``mrmc``, and serves metrics that jump as a patient comes or
goes and have no influence function. All images of a patient are drawn together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.influence import Patients

PIGEONHOLE = "pigeonhole bootstrap over replicates and patients, percentile interval (conservative)"
PATIENTS_ALONE = "single-run bootstrap over patients, percentile interval: conditional on this model, no verdict"
DRAWS = 2000
SEED = 20_070_301
FEWEST_DRAWS = 100
DOUBLES_AT_ONCE = 2**21


@dataclass(frozen=True)
class Bootstrap:
    """An estimate with its bootstrap standard error and 95 % percentile interval.

    ``redrawn`` counts draws of patients on which the metric was not defined and which were drawn again.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    draws: int
    redrawn: int
    method: str
    n_replicates: int
    n_groups: int


def pigeonhole(theta: np.ndarray, influence: np.ndarray, *, draws: int = DRAWS, seed: int = SEED) -> Bootstrap:
    """Return the Bootstrap of the mean of ``theta`` [R], a value or a difference, with its ``influence`` [R, C].

    Linearised: in a draw, replicate r has theta_r + sum_i (weight_i - 1) influence_ri, so nothing is recomputed. One
    replicate: patients alone, and the method says so. Same arguments, same numbers. Raises StatisticsError for shapes
    that differ, NaN, fewer than two patients and fewer than 100 draws.

    >>> found = pigeonhole(np.array([0.8, 0.8]), np.array([[0.01, -0.01, 0.0]] * 2))
    >>> found.estimate, round(found.se, 3)
    (0.8, 0.014)
    """
    theta, influence = np.asarray(theta, dtype=np.float64), np.asarray(influence, dtype=np.float64)
    if theta.ndim != 1 or influence.ndim != 2 or influence.shape[0] != theta.size or theta.size == 0:
        raise StatisticsError(f"Needed are theta [R], influence [R, C]; given {theta.shape} and {influence.shape}.")
    if influence.shape[1] < 2:
        raise StatisticsError(f"An interval needs at least two patients; given {influence.shape[1]}.")
    if not (np.isfinite(theta).all() and np.isfinite(influence).all()):
        raise StatisticsError("Values or influence are not finite: give every arm and replicate, or leave the arm out.")
    centred = (influence - influence.mean(axis=1, keepdims=True)).T

    def values(patient_weights: np.ndarray) -> np.ndarray:
        return theta + patient_weights @ centred

    n_groups = influence.shape[1]
    return resample(values, theta, n_groups=n_groups, n_images=n_groups, draws=draws, seed=seed)


def pigeonhole_metric(
    metric: Callable[[int, np.ndarray], float],
    groups: np.ndarray,
    n_replicates: int,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Bootstrap:
    """Return the Bootstrap of the mean over replicates of ``metric(replicate, image_weights [N])``, recomputed in every draw.

    ``groups`` [N] are the images' patients; an image weighs as often as its patient was drawn, 0 or more. The metric
    returns NaN where it is not defined, as without a positive; such draws are drawn again and counted. Raises
    StatisticsError when it is not defined on the images as they are, or on more draws than it is; for fewer than two
    patients, no replicate, and fewer than 100 draws.

    >>> scores = np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 5.0]])
    >>> found = pigeonhole_metric(lambda r, weights: np.average(scores[r], weights=weights), np.arange(3), 2)
    >>> round(found.estimate, 3), found.redrawn
    (2.667, 0)
    """
    patients = Patients.of(groups)
    if n_replicates < 1:
        raise StatisticsError(f"A bootstrap needs at least one replicate; given {n_replicates}.")
    unweighted = np.ones(patients.code.size)
    theta = np.array([metric(replicate, unweighted) for replicate in range(n_replicates)], dtype=np.float64)
    if not np.isfinite(theta).all():
        raise StatisticsError(
            "The metric is not finite on the images as they are, in replicates "
            f"{first_offenders(np.flatnonzero(~np.isfinite(theta)))}."
        )

    def values(patient_weights: np.ndarray) -> np.ndarray:
        rows = [
            [metric(replicate, weights) for replicate in range(n_replicates)]
            for weights in patient_weights[:, patients.code]
        ]
        return np.array(rows, dtype=np.float64)

    return resample(values, theta, n_groups=patients.n_groups, n_images=patients.code.size, draws=draws, seed=seed)


def resample(
    values: Callable[[np.ndarray], np.ndarray],
    theta: np.ndarray,
    *,
    n_groups: int,
    n_images: int,
    draws: int,
    seed: int,
    rule: str = "",
) -> Bootstrap:
    """Return the Bootstrap of ``values``, which turns patient weights [B, C] into values [B, R], NaN where undefined.

    ``theta`` [R] are the values at weights of 1; ``n_images`` bounds how many draws are held at once; ``rule`` is added
    to the method. Errors as ``pigeonhole_metric``.
    """
    if draws < FEWEST_DRAWS:
        raise StatisticsError(f"{draws} draws are too few for an interval; give at least {FEWEST_DRAWS}.")
    n_replicates = theta.size
    random = np.random.RandomState(seed)
    replicate_weights = _times_drawn(random, draws, n_replicates)
    sample = np.empty(draws)
    at_once = max(DOUBLES_AT_ONCE // n_images, 1)
    done = redrawn = 0
    while done < draws:
        drawn = values(_times_drawn(random, min(at_once, draws - done), n_groups))
        drawn = drawn[~np.isnan(drawn).any(axis=1)]
        redrawn += min(at_once, draws - done) - len(drawn)
        if redrawn > draws:
            raise StatisticsError(
                f"The metric was not defined on {redrawn} draws of patients and defined on {done}: too few patients "
                "decide it. Leave this class out."
            )
        part = slice(done, done + len(drawn))
        sample[part] = (replicate_weights[part] * drawn).sum(axis=1) / n_replicates
        done = part.stop
    low, high = np.quantile(sample, [0.025, 0.975])
    method = PATIENTS_ALONE if n_replicates == 1 else PIGEONHOLE
    return Bootstrap(
        estimate=float(theta.mean()),
        se=float(sample.std(ddof=1)),
        ci_low=float(low),
        ci_high=float(high),
        draws=draws,
        redrawn=redrawn,
        method=f"{method}; {rule}" if rule else method,
        n_replicates=n_replicates,
        n_groups=n_groups,
    )


def _times_drawn(random: np.random.RandomState, draws: int, n_units: int) -> np.ndarray:
    """Return how often each of ``n_units`` is drawn when as many are drawn with replacement: [draws, n_units]."""
    times = np.empty((draws, n_units))
    for draw in range(draws):
        times[draw] = np.bincount(random.randint(0, n_units, n_units, dtype=np.int64), minlength=n_units)
    return times
