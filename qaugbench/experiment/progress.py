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
from qaugbench.experiment.order import steps_of
from qaugbench.experiment.pace import Pace
from qaugbench.formatting import duration
from qaugbench.record import cause_of


class Progress(Protocol):
    """Is told every message and every cell that is done."""

    def message(self, text: str) -> None: ...

    def cell(self, done: CellReport) -> None: ...

    def still(self, cells: Sequence[Cell]) -> None: ...


class Lines:
    """One line per message and per computed or failed step, with the time since the start, the count so far and the time left.

    With ``tracebacks``, as in a log, every failure is there, and the traceback once for all steps that fail at one place. Without,
    a cause is printed at the first step that it fails, and steps that were not computed because of it are only counted.
    """

    def __init__(self, stream: TextIO, total: int, pace: Pace | None = None, *, tracebacks: bool = False) -> None:
        self.stream, self.total, self.pace, self.tracebacks = stream, total, pace, tracebacks
        self.done = self.found = 0
        self.explained: set[str] = set()
        self.started = self.heard = time.perf_counter()

    def message(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def cell(self, done: CellReport) -> None:
        self.heard = time.perf_counter()
        self.done += 1
        self.found += not done.computed and done.outcome == "ok"
        if done.computed or (done.outcome != "ok" and self.tracebacks):
            print(self._line(done), file=self.stream, flush=True)

    def still(self, cells: Sequence[Cell]) -> None:
        """Say what is being computed, where nothing was finished for a while, and the time left."""
        steps = ", ".join(f"{cell.stage} {cell.label}".rstrip() + self._how_far(cell) for cell in cells)
        left = self._left(time.perf_counter() - self.heard)
        print(
            f"{self._elapsed()} [{self.done}/{self.total}] still computing {steps}{left}", file=self.stream, flush=True
        )

    def _elapsed(self) -> str:
        return time.strftime("%H:%M:%S", time.gmtime(time.perf_counter() - self.started))

    def _line(self, done: CellReport) -> str:
        what = f"{self._elapsed()} [{self.done}/{self.total}] {done.cell.stage} {done.cell.label}"
        if done.outcome != "ok":
            why = f"{done.reason}{self._traceback(done)}" if self.tracebacks else self._first(done)
            return f"{what}: {done.outcome.upper()}: {why}"
        remark = f"; {done.remark}" if done.remark else ""
        return f"{what}: {duration(done.wall_s)}{remark}{self._left()}"

    def _how_far(self, cell: Cell) -> str:
        far = None if self.pace is None else self.pace.how_far(cell)
        return "" if far is None else f" ({far.done:,} of {far.of:,})"

    def _left(self, since_s: float = 0.0) -> str:
        left = "" if self.pace is None else str(self.pace.left(since_s))
        return f"; {left}" if left else ""

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

    def __init__(self, total: int, pace: Pace | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self.pace = pace
        self.bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
        )
        self.explained: set[str] = set()
        self.heard = time.perf_counter()
        self.task = self.bar.add_task("starting", total=total, left="")

    def message(self, text: str) -> None:
        self.bar.console.print(text, markup=False, highlight=False)

    def cell(self, done: CellReport) -> None:
        self.heard = time.perf_counter()
        self.bar.update(self.task, advance=1, description=f"{done.cell.stage} {done.cell.label}", left=self._left())
        cause = cause_of(done.reason)
        if done.outcome != "ok" and not done.blocked_by and cause not in self.explained:
            self.explained.add(cause)
            self.message(f"{done.cell.stage} {done.cell.label}: {done.outcome.upper()}: {done.reason}")

    def still(self, cells: Sequence[Cell]) -> None:
        """A bar moves by itself; the time left grows shorter."""
        self.bar.update(self.task, left=self._left(time.perf_counter() - self.heard))

    def _left(self, since_s: float = 0.0) -> str:
        return "" if self.pace is None else self.pace.left(since_s).brief


class _Paced:
    """Tells the pace of every step before anybody is told who asks it for the time left."""

    def __init__(self, pace: Pace, inner: Progress) -> None:
        self.pace, self.inner = pace, inner

    def message(self, text: str) -> None:
        self.inner.message(text)

    def cell(self, done: CellReport) -> None:
        self.pace.cell(done)
        self.inner.cell(done)

    def still(self, cells: Sequence[Cell]) -> None:
        self.pace.still(cells)
        self.inner.still(cells)


class _Both:
    def __init__(self, parts: Sequence[Progress]) -> None:
        self.parts = parts

    def message(self, text: str) -> None:
        for part in self.parts:
            part.message(text)

    def cell(self, done: CellReport) -> None:
        for part in self.parts:
            part.cell(done)

    def still(self, cells: Sequence[Cell]) -> None:
        for part in self.parts:
            part.still(cells)


@contextmanager
def shown(cells: Sequence[Cell], log: Path, *, quiet: bool, pace: Pace) -> Iterator[Progress]:
    """Yield a progress that writes ``log`` and, unless ``quiet``, the terminal's bar or lines on standard error."""
    total = len(steps_of(cells))
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        stream = log.open("a", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"The log {log} cannot be written: {error.strerror}. Choose another folder with --out."
        ) from error
    with stream:
        logged = _HeavyOnly(Lines(stream, total, pace, tracebacks=True))
        if quiet:
            yield _Paced(pace, logged)
        elif sys.stderr.isatty():
            bar = LiveBar(total, pace)
            with bar.bar:
                yield _Paced(pace, _Both([logged, _HeavyOnly(bar)]))
        else:
            yield _Paced(pace, _Both([logged, _HeavyOnly(Lines(sys.stderr, total, pace))]))


def announce(text: str, *, quiet: bool) -> None:
    """Say on standard error what will take a while, before there is a progress to tell."""
    if not quiet:
        print(text, file=sys.stderr, flush=True)


class _HeavyOnly:
    """Passes on the cells that take time, which people see as steps, and any that failed."""

    def __init__(self, inner: Progress) -> None:
        self.inner = inner

    def message(self, text: str) -> None:
        self.inner.message(text)

    def cell(self, done: CellReport) -> None:
        if done.cell.stage not in LIGHT_STAGES or done.outcome != "ok":
            self.inner.cell(done)

    def still(self, cells: Sequence[Cell]) -> None:
        self.inner.still(cells)
