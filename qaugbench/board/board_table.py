"""The table of one board at one fraction: generators sorted by their difference from R*, their controls beneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qaugbench.board.circuit_influence import influence_cell, influence_of
from qaugbench.board.comparable import Submitted
from qaugbench.board.gains import Place
from qaugbench.board.no_verdict import contrast_with_reasons, verdict_with_reasons
from qaugbench.board.shared_reference import SharedReference
from qaugbench.formatting import NONE, change, markdown_table, p_value, span, unsigned
from qaugbench.kinds import is_quantum
from qaugbench.predictions import ArmInfo
from qaugbench.record import Record
from qaugbench.stats.decide import LISTED_REPLICATES, NOT_MATCHED
from qaugbench.stats.results import ArmScore, ArmVerdict, Contrast

ATTRIBUTION = {
    "QUANTUM-ATTRIBUTED": "quantum-attributed",
    "NOT-ATTRIBUTED": "not attributed",
    "NOT-TESTED": "not tested",
    None: "",
}
Adjusted = Mapping[Place, float]
Ranks = Mapping[Place, tuple[int, int]]


@dataclass(frozen=True)
class Row:
    """A generator, or a control beneath it, of one entry at one fraction; values are parts of the entry's scores."""

    place: Place
    record: Record
    arm: ArmInfo
    endpoint: str
    value: ArmScore | None
    reference: ArmScore | None
    difference: Contrast | None
    over_augmented: Contrast | None
    verdict: ArmVerdict | None
    over_control: Contrast | None
    controls: tuple[Row, ...] = ()
    trust: str = "claimed"


