"""What one job of a cluster does, in this process."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qaugbench.errors import ClusterError, DataError
from qaugbench.experiment import execute as executing
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.installation import planned_installation
from qaugbench.experiment.job_folder import JobFolder
from qaugbench.experiment.store import Store
from tests.experiment.gated import GatedWorker, gated_cells, total

CELLS = tuple[Cell, ...]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def worker(store: Store, cells: CELLS, **changes: Any) -> tuple[GatedWorker, JobFolder]:
    folder = JobFolder.create(store.root)
    planned = planned_installation(cells)
    return replace(GatedWorker(cells, frozenset(), store.root, folder.path, planned, tries=3), **changes), folder


def outcomes(folder: JobFolder, cells: CELLS) -> dict[str, str]:
    return {done.cell.name: done.outcome for done in folder.new_reports({cell.name: cell for cell in cells})}


def test_one_job_computes_every_cell(store: Store, tmp_path: Path) -> None:
    cells = gated_cells(tmp_path / "gates", waiting=False)
    work, folder = worker(store, cells)
    work()
    assert outcomes(folder, cells) == dict.fromkeys((cell.name for cell in cells), "ok")
    assert total(store, cells) == 6
    assert outcomes(folder, cells) == {}


def test_a_failure_is_reported_and_the_others_are_computed(store: Store) -> None:
    cells = (Cell("split", {"number": 1, "gates": "fail"}), Cell("split", {"number": 2, "gates": ""}))
    work, folder = worker(store, cells)
    work()
    assert list(outcomes(folder, cells).values()).count("infeasible") == 1
    assert store.has("split", cells[1].name)
    assert len(list((store.root / "failed").iterdir())) == 1


def test_a_cell_that_no_job_outlives_is_given_up(store: Store, tmp_path: Path) -> None:
    cells = gated_cells(tmp_path / "gates", waiting=False)
    work, folder = worker(store, cells)
    for job in "abc":
        folder.begin_with(cells[0], job)
    work()
    assert outcomes(folder, cells) == {
        cells[0].name: "error",
        **{cell.name: "ok" for cell in cells[1:4]},
    }


def test_a_worker_with_other_code_ends_the_run(store: Store, tmp_path: Path) -> None:
    cells = gated_cells(tmp_path / "gates", waiting=False)
    work, folder = worker(store, cells)
    replace(work, planned=replace(work.planned, version="0.0.0"))()
    with pytest.raises(ClusterError, match=r"planned with 0\.0\.0"):
        folder.raise_stopped()
    assert outcomes(folder, cells) == {}


def test_images_that_cannot_be_read_end_the_run(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = gated_cells(tmp_path / "gates", waiting=False)
    work, folder = worker(store, cells)

    def unreadable(cell: Cell, store: Store) -> None:
        raise DataError("3 images cannot be read")

    monkeypatch.setattr("tests.experiment.gated.run_gated", unreadable)
    work()
    with pytest.raises(DataError, match=r"On .*: 3 images cannot be read"):
        folder.raise_stopped()


def test_a_job_that_is_cut_off_fails_no_cell(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = gated_cells(tmp_path / "gates", waiting=False)
    work, folder = worker(store, cells)
    computed = executing.compute_claimed

    def cut_off(cell: Cell, store: Store) -> Any:
        os.kill(os.getpid(), signal.SIGUSR2)
        return computed(cell, store)

    monkeypatch.setattr("qaugbench.experiment.worker.compute_claimed", cut_off)
    before = signal.getsignal(signal.SIGUSR2)
    with pytest.raises(SystemExit, match="SIGUSR2"):
        work()
    assert signal.getsignal(signal.SIGUSR2) == before
    assert outcomes(folder, cells) == {}
    assert not list((store.root / "locks").iterdir())
    assert not list((store.root / "failed").iterdir())


def test_stopped_jobs_compute_nothing(store: Store, tmp_path: Path) -> None:
    cells = gated_cells(tmp_path / "gates", waiting=False)
    work, folder = worker(store, cells)
    folder.stop()
    work()
    assert outcomes(folder, cells) == {}


def test_a_machine_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        ClusterError, match=r"node7 does not see .* --out has to be on a file system that every machine"
    ):
        JobFolder(tmp_path / "jobs" / "x").check("node7")
