"""The claims ladder climbed on simulated arms whose truth is exactly on a margin or a tie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.stats.ladder import Competitors, Ladder, climb, equivalence
from qaugbench.stats.mrmc import interval
from qaugbench.stats.selftest.cell import Finding, Judge, Outcomes, at_most, size
from qaugbench.stats.simulate import Population, Sample

GAINS = ("HELPS", "NON-INFERIOR", "SUPERIOR")
CONTROLS = ("twin", "no-entanglement", "frozen", "random")


@dataclass(frozen=True)
class Climbs:
    """The ladder of the first arm of a population; the second is the reference, the third the best classical arm.

    Any further arms are the circuit's controls.
    """

    population: Population
    margin: float = 0.02

    @property
    def stream(self) -> str:
        """Names the stream of random numbers: the population."""
        return repr(self.population)

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return which claims were made, [n] (bool) each."""
        found = [self._claims(self.population.draw(random)) for _ in range(n)]
        return {name: np.array([one[name] for one in found]) for name in found[0]}

    def _claims(self, sample: Sample) -> dict[str, bool]:
        names = ("quantum", "reference", "classical", *CONTROLS)[: len(sample.theta)]
        measurements = {name: (sample.theta[a], sample.influence[a]) for a, name in enumerate(names)}
        against = Competitors("reference", "classical", None, {name: name for name in names[3:]}, quantum=True)
        ladder = climb("quantum", against, measurements, n_eff=sample.n_eff, margin=self.margin)
        lead = interval(sample.theta[0] - sample.theta[2], sample.influence[0] - sample.influence[2], sample.n_eff)
        return {
            "equivalent": bool(equivalence(lead, self.margin).passed),
            "no worse by the margin": lead.ci_low > -self.margin,
            "retains": _rung(ladder, "retains"),
            "superior": _rung(ladder, "superior"),
            "verdict retains": ladder.verdict in ("NON-INFERIOR", "SUPERIOR"),
            "verdict SUPERIOR": ladder.verdict == "SUPERIOR",
            "any gain": ladder.verdict in GAINS,
            "verdict HURTS": ladder.verdict == "HURTS",
            "attributed": ladder.attribution == "QUANTUM-ATTRIBUTED",
            "no difference found": lead.p_value >= 0.05,
            "some control beaten": any(control.ci_low > 0 for control in ladder.controls),
        }


def claimed(claim: str, level: float) -> Judge:
    """Return a judge of how often ``claim`` was made, which must not exceed ``level`` and should not fall far below."""

    def judge(outcomes: Outcomes) -> Finding:
        return size(outcomes[claim], level, "claimed")

    return judge


def claimed_at_most(claim: str, level: float) -> Judge:
    """Return a judge of how often ``claim`` was made where earlier rungs also have to pass: only too often is wrong."""

    def judge(outcomes: Outcomes) -> Finding:
        return at_most(outcomes[claim], level, "claimed")

    return judge


def _rung(ladder: Ladder, claim: str) -> bool:
    """Return whether a rung alone passes, as if it had been reached."""
    return any(rung.ci_low > 0 for rung in ladder.rungs if rung.claim == claim)
