"""What a person sees while a run computes: one line per finished step in a log, a live bar on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from qaugbench.errors import StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import LIGHT_STAGES, CellReport
from qaugbench.formatting import duration
from qaugbench.record import cause_of


class Progress(Protocol):
    """Is told every message and every cell that is done."""

    def message(self, text: str) -> None: ...

    def cell(self, done: CellReport) -> None: ...


class Lines:
    """One line per message and per computed or failed step, with the time since the start and the count so far.

    With ``tracebacks``, as in a log, every failure is there, and the traceback once for all steps that fail at one place. Without,
    a cause is printed at the first step that it fails, and steps that were not computed because of it are only counted.
    """

    def __init__(self, stream: TextIO, total: int, *, tracebacks: bool = False) -> None:
        self.stream, self.total, self.tracebacks = stream, total, tracebacks
        self.done = self.found = 0
        self.explained: set[str] = set()
        self.started = time.perf_counter()

    def message(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def cell(self, done: CellReport) -> None:
        self.done += 1
        self.found += not done.computed and done.outcome == "ok"
        if done.computed or (done.outcome != "ok" and self.tracebacks):
            print(self._line(done), file=self.stream, flush=True)

    def _line(self, done: CellReport) -> str:
        elapsed = time.strftime("%H:%M:%S", time.gmtime(time.perf_counter() - self.started))
        what = f"{elapsed} [{self.done}/{self.total}] {done.cell.stage} {done.cell.label}"
        if done.outcome != "ok":
            why = f"{done.reason}{self._traceback(done)}" if self.tracebacks else self._first(done)
            return f"{what}: {done.outcome.upper()}: {why}"
        return f"{what}: {duration(done.wall_s)}{'; ' if done.remark else ''}{done.remark}"

    def _first(self, done: CellReport) -> str:
        """Return the reason of a failure at the first step with its cause, and later only that it is the same."""
        cause = cause_of(done.reason)
        again = cause in self.explained
        self.explained.add(cause)
        return "for the same reason" if again else done.reason

    def _traceback(self, done: CellReport) -> str:
        """Return the traceback of a failure on lines of its own; "" where one from the same place was printed before."""
        place = done.detail.rstrip().rpartition("\n")[0]  # without the message, which may name the replicate's numbers
        if not done.detail or place in self.explained:
            return ""
        self.explained.add(place)
        return f"\n{done.detail}"


class LiveBar:
    """A bar on a terminal with the steps done, the time left and the last finished step."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("steps"), TimeElapsedColumn())
        self.bar = Progress(
            *columns,
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
        )
        self.explained: set[str] = set()
        self.task = self.bar.add_task("starting", total=total)

    def message(self, text: str) -> None:
        self.bar.console.print(text, markup=False, highlight=False)

    def cell(self, done: CellReport) -> None:
        self.bar.update(self.task, advance=1, description=f"{done.cell.stage} {done.cell.label}")
        cause = cause_of(done.reason)
        if done.outcome != "ok" and not done.blocked_by and cause not in self.explained:
            self.explained.add(cause)
            self.message(f"{done.cell.stage} {done.cell.label}: {done.outcome.upper()}: {done.reason}")


class _Both:
    def __init__(self, parts: Sequence[Progress]) -> None:
        self.parts = parts

    def message(self, text: str) -> None:
        for part in self.parts:
            part.message(text)

    def cell(self, done: CellReport) -> None:
        for part in self.parts:
            part.cell(done)


@contextmanager
def shown(cells: Sequence[Cell], log: Path, *, quiet: bool) -> Iterator[Progress]:
    """Yield a progress that writes ``log`` and, unless ``quiet``, the terminal's bar or lines on standard error."""
    total = sum(cell.stage not in LIGHT_STAGES for cell in cells)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        stream = log.open("a", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"The log {log} cannot be written: {error.strerror}. Choose another folder with --out."
        ) from error
    with stream:
        logged = _HeavyOnly(Lines(stream, total, tracebacks=True))
        if quiet:
            yield logged
        elif sys.stderr.isatty():
            bar = LiveBar(total)
            with bar.bar:
                yield _Both([logged, _HeavyOnly(bar)])
        else:
            yield _Both([logged, _HeavyOnly(Lines(sys.stderr, total))])


class _HeavyOnly:
    """Passes on the cells that take time, which people see as steps, and any that failed."""

    def __init__(self, inner: Progress) -> None:
        self.inner = inner

    def message(self, text: str) -> None:
        self.inner.message(text)

    def cell(self, done: CellReport) -> None:
        if done.cell.stage not in LIGHT_STAGES or done.outcome != "ok":
            self.inner.cell(done)
