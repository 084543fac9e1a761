"""Where the cells of a run are computed: processes of this machine, a Dask cluster, or SLURM jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from qaugbench.errors import DefinitionError, QaugbenchError, near_names
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.dask_cluster import DaskCluster
from qaugbench.experiment.environment import usable_cores
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.processes import execute
from qaugbench.experiment.progress import Progress
from qaugbench.experiment.slurm import SlurmJobs
from qaugbench.experiment.slurm_options import slurm_options
from qaugbench.experiment.store import Store


@dataclass(frozen=True)
class Where:
    """What a run is told about where to compute; the flags of the command line have the same names."""

    backend: str = "loky"
    jobs: int | None = None
    scheduler: str | None = None
    slurm: Mapping[str, str] | None = None


class Backend(Protocol):
    """Computes cells; ``remote`` says whether other machines may do so."""

    @property
    def remote(self) -> bool: ...

    def check(self) -> None: ...

    def compute(self, cells: Sequence[Cell], store: Store, progress: Progress) -> dict[str, CellReport]: ...


@dataclass(frozen=True)
class Processes:
    """``jobs`` processes of this machine; by default one per core, or a single one on a GPU."""

    jobs: int | None
    remote: bool = False

    def check(self) -> None:
        """Nothing can be missing."""

    def compute(self, cells: Sequence[Cell], store: Store, progress: Progress) -> dict[str, CellReport]:
        """Compute what is missing and return a report for every cell, by name; see ``execute``."""
        on_gpu = any(cell.key.get("device", "cpu") != "cpu" for cell in cells)
        jobs = self.jobs or (1 if on_gpu else usable_cores())
        return execute(cells, store, jobs=jobs, report=progress.cell, still=progress.still)


def _slurm(where: Where) -> Backend:
    if where.jobs is None:
        raise QaugbenchError(
            "--backend slurm needs --jobs N: how many jobs to submit, each computing one step at a time."
        )
    return SlurmJobs(slurm_options(where.slurm or {}), where.jobs)


BACKENDS: Mapping[str, Callable[[Where], Backend]] = {
    "loky": lambda where: Processes(where.jobs),
    "dask": lambda where: DaskCluster(where.scheduler, where.jobs),
    "slurm": _slurm,
}


def choose_backend(where: Where) -> Backend:
    """Return the backend with this name; raise for one that is not known or cannot be used, and for flags of another."""
    if where.backend not in BACKENDS:
        raise DefinitionError(f"There is no backend {where.backend!r}.{near_names(where.backend, BACKENDS)}")
    if where.jobs is not None and where.jobs < 1:
        raise QaugbenchError(f"--jobs must be at least 1, got {where.jobs}.")
    for flag, owner, value in (("--scheduler", "dask", where.scheduler), ("--slurm", "slurm", where.slurm)):
        if value and where.backend != owner:
            raise QaugbenchError(f"{flag} belongs to --backend {owner}, but the backend is {where.backend}.")
    backend = BACKENDS[where.backend](where)
    backend.check()
    return backend
