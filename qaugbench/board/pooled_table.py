"""The section of a leaderboard page on means over tasks."""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench.board.confirmatory import Confirmatory
from qaugbench.board.gains import Measured
from qaugbench.board.pooled import MARGIN, TASKS, Pooled
from qaugbench.formatting import NONE, change, fraction_words, markdown_table, p_value, signed, unsigned

INTRODUCTION = (
    "What a generator changed on macro-AUROC over all classes of a task against the board's R*, as the mean over tasks, each "
    "counting the same. "
    "The tasks are those named, not a sample of tasks. Rows over different tasks cannot be compared. The board of a task "
    "with the most test patients stands for it; several entries of a generator on a board count as their mean; a leaky "
    f"split is left out. P is the probability that the mean change is below {signed(-MARGIN)}, within ±{unsigned(MARGIN)} and "
    f"above {signed(MARGIN)} in a hierarchical normal model; it decides nothing."
)
HEADER = (
    "method",
    "tasks",
    "Δ macro-AUROC vs R* [95 % CI]",
    "SE",
    "df",
    "adjusted p",
    "P(below / within / above)",
    "replicates",
    "test patients or groups",
    "boards",
)


def pooled_blocks(rows: Sequence[Pooled], family: Confirmatory, boards: Sequence[Measured]) -> list[str]:
    """Return the section on means over tasks: what they are, and one table per track and fraction."""
    tables = pooled_tables(rows, family, boards)
    blocks = (block for title, lines in tables.items() for block in (f"## {title}", markdown_table(HEADER, lines)))
    return ["# Pooled over tasks", INTRODUCTION, *blocks]


def pooled_tables(
    rows: Sequence[Pooled], family: Confirmatory, boards: Sequence[Measured]
) -> dict[str, list[tuple[str, ...]]]:
    """Return the cells of every row, by the title of its table: one per track and fraction."""
    tables: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        title = f"{row.track}, {fraction_words(row.fraction)} of the training patients"
        tables.setdefault(title, []).append(_pooled_cells(row, family.pooled.get(row.row), boards))
    return tables


def _pooled_cells(row: Pooled, adjusted: float | None, boards: Sequence[Measured]) -> tuple[str, ...]:
    found, belief = row.comparison, row.posterior
    return (
        row.arm,
        f"{len(row.tasks)} of {len(TASKS)} tasks: {', '.join(row.tasks)}",
        change(found.estimate, found.ci_low, found.ci_high),
        unsigned(found.se),
        f"{found.df:.1f}",
        p_value(adjusted),
        " / ".join(map(unsigned, (belief.below, belief.within, belief.above))) if belief else NONE,
        f"{found.n_replicates}{'' if row.listed else ' (provisional)'}",
        str(found.n_groups),
        ", ".join(str(boards[number].record.board) for number in row.boards),
    )
