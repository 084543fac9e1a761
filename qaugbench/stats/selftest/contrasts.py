"""Two arms compared: size without a difference; coverage, bias and power with a planted one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qaugbench.stats.mrmc import Comparison, interval, variance_components
from qaugbench.stats.pilot import Pilot, pool
from qaugbench.stats.power import power_at
from qaugbench.stats.selftest.cell import (
    COVERAGE_BAND,
    Finding,
    Judge,
    Outcomes,
    at_most,
    binomial_band,
    confidence,
    within,
)
from qaugbench.stats.selftest.cell import size as size_of
from qaugbench.stats.simulate import Population, Sample

Engine = Callable[[np.ndarray, np.ndarray, int], Comparison]
POWER_TOLERANCE = 0.03


@dataclass(frozen=True)
class TwoArms:
    """The first arm of a population minus the second; every engine analyses the same scores."""

    population: Population
    engines: tuple[Engine, ...] = (interval,)

    @property
    def stream(self) -> str:
        """Names the stream of random numbers: the population, whatever analyses it."""
        return repr(self.population)

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return estimate, interval and p-value of each engine, and the components of variance, [n] each."""
        found = [self._analysed(self.population.draw(random)) for _ in range(n)]
        return {name: np.array([one[name] for one in found]) for name in found[0]}

    def _analysed(self, sample: Sample) -> dict[str, float]:
        difference, influence = _first_minus_second(sample)
        parts = variance_components(difference, influence)
        found = {
            "replicates": parts.replicates,
            "patients": parts.patients,
            "n_eff": float(sample.n_eff),
            "n_groups": float(influence.shape[1]),
        }
        for engine in self.engines:
            comparison = engine(difference, influence, sample.n_eff)
            for quantity in ("estimate", "ci_low", "ci_high", "p_value"):
                found[f"{engine.__name__} {quantity}"] = getattr(comparison, quantity)
        return found


def size(engine: Engine = interval) -> Judge:
    """Return a judge of the share of p-values below 5 %, which may be low with a warning, and not high."""
    return lambda outcomes: size_of(outcomes[f"{engine.__name__} p_value"] < 0.05)


def upper_size(engine: Engine = interval) -> Judge:
    """Return a judge of the share of p-values below 5 % which may be as low as it likes."""
    return lambda outcomes: at_most(outcomes[f"{engine.__name__} p_value"] < 0.05)


def coverage(truth: float, engine: Engine = interval) -> Judge:
    """Return a judge of the share of 95 % intervals that hold the ``truth``."""

    def judge(outcomes: Outcomes) -> Finding:
        low, high = outcomes[f"{engine.__name__} ci_low"], outcomes[f"{engine.__name__} ci_high"]
        band = binomial_band(0.95, low.size)
        covered = float(((low <= truth) & (truth <= high)).mean())
        return within(covered, min(band[0], COVERAGE_BAND[0]), max(band[1], COVERAGE_BAND[1]), "covered")

    return judge


def mean_estimate(truth: float, engine: Engine = interval) -> Judge:
    """Return a judge of the mean estimate, within three of its own standard errors of the ``truth``."""

    def judge(outcomes: Outcomes) -> Finding:
        estimate = outcomes[f"{engine.__name__} estimate"]
        error = 3 * float(estimate.std(ddof=1)) / np.sqrt(estimate.size)
        return within(float(estimate.mean()), truth - error, truth + error, "mean")

    return judge


def power(truth: float, replicates: int, engine: Engine = interval) -> Judge:
    """Return a judge of the share of p-values below 5 % against what planning from the mean components promises."""

    def judge(outcomes: Outcomes) -> Finding:
        mean = {name: float(outcomes[name].mean()) for name in ("replicates", "patients", "n_eff", "n_groups")}
        pilot = Pilot(
            seeds=mean["replicates"] * replicates,
            residual=0.0,
            patients=mean["patients"],
            n_replicates=replicates,
            n_groups=int(mean["n_groups"]),
            n_eff=int(mean["n_eff"]),
        )
        expected = power_at(pilot, abs(truth), replicates)
        return _near(outcomes[f"{engine.__name__} p_value"] < 0.05, expected)

    return judge


@dataclass(frozen=True)
class PlannedPower:
    """A planted difference analysed, and planned for from pilots with ``pilot_replicates`` on other patients."""

    population: Population
    pilot_replicates: int

    @property
    def stream(self) -> str:
        """Names the stream of random numbers: the population."""
        return repr(self.population)

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return whether the difference was found [n] (bool), and the power [n] that the block's pilots promised."""
        found, pilots = [], []
        for _ in range(n):
            sample = self.population.draw(random)
            found.append(interval(*_first_minus_second(sample), sample.n_eff).p_value < 0.05)
            sample = self.population.draw(random)
            difference, influence = _first_minus_second(sample)
            early = slice(self.pilot_replicates)
            pilots.append(Pilot.of(difference[early], influence[early], sample.n_eff))
        truth = abs(self.population.values[0] - self.population.values[1])
        promised = power_at(pool(pilots), truth, sample.theta.shape[1])
        return {"found": np.array(found), "promised": np.full(n, promised)}


def as_planned() -> Judge:
    """Return a judge of how often a planted difference was found against the power that pilots promised."""
    return lambda outcomes: _near(outcomes["found"], float(outcomes["promised"].mean()))


def _first_minus_second(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    return sample.theta[0] - sample.theta[1], sample.influence[0] - sample.influence[1]


def _near(found: np.ndarray, expected: float) -> Finding:
    beyond = float(stats.norm.ppf((1 + confidence(found.size)) / 2))
    tolerance = max(POWER_TOLERANCE, beyond * np.sqrt(expected * (1 - expected) / found.size))
    return within(float(found.mean()), max(expected - tolerance, 0.0), min(expected + tolerance, 1.0), "power")
