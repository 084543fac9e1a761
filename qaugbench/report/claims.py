"""The tables behind a verdict: claim by claim, adjusted for one another, ranks, and the metrics that decide nothing."""

from __future__ import annotations

from qaugbench.formatting import NONE, Row, count, fraction_words, interval, p_value, share, signed, span, unsigned
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.stats.ladder import Equivalence, Ladder, Rung
from qaugbench.stats.results import ArmVerdict

CLAIMS = {
    "helps": "helps",
    "assay": "task sensitive",
    "retains": "keeps half of the classical gain",
    "superior": "beats the best classical arm",
}
GRID_HEADER = ("claim ladder", "helps", "task sensitive", "keeps half of the gain", "superior", "circuit")
CLAIMS_HEADER = ("claim", "difference", "estimate", "95 % CI", "one-sided p", "holds")
ADJUSTED_HEADER = (
    "difference",
    "fraction",
    "estimate",
    "simultaneous 95 % CI",
    "bootstrap 95 %",
    "two-sided p",
    "adjusted p",
)
EXPLORATORY_HEADER = ("metric", "direction", "estimate", "95 % CI", "two-sided p", "q")
CIRCUIT = {"QUANTUM-ATTRIBUTED": "attributed", "NOT-ATTRIBUTED": "not attributed", "NOT-TESTED": "not tested"}
ARROW = {"higher is better": "↑", "lower is better": "↓"}


def claims_grid(record: Record, key: str, endpoint: str) -> list[Row]:
    """Return one row per generator: which claims hold, in the order in which they are tested; none where none was tested."""
    ladders = {arm: found.ladder for arm, found in views.verdicts(record, key, endpoint).items()}
    return [_grid_row(arm, ladder) for arm, ladder in ladders.items() if ladder.rungs]


def claims_table(ladder: Ladder) -> list[Row]:
    """Return one row per claim of one generator: what was tested, the numbers, whether it holds."""
    tested = [(CLAIMS[rung.claim], rung) for rung in ladder.rungs]
    tested += [("beats its control", rung) for rung in ladder.controls]
    return [_rung_row(claim, rung) for claim, rung in tested] + [_equivalence_row(one) for one in ladder.equivalences]


def untested(ladder: Ladder) -> str | None:
    """Return in words which claims were not tested and why, and what follows for the circuit; None for nothing to say."""
    return " ".join(untested_sentences(ladder)) or None


def untested_sentences(ladder: Ladder) -> list[str]:
    """Return ``untested`` sentence by sentence, one per reason."""
    reasons: dict[str, list[str]] = {}
    for rung in ladder.rungs:
        if rung.passed is None:
            reasons.setdefault(str(rung.reason), []).append(CLAIMS[rung.claim])
    said = [f"Not tested, because {reason}: {'; '.join(claims)}." for reason, claims in reasons.items()]
    if ladder.attribution is not None:
        why = f", because {ladder.attribution_reason}" if ladder.attribution_reason else ""
        said.append(f"Attribution to the circuit: {CIRCUIT[ladder.attribution]}{why}.")
    return said


def posterior_sentence(found: ArmVerdict, margin: float | None) -> str | None:
    """Return the companion's three probabilities in words, or None where there are none or no margin."""
    posterior = found.posterior
    if posterior is None or margin is None:
        return None
    below, within, above = (share(part) for part in (posterior.below, posterior.within, posterior.above))
    return (
        f"Bayesian companion, not used for the verdict: {below} that the difference from R* is below {signed(-margin)}, "
        f"{within} within ±{unsigned(margin)}, {above} above."
    )


def adjusted_rows(record: Record) -> list[Row]:
    """Return one row per member of the confirmatory family, adjusted for all of them together."""
    return [
        (
            f"{one.arm} - {one.against}",
            fraction_words(one.fraction),
            signed(one.estimate),
            interval(one.low, one.high),
            interval(one.bootstrap_low, one.bootstrap_high),
            p_value(one.p_value),
            p_value(one.p_step_down),
        )
        for one in views.adjusted(record)
    ]


def adjusted_title(record: Record) -> str:
    """Return how many comparisons of this run the adjusted p-values are adjusted for, and how."""
    found = record.scores.confirmatory
    method = "max-T" if found.method.startswith("max-T") else "Holm"
    return f"Adjusted for {count(len(found.members), 'comparison')} of this run (step-down, {method})"


def ranks_sentence(record: Record, key: str) -> str | None:
    """Return the possible ranks of each arm, or None where none can be told."""
    found = views.ranks(record, key)
    if not found:
        return None
    shown = ", ".join(f"{arm} {span(*ranks)}" for arm, ranks in found.items())
    return f"Possible ranks (95 %, simultaneous; 1 is best): {shown}."


def metrics_table(record: Record, key: str) -> tuple[Row, list[Row]]:
    """Return (header, one row per arm) of the metrics that decide nothing, means over replicates, and of the ensemble."""
    metrics = views.other_metrics(record, key)
    header = ("arm", *(f"{metric.title} {ARROW[metric.direction]}" for metric in metrics))
    found = [
        (arm.id, *(unsigned(metric.arms[arm.id].mean) if arm.id in metric.arms else NONE for metric in metrics))
        for arm in views.main_arms(record)
        if any(arm.id in metric.arms for metric in metrics)
    ]
    return header, found


def exploratory_rows(record: Record, key: str) -> list[Row]:
    """Return one row per generator and metric, also as drawn under noise: its difference from R* with interval, p and q."""
    return [
        (
            f"{arm.id}: {metric.title}",
            metric.direction,
            signed(found.difference.estimate),
            interval(found.difference.ci_low, found.difference.ci_high),
            p_value(found.difference.p_value),
            p_value(found.q_value),
        )
        for arm in views.drawn_first_quantum(record.arms)
        for metric in views.other_metrics(record, key)
        if (found := metric.differences.get(arm.id)) is not None
    ]


def _rung_row(claim: str, rung: Rung) -> Row:
    limits = interval(rung.ci_low, rung.ci_high)
    return claim, rung.contrast, signed(rung.estimate), limits, p_value(rung.p_value), _holds(rung.passed)


def _equivalence_row(found: Equivalence) -> Row:
    return (
        f"differs by less than {unsigned(found.margin)}",
        found.contrast,
        signed(found.estimate),
        f"{interval(found.ci_low, found.ci_high)} (90 %)",
        p_value(found.p_value),
        _holds(found.passed),
    )


def _grid_row(arm: str, ladder: Ladder) -> Row:
    passed = {claim: [rung.passed for rung in ladder.rungs if rung.claim == claim] for claim in CLAIMS}
    cells = [_holds(True if any(found) else found[0]) if found else NONE for found in passed.values()]
    circuit = NONE if ladder.attribution is None else CIRCUIT[ladder.attribution]
    return (arm, *cells, circuit)


def _holds(passed: bool | None) -> str:
    return "not tested" if passed is None else "yes" if passed else "no"
