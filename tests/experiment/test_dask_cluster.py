"""A run on Dask: a worker is killed, a scheduler lost; workers that would compute something else are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.errors import ClusterError, QaugbenchError
from qaugbench.experiment import dask_cluster
from qaugbench.experiment.backends import Where, choose_backend
from qaugbench.experiment.dask_cluster import DaskCluster
from qaugbench.experiment.installation import planned_installation
from qaugbench.experiment.store import Store
from tests.experiment.dask_processes import scheduler
from tests.experiment.gated import GatedTask, Heard, gated_cells, kill, total, when_begun
from tests.project.documents import ROOT

distributed = pytest.importorskip("distributed")
dask_config = pytest.importorskip("dask.config")


@pytest.fixture(autouse=True)
def _gated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let workers import the tests and compute gated cells; this machine's own configuration of Dask does not count."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(dask_cluster, "_Task", GatedTask)
    with dask_config.set({"scheduler-address": None, "scheduler-file": None}):
        yield


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(params=[1])
def in_process(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the address of a scheduler with one worker in this process, by default of one thread."""
    options = {"protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=request.param, processes=False, **options) as cluster:
        yield cluster.scheduler_address


def test_a_worker_killed_in_the_middle_of_a_cell_is_survived(store: Store, tmp_path: Path) -> None:
    cells = gated_cells(tmp_path / "gates")
    with scheduler(tmp_path) as cluster, when_begun(tmp_path / "gates", kill):
        reports = DaskCluster(cluster.address, None).compute(cells, store, Heard())
    assert [reports[cell.name].outcome for cell in cells] == ["ok"] * 5
    assert total(store, cells) == 6
    assert not list((store.root / "jobs").iterdir())


def test_a_run_that_loses_its_scheduler_stops_and_resumes(store: Store, tmp_path: Path) -> None:
    cells = gated_cells(tmp_path / "gates")
    lost = pytest.raises(ClusterError, match=r"The Dask scheduler was lost\. .* the same command resumes")
    with scheduler(tmp_path) as cluster:
        assert cluster.address
        with when_begun(tmp_path / "gates", lambda process: cluster.lose()), lost:
            DaskCluster(str(cluster.file), None).compute(cells, store, Heard())
    DaskCluster(None, 1).compute(cells, store, Heard())
    assert total(store, cells) == 6


def test_a_configured_scheduler_is_used(in_process: str, store: Store, tmp_path: Path) -> None:
    cells, heard = gated_cells(tmp_path / "gates", waiting=False), Heard()
    with dask_config.set({"scheduler-address": in_process}):
        backend = choose_backend(Where("dask"))
        assert backend.remote
        backend.compute(cells, store, heard)
    assert total(store, cells) == 6
    assert sorted(done.cell.name for done in heard.cells) == sorted(cell.name for cell in cells)


def test_a_client_that_exists_is_used_and_stays(in_process: str, store: Store, tmp_path: Path) -> None:
    cells = gated_cells(tmp_path / "gates", waiting=False)
    with distributed.Client(in_process) as client:
        DaskCluster(None, None).compute(cells, store, Heard())
        assert client.status == "running"
    assert total(store, cells) == 6


def test_a_failed_cell_is_reported_and_the_others_are_computed(in_process: str, store: Store) -> None:
    cells = gated_cells(store.root / "gates", waiting=False)
    broken = replace(cells[0], key={"number": 0, "gates": "fail"})
    last = replace(cells[4], needs={"n0": broken})
    reports = DaskCluster(in_process, 1).compute((broken, cells[1], last), store, Heard())
    assert reports[broken.name].outcome == reports[last.name].outcome == "infeasible"
    assert reports[cells[1].name].outcome == "ok"


@pytest.mark.parametrize("in_process", [2], indirect=True)
def test_a_worker_with_several_threads_is_refused(in_process: str, store: Store) -> None:
    cells = gated_cells(store.root / "gates", waiting=False)
    with pytest.raises(ClusterError, match=r"has 2 threads.* --nthreads 1"):
        DaskCluster(in_process, None).compute(cells, store, Heard())


def test_a_worker_with_other_code_is_refused(in_process: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = gated_cells(store.root / "gates", waiting=False)
    planned = replace(planned_installation(cells), code_sha256="0" * 64)
    monkeypatch.setattr(dask_cluster, "planned_installation", lambda cells: planned)
    with pytest.raises(ClusterError, match="is not what the run was planned with: other code of qaugbench"):
        DaskCluster(in_process, None).compute(cells, store, Heard())


def test_a_scheduler_that_does_not_answer_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 0.1)
    cells = gated_cells(store.root / "gates")
    with pytest.raises(ClusterError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1: .*--scheduler"):
        DaskCluster("tcp://127.0.0.1:1", None).compute(cells, store, Heard())
    with pytest.raises(ClusterError, match=r"There is no scheduler file nowhere\.json"):
        DaskCluster("nowhere.json", None).compute(cells, store, Heard())


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Where("loky", scheduler="tcp://x:1"), "--scheduler belongs to --backend dask, but the backend is loky"),
        (Where("dask", slurm={"time": "1"}), "--slurm belongs to --backend slurm, but the backend is dask"),
        (Where("slurm"), "--backend slurm needs --jobs N"),
    ],
)
def test_flags_of_another_backend_are_refused(where: Where, words: str) -> None:
    with pytest.raises(QaugbenchError, match=words):
        choose_backend(where)
