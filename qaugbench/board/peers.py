"""Entries of one board beside each other: predictions taken from another, and real-only arms that are not the board's."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
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
    """What of an entry is compared with others: hashes of its held-out images, and digests of its predictions."""

    path: Path
    record: Record
    held_out: Mapping[str, str]
    digests: Mapping[bytes, Place]

    @property
    def shared(self) -> dict[Place, float]:
        """The primary scores of the arms that are the same trainings in every entry of the board."""
        return dict(_shared_scores(self.record))


def traces(path: Path, record: Record, predicted: PredictionSet) -> Traces:
    """Return the traces of an entry."""
    return Traces(path, record, held_out_hashes(predicted), dict(digests(predicted)))


def _shared_scores(record: Record) -> Iterator[tuple[Place, float]]:
    primary = record.endpoints[0].id
    names = [arm.id for arm in record.arms if arm.role in SHARED_ROLES]
    for key, found in record.scores.fractions.items():
        scored = found.endpoints[primary].arms if primary in found.endpoints else {}
        for name in names:
            values = scored[name].values if name in scored else []
            for replicate, value in enumerate(values):
                if replicate not in found.flagged.get(name, []):
                    yield Place(name, key, replicate), value


class Peers:
    """The entries of any boards, taken one by one, and what a further one has in common with those before it."""

    def __init__(self, known: Iterable[Traces] = ()) -> None:
        self._files: dict[tuple[str, str], Traces] = {}
        self._digests: dict[tuple[str, bytes], tuple[Traces, Place]] = {}
        self._scores: dict[tuple[Hashable, ...], list[tuple[float, Traces]]] = {}
        for one in known:
            self.add(one)

    def add(self, one: Traces) -> None:
        """Take an entry in."""
        board = str(one.record.board)
        self._files.setdefault((board, one.record.predictions_sha256), one)
        for digest, place in one.digests.items():
            self._digests.setdefault((board, digest), (one, place))
        for place, value in one.shared.items():
            found = self._scores.setdefault((*_same_cells(one), place), [])
            found[:] = sorted([*found, (value, one)], key=lambda pair: pair[0])
            del found[1:-1]  # the lowest and the highest tell all

    def against(self, one: Traces) -> Iterator[str]:
        """Yield what an entry cannot have in common with others, or must have and has not, as sentences without a full stop."""
        board = str(one.record.board)
        whole = self._files.get((board, one.record.predictions_sha256))
        if whole is not None and whole.path != one.path:
            yield f"it has the predictions of {shown(whole.record.id)}, all of them"
            return
        generated = {arm.id for arm in one.record.arms if arm.generator is not None}
        for digest, mine in one.digests.items():
            other, theirs = self._digests.get((board, digest), (one, mine))
            if mine.arm in generated and mine != theirs:
                yield f"{mine} has the predictions of {theirs} in {shown(other.record.id)}"
                break
        yield from self._apart(one)

    def _apart(self, one: Traces) -> Iterator[str]:
        tolerance = machine_tolerance(one.record.board.track)
        cells = _same_cells(one)
        for place, mine in sorted(one.shared.items()):
            for theirs, other in self._scores.get((*cells, place), []):
                if abs(mine - theirs) > tolerance:
                    yield (
                        f"{place} scores {unsigned(mine)}, and {unsigned(theirs)} in {shown(other.record.id)}: seeds are derived, "
                        f"so it is the same training, and another machine explains {unsigned(tolerance)} at most"
                    )
                    return


def _same_cells(one: Traces) -> tuple[Hashable, ...]:
    """Return what entries have in common whose real-only arms are the same trainings, tested on the same images."""
    data = one.record.data
    facts = (str(one.record.board), data.manifest_sha256, data.split_sha256, one.record.task_sha256)
    return *facts, one.held_out["test"], one.held_out["val"]
