"""How long a run would take on this machine: from finished cells like its own, else by timing a few steps of each kind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from qaugbench.cards import Training
from qaugbench.child_processes import in_processes
from qaugbench.errors import QaugbenchError
from qaugbench.experiment.cells import YIELD, Cell, Place
from qaugbench.experiment.execute import compute
from qaugbench.experiment.opening import described
from qaugbench.experiment.order import steps_of
from qaugbench.experiment.prepare import Definitions, jobs_of, prepare
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.store import META, Store
from qaugbench.formatting import count, duration
from qaugbench.task import canonical_hash

FIRST, FEW, MORE = 2, 4, 16
STARTING_A_PROCESS_S = 8.0
Working = Callable[[str], AbstractContextManager[None]]


def _silent(text: str) -> AbstractContextManager[None]:
    """Say nothing."""
    return nullcontext()


@dataclass(frozen=True)
class StageEstimate:
    """Steps of one kind: how many, how many are missing, seconds for each, and where that number comes from."""

    what: str
    cells: int
    missing: int
    seconds_each: float
    basis: str


@dataclass(frozen=True)
class Estimate:
    """What a run would cost; ``total_s`` is wall clock over ``jobs`` processes."""

    opening: str
    stages: list[StageEstimate]
    jobs: int
    total_s: float

    def text(self) -> str:
        """Return the estimate as a table."""
        lines = [self.opening, "", f"{'steps':<34}{'all':>6}{'missing':>9}{'each':>10}  basis"]
        lines += [
            f"{stage.what:<34}{stage.cells:>6}{stage.missing:>9}{duration(stage.seconds_each):>10}  {stage.basis}"
            for stage in self.stages
        ]
        total = (
            f"{'all':<34}{sum(stage.cells for stage in self.stages):>6}{sum(stage.missing for stage in self.stages):>9}"
        )
        return "\n".join([*lines, total, self._cost()])

    def _cost(self) -> str:
        """Return the time by the clock, and the sum of the steps'."""
        work = sum(stage.missing * stage.seconds_each for stage in self.stages)
        with_ = f"with {count(self.jobs, 'process', 'processes')}"
        return f"About {duration(self.total_s)} {with_}; {duration(work)} summed over steps."


def estimate_run(request: RunRequest, defined: Definitions | None = None, working: Working = _silent) -> Estimate:
    """Return the estimate of a run; the data are opened and checked as the run would, and nothing is added to the store.

    What no finished step tells is timed in as many processes at once as the run will have: they slow each other down.
    ``working`` is entered with what is being timed.
    """
    prepared = prepare(request, defined)
    jobs = jobs_of(request, prepared.plan)
    return estimate_cells(prepared.plan.cells, prepared.store, jobs, described(prepared), working)


def estimate_cells(
    cells: Sequence[Cell], store: Store, jobs: int, opening: str, working: Working = _silent
) -> Estimate:
    """Return the estimate of computing ``cells`` in a store, under the words ``opening``; nothing is added to the store."""
    history, stages = _history(store), []
    with tempfile.TemporaryDirectory(prefix="qaugbench-estimate-") as scratch:
        timing = _Timing([Path(scratch) / str(number) for number in range(jobs)], working)
        for alike in _alike(cells):
            missing = [cell for cell in alike if not store.has(cell.stage, cell.name)]
            past = [seconds for name in {cell.cost_class for cell in alike} for seconds in history.get(name, ())]
            seconds, basis = _seconds(missing[0], past, timing) if missing else (0.0, "cached")
            stages.append(StageEstimate(_what(alike[0]), len(alike), len(missing), seconds, basis))
    work = sum(stage.missing * stage.seconds_each for stage in stages)
    return Estimate(opening, stages, jobs, work / jobs + (STARTING_A_PROCESS_S if work else 0.0))


def _alike(cells: Iterable[Cell]) -> Iterable[list[Cell]]:
    """Return the steps that one line of the estimate stands for: those of a cost class, and all levels of a kind of noise."""
    classes: dict[tuple[str, str | None], list[Cell]] = {}
    for cell in steps_of(cells):
        named = (cell.cost_class, None) if cell.level_class is None else (cell.level_class, cell.place.arm)
        classes.setdefault(named, []).append(cell)
    return classes.values()


def _what(cell: Cell) -> str:
    what = Place(cell.place.arm, cell.place.fraction)
    note = cell.note if cell.level_class is None else ""
    return " ".join(part for part in (cell.stage, "under noise" if cell.is_noisy else "", str(what), note) if part)


def _history(store: Store) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for path in (store.root / "cells").glob(f"*/*/*/{META}"):
        meta = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault(meta["cost_class"], []).append(meta["wall_s"])
    return found


def _seconds(cell: Cell, past: Sequence[float], timing: _Timing) -> tuple[float, str]:
    return (mean(past), f"mean of {len(past)} finished") if past else timing.of(cell)


