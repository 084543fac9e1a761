"""The time left of a run, from the steps that have been measured: in earlier runs on this store, and then in this one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from qaugbench.errors import StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.order import steps_of
from qaugbench.experiment.store import Store
from qaugbench.experiment.under_way import HowFar, how_far
from qaugbench.formatting import count, duration
from qaugbench.stats.wording import listed
from qaugbench.task import canonical_hash

PRESENT, UNDER_WAY, PAST = "present", "under way", "past"
STEP_NUMBERS = ("steps", "warmup_steps", "evaluations")
"""The settings of a training that say how long it is: the time per step does not depend on them."""
NAMED = 2


@dataclass(frozen=True)
class TimeLeft:
    """``work_s`` seconds of processes, ``wall_s`` by the clock, for those missing steps that have a measured like.

    ``unknown`` names the kinds of the ``unmeasured`` others, each once. ``late`` says that what is being computed takes longer than
    its like did.
    """

    work_s: float
    wall_s: float
    unknown: tuple[str, ...] = ()
    unmeasured: int = 0
    late: bool = False

    @property
    def brief(self) -> str:
        """The time left in a few words, as far as it is known; "" where nothing is left."""
        if self.late:
            return "longer than measured"
        known = [duration(self.wall_s)] if self.work_s else []
        if self.unmeasured:
            return f"{listed([*known, count(self.unmeasured, 'unmeasured step')])} left"
        return f"about {duration(self.wall_s)} left" if known else ""

    def __str__(self) -> str:
        if self.late:
            return "this takes longer than steps like it took"
        if not self.unmeasured:
            return self.brief
        more = [count(len(self.unknown) - NAMED, "other kind")] if len(self.unknown) > NAMED else []
        kinds = listed([*self.unknown[:NAMED], *more])
        others = f"{count(self.unmeasured, 'step')} not measured yet ({kinds})"
        return f"about {duration(self.wall_s)} left, and {others}" if self.work_s else f"time left unknown: {others}"


class Pace:
    """What the missing steps of a run will take with ``jobs`` processes, corrected by each step that is done.

    ``jobs`` is None where nobody knows how many machines compute: as many as were busy so far are then assumed. A step is
    expected to take as long as those of its cost class; else a training takes as long per step as those with the same settings
    (``_like``). Of any other step nothing is known: another generator may take a thousand times as long. What this run measured
    comes before the pace of fits that are under way, and that before what earlier runs measured.
    """

    def __init__(self, cells: Iterable[Cell], store: Store, jobs: int | None) -> None:
        self.jobs, self.started, self.busy_s = jobs, time.perf_counter(), 0.0
        self.store = store
        self.under_way: dict[str, HowFar] = {}
        self.waiting: dict[str, Cell] = {}
        self.measured: dict[str, dict[tuple[str, str], list[float]]] = {PRESENT: {}, UNDER_WAY: {}, PAST: {}}
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

    def how_far(self, cell: Cell) -> HowFar | None:
        """Return how far a cell is that is being computed, where it says so."""
        return how_far(self.store.unfinished(cell.stage, cell.name))

    def still(self, cells: Iterable[Cell]) -> None:
        """Take in how fast the fits among the cells are that are being computed."""
        self.measured[UNDER_WAY], self.under_way = {}, {}
        for cell in cells:
            far = self.how_far(cell)
            if far is not None:
                self.under_way[cell.name] = far
                self._note(UNDER_WAY, cell, far.of * far.step_s)

    def left(self, since_s: float = 0.0) -> TimeLeft:
        """Return the time left ``since_s`` seconds after the last step was done.

        These are taken off unless steps of unknown length wait, one of which may be under way, or a fit says how far it is.
        """
        expected = [(cell, self._seconds_left(cell)) for cell in self.waiting.values()]
        known = [seconds for _, seconds in expected if seconds is not None]
        unknown = tuple(dict.fromkeys(_kind_words(cell) for cell, seconds in expected if seconds is None))
        unmeasured = len(expected) - len(known)
        if not known:
            return TimeLeft(0.0, 0.0, unknown, unmeasured)
        work_s, wall_s = sum(known), max(sum(known) / self._at_once(), max(known))
        if since_s and not unknown and not self.under_way:
            return TimeLeft(work_s, max(wall_s - since_s, 0.0), late=since_s >= wall_s)
        return TimeLeft(work_s, wall_s, unknown, unmeasured)

    def _at_once(self) -> float:
        if self.jobs is not None:
            return self.jobs
        return max(1.0, self.busy_s / max(time.perf_counter() - self.started, 1.0))

    def _note(self, when: str, cell: Cell, wall_s: float) -> None:
        for kind, times in _kinds(cell):
            self.measured[when].setdefault(kind, []).append(wall_s / times)

    def _seconds_left(self, cell: Cell) -> float | None:
        seconds, far = self._seconds(cell), self.under_way.get(cell.name)
        return seconds if seconds is None or far is None else seconds * (1 - far.done / far.of)

    def _seconds(self, cell: Cell) -> float | None:
        for kind, times in _kinds(cell):
            for when in self.measured:
                if kind in self.measured[when]:
                    return times * median(self.measured[when][kind])
        return None


def _kind_words(cell: Cell) -> str:
    """Return what people call the steps like ``cell``: its stage, and the generator where that decides how long it takes."""
    return cell.stage if cell.stage == "train" or not cell.place.arm else f"{cell.stage} {cell.place.arm}"


def _kinds(cell: Cell) -> list[tuple[tuple[str, str], int]]:
    """Return what names the steps that a cell's time can be told from, nearest first, each with how often its unit is taken."""
    like = _like(cell)
    named = [(("class", cell.cost_class), 1)]
    if cell.level_class is not None:
        return [*named, (("level", cell.level_class), 1)]
    return named if like is None else [*named, (("like", canonical_hash(like)), amount(cell))]


def _like(cell: Cell) -> dict[str, Any] | None:
    """Return what the time of one training step depends on; None for a cell that does not train, whose time its data decide.

    The classifier's is the recipe, whatever the arm; a generator's and a space's are their settings. All depend on the size of the
    images and the device.
    """
    if amount(cell) == 1:
        return None
    what = () if cell.stage == "train" else ("generator", "control", "space", "hyper", "per_label", "weights")
    return {
        "stage": cell.stage,
        "device": cell.key.get("device"),
        "settings": {name: value for name, value in _training(cell).items() if name not in STEP_NUMBERS},
        "what": _among(cell, what),
        "images": _among(cell.needs.get("prepare"), ("size", "channels")),
        "space": _among(cell.needs.get("space"), ("space", "hyper")),
    }


def _among(cell: Cell | None, names: Iterable[str]) -> dict[str, Any]:
    """Return the entries of a cell's key with these names; none where there is no cell."""
    return {} if cell is None else {name: cell.key[name] for name in names if name in cell.key}


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
    return max(1, int(_training(cell).get("steps") or 1))


def _training(cell: Cell) -> Mapping[str, Any]:
    return cell.key.get("recipe" if cell.stage == "train" else "training") or {}
