"""Where all entries stand, computed together: their boards, the means over tasks, and the confirmatory family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qaugbench.board.board_table import Row, rows_of
from qaugbench.board.comparable import Submitted, by_board, why_off_board
from qaugbench.board.confirmatory import Confirmatory, confirmatory
from qaugbench.board.gains import Measured, Ranking, measure, ranking
from qaugbench.board.pooled import Pooled, pooled_rows
from qaugbench.predictions import percent


@dataclass(frozen=True)
class Section:
    """A board at one fraction: its rows, what their order is worth, and why the fraction is not the one asked for."""

    key: str
    rows: tuple[Row, ...]
    ranking: Ranking
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Standings:
    """Every listed board, the means over tasks, their family, and by path why an entry is on no board."""

    boards: tuple[Measured, ...]
    pooled: tuple[Pooled, ...]
    off_board: Mapping[Path, str]

    @cached_property
    def sections(self) -> tuple[tuple[Section, ...], ...]:
        """The sections of every board, in the order of ``boards``."""
        return tuple(map(_sections, self.boards))

    @cached_property
    def family(self) -> Confirmatory:
        """The confirmatory family of all boards, from the predictions of all entries together."""
        return confirmatory(self.boards, self.pooled)


def standings(entries: Sequence[Submitted]) -> Standings:
    """Return where entries that hold what they claim stand; their order does not matter.

    Raises EntryError where two of one board were not scored on the same test images.
    """
    why = {entry.path: why_off_board(entry.record) for entry in sorted(entries, key=lambda entry: entry.path)}
    boards = tuple(measure(group) for group in by_board(entry for entry in entries if why[entry.path] is None))
    off = {path: reason for path, reason in why.items() if reason is not None}
    return Standings(boards, tuple(pooled_rows(boards)), off)


def _sections(board: Measured) -> tuple[Section, ...]:
    """Return a board at every fraction at which it has rows, the smallest fraction first."""
    fractions = [fraction for entry in board.entries for fraction in entry.record.fractions]
    found = []
    for key in sorted({fraction.key for fraction in fractions}, key=percent):
        rows = tuple(row for entry in board.entries for row in rows_of(entry, key))
        reasons = sorted({fraction.reason for fraction in fractions if fraction.key == key and fraction.reason})
        if rows:
            found.append(Section(key, rows, ranking(board.primary, key), tuple(reasons)))
    return tuple(found)
