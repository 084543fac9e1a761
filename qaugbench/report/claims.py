"""The tables behind a verdict: claim by claim, adjusted for one another, ranks, and the metrics that decide nothing."""

from __future__ import annotations

from qaugbench.record import Record
from qaugbench.report import record_views as rows
from qaugbench.report.numbers import Row, interval, p_value, signed
from qaugbench.report.record_views import Facts

CLAIMS = {
    "helps": "helps",
    "assay": "the task can show a gain",
    "retains": "keeps half of the classical gain",
    "superior": "beats the best classical arm",
}
GRID_HEADER = ("claims in order", "helps", "assay", "keeps half", "superior", "circuit")
CLAIMS_HEADER = ("claim", "difference", "estimate", "95 % CI", "p", "holds")
ADJUSTED_HEADER = ("difference", "fraction", "estimate", "simultaneous 95 % CI", "bootstrap 95 %", "p", "p, adjusted")
CIRCUIT = {"QUANTUM-ATTRIBUTED": "attributed", "NOT-ATTRIBUTED": "not attributed", "NOT-TESTED": "not tested"}


def claims_grid(record: Record, key: str, endpoint: str) -> list[Row]:
    """Return a row a generator: which claims hold, in the order in which they are tested."""
    return [_grid_row(arm, found["ladder"]) for arm, found in rows.verdicts(record, key, endpoint).items()]


def claims_table(ladder: Facts) -> list[Row]:
    """Return a row a claim of one generator: what was tested, the numbers, whether it holds."""
    tested = [(CLAIMS[rung["claim"]], rung) for rung in ladder["rungs"]]
    tested += [("beats its control", rung) for rung in ladder["controls"]]
    found: list[Row] = [
        (
            claim,
            rung["contrast"],
            signed(rung["estimate"]),
            interval(rung),
            p_value(rung["p_value"]),
            _holds(rung["passed"]),
        )
        for claim, rung in tested
    ]
    found += [
        (
            f"differs by less than {entry['margin']:g}",
            entry["contrast"],
            signed(entry["estimate"]),
            f"{interval(entry)} (90 %)",
            p_value(entry["p_value"]),
            _holds(entry["passed"]),
        )
        for entry in ladder["equivalences"]
    ]
    return found


def untested(ladder: Facts) -> str | None:
    """Return in words which claims were not tested and why, and what follows for the circuit; None for nothing to say."""
    reasons: dict[str, list[str]] = {}
    for rung in ladder["rungs"]:
        if rung["passed"] is None:
            reasons.setdefault(rung["reason"], []).append(CLAIMS[rung["claim"]])
    said = [f"Not tested, because {reason}: {'; '.join(claims)}." for reason, claims in reasons.items()]
    if ladder["attribution"] is not None:
        why = f", because {ladder['attribution_reason']}" if ladder["attribution_reason"] else ""
        said.append(f"The circuit's part: {CIRCUIT[ladder['attribution']]}{why}.")
    return " ".join(said) or None


def posterior_sentence(found: Facts, margin: float | None) -> str | None:
    """Return the companion's three probabilities in words, or None where there is no margin."""
    posterior = found["posterior"]
    if posterior is None or margin is None:
        return None
    below, within, above = (_percent(posterior[part]) for part in ("below", "within", "above"))
    return (
        f"Bayesian companion, not used for the verdict: {below} that the difference from the reference is below "
        f"-{margin:g}, {within} within ±{margin:g}, {above} above."
    )


def adjusted_rows(record: Record) -> list[Row]:
    """Return a row a member of the confirmatory family, adjusted for all of them together."""
    return [
        (
            f"{entry['arm']} - {entry['against']}",
            entry["fraction"],
            signed(entry["estimate"]),
            f"[{signed(entry['low'])}, {signed(entry['high'])}]",
            f"[{signed(entry['bootstrap_low'])}, {signed(entry['bootstrap_high'])}]",
            p_value(entry["p_value"]),
            p_value(entry["p_step_down"]),
        )
        for entry in rows.adjusted(record)
    ]


def ranks_sentence(record: Record, key: str) -> str | None:
    """Return the places that are left to each arm, or None where none can be told."""
    places = rows.ranks(record, key)
    if not places:
        return None
    shown = ", ".join(f"{arm} {low if low == high else f'{low}-{high}'}" for arm, (low, high) in places.items())
    return f"Places that simultaneous intervals leave (1 is best): {shown}."


def metrics_table(record: Record, key: str) -> tuple[Row, list[Row]]:
    """Return (header, a row an arm) of the metrics that decide nothing, means over replicates, and of the ensemble."""
    scored = rows.fraction_scores(record, key)
    metrics = [*scored.get("metrics", {}).values(), *([scored["ensemble"]] if "ensemble" in scored else [])]
    arrow = {"higher is better": "↑", "lower is better": "↓"}
    header = ("arm", *(f"{metric['title']} {arrow[metric['direction']]}" for metric in metrics))
    found = [
        (arm.id, *(f"{metric['arms'][arm.id]['mean']:.4f}" if arm.id in metric["arms"] else "-" for metric in metrics))
        for arm in record.arms
        if any(arm.id in metric["arms"] for metric in metrics)
    ]
    return header, found


def exploratory_rows(record: Record, key: str) -> list[Row]:
    """Return a row a generator and metric: its difference from the reference with interval, p and q."""
    scored = rows.fraction_scores(record, key)
    metrics = [*scored.get("metrics", {}).values(), *([scored["ensemble"]] if "ensemble" in scored else [])]
    generators = [arm.id for arm in rows.generators_first_quantum(record.arms)]
    return [
        (
            f"{arm}: {metric['title']}",
            metric["direction"],
            signed(entry["difference"]["estimate"]),
            interval(entry["difference"]),
            p_value(entry["difference"]["p_value"]),
            p_value(entry["q_value"]),
        )
        for arm in generators
        for metric in metrics
        if (entry := metric["differences"].get(arm)) is not None
    ]


EXPLORATORY_HEADER = ("metric", "direction", "estimate", "95 % CI", "p", "q")


def _percent(share: float) -> str:
    if 0.005 <= share <= 0.995:
        return f"{100 * share:.0f} %"
    return "under 1 %" if share < 0.5 else "over 99 %"


def _grid_row(arm: str, ladder: Facts) -> Row:
    passed = {claim: [rung["passed"] for rung in ladder["rungs"] if rung["claim"] == claim] for claim in CLAIMS}
    cells = [_holds(True if any(found) else found[0]) if found else "-" for found in passed.values()]
    circuit = "-" if ladder["attribution"] is None else CIRCUIT[ladder["attribution"]]
    return (arm, *cells, circuit)


def _holds(passed: bool | None) -> str:
    return "not tested" if passed is None else "yes" if passed else "no"
