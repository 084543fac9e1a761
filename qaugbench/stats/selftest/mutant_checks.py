"""The cells that a wrong analysis must fail: the same checks, and where possible the same simulated scores."""

from __future__ import annotations

from qaugbench.stats.selftest import mutants
from qaugbench.stats.selftest.cell import Cell, Judge, Simulation
from qaugbench.stats.selftest.claims import claimed
from qaugbench.stats.selftest.contrasts import coverage, mean_estimate, size
from qaugbench.stats.selftest.many_arms import any_false, ranks_covered
from qaugbench.stats.selftest.noise_sweeps import covered, not_estimable
from qaugbench.stats.selftest.settings import (
    AHEAD,
    EIGHT,
    FALLS_LATE,
    NEVER_AHEAD,
    NOISY_SEEDS,
    ONE_CONTROL_TIED,
    ONE_SIDED,
    SHORT,
    TIED,
    TWENTY,
    equal_arms,
    knees,
    planted,
)

SECTION = "Mutants: analyses wrong on purpose, under the checks above; each must fail its own"


def mutant_checks() -> list[Cell]:
    """Return the mutants with the check that must catch each."""
    lines: list[tuple[str, str, Simulation, Judge, int]] = []
    for replicates in (5, 10, 20):
        setting, simulation = equal_arms(replicates)
        short = SHORT if replicates == 10 else 0
        lines.append(("seeds-only t-test", f"A/A' {setting}", simulation, size(mutants.seeds_only), short))
    setting, simulation = equal_arms(10)
    judge = size(mutants.patients_divided_twice)
    lines.append(("patients divided twice", f"A/A' {setting}", simulation, judge, SHORT))
    _, simulation = equal_arms(5, effects=NOISY_SEEDS)
    judge = size(mutants.seeds_divided_twice)
    lines.append(("seeds divided twice", "A/A' noisy seeds, R=5", simulation, judge, SHORT))
    for setting, ungrouped in knees(grouped=False).items():
        # Of the two, kappa shows it in few simulations.
        short = SHORT if "kappa" in setting else 0
        lines.append(("patients ignored", f"A/A' two images, {setting}", ungrouped, size(), short))
    simulation, setting = planted("macro_auroc", 0.85, 0.05, 10), "R=10, macro-AUROC .85, D .05"
    turned, undivided = mutants.sign_turned, mutants.seeds_never_divided
    lines += [
        ("sign turned", f"mean, {setting}", simulation, mean_estimate(0.05, turned), SHORT),
        ("sign turned", f"coverage, {setting}", simulation, coverage(0.05, turned), SHORT),
        ("seeds never divided", f"coverage, {setting}", simulation, coverage(0.05, undivided), SHORT),
        ("not found, so equal", "TOST, difference +.02", AHEAD, claimed("no difference found", 0.05), SHORT),
        ("any control, not all", "IUT, 1 tied", ONE_CONTROL_TIED, claimed("some control beaten", ONE_SIDED), SHORT),
        ("unadjusted p-values", "8 arms and a reference", EIGHT, any_false("unadjusted"), SHORT),
        ("unadjusted p-values", "20 arms and a reference", TWENTY, any_false("unadjusted"), 0),
        ("pairwise rank sets", "8 arms, all tied", TIED, ranks_covered("pairwise"), SHORT),
        ("crossings one by one", "p* covered at 0.01", FALLS_LATE, covered("one by one"), SHORT),
        ("ahead in the mean", "p*, never ahead", NEVER_AHEAD, not_estimable("mean above 0"), 200),
    ]
    return [
        Cell(SECTION, check, setting, simulation, judge, short=short, mutant=True)
        for check, setting, simulation, judge, short in lines
    ]
