"""A run on a dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qaugbench.errors import QaugbenchError
from qaugbench.experiment import execute as executing
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.cluster import connected
from qaugbench.experiment.execute import CellReport, check_backend, execute
from qaugbench.experiment.store import Store

distributed = pytest.importorskip("distributed")
dask_config = pytest.importorskip("dask.config")


@pytest.fixture
def scheduler() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_without_a_scheduler_it_is_refused_before_anything_is_opened() -> None:
    with dask_config.set({"scheduler-address": None}), pytest.raises(QaugbenchError, match="DASK_SCHEDULER_ADDRESS"):
        check_backend("dask")


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qaugbench.experiment.cluster.CONNECT_S", 0.1)
    address = "tcp://127.0.0.1:1"
    with (
        dask_config.set({"scheduler-address": address}),
        pytest.raises(QaugbenchError, match=f"No dask scheduler answers at {address}"),
        connected("dask"),
    ):
        pass


def test_cells_are_computed_on_the_cluster_that_dask_is_configured_for(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "_run_stage", lambda cell, store: ({"x": np.array([cell.key["number"]])}, {}))
    cells, reports, store = [Cell("fit", {"number": n}) for n in range(4)], list[CellReport](), Store(tmp_path)
    with dask_config.set({"scheduler-address": scheduler}):
        check_backend("dask")
        with connected("dask"):
            execute(cells, store, jobs=2, backend="dask", report=reports.append)
    assert [done.outcome for done in reports] == ["ok"] * 4
    assert [store.array("fit", cell.name, "x").tolist() for cell in cells] == [[0], [1], [2], [3]]
