"""A run or an entry in one line, where several are looked at, and the same as plain facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qaugbench.board.reader import is_entry
from qaugbench.formatting import change, count, fraction_words
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.stats.decide import LISTED_REPLICATES
from qaugbench.stats.results import Contrast


def summary_line(record: Record) -> str:
    """Return what a record says of its generators on the primary endpoint: differences from R* with verdicts."""
    marks = [count(record.replicates, "replicate")]
    marks += ["provisional"] if record.replicates < LISTED_REPLICATES else []
    marks += ["phantom, not evidence"] if record.data.phantom else []
    marks += ["leaky split"] if record.data.leaky else []
    said = [_fraction_words(record, fraction.key) for fraction in record.fractions]
    found = "; ".join(words for words in said if words) or views.why_no_verdict(record).rstrip(".")
    return f"{record.id} ({', '.join(marks)}): {found}."


def result_facts(path: Path, record: Record) -> dict[str, Any]:
    """Return the facts of a summary line: which folder, run or entry, which board, and the verdicts by fraction and generator."""
    primary = record.endpoints[0].id
    return {
        "path": str(path),
        "kind": "entry" if is_entry(path) else "run",
        "id": record.id,
        "board": record.board.model_dump(),
        "replicates": record.replicates,
        "phantom": record.data.phantom,
        "verdicts": {
            fraction.key: {
                one.arm: {
                    "against": one.against,
                    "difference": one.estimate,
                    "ci_low": one.ci_low,
                    "ci_high": one.ci_high,
                    "verdict": verdict,
                }
                for one, verdict in _verdicts(record, fraction.key, primary)
            }
            for fraction in record.fractions
        },
    }


def _fraction_words(record: Record, key: str) -> str:
    found = _verdicts(record, key, record.endpoints[0].id)
    if not found:
        return ""
    said = ", ".join(f"{one.arm} {change(one.estimate, one.ci_low, one.ci_high)} {verdict}" for one, verdict in found)
    return f"at {fraction_words(key)} {said}"


def _verdicts(record: Record, key: str, endpoint: str) -> list[tuple[Contrast, str]]:
    """Return (difference from R*, verdict in words) of every generator at one fraction, quantum and hybrid ones first."""
    against = {one.arm: one for one in views.contrasts(record, key, endpoint, "reference")}
    said = views.verdicts(record, key, endpoint)
    return [
        (against[arm.id], said[arm.id].words if arm.id in said else against[arm.id].words)
        for arm in views.generators_first_quantum(record.arms)
        if arm.id in against
    ]
