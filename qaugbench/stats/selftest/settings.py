"""What is simulated: the populations of the protocol, section 2.7, shared by the checks and the mutants."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from qaugbench.stats.mrmc import interval
from qaugbench.stats.selftest.claims import Climbs
from qaugbench.stats.selftest.contrasts import TwoArms
from qaugbench.stats.selftest.many_arms import AgainstReference, Ranked
from qaugbench.stats.selftest.mutants import (
    patients_divided_twice,
    seeds_divided_twice,
    seeds_never_divided,
    seeds_only,
    sign_turned,
)
from qaugbench.stats.selftest.noise_sweeps import NoiseSweep
from qaugbench.stats.simulate import DISAGREEING, Effects, Findings, FindingsMetric, Grades, OneFinding

Metric = FindingsMetric | Literal["qwk"]

SHORT = 400
ONE_SIDED = 0.025
NEGATIVES = {10: 990, 30: 970, 100: 900, 400: 1_600}
NOISY_SEEDS = replace(DISAGREEING, seeds=0.10)
GRADES = (0.40, 0.20, 0.20, 0.15, 0.05)
FINDINGS = (0.10, 0.25, 0.50)
# With rare findings the Brier score has no room for a difference of .05.
COMMON_FINDINGS = (0.25, 0.40, 0.50)


def equal_arms(
    replicates: int, positives: int = 100, value: float = 0.85, effects: Effects = DISAGREEING
) -> tuple[str, TwoArms]:
    """Return two arms of one AUROC, with a short name of the setting; where mutants are watched, they analyse it too."""
    negatives = NEGATIVES[positives]
    population = OneFinding((value, value), replicates, positives, negatives, effects)
    watched = (positives, value) == (100, 0.85) and effects.own > 0
    engines = (interval, seeds_only, patients_divided_twice, seeds_divided_twice) if watched else (interval,)
    return f"R={replicates}, m={positives}, n={negatives}, AUROC {plain(value)}", TwoArms(population, engines)


def knees(*, grouped: bool = True) -> dict[str, TwoArms]:
    """Return two equal arms on 400 patients with two graded images each, by metric; see ``simulate`` for ``grouped``."""
    macro = Findings("macro_auroc", (0.85, 0.85), 5, 400, GRADES, 2, DISAGREEING, exclusive=True, grouped=grouped)
    kappa = Grades((0.70, 0.70), 5, 400, GRADES, effects=DISAGREEING, grouped=grouped)
    return {"R=5, macro-AUROC .85": TwoArms(macro), "R=5, kappa .70": TwoArms(kappa)}


def planted(metric: Metric, base: float, difference: float, replicates: int) -> TwoArms:
    """Return two arms with a ``difference``: 600 patients, or 400 with two graded images each for kappa."""
    values, engines = (base + difference, base), (interval, sign_turned, seeds_never_divided)
    if metric == "qwk":
        return TwoArms(Grades(values, replicates, 400, GRADES), engines)
    prevalences = COMMON_FINDINGS if metric == "brier" else FINDINGS
    return TwoArms(Findings(metric, values, replicates, 600, prevalences), engines)


def _arms(*values: float) -> Climbs:
    return Climbs(OneFinding(values, 10, 400, 600), margin=0.02)


# Quantum arm, reference, best classical arm, then the circuit's four controls.
AHEAD, BEHIND = _arms(0.87, 0.75, 0.85), _arms(0.83, 0.75, 0.85)
HALF_KEPT = _arms(0.84, 0.80, 0.88)
TIED_WITH_BEST = _arms(0.85, 0.75, 0.85)
ONE_CONTROL_TIED = _arms(0.85, 0.75, 0.80, 0.85, 0.70, 0.70, 0.70)
ALL_TIED = _arms(0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85)

EIGHT = AgainstReference(OneFinding((0.85,) * 9, 10, 100, 400))
TWENTY = AgainstReference(OneFinding((0.85,) * 21, 10, 100, 400))
HALF_BETTER = AgainstReference(OneFinding((0.85,) * 5 + (0.90,) * 4, 10, 100, 400))
TIED = Ranked(OneFinding((0.85,) * 8, 5, 100, 400))
UNTIED = Ranked(OneFinding(tuple(0.85 - 0.01 * k for k in range(8)), 5, 100, 400))

FALLS_EARLY, FALLS_LATE = NoiseSweep(1e-3), NoiseSweep(1e-2)
NEVER_AHEAD = NoiseSweep(1e-2, ahead=0.0)


def plain(value: float) -> str:
    """Return two decimals without a leading zero: ``.85``."""
    return f"{value:.2f}".removeprefix("0")
