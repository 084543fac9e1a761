"""The leaderboards as Markdown: one a board, from entries that were verified a moment before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.board.bundle import ENTRY_FILE, MANIFEST_FILE
from qaugbench.board.verify import QUANTUM_KINDS, verify
from qaugbench.errors import EntryError
from qaugbench.record import ArmInfo, Record, write_whole

LISTED_REPLICATES = 10
NOT_TESTED = "attribution not tested"
PHANTOM_BANNER = (
    "> **PHANTOM DATA: not evidence.** These images were drawn by a program, not taken of patients. The boards below "
    "show that entries can be made, verified and ranked; they say nothing about medicine, and no row of them may be "
    "compared with a row above."
)
INTRODUCTION = (
    "Each row is a generator whose synthetic images were added to classical augmentation (R+). Rows are sorted by what "
    "that changed, with 95 % intervals over replicates and test patients. A rank is the range of places that the "
    "intervals allow: rows whose intervals overlap are tied, and their order says nothing. Every number was recomputed "
    "from the predictions when this page was made."
)


@dataclass(frozen=True)
class Row:
    """A generator, or a control beneath it, of one entry at one fraction; ``against`` is what it is a control of."""

    record: Record
    arm: ArmInfo
    value: dict[str, Any] | None
    reference: dict[str, Any] | None
    difference: dict[str, Any] | None
    over_control: dict[str, Any] | None
    controls: tuple[Row, ...] = ()


def build(root: Path = Path("leaderboards"), out: Path | None = None) -> str:
    """Return the leaderboards below ``root`` as Markdown, and write them to ``out`` when given.

    Every entry is verified first; one that does not hold what it claims raises EntryError and nothing is written.
    """
    records = [verify(path).record for path in entry_paths(root)]
    real = [record for record in records if not record.data.phantom]
    phantom = [record for record in records if record.data.phantom]
    blocks = ["# Leaderboards", INTRODUCTION]
    blocks += [block for group in _by_board(real) for block in _board(group)] or ["There is no entry on real data yet."]
    if phantom:
        blocks += ["# Phantom boards", PHANTOM_BANNER]
        blocks += [block for group in _by_board(phantom) for block in _board(group)]
    text = "\n\n".join(blocks) + "\n"
    if out is not None:
        write_whole(out, text)
    return text


def entry_paths(root: Path) -> list[Path]:
    """Return the folders of all entries below ``root``, sorted; a missing root raises EntryError."""
    if not root.is_dir():
        raise EntryError(f"There is no folder {root}. Give the folder that holds <task>/<source>-<track>/entries/.")
    found = sorted(path for path in root.glob("*/*/entries/*") if path.is_dir() and not path.name.startswith("."))
    empty = [path for path in found if not (path / ENTRY_FILE).is_file() and not (path / MANIFEST_FILE).is_file()]
    if empty:
        raise EntryError(f"{empty[0]} is not an entry: it lacks {ENTRY_FILE} and {MANIFEST_FILE}. Remove or submit it.")
    return found


def rank_ranges(intervals: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Return the first and last place that each interval [low, high] may have; higher is better.

    A row is surely below those whose interval lies wholly above its own, and surely above those wholly below.

    >>> rank_ranges([(0.02, 0.04), (0.01, 0.03), (-0.02, 0.0)])
    [(1, 2), (1, 2), (3, 3)]
    """
    n = len(intervals)
    return [
        (1 + sum(other > high for other, _ in intervals), n - sum(other < low for _, other in intervals))
        for low, high in intervals
    ]


def _by_board(records: Iterable[Record]) -> list[list[Record]]:
    """Return records that may be compared together: one board, task, data and split."""
    groups: dict[tuple[str, str, str, str], list[Record]] = {}
    for record in records:
        key = (str(record.board), record.task_sha256, record.data.manifest_sha256, record.data.split_sha256)
        groups.setdefault(key, []).append(record)
    return [groups[key] for key in sorted(groups)]


def _board(records: Sequence[Record]) -> list[str]:
    first = records[0]
    unit = "patients" if first.data.patients_known else "groups (patients unknown)"
    blocks = [
        f"## {first.board}",
        f"{first.title}. {first.question} {first.data.n_images['test']} test images of {first.data.n_groups['test']} "
        f"{unit}; task `{first.task_sha256[:12]}`, data `{first.data.manifest_sha256[:12]}`, "
        f"split `{first.data.split_sha256[:12]}` ({first.data.split_how.rstrip('.')}).",
    ]
    if first.data.leaky:
        blocks.append("> **LEAKY SPLIT**: patients lie on both sides of it, so every value is too high.")
    keys = sorted({fraction.key for record in records for fraction in record.fractions}, key=_percent)
    for key in keys:
        rows = [row for record in records for row in _rows(record, key)]
        if rows:
            reasons = {fraction.reason for record in records for fraction in record.fractions if fraction.key == key}
            moved = [f"{reason.rstrip('.')}." for reason in sorted(filter(None, reasons))]
            blocks += [f"### {key} of the training patients", *moved, *_ranked(rows)]
    return blocks


