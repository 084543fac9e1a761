"""Many arms at once: how often any false difference is claimed, and whether rank sets hold the true ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.families import holm, simultaneous
from qaugbench.stats.ranks import Ranks, pairs, rank_sets, ranks_of
from qaugbench.stats.selftest.cell import Finding, Judge, Outcomes, at_most, binomial_band, within
from qaugbench.stats.simulate import Population, Sample

DRAWS = 10_000  # of the maximum, a simulation, with a new seed each time; a board uses ten times as many
RANK_COVERAGE = 0.94


@dataclass(frozen=True)
class AgainstReference:
    """Every arm of a population against its first; where the truth is no difference, a finding is false."""

    population: Population

    @property
    def stream(self) -> str:
        """Names the stream of random numbers: the population."""
        return repr(self.population)

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return whether anything false was found [n] (bool), by each method."""
        found = [self._false(self.population.draw(random), int(random.integers(2**31))) for _ in range(n)]
        return {name: np.array([one[name] for one in found]) for name in found[0]}

    def _false(self, sample: Sample, seed: int) -> dict[str, bool]:
        n_arms = len(self.population.values)
        contrasts = np.hstack([-np.ones((n_arms - 1, 1)), np.eye(n_arms - 1)])
        family = simultaneous(
            contrast_covariance(sample.theta, sample.influence, contrasts, sample.n_eff), draws=DRAWS, seed=seed
        )
        null = np.array(self.population.values[1:]) == self.population.values[0]
        return {
            "max-T single step": bool((family.p_single_step[null] < 0.05).any()),
            "max-T step-down": bool((family.p_step_down[null] < 0.05).any()),
            "Holm": bool((holm(family.p_value)[null] < 0.05).any()),
            "unadjusted": bool((family.p_value[null] < 0.05).any()),
        }


@dataclass(frozen=True)
class Ranked:
    """Rank sets of all arms of a population; an arm's true ranks are all those that its ties could take."""

    population: Population

    @property
    def stream(self) -> str:
        """Names the stream of random numbers: the population."""
        return repr(self.population)

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return whether every set held all true ranks of its arm [n] (bool), by the kind of interval."""
        covered, pairwise = [], []
        truth = np.array(self.population.values)
        best = 1 + (truth[None] > truth[:, None]).sum(axis=1)
        worst = truth.size - (truth[None] < truth[:, None]).sum(axis=1)
        for _ in range(n):
            sample = self.population.draw(random)
            ranks = rank_sets(
                sample.theta, sample.influence, sample.n_eff, draws=DRAWS, seed=int(random.integers(2**31))
            )
            covered.append(_hold(ranks, best, worst))
            pairwise.append(_hold(_pairwise(sample), best, worst))
        return {"simultaneous": np.array(covered), "pairwise": np.array(pairwise)}


def _hold(ranks: Ranks, best: np.ndarray, worst: np.ndarray) -> bool:
    return bool((ranks.low <= best).all() and (ranks.high >= worst).all())


def _pairwise(sample: Sample) -> Ranks:
    """Return what rank sets become when every pair is tested at 5 % of its own."""
    first, second = pairs(len(sample.theta))
    arms = np.eye(len(sample.theta))
    joint = contrast_covariance(sample.theta, sample.influence, arms[first] - arms[second], sample.n_eff)
    reach = stats.t.ppf(0.975, joint.df) * joint.se
    return ranks_of(sample.theta.mean(axis=1), joint.estimate > reach, joint.estimate < -reach)


def any_false(method: str) -> Judge:
    """Return a judge of how often ``method`` made at least one false finding, 5 % at most."""
    return lambda outcomes: at_most(outcomes[method], 0.05, "any false")


def ranks_covered(intervals: str = "simultaneous") -> Judge:
    """Return a judge of how often all rank sets held at once, which may be above .95 and not below .94."""

    def judge(outcomes: Outcomes) -> Finding:
        low, _ = binomial_band(0.95, outcomes[intervals].size)
        return within(float(outcomes[intervals].mean()), min(RANK_COVERAGE, low), 1.0, "all covered")

    return judge
