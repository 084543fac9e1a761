"""The index of all entries: one row each, with its board, its generators, how far it can be believed, and what is suspicious."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qaugbench.board.comparable import why_off_board
from qaugbench.board.result_folders import entry_paths
from qaugbench.board.verified import verified
from qaugbench.formatting import count
from qaugbench.text_table import listed

COLUMNS = ("entry", "board", "trust", "generators", "replicates")


def index_rows(root: Path) -> list[dict[str, Any]]:
    """Return one row per entry below ``root``, each verified; the first that does not hold raises EntryError."""
    rows = []
    for one in verified(entry_paths(root)):
        record = one.record
        rows.append(
            {
                "entry": record.id,
                "path": str(one.path.relative_to(root)),
                "board": str(record.board),
                "generators": [arm.id for arm in record.arms if arm.role == "synthetic"],
                "replicates": record.replicates,
                "not_listed": why_off_board(record),
                "trust": one.trust.level,
                "reasons": list(one.trust.reasons),
                "warnings": list(one.warnings),
            }
        )
    return rows


def index_text(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """Return the index as aligned text."""
    if not rows:
        return "There is no entry yet."
    cells = [
        (row["entry"], row["board"], row["trust"], " ".join(row["generators"]), str(row["replicates"])) for row in rows
    ]
    notes = [f"- {row['entry']}: on no board: {row['not_listed']}." for row in rows if row["not_listed"]]
    notes += [f"- {row['entry']}: {warning}" for row in rows for warning in row["warnings"]]
    off = sum(row["not_listed"] is not None for row in rows)
    total = count(len(rows), "entry", "entries") + (f", {off} of them on no board" if off else "")
    return "\n".join([*listed(COLUMNS, cells, width), *notes, total])
