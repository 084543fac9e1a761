"""The cells that a sound inference passes, in the order of the protocol, section 2.7."""

from __future__ import annotations

from qaugbench.stats.selftest import invariances
from qaugbench.stats.selftest.cell import Cell, Judge, Simulation
from qaugbench.stats.selftest.claims import claimed, claimed_at_most
from qaugbench.stats.selftest.contrasts import (
    PlannedPower,
    as_planned,
    coverage,
    mean_estimate,
    power,
    size,
    upper_size,
)
from qaugbench.stats.selftest.invariances import Invariance, unchanged
from qaugbench.stats.selftest.many_arms import any_false, ranks_covered
from qaugbench.stats.selftest.noise_sweeps import covered, median_place, not_estimable
from qaugbench.stats.selftest.settings import (
    AHEAD,
    ALL_TIED,
    BEHIND,
    EIGHT,
    FALLS_EARLY,
    FALLS_LATE,
    HALF_BETTER,
    HALF_KEPT,
    NEGATIVES,
    NEVER_AHEAD,
    NOISY_SEEDS,
    ONE_CONTROL_TIED,
    ONE_SIDED,
    SHORT,
    TIED,
    TIED_WITH_BEST,
    TWENTY,
    UNTIED,
    Metric,
    equal_arms,
    knees,
    plain,
    planted,
)
from qaugbench.stats.simulate import IDENTICAL, TRAINED, OneFinding

Line = tuple[str, str, Simulation, Judge, int]
"""Check, setting, what is simulated, how it is judged, and the number of simulations in the short form."""


def checks() -> list[Cell]:
    """Return all cells but the mutants."""
    return [
        *_identical(),
        *_disagreeing(),
        *_clustered(),
        *_planted(),
        *_claims(),
        *_many_arms(),
        *_noise_sweeps(),
        *_invariances(),
    ]


def _identical() -> list[Cell]:
    section = "A/A: identical arms (R replicates, m positive and n negative patients): rejected at 5 %"
    lines: list[Line] = []
    for replicates in (3, 5, 10, 20):
        setting, simulation = equal_arms(replicates, effects=IDENTICAL)
        judge = upper_size() if replicates == 3 else size()
        lines.append(("A/A", setting, simulation, judge, SHORT if replicates in (3, 10) else 0))
    return _cells(section, lines)


def _disagreeing() -> list[Cell]:
    section = "A/A': equal arms that disagree on individual patients: rejected at 5 %"
    settings = [(10, positives, value) for positives in NEGATIVES for value in (0.80, 0.85, 0.95)]
    settings += [(3, 100, 0.85), (5, 100, 0.85), (20, 100, 0.85)]
    lines: list[Line] = []
    for replicates, positives, value in settings:
        setting, simulation = equal_arms(replicates, positives, value)
        judge = upper_size() if replicates == 3 else size()
        short = SHORT if (replicates, positives, value) in ((10, 30, 0.80), (10, 100, 0.85)) else 0
        lines.append(("A/A'", setting, simulation, judge, short))
    setting, simulation = equal_arms(5, effects=NOISY_SEEDS)
    lines.append(("A/A' noisy seeds", setting, simulation, size(), SHORT))
    return _cells(section, lines)


def _clustered() -> list[Cell]:
    section = "A/A', 400 patients with two images each, 5 grades: rejected at 5 %"
    return _cells(section, [("A/A'", setting, simulation, size(), SHORT) for setting, simulation in knees().items()])


def _planted() -> list[Cell]:
    section = "Planted difference D: coverage of the 95 % interval, mean estimate, power against its formula"
    metrics: tuple[tuple[Metric, str, float, int], ...] = (
        ("macro_auroc", "macro-AUROC", 0.85, 10),
        ("ap", "macro-AP", 0.55, 10),
        ("brier", "Brier", 0.15, 10),
        ("qwk", "kappa", 0.70, 5),
    )
    lines: list[Line] = []
    for metric, name, base, replicates in metrics:
        for difference in (0.0, 0.02, 0.05):
            simulation = planted(metric, base, difference, replicates)
            setting = f"R={replicates}, {name} {plain(base)}, D {plain(difference)}"
            short = SHORT if difference == 0.05 else 0
            lines.append(("coverage", setting, simulation, coverage(difference), short))
            lines.append(("mean estimate", setting, simulation, mean_estimate(difference), short))
            if difference > 0:
                lines.append(("power", setting, simulation, power(difference, replicates), short))
    population = OneFinding((0.88, 0.85), 10, 100, 900, TRAINED)
    lines.append(("power, pilot of R=5", "R=10, AUROC .85, D .03", PlannedPower(population, 5), as_planned(), SHORT))
    return _cells(section, lines)


