"""Entries verified together: each by itself, then beside the others of its board, with how far each can be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.board.peers import Peers, Traces, traces
from qaugbench.board.reader import read_bundle
from qaugbench.board.result_folders import is_entry
from qaugbench.board.trust import Trust, read_reruns, trust_of
from qaugbench.board.verify import verify
from qaugbench.board.withdraw import check_not_withdrawn
from qaugbench.errors import EntryError, shown
from qaugbench.record import Record


@dataclass(frozen=True)
class Checked:
    """A run or an entry that holds what it claims; of an entry also what is suspicious, and how far it can be believed."""

    path: Path
    record: Record
    n_numbers: int
    n_logits: int
    warnings: tuple[str, ...] = ()
    trust: Trust | None = None

    def facts(self) -> dict[str, Any]:
        """Return what was checked as plain data; of an entry with its level, why it is not the next higher one, and warnings."""
        found = {"id": self.record.id, "numbers": self.n_numbers, "logits": self.n_logits}
        if self.trust is None:
            return found
        return {
            **found,
            "trust": self.trust.level,
            "reasons": list(self.trust.reasons),
            "warnings": list(self.warnings),
        }


def check(path: Path, others: Peers | None = None) -> Checked:
    """Return what was checked of a run or an entry, the entry beside ``others`` too; EntryError where something does not hold."""
    found = verify(path)
    record, warnings = found.record, found.warnings
    if not found.is_entry:
        return Checked(path, record, found.n_numbers, found.n_logits)
    if others is not None:
        check_beside(traces(path, record, found.predictions), others)
    trust = trust_of(record, warnings, read_reruns(path))
    return Checked(path, record, found.n_numbers, found.n_logits, warnings, trust)


def check_beside(one: Traces, others: Peers) -> None:
    """Raise EntryError for an entry that was withdrawn, or that has what it cannot have in common with ``others``."""
    check_not_withdrawn(one.path, one.record.predictions_sha256)
    fault = next(others.against(one), None)
    if fault is not None:
        raise EntryError(f"{shown(one.path, None)}: {fault}. One of the two is to be withdrawn.")


class Checker:
    """Verifies runs and entries one after the other, each entry beside all others of the board that it is in."""

    def __init__(self) -> None:
        self._boards: dict[Path, Peers] = {}

    def __call__(self, path: Path) -> Checked:
        """Return what was checked of a run or an entry; EntryError where something does not hold."""
        is_on_board = path.parent.name == "entries" and is_entry(path)
        return check(path, self._board(path.parent) if is_on_board else None)

    def beside(self, path: Path, place: Path) -> Checked:
        """Return what was checked of an entry that is not yet in its ``place`` on a board, beside those that are."""
        check_not_withdrawn(place)
        others = Peers(one for one in board_traces(place.parent) if one.path != place)
        return check(path, others)

    def _board(self, entries: Path) -> Peers:
        if entries not in self._boards:
            self._boards[entries] = Peers(board_traces(entries))
        return self._boards[entries]


def board_traces(entries: Path) -> Iterator[Traces]:
    """Yield the traces of the entries in a folder that can be read; what is wrong with others is said where they are verified."""
    for path in sorted(entries.iterdir()) if entries.is_dir() else ():
        if path.name.startswith(".") or not is_entry(path):
            continue
        try:
            bundle = read_bundle(path)
        except EntryError:
            continue
        yield traces(path, bundle.record, bundle.predictions)
