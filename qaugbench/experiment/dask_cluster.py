"""A run on Dask: every cell is a task; a cluster of this machine is started where no scheduler is named."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.errors import ClusterError, QaugbenchError, require, shown
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.claims import host
from qaugbench.experiment.environment import usable_cores
from qaugbench.experiment.execute import CellReport, compute
from qaugbench.experiment.installation import Installation, check_installation, planned_installation
from qaugbench.experiment.job_folder import STOPPING, JobFolder
from qaugbench.experiment.ledger import Ledger
from qaugbench.experiment.progress import Progress
from qaugbench.experiment.store import Store
from qaugbench.experiment.worker import check_device, elsewhere, one_thread

CONNECT_S = 30
NAMING = (
    "Name it with --scheduler, as tcp://host:8786 or the scheduler's file, or in the environment variable "
    "DASK_SCHEDULER_ADDRESS; without either, a cluster of this machine is started."
)
RESUME = "Finished steps are kept; the same command resumes."


@dataclass(frozen=True)
class DaskCluster:
    """The cluster whose ``scheduler`` is named here, else in Dask's configuration; else ``jobs`` workers of this machine.

    On a named cluster, ``jobs`` is the largest number of cells computed at a time; None leaves it to the scheduler.
    """

    scheduler: str | None
    jobs: int | None

    @property
    def remote(self) -> bool:
        """Whether cells may be computed on other machines."""
        return bool(self.scheduler or _configured() or _default_client())

    def check(self) -> None:
        """Raise where the package is missing."""
        require("--backend dask", "distributed", extra="dask")

    def compute(self, cells: Sequence[Cell], store: Store, progress: Progress) -> dict[str, CellReport]:
        """Compute what is missing and return a report for every cell, by name; see ``execute``."""
        ledger = Ledger(cells, progress.cell)
        ledger.note_stored(store)
        if ledger.finished:
            return ledger.reports
        with self._client() as client:
            folder = JobFolder.create(store.root)
            task = _Task(store.root, folder.path, planned_installation(cells))
            if not client.scheduler_info()["workers"]:
                progress.message(f"The scheduler at {client.scheduler.address} has no workers yet; steps wait for one.")
            try:
                _compute_all(client, task, ledger, store, self.jobs or len(ledger.cells))
            finally:
                folder.remove()
        return ledger.reports

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Yield a client of the cluster: the one that is the default in this process already, unless a scheduler is named."""
        client = _default_client()
        if client is not None and self.scheduler is None:
            yield client
        elif self.scheduler is None and not _configured():
            with _own_cluster(self.jobs or usable_cores()) as client:
                yield client
        else:
            with _connected(self.scheduler) as client:
                yield client


@dataclass(frozen=True)
class _Task:
    """Computes a cell on a worker, once it is known that the worker would compute what was planned."""

    root: Path
    folder: Path
    planned: Installation

    def __call__(self, cell: Cell) -> CellReport:
        try:
            check_installation(self.planned)
            _check_threads()
            JobFolder(self.folder).check(host())
            check_device((cell,))
            with one_thread():
                return compute(cell, self.root)
        except tuple(STOPPING.values()) as error:
            raise elsewhere(error) from None


def _compute_all(client: Any, task: _Task, ledger: Ledger, store: Store, at_once: int) -> None:
    from distributed import as_completed

    done, running = as_completed(loop=client.loop), dict[Any, Cell]()
    try:
        while not ledger.finished:
            busy = {cell.name for cell in running.values()}
            for cell in ledger.ready(busy)[: max(0, at_once - len(running))]:
                future = client.submit(task, cell, key=f"{cell.stage} {cell.label}-{cell.name}", pure=False)
                running[future] = cell
                done.add(future)
            future = next(done)
            ledger.note(_report(future, running.pop(future), store))
    finally:
        if client.status == "running":
            client.cancel(list(running))


def _report(future: Any, cell: Cell, store: Store) -> CellReport:
    """Return what became of a task; raise ``ClusterError`` if it was lost with its scheduler."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        reason = "each worker that began this step died before its end: give the workers more memory or time"
        store.write_failure(cell.stage, cell.name, "error", reason)
        return CellReport(cell, "error", reason, computed=True, wall_s=0.0)
    except QaugbenchError:
        raise
    except CancelledError as error:
        raise ClusterError(f"The Dask scheduler was lost. {RESUME}") from error
    except Exception as error:  # whatever keeps a worker from loading this package
        raise ClusterError(
            f"The Dask workers cannot compute a step: {type(error).__name__}: {error}. Install the same qaugbench on every "
            f"machine, restart the workers, and run the same command again. {RESUME}"
        ) from error


def _check_threads() -> None:
    """Raise on a worker that computes several cells at a time: their random numbers would mix."""
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads != 1:
        raise ClusterError(
            f"The Dask worker at {worker.address} has {worker.state.nthreads} threads, but steps need a process each: start "
            "workers with --nthreads 1, and several with --nworkers N."
        )


@contextmanager
def _connected(scheduler: str | None) -> Iterator[Any]:
    """Yield a client of a scheduler given by its address or its file; None is the one in Dask's configuration."""
    from distributed import Client

    named: dict[str, Any] = {"address": scheduler}
    if scheduler is not None and scheduler.endswith(".json"):
        named = {"scheduler_file": scheduler}
        if not Path(scheduler).is_file():
            raise ClusterError(f"There is no scheduler file {scheduler}. {NAMING}")
    elif scheduler is not None and not re.search(r":\d+$|^inproc:", scheduler):
        raise ClusterError(
            f"{shown(scheduler)} is no scheduler's address, which ends with a port, as in tcp://host:8786. {NAMING}"
        )
    try:
        client = Client(**named, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"No Dask scheduler answers at {scheduler or _configured()}: {error}. {NAMING}") from error
    with client:
        yield client


@contextmanager
def _own_cluster(jobs: int) -> Iterator[Any]:
    """Yield a client of a new cluster of this machine: ``jobs`` processes of one thread, which end with it."""
    from distributed import Client, LocalCluster

    alone = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": None, "silence_logs": logging.ERROR}
    with (
        LocalCluster(n_workers=jobs, **alone) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _default_client() -> Any:
    from distributed import default_client

    try:
        return default_client()
    except ValueError:
        return None


def _configured() -> str | None:
    """Return the scheduler's address or file in Dask's configuration, which its environment variables are part of."""
    import dask.config

    address: str | None = dask.config.get("scheduler-address", None) or dask.config.get("scheduler-file", None)
    return address
