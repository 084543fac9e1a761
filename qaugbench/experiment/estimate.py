"""How long a run would take on this machine: from finished cells like its own, else by timing a few steps of each kind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from qaugbench.errors import QaugbenchError
from qaugbench.experiment.cells import Cell, Place
from qaugbench.experiment.execute import LIGHT_STAGES, compute
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.run import Definitions, RunRequest, jobs_of, opening, prepare
from qaugbench.experiment.store import META, Store
from qaugbench.formatting import count, duration

FIRST, FEW, MORE = 2, 4, 16
STARTING_A_PROCESS_S = 8.0


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
        return "\n".join([*lines, f"About {duration(self.total_s)} with {count(self.jobs, 'process', 'processes')}."])


def estimate_run(request: RunRequest, defined: Definitions | None = None) -> Estimate:
    """Return the estimate of a run; the data are opened and checked as the run would, and nothing is added to the store."""
    prepared = prepare(request, defined)
    plan, store, jobs = prepared.plan, prepared.store, jobs_of(request, prepared.plan)
    history = _history(store)
    stages = []
    with tempfile.TemporaryDirectory(prefix="qaugbench-estimate-") as scratch:
        trial = Store(Path(scratch))
        for cells in _by_cost_class(plan):
            missing = [cell for cell in cells if not store.has(cell.stage, cell.name)]
            seconds, basis = _seconds(cells[0], history, trial) if missing else (0.0, "cached")
            stages.append(StageEstimate(_what(cells[0]), len(cells), len(missing), seconds, basis))
    work = sum(stage.missing * stage.seconds_each for stage in stages)
    return Estimate(opening(prepared), stages, jobs, work / jobs + (STARTING_A_PROCESS_S if work else 0.0))


def _by_cost_class(plan: Plan) -> Iterable[list[Cell]]:
    classes: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        if cell.stage not in LIGHT_STAGES:
            classes.setdefault(cell.cost_class, []).append(cell)
    return classes.values()


def _what(cell: Cell) -> str:
    what = Place(cell.place.arm, cell.place.fraction)
    return " ".join(part for part in (cell.stage, str(what), cell.note) if part)


def _history(store: Store) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for path in (store.root / "cells").glob(f"*/*/*/{META}"):
        meta = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault(meta["cost_class"], []).append(meta["wall_s"])
    return found


def _seconds(cell: Cell, history: dict[str, list[float]], trial: Store) -> tuple[float, str]:
    if cell.cost_class in history:
        past = history[cell.cost_class]
        return mean(past), f"mean of {len(past)} finished"
    if cell.stage == "fill":
        return _timed(cell, trial), "timed"
    if cell.stage in ("sample", "influence"):
        return _timed(_shortened(cell, FEW), trial), "timed on a barely trained generator"
    steps = cell.key["recipe"]["steps"] if cell.stage == "train" else cell.key["training"]["steps"]
    if not steps:
        return _timed(_shortened(cell, FEW), trial), "timed"
    _timed(_shortened(cell, FIRST), trial)  # imports and first calls are paid here, not in what is measured
    few, more = _timed(_shortened(cell, FEW), trial), _timed(_shortened(cell, MORE), trial)
    a_step = max(more - few, 0.0) / (MORE - FEW)
    return max(few - FEW * a_step, 0.0) + steps * a_step, f"{MORE} of {steps} steps timed"


def _shortened(cell: Cell, steps: int) -> Cell:
    """Return the cell with ``steps`` steps, on upstream cells with few steps."""
    needs = {role: _shortened(need, FEW) for role, need in cell.needs.items()}
    key = dict(cell.key)
    if key.get("training", {}).get("steps"):
        key["training"] = {**key["training"], "steps": steps}
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
