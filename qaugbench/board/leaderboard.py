"""The leaderboards as Markdown: one per board, from entries that were verified a moment before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qaugbench.board.board_table import table
from qaugbench.board.check_arms import board_block
from qaugbench.board.comparable import Submitted
from qaugbench.board.confirmatory import Confirmatory
from qaugbench.board.gains import Measured
from qaugbench.board.pinned import classifier_of
from qaugbench.board.plateau_notes import plateau_notes
from qaugbench.board.pooled_table import pooled_blocks
from qaugbench.board.result_folders import entry_paths
from qaugbench.board.standings import Section, standings
from qaugbench.board.trust import MEANINGS
from qaugbench.board.verified import verified
from qaugbench.board.withdraw import withdrawals
from qaugbench.errors import shown
from qaugbench.files import write_whole
from qaugbench.formatting import NONE, count, fraction_words
from qaugbench.places import RESULTS
from qaugbench.stats.decide import LISTED_REPLICATES

INTRODUCTION = (
    "Each row is a generator whose synthetic images were added to the real training images. Rows are sorted by their "
    "difference from R*, the best of the arms that train on the real images alone: with classical augmentation (R+), the "
    "same at equal computing (R+cm), or with oversampling (R+os). It is chosen on validation images and is the same for all "
    "entries of a board. Intervals are 95 %, over replicates and test patients. The difference from R+ is what papers "
    "report; the two arms are not matched for computing, so it decides nothing. The rank is given as the range of possible "
    "ranks (95 %, simultaneous over all differences between the rows of a table). Rows whose ranges overlap are tied, and "
    "their order says nothing; only a row whose range is 1 alone is ahead of all others. The verdict is the highest claim "
    "that holds; the attribution says whether a gain is due to the circuit, and the circuit's influence how much of the "
    "images changes when it is replaced. Every number was recomputed from the predictions when this page was made, but for the "
    "circuit's influence, which entries state."
)
TRUST = (
    "Trust says how far a row can be believed: "
    + "; ".join(f"{level}: {words}" for level, words in MEANINGS.items())
    + ". What no level proves is in [docs/trust.md](../docs/trust.md)."
)
NO_ENTRY = "There is no entry on real data yet."


def build(root: Path = RESULTS, out: Path | None = None) -> str:
    """Return the leaderboards below ``root`` as Markdown, and write them to ``out`` when given.

    Every entry is verified first. One that does not hold what it claims, and two of one board that were not scored on the
    same test images, raise EntryError, and nothing is written.
    """
    text = page(verified(entry_paths(root)))
    gone = [f"- `{one.id}`: {one.reason}" for one in withdrawals(root)]
    text += "\n" + "\n\n".join(["# Withdrawn", "\n".join(gone)]) + "\n" if gone else ""
    if out is not None:
        write_whole(out, text)
    return text


def page(entries: Sequence[Submitted]) -> str:
    """Return the leaderboards of verified entries as Markdown; their order does not matter.

    Ranks, adjusted p-values and means over tasks are computed here, from the predictions of all entries together.
    """
    found = standings(entries)
    blocks = ["# Leaderboards", INTRODUCTION, TRUST]
    listed = [_board(*board, found.family) for board in zip(found.boards, found.sections, strict=True)]
    blocks += [on_the_family(found.family), *_flat(listed)] if listed else [NO_ENTRY]
    if found.pooled:
        blocks += pooled_blocks(found.pooled, found.family, found.boards)
    off = [f"- `{shown(path.name)}`: {why}." for path, why in found.off_board.items()]
    if off:
        blocks += ["# Not on a board", "\n".join(off)]
    return "\n\n".join(blocks) + "\n"


def on_the_family(confirmed: Confirmatory) -> str:
    """Return how the adjusted p-values were made, or why there are none."""
    provisional = (
        f"Rows with fewer than {LISTED_REPLICATES} replicates are provisional: they are not part of the confirmatory family, "
        f"and their adjusted p is shown as {NONE}."
    )
    family = confirmed.family
    if family is None:
        return f"{provisional} No row on real data has as many yet, so no p-value is adjusted."
    rows = f"the {len(confirmed.rows)} rows on real data" if len(confirmed.rows) > 1 else "the one row on real data"
    means = f" and {len(confirmed.pooled)} means over tasks" if confirmed.pooled else ""
    return (
        f"The confirmatory family of this page has {count(len(family.estimate), 'comparison')}: {rows} with at least "
        f"{LISTED_REPLICATES} replicates{means}, each against the R* of its board, recomputed as a whole whenever the page is "
        f"made. Adjusted p is single-step max-T over all of them (smallest df {family.df.min():.1f}: an adjusted p below .05 is "
        f"an estimate more than {family.quantile:.2f} standard errors from 0); the intervals beside it are of one row "
        "alone. Rows of a board share test patients and seeds, and their covariance is estimated; boards are taken to have "
        "different test patients. Tracks of one source share theirs, which makes the adjusted p too large rather than too "
        f"small. {provisional}"
    )


def _board(board: Measured, sections: Sequence[Section], family: Confirmatory) -> list[str]:
    records = [entry.record for entry in board.entries]
    first = board.record
    unit = f"{first.data.grouped_by}s{'' if first.data.patients_known else ' (patients unknown)'}"
    blocks = [
        f"## {first.board}",
        f"{first.title}. {first.question} {first.data.n_images['test']:,} test images of {first.data.n_groups['test']:,} "
        f"{unit}; task `{first.task_sha256[:12]}`, classifier `{classifier_of(first)[:12]}`, "
        f"data `{first.data.manifest_sha256[:12]}`, split `{first.data.split_sha256[:12]}` ({first.data.split_how.rstrip('.')}).",
    ]
    if first.data.leaky:
        blocks.append("> **LEAKY SPLIT**: patients are on both sides of it, so every value is too high.")
    blocks += sorted({note for record in records for note in plateau_notes(record)})
    for found in sections:
        title = f"### {fraction_words(found.key)} of the training {first.data.grouped_by}s"
        moved = [f"{reason.rstrip('.')}." for reason in found.reasons]
        reference = board.references.get(found.key)
        blocks += [title, *moved, *table(found.rows, reference, found.ranking.spans, family.rows)]
        blocks += board_block(board.entries, found.key)
    return blocks


def _flat(blocks: Sequence[Sequence[str]]) -> list[str]:
    return [block for part in blocks for block in part]
