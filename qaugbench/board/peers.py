"""Entries of one board beside each other: predictions taken from another, and real-only arms that are not the board's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qaugbench.board.pinned import held_out_hashes
from qaugbench.board.telltales import Place, digests
from qaugbench.errors import shown
from qaugbench.formatting import unsigned
from qaugbench.predictions import PredictionSet
from qaugbench.record import Record

LARGEST_SEEN = {"smoke": 0.011}
OTHER_TRACKS = 0.005
"""The largest differences of a single AUROC between two processors that were measured (docs/method.md, "What another processor
changes")."""
ALLOWED = 2.0
"""Times the largest difference seen that another machine is allowed."""
SHARED_ROLES = ("real-only", "augmented", "compute-matched", "oversampling", "oracle")
"""Arms that are the same cells in every entry of a board, since their seeds are derived."""


def machine_tolerance(track: str) -> float:
    """Return by how much a score of one classifier may differ on another machine.

    >>> machine_tolerance("lite"), machine_tolerance("smoke")
    (0.01, 0.022)
    """
    return ALLOWED * LARGEST_SEEN.get(track, OTHER_TRACKS)


@dataclass(frozen=True)
class Traces:
    """What of an entry is compared with others: hashes of its held-out images, digests of its predictions, and the primary scores
    of its real-only arms."""

    path: Path
    record: Record
    held_out: dict[str, str]
    digests: dict[bytes, Place]
    shared: dict[Place, float]


def traces(path: Path, record: Record, predicted: PredictionSet) -> Traces:
    """Return the traces of an entry."""
    return Traces(path, record, held_out_hashes(predicted), dict(digests(predicted)), dict(_shared_scores(record)))


def _shared_scores(record: Record) -> Iterator[tuple[Place, float]]:
    primary = record.endpoints[0].id
    names = [arm.id for arm in record.arms if arm.role in SHARED_ROLES]
    for key, found in record.scores.fractions.items():
        endpoint = found.endpoints.get(primary)
        for name in names if endpoint is not None else ():
            score = endpoint.arms.get(name) if endpoint is not None else None
            filled_in = found.flagged.get(name, [])
            for replicate, value in enumerate([] if score is None else score.values):
                if replicate not in filled_in:
                    yield Place(name, key, replicate), value


def against_others(one: Traces, others: Sequence[Traces]) -> Iterator[str]:
    """Yield what an entry cannot have in common with others, or must have and has not, as sentences without a full stop."""
    for other in others:
        if other.path != one.path and other.record.board == one.record.board:
            yield from _against(one, other)


def _against(one: Traces, other: Traces) -> Iterator[str]:
    name = shown(other.record.id)
    if one.record.predictions_sha256 == other.record.predictions_sha256:
        yield f"it has the predictions of {name}, all of them"
        return
    generated = {arm.id for arm in one.record.arms if arm.generator is not None}
    for digest in one.digests.keys() & other.digests.keys():
        mine, theirs = one.digests[digest], other.digests[digest]
        if mine.arm in generated and mine != theirs:
            yield f"{mine} has the predictions of {theirs} in {name}"
            break
    if one.held_out == other.held_out and _same_cells(one.record, other.record):
        yield from _apart(one, other)


def _same_cells(one: Record, other: Record) -> bool:
    """Return whether the real-only arms of two entries were trained on the same images by the same classifier."""
    same = (one.data.manifest_sha256, one.data.split_sha256) == (other.data.manifest_sha256, other.data.split_sha256)
    return same and one.task_sha256 == other.task_sha256


def _apart(one: Traces, other: Traces) -> Iterator[str]:
    tolerance = machine_tolerance(one.record.board.track)
    for place in sorted(one.shared.keys() & other.shared.keys()):
        mine, theirs = one.shared[place], other.shared[place]
        if abs(mine - theirs) > tolerance:
            yield (
                f"{place} scores {unsigned(mine)}, and {unsigned(theirs)} in {shown(other.record.id)}: seeds are derived, so it is "
                f"the same training, and another machine explains {unsigned(tolerance)} at most"
            )
            return