def rows_of(entry: Submitted, key: str) -> list[Row]:
    """Return one row per generator of an entry at one fraction, its controls inside it."""
    record = entry.record
    fraction = record.scores.fractions.get(key)
    scored = None if fraction is None else fraction.endpoints.get(record.endpoints[0].id)
    if fraction is None or scored is None:
        return []
    endpoint = record.endpoints[0].id
    contrasts = [contrast_with_reasons(record, key, endpoint, found) for found in scored.contrasts]
    verdicts = {arm: verdict_with_reasons(record, key, endpoint, found) for arm, found in scored.verdicts.items()}
    by_family = {(found.family, found.arm, found.against): found for found in contrasts}
    over = {(found.family, found.arm): found for found in contrasts}

    def row(arm: ArmInfo, above: str | None, controls: tuple[Row, ...] = ()) -> Row:
        return Row(
            place=Place(entry.path, key, arm.id),
            record=record,
            arm=arm,
            endpoint=scored.title,
            value=scored.arms.get(arm.id),
            reference=scored.arms.get(str(fraction.reference.arm)),
            difference=over.get(("reference", arm.id)),
            over_augmented=over.get(("augmented", arm.id)),
            verdict=verdicts.get(arm.id),
            over_control=None if above is None else by_family.get(("control", above, arm.id)),
            controls=controls,
            trust=entry.trust.level,
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


def table(rows: Sequence[Row], reference: SharedReference | None, ranks: Ranks, adjusted: Adjusted) -> list[str]:
    """Return what R* is, the table of one board at one fraction, a sentence on ties, and one where entries disagreed on R*.

    ``ranks`` are the first and last rank of each row, ``adjusted`` the p-values of those in the confirmatory family.
    """
    header = (
        "rank",
        "method",
        "kind",
        "fidelity",
        rows[0].endpoint,
        "R*",
        "Δ vs R* [95 % CI]",
        "adjusted p",
        "verdict",
        "attribution",
        "circuit's influence on the images",
        "Δ over control [95 % CI]",
        f"Δ vs R+ [95 % CI], {NOT_MATCHED}",
        "replicates",
        f"test images / {rows[0].record.data.grouped_by}s",
        "trust",
        "entry",
    )
    lines = []
    for row in sorted(rows, key=order):
        lines.append(_cells(row, ranks.get(row.place), adjusted.get(row.place)))
        lines += [_control_cells(control) for control in row.controls]
    spans = [ranks[row.place] for row in rows if row.place in ranks]
    said = [ties(spans)] if spans else []
    return [what_reference(reference), markdown_table(header, lines), *said, *on_disagreement(reference)]


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
    if all(found == (1, n) for found in spans):
        return "Both rows are tied." if n == 2 else f"All {n} rows are tied."
    return f"No row is ahead of all others: {sum(low == 1 for low, _ in spans)} of {n} may be first."


def what_reference(reference: SharedReference | None) -> str:
    """Return which arm R* is on a board, and how it was chosen."""
    if reference is None or reference.arm is None:
        return "There is no reference R* at this fraction: no arm that trains on the real images alone could be chosen."
    return (
        f"The reference R* is {reference.arm}, the best on validation ({unsigned(reference.validation_mean)}) of the arms that "
        "train on the real images alone."
    )


def on_disagreement(reference: SharedReference | None) -> list[str]:
    """Return a sentence where the entries of a board did not choose the same reference by themselves."""
    if reference is None or reference.agreed:
        return []
    own = ", ".join(f"`{path.name}` {arm or 'none'}" for path, arm in reference.own.items())
    return [
        f"The entries chose different references by themselves ({own}). All rows are measured from {reference.arm}, which has "
        "the highest mean validation score over the entries, and were scored again for this."
    ]


def order(row: Row) -> tuple[bool, float, str, str]:
    """Return the sorting key of a row: the largest difference first, what has none last."""
    difference = row.difference
    return difference is None, -difference.estimate if difference else 0.0, row.arm.id, row.record.id


def _cells(row: Row, rank: tuple[int, int] | None, adjusted: float | None) -> tuple[str, ...]:
    verdict = row.verdict
    influence = influence_cell(influence_of(row.record, row.place.fraction, row.arm.generator))
    return (
        NONE if rank is None else span(*rank),
        row.arm.id,
        str(row.arm.kind),
        str(row.arm.fidelity),
        mean_cell(row.value),
        mean_cell(row.reference),
        difference_cell(row.difference),
        p_value(adjusted),
        verdict_cell(row),
        ATTRIBUTION[verdict.ladder.attribution] if verdict else NONE,
        influence if is_quantum(row.arm.kind) else "",
        "",
        difference_cell(row.over_augmented),
        *amount_cells(row),
        row.trust,
        f"`{row.record.id}`",
    )


def _control_cells(row: Row) -> tuple[str, ...]:
    return (
        "",
        f"↳ {row.arm.id}",
        f"control, {row.arm.kind}",
        "",
        mean_cell(row.value),
        "",
        difference_cell(row.difference),
        "",
        control_verdict_cell(row),
        "",
        "",
        difference_cell(row.over_control),
        difference_cell(row.over_augmented),
        *amount_cells(row),
        "",
        "",
    )


def difference_cell(found: Contrast | None) -> str:
    """Return a difference with its interval; without one where a run has too few replicates for it."""
    if found is None:
        return NONE
    return change(found.estimate, found.ci_low, found.ci_high)


def verdict_cell(row: Row) -> str:
    """Return the verdict on a generator; where there is none, with the reason."""
    return _words(row, _verdict_words(row.verdict))


def control_verdict_cell(row: Row) -> str:
    """Return the verdict on a control's difference from R*; where there is none, with the reason."""
    return _words(row, _difference_words(row.difference))


def mean_cell(value: ArmScore | None) -> str:
    """Return the mean of an arm over its replicates."""
    return unsigned(value.mean) if value else NONE


def _words(row: Row, words: str) -> str:
    return f"{words} (provisional)" if row.record.replicates < LISTED_REPLICATES else words


def _verdict_words(verdict: ArmVerdict | None) -> str:
    """Return the verdict on a generator; where there is none, with the reason."""
    if verdict is None:
        return "no result"
    ladder = verdict.ladder
    return f"{verdict.words}: {ladder.reason}" if ladder.verdict == "NO-VERDICT" else verdict.words


def _difference_words(found: Contrast | None) -> str:
    """Return the verdict on a control's difference from R*; where there is none, with the reason."""
    if found is None:
        return "no result"
    return f"{found.words}: {found.reason}" if found.verdict == "NO-VERDICT" else found.words


def amount_cells(row: Row) -> tuple[str, str]:
    """Return how many replicates a row has, and how many test images and patients."""
    value = row.value
    if value is None:
        return str(row.record.replicates), NONE
    filled = f" ({value.n_flagged} filled in)" if value.n_flagged else ""
    return f"{row.record.replicates}{filled}", f"{value.n_images:,} / {value.n_patients:,}"
