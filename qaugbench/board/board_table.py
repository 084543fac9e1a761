"""The table of one board at one fraction: generators sorted by what they gained, their controls beneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qaugbench.board.cells import NONE, adjusted_text, change_text, markdown_table, span_text
from qaugbench.board.comparable import Submitted
from qaugbench.board.gains import Place
from qaugbench.predictions import ArmInfo
from qaugbench.record import Record
from qaugbench.stats.decide import LISTED_REPLICATES

ATTRIBUTION = {
    "QUANTUM-ATTRIBUTED": "quantum-attributed",
    "NOT-ATTRIBUTED": "not attributed",
    "NOT-TESTED": "not tested",
    None: "",
}


@dataclass(frozen=True)
class Row:
    """A generator, or a control beneath it, of one entry at one fraction; values are parts of the entry's scores."""

    place: Place
    record: Record
    arm: ArmInfo
    value: dict[str, Any] | None
    reference: dict[str, Any] | None
    difference: dict[str, Any] | None
    verdict: dict[str, Any] | None
    over_control: dict[str, Any] | None
    controls: tuple[Row, ...] = ()


def rows_of(entry: Submitted, key: str) -> list[Row]:
    """Return a row a generator of one entry at one fraction, its controls inside it."""
    record = entry.record
    scored = record.scores["fractions"].get(key, {}).get("endpoints", {}).get(record.endpoints[0].id)
    if scored is None:
        return []
    reference = next((arm.id for arm in record.arms if arm.role == "augmented"), None)
    differences = {found["arm"]: found for found in scored["contrasts"] if found["family"] == "reference"}
    over = {(found["arm"], found["against"]): found for found in scored["contrasts"] if found["family"] == "control"}

    def row(arm: ArmInfo, above: str | None, controls: tuple[Row, ...] = ()) -> Row:
        return Row(
            place=Place(entry.path, key, arm.id),
            record=record,
            arm=arm,
            value=scored["arms"].get(arm.id),
            reference=scored["arms"].get(reference),
            difference=differences.get(arm.id),
            verdict=scored["verdicts"].get(arm.id),
            over_control=None if above is None else over.get((above, arm.id)),
            controls=controls,
        )

    return [
        row(
            arm,
            None,
            tuple(row(c, arm.id) for c in record.arms if c.role == "control" and c.generator == arm.generator),
        )
        for arm in record.arms
        if arm.role == "synthetic"
    ]


def table(rows: Sequence[Row], ranks: Mapping[Place, tuple[int, int]], adjusted: Mapping[Place, float]) -> list[str]:
    """Return the table of one board at one fraction, and a sentence on ties.

    ``ranks`` are the first and last rank of each row, ``adjusted`` the p-values of those in the confirmatory family.
    """
    header = (
        "rank",
        "method",
        "kind",
        "fidelity",
        rows[0].record.endpoints[0].title,
        "R+",
        "Δ vs R+ [95 % CI]",
        "adjusted p",
        "verdict",
        "attribution",
        "Δ over control [95 % CI]",
        "replicates",
        "test images / patients",
        "entry",
    )
    lines = []
    for row in sorted(rows, key=_order):
        lines.append(_cells(row, span_text(ranks.get(row.place)), adjusted_text(adjusted.get(row.place))))
        lines += [_control_cells(control) for control in row.controls]
    spans = [ranks[row.place] for row in rows if row.place in ranks]
    return [markdown_table(header, lines), *([ties(spans)] if spans else [])]


def ties(spans: Sequence[tuple[int, int]]) -> str:
    """Return what the rank sets of a board say, as a sentence.

    >>> ties([(1, 1), (2, 3), (2, 3)])
    'One row is ahead of all others.'
    >>> ties([(1, 2), (1, 3), (2, 3)])
    'No row is ahead of all others: 2 of 3 may be first.'
    """
    n = len(spans)
    if n == 1:
        return "One row: there is nothing to rank."
    if (1, 1) in spans:
        return "One row is ahead of all others."
    if all(span == (1, n) for span in spans):
        return "Both rows are tied." if n == 2 else f"All {n} rows are tied."
    return f"No row is ahead of all others: {sum(low == 1 for low, _ in spans)} of {n} may be first."


def _order(row: Row) -> tuple[bool, float, str, str]:
    """Return the sorting key of a row: the largest difference first, what has none last."""
    difference = row.difference
    return difference is None, -difference["estimate"] if difference else 0.0, row.arm.id, row.record.id


def _cells(row: Row, rank: str, adjusted: str) -> tuple[str, ...]:
    verdict = row.verdict
    return (
        rank,
        row.arm.id,
        str(row.arm.kind),
        str(row.arm.fidelity),
        _mean(row.value),
        _mean(row.reference),
        change_text(row.difference),
        adjusted,
        _words(row, verdict["words"] if verdict else "no result"),
        ATTRIBUTION[verdict["ladder"]["attribution"]] if verdict else NONE,
        "",
        *_amounts(row),
        f"`{row.record.id}`",
    )


def _control_cells(row: Row) -> tuple[str, ...]:
    return (
        "",
        f"↳ {row.arm.id}",
        f"control, {row.arm.kind}",
        "",
        _mean(row.value),
        "",
        change_text(row.difference),
        "",
        _words(row, row.difference["words"] if row.difference else "no result"),
        "",
        change_text(row.over_control),
        *_amounts(row),
        "",
    )


def _mean(value: dict[str, Any] | None) -> str:
    return f"{value['mean']:.4f}" if value else NONE


def _words(row: Row, words: str) -> str:
    return f"{words} (provisional)" if row.record.replicates < LISTED_REPLICATES else words


def _amounts(row: Row) -> tuple[str, str]:
    """Return how many replicates a row has, and how many test images and patients."""
    value = row.value
    if value is None:
        return str(row.record.replicates), NONE
    filled = f" ({value['n_flagged']} filled in)" if value["n_flagged"] else ""
    return f"{row.record.replicates}{filled}", f"{value['n_images']} / {value['n_patients']}"