class _Timing:
    """Times steps in as many processes at once as there are ``roots``, the folders of their scratch stores."""

    def __init__(self, roots: Sequence[Path], working: Working) -> None:
        self.roots, self.working = roots, working
        self.known: dict[str, tuple[float, str]] = {}

    def of(self, cell: Cell) -> tuple[float, str]:
        """Return the seconds of a step like ``cell``, a mean over the processes, and how they were found."""
        kind = _kind(cell)
        if kind not in self.known:
            processes = count(len(self.roots), "process", "processes")
            with self.working(f"Timing {_what(cell)} in {processes} at once ..."):
                self.known[kind] = self._mean(cell), _basis(cell, len(self.roots))
        return self.known[kind]

    def _mean(self, cell: Cell) -> float:
        if len(self.roots) == 1:
            return seconds_here(cell, self.roots[0])
        from joblib import delayed

        return mean(in_processes((delayed(seconds_here)(cell, root) for root in self.roots), len(self.roots)))


def _kind(cell: Cell) -> str:
    """Return what names the steps that take as long as ``cell``.

    A training does not depend on where its images are from, nor what is drawn under noise or measured on how strong noise is.
    """
    if cell.level_class is not None:
        return cell.level_class
    if cell.stage != "train":
        return cell.cost_class
    key = {name: value for name, value in cell.key.items() if name not in ("seeds", "code", "libraries")}
    return canonical_hash({"stage": cell.stage, "key": key})


def _basis(cell: Cell, processes: int) -> str:
    at_once = f", {processes} at once" if processes > 1 else ""
    if cell.stage in ("sample", "influence", "geometry", "grade", "appraise", "measure", YIELD):
        return f"timed on a barely trained generator{at_once}"
    length = _length(cell)
    if length.get("epochs"):
        return f"{MORE} steps of {length['epochs']} epochs timed{at_once}"
    return f"{MORE} of {length['steps']} steps timed{at_once}" if length.get("steps") else f"timed{at_once}"


def _length(cell: Cell) -> Mapping[str, Any]:
    """Return what says how long a cell trains; nothing for one that is timed whole."""
    if cell.stage in ("fill", "sample", "influence", "geometry", "grade", "truth", "appraise", "measure", YIELD):
        return {}
    length: Mapping[str, Any] = cell.key["recipe" if "recipe" in cell.key else "training"]
    return length


def _steps(cell: Cell, trial: Store) -> int:
    """Return the training steps of a cell, 0 for one that is timed whole; epochs are those of the images that it draws."""
    length = _length(cell)
    if not length.get("epochs"):
        return int(length.get("steps", 0))
    draw = cell.needs["draw"]
    _timed(draw, trial)
    return Training(**length).on(int(trial.meta(draw.stage, draw.name)["facts"]["real"])).steps


def seconds_here(cell: Cell, root: Path) -> float:
    """Return what a step takes in this process, computed in the store ``root``; a long training is timed over few steps."""
    trial = Store(root)
    steps = _steps(cell, trial)
    if cell.stage in ("fill", "truth"):
        return _timed(cell, trial)
    if not steps:
        return _timed(_shortened(cell, FEW), trial)
    _timed(_shortened(cell, FIRST), trial)  # imports and first calls are paid here, not in what is measured
    longest = _shortened(cell, MORE)
    few, more = _timed(_shortened(cell, FEW), trial), _timed(longest, trial)
    each = max(more - few, 0.0) / (MORE - FEW)
    return max(few - FEW * each, 0.0) + _training_s(cell, steps, each, trial.meta(longest.stage, longest.name)["facts"])


def _training_s(cell: Cell, steps: int, each: float, facts: Mapping[str, Any]) -> float:
    """Return what ``steps`` steps of a training take, of which few took ``each`` seconds more.

    Classifiers say what a step alone takes: the few are looked at one by one, a whole training only now and then.
    """
    alone = facts.get("step_wall_s")
    if alone is None:
        return steps * each
    from qaugbench.classifiers.training import looks_of

    looks = len(looks_of(steps, int(cell.key["recipe"]["evaluations"])))
    return steps * min(alone, each) + looks * max(each - alone, 0.0)


def _shortened(cell: Cell, steps: int) -> Cell:
    """Return the cell with ``steps`` steps, on upstream cells with few steps."""
    needs = {role: _shortened(need, FEW) for role, need in cell.needs.items()}
    key = dict(cell.key)
    if Training(**key.get("training", {})).takes_steps:
        key["training"] = {**key["training"], "steps": steps, "epochs": 0}
    if "recipe" in key:
        key["recipe"] = {**key["recipe"], "steps": steps, "warmup_steps": 1, "evaluations": 1}
    return replace(cell, key=key, needs=needs)


def _timed(cell: Cell, trial: Store) -> float:
    for need in cell.needs.values():
        _timed(need, trial)
    if trial.has(cell.stage, cell.name):
        return float(trial.meta(cell.stage, cell.name)["wall_s"])
    done = compute(cell, trial.root)
    if done.outcome != "ok":
        raise QaugbenchError(f"{cell.stage} {cell.label} cannot be timed: {done.reason}")
    return done.wall_s
