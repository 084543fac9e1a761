"""A planted fall against noise: whether thresholds are covered, where they lie, and whether there is none without an advantage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from qaugbench.stats.selftest.cell import ENOUGH, Finding, Judge, Outcomes, binomial_band, within
from qaugbench.stats.simulate import TRAINED, OneFinding, Sample
from qaugbench.stats.thresholds import Threshold, advantage_threshold, antitonic, degradation_threshold

LEVELS = np.array([0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1])
TWIN = 0.80
DRAWS = 10_000
COVERED, NOT_ESTIMABLE, BIAS = 0.93, 0.95, 0.25


@dataclass(frozen=True)
class NoiseSweep:
    """An arm that is ``ahead`` of its twin without noise, level with it at ``crossing`` and in the end .08 behind.

    The difference falls as the companion curve does, straight between levels: without noise ``ahead``, at most .08. Without
    an advantage the two are level there.
    """

    crossing: float
    ahead: float = 0.08
    replicates: int = 5
    positives: int = 100
    negatives: int = 400

    @property
    def stream(self) -> str:
        """Names the stream of random numbers."""
        return repr(self)

    @cached_property
    def population(self) -> OneFinding:
        """The arm at every level, then its twin."""
        behind = -0.08
        falls = behind + (self.ahead - behind) / (1 + LEVELS / self.crossing)
        values = tuple(float(value) for value in TWIN + falls)
        return OneFinding((*values, TWIN), self.replicates, self.positives, self.negatives, TRAINED)

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return for each threshold whether it was estimable and held the crossing, and its place among the levels, [n] each."""
        found = [self._analysed(self.population.draw(random), int(random.integers(2**31))) for _ in range(n)]
        return {name: np.array([one[name] for one in found]) for name in found[0]}

    def _analysed(self, sample: Sample, seed: int) -> dict[str, float]:
        arm, twin = (sample.theta[:-1], sample.influence[:-1]), (sample.theta[-1], sample.influence[-1])
        options = {"n_eff": sample.n_eff, "draws": DRAWS, "seed": seed}
        gone = advantage_threshold(LEVELS, arm[0], twin[0], influence=arm[1], comparator_influence=twin[1], **options)
        found = _facts("p*", gone, self.crossing)
        if self.ahead > 0:
            lost = degradation_threshold(LEVELS, arm[0], self.ahead, influence=arm[1], **options)
            found |= _facts("p_delta", lost, self.crossing)
        differences = arm[0] - twin[0]
        return found | {
            "one by one covered": float(_one_by_one(differences, self.crossing)),
            "mean above 0": float(differences[0].mean() > 0),
        }


def covered(threshold: str) -> Judge:
    """Return a judge of how often the set holds the crossing, .93 or more; a threshold that is not estimable does not."""

    def judge(outcomes: Outcomes) -> Finding:
        held = outcomes[f"{threshold} covered"]
        low = COVERED if held.size >= ENOUGH else min(COVERED, binomial_band(0.95, held.size)[0])
        return within(float(held.mean()), low, 1.0, "covered")

    return judge


def median_place(threshold: str, crossing: float) -> Judge:
    """Return a judge of the median estimate, within a quarter of the step between levels of the ``crossing``."""

    def judge(outcomes: Outcomes) -> Finding:
        places = outcomes[f"{threshold} place"]
        bias = float(np.nanmedian(places)) - _place(crossing)
        return within(bias, -BIAS, BIAS, "median bias, steps")

    return judge


def not_estimable(claim: str = "p* estimable") -> Judge:
    """Return a judge of how often no threshold was claimed, which must be .95 or more."""

    def judge(outcomes: Outcomes) -> Finding:
        none = 1 - outcomes[claim]
        low = NOT_ESTIMABLE if none.size >= ENOUGH else binomial_band(NOT_ESTIMABLE, none.size)[0]
        return within(float(none.mean()), low, 1.0, "not estimable")

    return judge


def _facts(name: str, found: Threshold, crossing: float) -> dict[str, float]:
    if found.value is None:
        return {f"{name} estimable": 0.0, f"{name} covered": 0.0, f"{name} place": math.nan}
    value, censored = found.value, found.censored
    low = 0.0 if censored.low == "at most" else value.low
    high = math.inf if censored.high == "at least" else value.high
    # The planted crossing is a level, at which an end of the set may fall by rounding alone.
    held = low <= crossing * (1 + 1e-9) and crossing <= high * (1 + 1e-9)
    return {f"{name} estimable": 1.0, f"{name} covered": float(held), f"{name} place": _place(value.estimate)}


def _place(noise: float) -> float:
    return float(np.interp(math.log(noise), np.log(LEVELS[1:]), np.arange(1, LEVELS.size)))


def _one_by_one(differences: np.ndarray, crossing: float) -> bool:
    """Return what a t interval over the crossings of single replicates says: each has its own error and its own bias."""
    places = []
    for replicate in differences.T:
        fitted = antitonic(replicate)
        j = int(np.argmax(fitted <= 0)) if (fitted <= 0).any() else LEVELS.size - 1
        places.append(j - 1 + fitted[j - 1] / (fitted[j - 1] - fitted[j]) if j and fitted[j] < 0 else float(j))
    reach = stats.t.ppf(0.975, len(places) - 1) * np.std(places, ddof=1) / math.sqrt(len(places))
    return bool(abs(np.mean(places) - _place(crossing)) <= reach)
