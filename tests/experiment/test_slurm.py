"""A run on SLURM: jobs are submitted, replaced when they are killed, and ended in order when SLURM is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qaugbench.errors import ClusterError, MissingPackageError
from qaugbench.experiment import slurm, worker
from qaugbench.experiment.backends import Where, choose_backend
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.slurm import SlurmJobs
from qaugbench.experiment.slurm_options import slurm_options
from qaugbench.experiment.store import Store
from tests.experiment import fake_slurm
from tests.experiment.broken_job import BrokenWorker
from tests.experiment.gated import GatedWorker, Heard, gated_cells, kill, total, when_begun
from tests.project.documents import ROOT

pytest.importorskip("submitit")


@pytest.fixture(autouse=True)
def _gated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs import the tests, compute gated cells, and look often."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(slurm, "Worker", GatedWorker)
    monkeypatch.setattr(slurm, "POLL_S", 0.05)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a SLURM that consists of four shell scripts."""
    place = tmp_path / "slurm"
    monkeypatch.setenv("PATH", f"{fake_slurm.install(place)}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(place))
    return place


def backend(jobs: int, **options: str) -> SlurmJobs:
    return SlurmJobs(slurm_options(options), jobs)


def outcomes(reports: dict[str, CellReport], cells: tuple[Cell, ...]) -> list[str]:
    return [reports[cell.name].outcome for cell in cells]


def test_a_job_killed_in_the_middle_of_a_cell_is_replaced(place: Path, tmp_path: Path) -> None:
    cells, store, heard = gated_cells(tmp_path / "gates"), Store(tmp_path / "store"), Heard()
    with when_begun(tmp_path / "gates", kill):
        reports = backend(2, partition="gpu").compute(cells, store, heard)
    assert outcomes(reports, cells) == ["ok"] * 5
    assert {done.cell.name for done in heard.cells if done.computed} == {cell.name for cell in cells}
    assert total(store, cells) == 6
    assert heard.messages[0].startswith("Submitted 2 jobs: ")
    assert "--partition=gpu" in next(place.glob("*.sh")).read_text(encoding="utf-8")
    assert not list((store.root / "jobs").iterdir())


def test_a_run_that_loses_slurm_stops_and_resumes(place: Path, tmp_path: Path) -> None:
    cells, store = gated_cells(tmp_path / "gates"), Store(tmp_path / "store")

    def lose(process: int) -> None:
        (place / "down").touch()
        kill(process)

    with (
        when_begun(tmp_path / "gates", lose),
        pytest.raises(
            ClusterError, match=r"SLURM does not take a job: .*Unable to contact .* the same command resumes"
        ),
    ):
        backend(1).compute(cells, store, Heard())
    assert not store.has("split", cells[0].name)
    (place / "down").unlink()
    heard = Heard()
    backend(1).compute(cells, store, heard)
    assert total(store, cells) == 6
    assert "takes its place" not in " ".join(heard.messages)


def test_jobs_that_end_in_vain_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "Worker", BrokenWorker)
    cells, heard = gated_cells(tmp_path / "gates", waiting=False), Heard()
    with pytest.raises(ClusterError) as stopped:
        backend(1, cluster="local").compute(cells, Store(tmp_path / "store"), heard)
    assert "3 jobs in a row ended without finishing a step" in str(stopped.value)
    assert "RuntimeError: no such library on this node. Their logs are in" in str(stopped.value)
    assert [message.endswith("takes its place.") for message in heard.messages] == [False, True, True]


def test_what_is_stored_needs_no_job(tmp_path: Path) -> None:
    cells, store, heard = gated_cells(tmp_path / "gates")[:1], Store(tmp_path / "store"), Heard()
    store.write("split", cells[0].name, {}, {})
    assert outcomes(backend(1).compute(cells, store, heard), cells) == ["ok"]
    assert heard.messages == []


def test_without_slurm_it_is_refused_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ClusterError, match="srun is not on the PATH"):
        choose_backend(Where("slurm", jobs=1))
    choose_backend(Where("slurm", jobs=1, slurm={"cluster": "local"}))


def test_without_submitit_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qaugbench.errors.find_spec", lambda module: None)
    with pytest.raises(MissingPackageError, match=r"pip install 'qaugbench\[slurm\]'"):
        choose_backend(Where("slurm", jobs=1))


def test_a_gpu_is_asked_for_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    worker.check_device((Cell("fit", {"device": "cpu"}), Cell("split", {})))
    with pytest.raises(ClusterError, match="--slurm gpus_per_node=1"):
        worker.check_device((Cell("fit", {"device": "cuda"}),))