def _claims() -> list[Cell]:
    section = "False claims at the edge of truth (R=10, m=400, n=600, margin .02)"
    psi = "psi 0: gain .04 of .08"
    lines: list[Line] = [
        ("equivalence (TOST)", "difference +.02", AHEAD, claimed("equivalent", 0.05), SHORT),
        ("equivalence (TOST)", "difference -.02", BEHIND, claimed("equivalent", 0.05), SHORT),
        ("no worse by the margin", "difference -.02", BEHIND, claimed("no worse by the margin", ONE_SIDED), SHORT),
        ("retains half: test", psi, HALF_KEPT, claimed("retains", ONE_SIDED), SHORT),
        ("retains half: verdict", psi, HALF_KEPT, claimed_at_most("verdict retains", ONE_SIDED), SHORT),
        ("superior: test", "tied with the best", TIED_WITH_BEST, claimed("superior", ONE_SIDED), 0),
        ("superior: verdict", "tied with the best", TIED_WITH_BEST, claimed_at_most("verdict SUPERIOR", ONE_SIDED), 0),
        ("attribution (IUT)", "1 control tied, 3 beaten", ONE_CONTROL_TIED, claimed("attributed", ONE_SIDED), SHORT),
        ("attribution (IUT)", "all arms tied", ALL_TIED, claimed_at_most("attributed", ONE_SIDED), SHORT),
        ("any gain: verdict", "all arms tied", ALL_TIED, claimed_at_most("any gain", ONE_SIDED), SHORT),
        ("HURTS: verdict", "all arms tied", ALL_TIED, claimed_at_most("verdict HURTS", ONE_SIDED), SHORT),
    ]
    return _cells(section, lines)


def _many_arms() -> list[Cell]:
    section = "Many arms (m=100, n=400): any false difference from a reference, R=10; all rank sets hold, R=5"
    lines: list[Line] = []
    for setting, simulation, short in (
        ("8 arms and a reference", EIGHT, SHORT),
        ("20 arms and a reference", TWENTY, 0),
        ("8 arms, 4 of them .05 better", HALF_BETTER, 0),
    ):
        for method in ("max-T single step", "max-T step-down", "Holm"):
            lines.append((method, setting, simulation, any_false(method), short))
    lines.append(("rank sets", "8 arms, all tied", TIED, ranks_covered(), SHORT))
    lines.append(("rank sets", "8 arms, .01 apart", UNTIED, ranks_covered(), 0))
    return _cells(section, lines)


def _noise_sweeps() -> list[Cell]:
    section = "Noise thresholds (7 levels of noise, R=5, m=100, n=400, .08 ahead without noise)"
    lines: list[Line] = []
    for simulation, short in ((FALLS_EARLY, 0), (FALLS_LATE, SHORT)):
        for threshold, words in (("p*", "advantage gone"), ("p_delta", ".08 lost")):
            setting = f"{words} at {simulation.crossing:g}"
            lines.append((f"{threshold} covered", setting, simulation, covered(threshold), short))
            bias = median_place(threshold, simulation.crossing)
            lines.append((f"{threshold} median bias", setting, simulation, bias, short))
    lines.append(("p* not estimable", "never ahead of the twin", NEVER_AHEAD, not_estimable(), 200))
    return _cells(section, lines)


def _invariances() -> list[Cell]:
    section = "Invariances: largest change of estimate, error, df, interval or p (1e-12 is rounding, 0 exact)"
    every, ranked = "macro-AUROC, -AP, Brier, kappa", "macro-AUROC, macro-AP"
    lines: list[Line] = [
        ("patients permuted", every, Invariance(invariances.patients_permuted), unchanged(), 10),
        ("classes permuted", every, Invariance(invariances.classes_permuted), unchanged(), 10),
        ("replicates permuted", every, Invariance(invariances.replicates_permuted), unchanged(), 10),
        ("arms renamed, reordered", every, Invariance(invariances.arms_renamed), unchanged(0.0), 10),
        ("arms swapped: sign", every, Invariance(invariances.arms_swapped), unchanged(0.0), 10),
        ("arm and copy: 0, p 1", every, Invariance(invariances.arm_duplicated), unchanged(0.0), 10),
        (
            "scores transformed",
            ranked,
            Invariance(invariances.scores_transformed, invariances.RANKED),
            unchanged(0.0),
            10,
        ),
    ]
    return _cells(section, lines, full=100)


def _cells(section: str, lines: list[Line], full: int = 2_000) -> list[Cell]:
    return [
        Cell(section, check, setting, simulation, judge, full=full, short=short)
        for check, setting, simulation, judge, short in lines
    ]
