"""The time left of a run, from the steps that have been measured: in earlier runs on this store, and then in this one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from qaugbench.errors import StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.order import steps_of
from qaugbench.experiment.store import Store
from qaugbench.formatting import duration

PRESENT, PAST = "present", "past"


@dataclass(frozen=True)
class TimeLeft:
    """``work_s`` seconds of processes, ``wall_s`` by the clock; not ``whole`` while no step of some stage was measured."""

    work_s: float
    wall_s: float
    whole: bool

    def __str__(self) -> str:
        return f"{'about' if self.whole else 'over'} {duration(self.wall_s)} left"


class Pace:
    """What the missing steps of a run will take with ``jobs`` processes, corrected by each step that is done.

    ``jobs`` is None where nobody knows how many machines compute: as many as were busy so far are then assumed. A step is
    expected to take as long as those of its cost class, else as those of its stage for the same number of training steps;
    what this run measured comes before what earlier ones did.
    """

    def __init__(self, cells: Iterable[Cell], store: Store, jobs: int | None) -> None:
        self.jobs, self.started, self.busy_s = jobs, time.perf_counter(), 0.0
        self.waiting: dict[str, Cell] = {}
        self.measured: dict[str, dict[tuple[str, str], list[float]]] = {PRESENT: {}, PAST: {}}
        for cell in steps_of(cells):
            past_s = _past_seconds(cell, store)
            if past_s is None:
                self.waiting[cell.name] = cell
            else:
                self._note(PAST, cell, past_s)

    def cell(self, done: CellReport) -> None:
        """Take in what became of a cell."""
        self.waiting.pop(done.cell.name, None)
        if done.computed and done.outcome == "ok":
            self.busy_s += done.wall_s
            self._note(PRESENT, done.cell, done.wall_s)

    def left(self) -> TimeLeft | None:
        """Return the time left, or None before any step like those that are missing was measured."""
        expected = {cell.name: self._seconds(cell) for cell in self.waiting.values()}
        known = [seconds for seconds in expected.values() if seconds is not None]
        if not known:
            return None if self.waiting else TimeLeft(0.0, 0.0, whole=True)
        wall_s = max(sum(known) / self._at_once(), max(known))
        return TimeLeft(sum(known), wall_s, whole=len(known) == len(expected))

    def _at_once(self) -> float:
        if self.jobs is not None:
            return self.jobs
        return max(1.0, self.busy_s / max(time.perf_counter() - self.started, 1.0))

    def _note(self, when: str, cell: Cell, wall_s: float) -> None:
        for kind in (("class", cell.cost_class), ("stage", cell.stage)):
            self.measured[when].setdefault(kind, []).append(wall_s if kind[0] == "class" else wall_s / amount(cell))

    def _seconds(self, cell: Cell) -> float | None:
        for kind, times in ((("class", cell.cost_class), 1), (("stage", cell.stage), amount(cell))):
            for when in (PRESENT, PAST):
                if kind in self.measured[when]:
                    return times * median(self.measured[when][kind])
        return None


def _past_seconds(cell: Cell, store: Store) -> float | None:
    """Return what a finished cell took; None for one that is missing or damaged, which will be computed."""
    if not store.holds(cell.stage, cell.name):
        return None
    try:
        return float(store.meta(cell.stage, cell.name)["wall_s"])
    except (StoreError, ValueError, KeyError):
        return None


def amount(cell: Cell) -> int:
    """Return how many training steps a cell takes; 1 for one that does not train."""
    settings: Any = cell.key.get("recipe") if cell.stage == "train" else cell.key.get("training")
    return max(1, int((settings or {}).get("steps") or 1))
