"""The runs in a folder, finished or not: what each is, so that runs of one kind can be told apart."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from qaugbench.board.result_folders import LOG_FILE, STUDIES
from qaugbench.errors import EntryError
from qaugbench.formatting import WIDTH, count
from qaugbench.outcomes import failed_and_blocked
from qaugbench.places import RECORD_FILE, RUNS
from qaugbench.text_table import wrapped
from qaugbench.untrusted import MIB, exists, parse_json, read_bytes

BEGUN_FILE = "run.json"
"""What a run writes into its folder before it computes anything."""
LARGEST_RECORD = 64 * MIB
UNREADABLE = "its record cannot be read"


class Begun(BaseModel):
    """The content of ``run.json``: what a run is about to compute, since when (UTC), and by which command."""

    task: str
    source: str
    track: str
    generators: list[str]
    executions: list[str] = []
    replicates: int
    began: str
    command: str = ""


class _Board(BaseModel):
    task: str
    source: str
    track: str


class _Environment(BaseModel):
    created: str


class _Generator(BaseModel):
    id: str
    control: str


class _Failure(BaseModel):
    reason: str = ""


class _Head(BaseModel):
    """Of a record of any schema what a list shows; all else is not read."""

    board: _Board
    generators: list[_Generator]
    executions: dict[str, Any] = {}
    replicates: int
    environment: _Environment
    failures: list[_Failure] = []


@dataclass(frozen=True)
class ListedRun:
    """One run: its folder, its state in words, and what it computes; None is what its folder does not say.

    ``executions`` are what circuits are drawn on besides exactly.
    """

    path: Path
    state: str
    date: str | None = None
    task: str | None = None
    source: str | None = None
    track: str | None = None
    generators: tuple[str, ...] = ()
    replicates: int | None = None
    executions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the run as plain data."""
        return {
            **asdict(self),
            "path": str(self.path),
            "generators": list(self.generators),
            "executions": list(self.executions),
        }


def listed_runs(runs: Path = RUNS) -> list[ListedRun]:
    """Return the runs in the folder ``runs``, the newest first; none if there is no such folder."""
    found = [_listed(path) for path in _run_folders(runs)]
    return sorted(found, key=lambda run: (run.date or "", run.path), reverse=True)


def runs_text(found: list[ListedRun], runs: Path = RUNS, width: int = WIDTH) -> str:
    """Return runs as text: each one's folder, which other commands take, and below it what it computes and its state."""
    if not found:
        return f"RUNS\n  There is no run in {runs}. 'qaugbench run' makes one; --out names another folder."
    return "\n".join(["RUNS", *(line for run in found for line in _lines(run, width))])


def _run_folders(runs: Path) -> list[Path]:
    if not runs.is_dir():
        return []
    marks = (RECORD_FILE, BEGUN_FILE, LOG_FILE)
    return [
        path
        for path in sorted(runs.iterdir())
        if path.is_dir()
        and any(exists(path / mark) for mark in marks)
        and not any(exists(path / study) for study in STUDIES)
    ]


def _listed(path: Path) -> ListedRun:
    if exists(path / RECORD_FILE):
        return _finished(path)
    if begun := begun_in(path):
        return ListedRun(
            path,
            f"not finished; to resume: {begun.command}" if begun.command else "not finished",
            begun.began,
            begun.task,
            begun.source,
            begun.track,
            tuple(begun.generators),
            begun.replicates,
            tuple(begun.executions),
        )
    begun_at = None if exists(path / BEGUN_FILE) else changed_at(path / LOG_FILE)
    return ListedRun(path, "not finished", begun_at)


def begun_in(path: Path) -> Begun | None:
    """Return what the run in the folder ``path`` was asked for; None if its folder does not say, or not readably."""
    if not exists(path / BEGUN_FILE):
        return None
    try:
        return Begun.model_validate(parse_json(read_bytes(path / BEGUN_FILE, MIB), path / BEGUN_FILE))
    except (EntryError, ValidationError):
        return None


def _finished(path: Path) -> ListedRun:
    file = path / RECORD_FILE
    try:
        head = _Head.model_validate(parse_json(read_bytes(file, LARGEST_RECORD), file))
    except (EntryError, ValidationError):
        return ListedRun(path, UNREADABLE)
    failed, blocked = failed_and_blocked(failure.reason for failure in head.failures)
    state = "finished" + (f", {count(failed, 'step')} failed" if failed else "")
    state += f", {blocked} that need them not computed" if blocked else ""
    names = tuple(dict.fromkeys(one.id for one in head.generators if one.control == "none"))
    board = head.board.model_dump()
    return ListedRun(
        path,
        state,
        head.environment.created,
        **board,
        generators=names,
        replicates=head.replicates,
        executions=tuple(head.executions),
    )


def changed_at(file: Path) -> str:
    """Return when a file was changed last, in UTC."""
    changed = datetime.datetime.fromtimestamp(file.lstat().st_mtime, datetime.UTC)
    return changed.isoformat(timespec="seconds")


def _lines(run: ListedRun, width: int) -> Iterator[str]:
    yield f"  {run.path}"
    parts = [" / ".join(part for part in (run.task, run.source, run.track) if part)]
    parts += [f"generators {', '.join(run.generators)}"] if run.generators else []
    parts += [f"also drawn on {', '.join(run.executions)}"] if run.executions else []
    parts += [] if run.replicates is None else [count(run.replicates, "replicate")]
    parts += [run.state, *([run.date.replace("T", " ")[:16]] if run.date else [])]
    yield from wrapped("; ".join(part for part in parts if part), "      ", width).splitlines()
