"""What one job of a cluster does: it computes cells of a run, one after another, until none is left.

Jobs share nothing but the store. Each looks for the first cell whose needs are done and that no other job has claimed; so a
job may be killed, cut off or start late, and the others go on.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from qaugbench.errors import ClusterError, QaugbenchError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.claims import host
from qaugbench.experiment.execute import CellReport, compute_claimed, found
from qaugbench.experiment.installation import Installation, check_installation
from qaugbench.experiment.job_folder import STOPPING, JobFolder
from qaugbench.experiment.ledger import Ledger
from qaugbench.experiment.store import Store

POLL_S = 1.0
"""How often a job without work looks again whether another has finished or was killed."""


@dataclass(frozen=True)
class Worker:
    """``stored`` names the cells that were there when the run began; ``tries`` is how many jobs may end on one cell."""

    cells: tuple[Cell, ...]
    stored: frozenset[str]
    root: Path
    folder: Path
    planned: Installation
    tries: int

    def __call__(self) -> None:
        """Compute cells until none is left; an error that would meet every other cell too ends all jobs of the run."""
        folder = JobFolder(self.folder)
        try:
            check_installation(self.planned)
            check_device(self.cells)
            with ended_by_signals(), one_thread():
                self._compute_all(folder)
        except tuple(STOPPING.values()) as error:
            folder.stop(elsewhere(error))

    def _compute_all(self, folder: JobFolder) -> None:
        store, ledger, job = Store(self.root), Ledger(self.cells, _unheard), uuid4().hex
        for cell in self.cells:
            if cell.name in self.stored:
                ledger.note(found(cell))
        by_name = {cell.name: cell for cell in self.cells}
        while not folder.stopped:
            for done in folder.new_reports(by_name):
                ledger.note(done)
            if ledger.finished:
                return
            if self._compute_one(ledger, store, folder, job):
                job = ""
            else:
                time.sleep(POLL_S)

    def _compute_one(self, ledger: Ledger, store: Store, folder: JobFolder, job: str) -> bool:
        """Compute and report the first cell that can be claimed; False if there is none. ``job`` is "" after its first."""
        for cell in ledger.ready():
            claim = store.claim(cell.stage, cell.name)
            if claim is None:
                continue
            try:
                if folder.has_report(cell):
                    continue
                folder.write_report(self._computed(cell, store, folder, job))
                return True
            finally:
                claim.release()
        return False

    def _computed(self, cell: Cell, store: Store, folder: JobFolder, job: str) -> CellReport:
        if folder.began_with(cell) >= self.tries and not store.has(cell.stage, cell.name):
            return self._given_up(cell, store)
        if job:
            folder.begin_with(cell, job)
        return compute_claimed(cell, store)

    def _given_up(self, cell: Cell, store: Store) -> CellReport:
        """Return the failure of a cell that no job outlives, although they begin with it."""
        reason = (
            f"{self.tries} jobs that began with this step were killed or cut off before its end: give it more memory "
            "(--slurm mem_gb=N) or time (--slurm time=MINUTES)"
        )
        store.write_failure(cell.stage, cell.name, "error", reason)
        return CellReport(cell, "error", reason, computed=True, wall_s=0.0)


def check_device(cells: tuple[Cell, ...]) -> None:
    """Raise ``ClusterError`` if cells are to be computed on a GPU and this machine has none."""
    if any(cell.key.get("device", "cpu") != "cpu" for cell in cells):
        import torch

        if not torch.cuda.is_available():
            raise ClusterError(
                "--accelerator cuda was asked for, but torch sees no CUDA device: ask for one, for example with "
                "--slurm gpus_per_node=1."
            )


def elsewhere(error: QaugbenchError) -> QaugbenchError:
    """Return the error with the name of the machine on which it was raised."""
    return error if host() in str(error) else type(error)(f"On {host()}: {error}")


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, as everywhere: sums are then taken in one order."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End in order on the signals with which a scheduler announces the end of a job's time or its preemption.

    ``SystemExit`` is no failure of the cell: its claim is given back at once, and another job computes it.
    """

    def end(number: int, frame: Any) -> None:
        raise SystemExit(f"Ended by {signal.Signals(number).name}.")

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGUSR2)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unheard(done: CellReport) -> None:
    """Hear a report without a word: the run tells people, its jobs do not."""