def _percent(key: str) -> float:
    return float(key.removesuffix("%"))


def _rows(record: Record, key: str) -> list[Row]:
    """Return a row a generator of one entry at one fraction, its controls inside it."""
    scored = record.scores["fractions"].get(key, {}).get("endpoints", {}).get(record.endpoints[0].id)
    if scored is None:
        return []
    reference = next((arm.id for arm in record.arms if arm.role == "reference"), None)
    differences = {entry["arm"]: entry for entry in scored["contrasts"] if entry["family"] == "reference"}
    over = {(entry["arm"], entry["against"]): entry for entry in scored["contrasts"] if entry["family"] == "control"}

    def row(arm: ArmInfo, above: str | None, controls: tuple[Row, ...] = ()) -> Row:
        values = scored["arms"]
        return Row(
            record,
            arm,
            values.get(arm.id),
            values.get(reference),
            differences.get(arm.id),
            None if above is None else over.get((above, arm.id)),
            controls,
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


def _ranked(rows: Sequence[Row]) -> list[str]:
    """Return the table of one board at one fraction and a sentence on ties."""
    placed = sorted((row for row in rows if row.difference), key=_order)
    without = sorted((row for row in rows if not row.difference), key=lambda row: (row.arm.id, row.record.id))
    ranges = rank_ranges([(row.difference["ci_low"], row.difference["ci_high"]) for row in placed if row.difference])
    primary = rows[0].record.endpoints[0].title
    header = (
        *(
            "rank",
            "method",
            "kind",
            "fidelity",
            primary,
            "R+",
            "Δ vs R+ [95 % CI]",
            "verdict",
            "Δ over control [95 % CI]",
        ),
        *("replicates", "test images / patients", "entry"),
    )
    lines = [header, (":--",) * len(header)]
    for row, span in zip(placed, ranges, strict=True):
        lines += [_cells(row, _span(span)), *(_cells(control, "", above=row.arm.id) for control in row.controls)]
    for row in without:
        lines += [_cells(row, "–"), *(_cells(control, "", above=row.arm.id) for control in row.controls)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return [table, _ties(ranges)] if placed else [table]


def _order(row: Row) -> tuple[float, str, str]:
    assert row.difference is not None
    return -row.difference["estimate"], row.arm.id, row.record.id


def _span(places: tuple[int, int]) -> str:
    first, last = places
    return str(first) if first == last else f"{first}–{last}"


def _ties(ranges: Sequence[tuple[int, int]]) -> str:
    n = len(ranges)
    if n == 1:
        return "One row: there is nothing to rank."
    if all(span == (1, n) for span in ranges):
        return "Both rows are tied." if n == 2 else f"All {n} rows are tied."
    first = sum(span[0] == 1 for span in ranges)
    return "One row is ahead of all others." if first == 1 else f"{first} rows are tied for the first place."


def _cells(row: Row, rank: str, *, above: str | None = None) -> tuple[str, ...]:
    record = row.record
    value, reference, difference = row.value, row.reference, row.difference
    words = difference["words"] if difference else "no result"
    provisional = " (provisional)" if record.replicates < LISTED_REPLICATES else ""
    flagged = f" ({value['n_flagged']} filled in)" if value and value["n_flagged"] else ""
    return (
        rank,
        row.arm.id if above is None else f"↳ {row.arm.id}",
        f"control, {row.arm.kind}" if above else str(row.arm.kind),
        "" if above else str(row.arm.fidelity),
        f"{value['mean']:.4f}" if value else "–",
        f"{reference['mean']:.4f}" if reference and above is None else "",
        _difference(difference),
        f"{words}{provisional}",
        _over_control(row, above),
        f"{record.replicates}{flagged}",
        f"{value['n_images']} / {value['n_patients']}" if value else "–",
        "" if above else f"`{record.id}`",
    )


def _over_control(row: Row, above: str | None) -> str:
    if above is None:
        return NOT_TESTED if row.arm.kind in QUANTUM_KINDS and not row.controls else ""
    return _difference(row.over_control)


def _difference(entry: dict[str, Any] | None) -> str:
    return f"{entry['estimate']:+.4f} [{entry['ci_low']:+.4f}, {entry['ci_high']:+.4f}]" if entry else "–"
