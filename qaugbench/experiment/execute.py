"""Computes one cell in whichever process this is, stores it, and reports what became of it."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.errors import DataError, QaugbenchError, StoreError
from qaugbench.experiment.cells import EARLIER, YIELD, Cell
from qaugbench.experiment.claims import host
from qaugbench.experiment.store import Store
from qaugbench.outcomes import NOT_COMPUTED
from qaugbench.record import GENERATOR_STAGES, Outcome

LIGHT_STAGES = frozenset({"prepare", "split", "draw"})


@dataclass(frozen=True)
class CellReport:
    """What became of one cell: ``computed`` is False when it was there already; ``reason`` is empty when all is well.

    ``remark`` is what the log says of the result beside the time. ``detail`` is the traceback of an unexpected error;
    ``blocked_by`` the step whose failure kept this one from being tried.
    """

    cell: Cell
    outcome: Outcome
    reason: str
    computed: bool
    wall_s: float
    detail: str = ""
    remark: str = ""
    blocked_by: str = ""


def blocked(cell: Cell, reports: Mapping[str, CellReport]) -> CellReport | None:
    """Return the report of a cell that cannot be computed because one that it needs has failed; else None."""
    for need in cell.needs.values():
        failed = reports.get(need.name)
        if failed is not None and failed.outcome != "ok":
            first = failed.blocked_by or f"{need.stage} {need.label}"
            reason = f"{NOT_COMPUTED}: {first} failed"
            return CellReport(cell, failed.outcome, reason, computed=False, wall_s=0.0, blocked_by=first)
    return None


def found(cell: Cell) -> CellReport:
    """Return the report of a cell that is in the store already."""
    return CellReport(cell, "ok", "", computed=False, wall_s=0.0)


def compute(cell: Cell, root: Path) -> CellReport:
    """Compute and store one cell, in whichever process this is; a failure is reported, not raised."""
    store = Store(root)
    with store.computing(cell.stage, cell.name, waiting=_say):
        return compute_claimed(cell, store)


def compute_claimed(cell: Cell, store: Store) -> CellReport:
    """Compute and store one cell whose claim this process holds; a failure is reported, not raised."""
    if store.has(cell.stage, cell.name):
        return found(cell)
    started, cpu_started = time.perf_counter(), time.process_time()
    try:
        files, facts = _run_stage(cell, store)
    except (StoreError, DataError):
        raise
    except Exception as error:
        if store.has(
            cell.stage, cell.name
        ):  # another machine, thought dead, has finished it and cleared its pieces away
            return found(cell)
        outcome, reason = _outcome(error), _reason(error, cell)
        store.write_failure(cell.stage, cell.name, outcome, reason)
        detail = "" if isinstance(error, QaugbenchError) else traceback.format_exc()
        return CellReport(cell, outcome, reason, computed=True, wall_s=time.perf_counter() - started, detail=detail)
    earlier_wall_s, earlier_cpu_s = facts.pop(EARLIER, (0.0, 0.0))
    wall_s = earlier_wall_s + time.perf_counter() - started
    meta = {
        "key": dict(cell.key),
        "needs": {role: need.name for role, need in cell.needs.items()},
        "cost_class": cell.cost_class,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(earlier_cpu_s + time.process_time() - cpu_started, 3),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "host": host(),
        "facts": facts,
    }
    store.write(cell.stage, cell.name, files, meta)
    return CellReport(cell, "ok", "", computed=True, wall_s=wall_s, remark=str(facts.get("remark", "")))


def _run_stage(cell: Cell, store: Store) -> tuple[dict[str, Any], dict[str, Any]]:
    stage = _stage(cell)
    if cell.stage in LIGHT_STAGES or cell.key.get("device") != "cpu":
        return stage(cell, store)
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return stage(cell, store)
    finally:
        torch.set_num_threads(threads)


def _stage(cell: Cell) -> Callable[[Cell, Store], tuple[dict[str, Any], dict[str, Any]]]:
    """Return what computes a cell: the function of its stage, or what fits and draws under noise where a cell says so."""
    if cell.stage in ("measure", YIELD) or cell.is_noisy:
        from qaugbench.experiment.noise_stages import NOISE_STAGES

        return NOISE_STAGES[cell.stage]
    if cell.stage == "classify":
        from qaugbench.experiment.classifier_stages import CLASSIFIER_STAGES

        return CLASSIFIER_STAGES[cell.stage]
    from qaugbench.experiment.appraisal_stages import APPRAISAL_STAGES
    from qaugbench.experiment.stages import STAGES

    return {**STAGES, **APPRAISAL_STAGES}[cell.stage]


def _reason(error: Exception, cell: Cell) -> str:
    """Return why a cell failed: the error, and the line of the generator's code that raised it where it is a generator's."""
    fitted = cell if cell.stage == "fit" else cell.needs.get("fit")
    if fitted is None or cell.stage not in GENERATOR_STAGES:
        return f"{type(error).__name__}: {error}"
    from qaugbench.definitions import generator_module
    from qaugbench.generators.shared.author_code import described

    return described(error, generator_module(fitted.key["generator"]))


def _outcome(error: Exception) -> Outcome:
    """Return the outcome that a failure is recorded as."""
    from qaugbench.downstream.recipe import ClassifierDiverged
    from qaugbench.generators.contract import DivergedError, InfeasibleError

    if isinstance(error, DivergedError | ClassifierDiverged):
        return "diverged"
    if isinstance(error, InfeasibleError | MemoryError) or "out of memory" in str(error).lower():
        return "infeasible"
    return "error"


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
