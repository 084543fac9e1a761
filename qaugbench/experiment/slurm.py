"""A run on SLURM: jobs that compute its cells from the shared store are submitted through submitit, watched, and replaced."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.errors import ClusterError, require
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.installation import planned_installation
from qaugbench.experiment.job_folder import JobFolder
from qaugbench.experiment.ledger import Ledger
from qaugbench.experiment.progress import Progress
from qaugbench.experiment.slurm_options import SlurmOptions
from qaugbench.experiment.store import Store
from qaugbench.experiment.worker import Worker
from qaugbench.formatting import count

POLL_S = 1.0
"""How often the run looks for finished cells and ended jobs."""
GRACE_S = 60.0
"""How long jobs that have nothing left to do may take to end by themselves, before they are cancelled."""
RESUME = "Finished steps are kept; the same command resumes."


@dataclass(frozen=True)
class SlurmJobs:
    """``jobs`` jobs that live until the run is done; one that is killed or cut off is submitted again."""

    options: SlurmOptions
    jobs: int
    remote: bool = True

    def check(self) -> None:
        """Raise where jobs cannot be submitted: submitit or SLURM's commands are missing."""
        require("--backend slurm", "submitit", extra="slurm")
        from submitit import SlurmExecutor

        if self.options.cluster == "slurm" and SlurmExecutor.affinity() <= 0:
            raise ClusterError(
                "--backend slurm finds no SLURM here: the command srun is not on the PATH. Start the run where jobs are "
                "submitted; --slurm cluster=local runs the jobs on this machine."
            )

    def compute(self, cells: Sequence[Cell], store: Store, progress: Progress) -> dict[str, CellReport]:
        """Compute what is missing and return a report for every cell, by name; see ``execute``."""
        ledger = Ledger(cells, progress.cell)
        ledger.note_stored(store)
        if not ledger.finished:
            with _job_folder(store.root) as folder:
                worker = Worker(
                    ledger.cells,
                    frozenset(ledger.reports),
                    store.root,
                    folder.path,
                    planned_installation(cells),
                    self.options.tries,
                )
                jobs = min(self.jobs, len(ledger.missing()))
                with _crew(self.options, worker, jobs, folder, progress.message) as crew:
                    _watch(crew, ledger, folder)
        return ledger.reports


def _watch(crew: _Crew, ledger: Ledger, folder: JobFolder) -> None:
    """Take in reports until there is one of every cell."""
    by_name = {cell.name: cell for cell in ledger.cells}
    while True:
        ended = crew.ended()  # before the reports are read: a job ends after it has written its last
        reports = folder.new_reports(by_name)
        for done in reports:
            ledger.note(done)
        if ledger.finished:
            return
        folder.raise_stopped()
        crew.replace(ended, progressed=bool(reports))
        time.sleep(POLL_S)


class _Crew:
    """The jobs of a run."""

    def __init__(self, executor: Any, worker: Worker, jobs: int, say: Callable[[str], None]) -> None:
        self.executor, self.worker, self.size, self.say = executor, worker, jobs, say
        self.jobs: list[Any] = []
        self.in_vain = 0

    def start(self) -> None:
        """Submit all jobs, together."""
        with _submission(), self.executor.batch():
            self.jobs = [self.executor.submit(self.worker) for _ in range(self.size)]
        self.say(f"Submitted {count(self.size, 'job')}: {', '.join(job.job_id for job in self.jobs)}.")

    def ended(self) -> list[Any]:
        """Return the jobs that have ended, whatever the reason."""
        return [job for job in self.jobs if job.done()]

    def replace(self, ended: Sequence[Any], *, progressed: bool) -> None:
        """Submit another job for each that ended too early; raise if they end without finishing anything."""
        if progressed:
            self.in_vain = 0
        for job in ended:
            self.in_vain += 1
            if self.in_vain > (self.worker.tries + 1) * self.size:
                raise ClusterError(
                    f"{self.in_vain} jobs in a row ended without finishing a step; the last was {job.job_id} "
                    f"({job.state}){_last_words(job)}. Their logs are in {self.executor.folder}. {RESUME}"
                )
            with _submission():
                again = self.executor.submit(self.worker)
            self.say(f"Job {job.job_id} ended ({job.state}) with steps left; job {again.job_id} takes its place.")
            self.jobs = [again if other is job else other for other in self.jobs]

    def dismiss(self, grace_s: float) -> None:
        """Wait until the jobs end by themselves, but no longer than ``grace_s``; then cancel those that are left."""
        deadline = time.monotonic() + grace_s
        while len(self.ended()) < len(self.jobs) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        for job in self.jobs:
            if not job.done():
                _cancel(job)


@contextmanager
def _job_folder(root: Path) -> Iterator[JobFolder]:
    """Yield a folder for the jobs of a run, which stays, with their logs, if the run does not get to its end."""
    folder = JobFolder.create(root)
    yield folder
    folder.remove()


@contextmanager
def _crew(
    options: SlurmOptions, worker: Worker, jobs: int, folder: JobFolder, say: Callable[[str], None]
) -> Iterator[_Crew]:
    """Yield the submitted jobs; none is left when this ends, in whatever way."""
    from submitit import AutoExecutor

    executor = AutoExecutor(folder=folder.path / "logs", cluster=options.cluster)
    executor.update_parameters(name="qaugbench", nodes=1, tasks_per_node=1, **options.parameters)
    crew = _Crew(executor, worker, jobs, say)
    grace_s = 0.0
    try:
        crew.start()
        yield crew
        grace_s = GRACE_S
    finally:
        if not folder.stopped:
            folder.stop()
        crew.dismiss(grace_s)


@contextmanager
def _submission() -> Iterator[None]:
    """Turn what a lost or unwilling scheduler raises into one line."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        yield
    except (FailedJobError, FailedSubmissionError, subprocess.SubprocessError, OSError) as error:
        said = " ".join(str(error).split())
        raise ClusterError(f"SLURM does not take a job: {said}. {RESUME}") from error


def _cancel(job: Any) -> None:
    try:
        job.cancel(check=False)
    except OSError:  # without SLURM's commands there is nobody to tell; the job ends by itself after its cell
        return


def _last_words(job: Any) -> str:
    """Return the last line that a job wrote to its error stream."""
    lines = (job.stderr() or "").strip().splitlines()
    return f": {lines[-1].strip()}" if lines else ""
