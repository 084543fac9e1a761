"""The leaderboards as Markdown: one a board, from entries that were verified a moment before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qaugbench.board.board_table import rows_of, table
from qaugbench.board.bundle import ENTRY_FILE, MANIFEST_FILE
from qaugbench.board.cells import NONE
from qaugbench.board.comparable import Submitted, by_board, percent
from qaugbench.board.confirmatory import Confirmatory, confirmatory
from qaugbench.board.gains import Measured, measure, rank_ranges
from qaugbench.board.pooled import pooled_rows
from qaugbench.board.pooled_table import pooled_blocks
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.files import write_whole
from qaugbench.stats.decide import LISTED_REPLICATES

PHANTOM_BANNER = (
    "> **PHANTOM DATA: not evidence.** These images were drawn by a program, not taken of patients. The boards below "
    "show that entries can be made, verified and ranked; they say nothing about medicine, and no row of them may be "
    "compared with a row above."
)
INTRODUCTION = (
    "Each row is a generator whose synthetic images were added to classical augmentation (R+). Rows are sorted by what "
    "that changed, with 95 % intervals over replicates and test patients. A rank is a range: the places that "
    "simultaneous 95 % intervals of all differences between the rows of a table leave to a row. Rows whose ranges "
    "overlap are tied, and their order says nothing; only a row whose range is 1 alone is ahead of all others. The "
    "verdict is the highest claim that holds; the attribution says whether a gain is due to the circuit. Every number "
    "was recomputed from the predictions when this page was made."
)


def build(root: Path = Path("leaderboards"), out: Path | None = None) -> str:
    """Return the leaderboards below ``root`` as Markdown, and write them to ``out`` when given.

    Every entry is verified first. One that does not hold what it claims, and two of one board that were not scored on the
    same test images, raise EntryError, and nothing is written.
    """
    text = page([Submitted(path, verify(path).record) for path in entry_paths(root)])
    if out is not None:
        write_whole(out, text)
    return text


def page(entries: Sequence[Submitted]) -> str:
    """Return the leaderboards of verified entries as Markdown; their order does not matter.

    Ranks, adjusted p-values and means over tasks are computed here, from the predictions of all entries together.
    """
    boards = [measure(group) for group in by_board(entries)]
    pooled = pooled_rows(boards)
    family = confirmatory(boards, pooled)
    real = [_board(board, family) for board in boards if not board.record.data.phantom]
    phantom = [_board(board, family) for board in boards if board.record.data.phantom]
    blocks = ["# Leaderboards", INTRODUCTION]
    blocks += [_on_the_family(family), *_flat(real)] if real else ["There is no entry on real data yet."]
    if pooled:
        blocks += pooled_blocks(pooled, family, boards)
    if phantom:
        blocks += ["# Phantom boards", PHANTOM_BANNER, *_flat(phantom)]
    return "\n\n".join(blocks) + "\n"


def entry_paths(root: Path) -> list[Path]:
    """Return the folders of all entries below ``root``, sorted; a missing root raises EntryError."""
    if not root.is_dir():
        raise EntryError(f"There is no folder {root}. Give the folder that holds <task>/<source>-<track>/entries/.")
    found = sorted(path for path in root.glob("*/*/entries/*") if path.is_dir() and not path.name.startswith("."))
    empty = [path for path in found if not (path / ENTRY_FILE).is_file() and not (path / MANIFEST_FILE).is_file()]
    if empty:
        raise EntryError(f"{empty[0]} is not an entry: it lacks {ENTRY_FILE} and {MANIFEST_FILE}. Remove or submit it.")
    return found


def _on_the_family(confirmed: Confirmatory) -> str:
    """Return how the adjusted p-values were made, or why there are none."""
    provisional = (
        f"Rows with fewer than {LISTED_REPLICATES} replicates are provisional: they are not part of the confirmatory family, "
        f"and their adjusted p is shown as {NONE}."
    )
    family = confirmed.family
    if family is None:
        return f"{provisional} No row on real data has as many yet, so no p-value is adjusted."
    n = len(family.estimate)
    rows = f"the {len(confirmed.rows)} rows on real data" if len(confirmed.rows) > 1 else "the one row on real data"
    means = f" and {len(confirmed.pooled)} means over tasks" if confirmed.pooled else ""
    return (
        f"The confirmatory family of this page has {n} comparison{'s' if n > 1 else ''}: {rows} with at least "
        f"{LISTED_REPLICATES} replicates{means}, each against its R+, recomputed as a whole whenever the page is made. "
        f"Adjusted p is single-step max-T over all of them (smallest df {family.df.min():.1f}: an adjusted p below .05 is "
        f"an estimate more than {family.quantile:.2f} standard errors from 0); the intervals beside it are of one row "
        "alone. Rows of a board share test patients and seeds, and their covariance is estimated; boards are taken to have "
        "different test patients. Tracks of one source share theirs, which makes the adjusted p too large rather than too "
        f"small. {provisional}"
    )


def _board(board: Measured, family: Confirmatory) -> list[str]:
    records = [entry.record for entry in board.entries]
    first = board.record
    unit = "patients" if first.data.patients_known else "groups (patients unknown)"
    blocks = [
        f"## {first.board}",
        f"{first.title}. {first.question} {first.data.n_images['test']} test images of {first.data.n_groups['test']} "
        f"{unit}; task `{first.task_sha256[:12]}`, data `{first.data.manifest_sha256[:12]}`, "
        f"split `{first.data.split_sha256[:12]}` ({first.data.split_how.rstrip('.')}).",
    ]
    if first.data.leaky:
        blocks.append("> **LEAKY SPLIT**: patients lie on both sides of it, so every value is too high.")
    for key in sorted({fraction.key for record in records for fraction in record.fractions}, key=percent):
        rows = [row for entry in board.entries for row in rows_of(entry, key)]
        if rows:
            reasons = {fraction.reason for record in records for fraction in record.fractions if fraction.key == key}
            moved = [f"{reason.rstrip('.')}." for reason in sorted(filter(None, reasons))]
            ranks = {} if board.primary is None else rank_ranges(board.primary, key)
            blocks += [f"### {key} of the training patients", *moved, *table(rows, ranks, family.rows)]
    return blocks


def _flat(blocks: Sequence[Sequence[str]]) -> list[str]:
    return [block for part in blocks for block in part]
