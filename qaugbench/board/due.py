"""Which entry is due to be computed again: the least believed first, drawn by the day, among those whose images anyone can get."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from qaugbench.board.comparable import Submitted, why_off_board
from qaugbench.board.pinned import registered_sources
from qaugbench.board.result_folders import entry_paths
from qaugbench.board.trust import LEVELS
from qaugbench.board.verified import verified
from qaugbench.record import Record


@dataclass(frozen=True)
class Due:
    """An entry to be computed again: its folder, the replicate, and the source of its images."""

    path: Path
    replicate: int
    source: str


def due(root: Path, day: str) -> Due | None:
    """Return the entry below ``root`` whose replicate is due on a ``day``; None where no program can compute one again.

    Of entries that can be believed equally, the day chooses one, and one of its replicates: nobody who submits knows which.
    """
    known = [
        one for one in verified(entry_paths(root)) if why_off_board(one.record) is None and _can_be_computed(one.record)
    ]
    if not known:
        return None
    least = min(map(_level, known))
    drawn = min((one for one in known if _level(one) == least), key=lambda one: _ticket(day, one.record.id))
    replicate = int(_ticket(day, f"{drawn.record.id} replicate"), 16) % drawn.record.replicates
    return Due(drawn.path, replicate, drawn.record.board.source)


def _level(one: Submitted) -> int:
    return LEVELS.index(one.trust.level)


def _can_be_computed(record: Record) -> bool:
    """Return whether a program may fetch the images, and no generator needs files that only its submitter has."""
    source = registered_sources().get(record.board.source)
    from_files = any(one.kind == "external" or one.package is not None for one in record.generators)
    return source is not None and source["obtain"] == "download" and not from_files


def _ticket(day: str, name: str) -> str:
    return hashlib.sha256(f"{day} {name}".encode()).hexdigest()
