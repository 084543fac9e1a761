"""Computes the cells of a plan on this machine, each as soon as what it needs is done; finished cells are never computed twice."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from qaugbench.child_processes import cut_short, deaf_children
from qaugbench.errors import StoreError
from qaugbench.experiment.busy import SILENT_S, reminded
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import LIGHT_STAGES, CellReport, compute, found
from qaugbench.experiment.ledger import Ledger
from qaugbench.experiment.order import steps_of
from qaugbench.experiment.store import Store

IDLE_S = 300
"""How long a process without work is kept: starting one takes seconds."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


def execute(
    cells: Sequence[Cell],
    store: Store,
    *,
    jobs: int,
    report: Callable[[CellReport], None],
    still: Callable[[Sequence[Cell]], None] | None = None,
) -> dict[str, CellReport]:
    """Compute what is missing with ``jobs`` processes of this machine, and return a report for every cell, by name.

    Among the cells whose needs are done, the first in the order of ``cells`` is computed first. A cell that fails leaves an
    outcome and its reason; cells that need it are not tried. ``StoreError`` and ``DataError`` (an image that cannot be decoded,
    weights that are not there) end the run, since no further cell could do better. ``still`` is told every minute without a
    report which cells are being computed.
    """
    ledger = Ledger(cells, report)
    with nullcontext() if jobs == 1 else _parallel_inside(jobs):
        _compute_here(ledger, store, still, light_only=True)
        if jobs == 1 or sum(not store.holds(cell.stage, cell.name) for cell in steps_of(cells)) < 2:
            _compute_here(ledger, store, still, light_only=False)
    if not ledger.finished:
        _compute_in_processes(ledger, store, jobs, still)
    return ledger.reports


def _parallel_inside(jobs: int) -> Any:
    """Let what a stage does in parallel itself use all processes, where the stage is computed in this one."""
    from joblib import parallel_config

    return parallel_config(backend="loky", n_jobs=jobs)


def _missing(ledger: Ledger, store: Store, busy: Container[str] = ()) -> list[Cell]:
    """Return the cells that can be computed now, in order, after taking in those that the store holds."""
    while True:
        ready = ledger.ready(busy)
        there = [cell for cell in ready if store.has(cell.stage, cell.name)]
        if not there:
            return ready
        for cell in there:
            ledger.note(found(cell))


def _compute_here(
    ledger: Ledger, store: Store, still: Callable[[Sequence[Cell]], None] | None, *, light_only: bool
) -> None:
    while True:
        missing = [cell for cell in _missing(ledger, store) if not light_only or cell.stage in LIGHT_STAGES]
        if not missing:
            return
        with _reminded_of(missing[0], still):
            done = compute(missing[0], store.root)
        ledger.note(done)


def _reminded_of(cell: Cell, still: Callable[[Sequence[Cell]], None] | None) -> AbstractContextManager[None]:
    return nullcontext() if still is None else reminded(lambda seconds: still([cell]), SILENT_S)


def _compute_in_processes(
    ledger: Ledger, store: Store, jobs: int, still: Callable[[Sequence[Cell]], None] | None
) -> None:
    running: dict[Future[CellReport], Cell] = {}
    with _processes(jobs) as executor:
        while not ledger.finished:
            busy = {cell.name for cell in running.values()}
            for cell in _missing(ledger, store, busy)[: jobs - len(running)]:
                with deaf_children():  # submitting starts the processes that are missing
                    running[executor.submit(compute, cell, store.root)] = cell
            done = wait(running, timeout=SILENT_S, return_when=FIRST_COMPLETED).done
            if not done and still is not None:
                still(tuple(running.values()))
            for future in done:
                del running[future]
                ledger.note(future.result())


@contextmanager
def _processes(jobs: int) -> Iterator[Any]:
    """Yield an executor of ``jobs`` processes with one thread each; whatever ends the run early ends them at once."""
    from joblib.executor import get_memmapping_executor

    # loky replaces a process that has grown by 300 MB, as one that fits and draws does, and tells the user of a leak.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)
    # Not loky's own function: joblib's next Parallel in this process would take that pool for one of its own.
    executor = get_memmapping_executor(jobs, timeout=IDLE_S, env=ONE_THREAD, initializer=_import_stages)
    working = True
    try:
        yield executor
        working = False
    except BrokenProcessPool as error:
        working = False  # a broken pool has ended its processes itself
        raise StoreError(
            "A process of this run was killed, most often for want of memory. Run the same command again with fewer --jobs: "
            "finished steps are kept."
        ) from error
    finally:
        if working:
            with cut_short():
                executor.shutdown(wait=True, kill_workers=True)


def _import_stages() -> None:
    """Import what stages need when a process starts, so that it does not count as the time of its first step."""
    import qaugbench.downstream.recipe
    import qaugbench.experiment.stages
    import qaugbench.generators.shared.model  # noqa: F401
