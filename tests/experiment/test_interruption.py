"""A run that is killed, two runs on one store, a full disk, a damaged cell: nothing is lost and nothing is corrupt."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from qaugbench.errors import DataError, StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.prepare import prepare
from qaugbench.experiment.run import RunResult
from qaugbench.experiment.store import Store
from qaugbench.generators.training.checkpoint import Checkpoint
from tests.experiment.conftest import CopyWithout
from tests.experiment.tiny import tiny_definitions, tiny_request, tiny_run

ROOT = Path(__file__).parents[2]


def start(out: Path, jobs: int = 1) -> subprocess.Popen[str]:
    """Start a tiny run in a process group of its own."""
    command = [sys.executable, "-m", "tests.experiment.tiny", str(out), str(jobs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_cells(out: Path, stage: str, count: int, process: subprocess.Popen[str]) -> None:
    """Return when ``count`` cells of a stage are stored, however long that takes; a process that ends before is an error."""
    while len(list((out / "store" / "cells" / stage).glob("*/*/cell.json"))) < count:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("stage", "jobs", "missing"),
    [
        ("fit", 2, ("space", "fill", "fit", "sample", "train")),
        pytest.param("sample", 1, ("sample", "train"), marks=pytest.mark.slow),
    ],
)
def test_killed_run_resumes_to_the_same_bits(
    finished: RunResult, copy_without: CopyWithout, stage: str, jobs: int, missing: tuple[str, ...]
) -> None:
    out = copy_without(*missing)
    process = start(out, jobs)
    wait_for_cells(out, stage, 1, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    used = {cell.name for cell in planned(out)}
    kept = used & {path.parent.name for path in (out / "store" / "cells").glob("*/*/*/cell.json")}
    resumed = tiny_run(out)
    assert (resumed.folder / "predictions.npz").read_bytes() == (finished.folder / "predictions.npz").read_bytes()
    assert sum(cost.computed_now for cost in resumed.record.cost.values()) == len(used) - len(kept)
    assert not list((out / "store" / "partial").iterdir())


def planned(out: Path) -> tuple[Cell, ...]:
    """Return the cells of the tiny run."""
    request = tiny_request(out)
    return prepare(request, tiny_definitions(request)).plan.cells


def test_two_runs_on_one_store_agree_and_say_so(finished: RunResult, copy_without: CopyWithout) -> None:
    out = copy_without("sample", "train")
    with Store(out / "store").in_use():
        first, second = start(out), start(out)
        words = [process.communicate()[1] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert ["Another run uses this store" in said for said in words] == [True, True]
    folder = out / finished.folder.name
    assert (folder / "predictions.npz").read_bytes() == (finished.folder / "predictions.npz").read_bytes()


def test_a_damaged_cell_is_computed_again(finished: RunResult, copy_without: CopyWithout) -> None:
    out = copy_without()
    cell = next(cell for cell in planned(out) if cell.stage == "train")
    damaged = Store(out / "store").folder("train", cell.name) / "test_logits.npy"
    damaged.write_bytes(damaged.read_bytes()[:-4])
    again = tiny_run(out)
    assert again.record.cost["train"].computed_now == 1
    assert (again.folder / "predictions.npz").read_bytes() == (finished.folder / "predictions.npz").read_bytes()


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """Let no file grow past ``size`` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_leaves_no_half_of_a_phantom(tmp_path: Path) -> None:
    with files_at_most(300_000), pytest.raises(DataError, match="Nothing was left behind"):
        tiny_run(tmp_path)
    assert planned(tmp_path)


def test_a_disk_that_fills_up_stops_the_run_and_keeps_what_is_finished(copy_without: CopyWithout) -> None:
    out = copy_without("space", "fit")
    with files_at_most(100_000), pytest.raises(StoreError, match="finished steps are kept"):
        tiny_run(out)
    assert not list((out / "store" / "partial").iterdir())
    assert not tiny_run(out).failed


def test_the_time_of_a_fit_includes_its_earlier_attempts(copy_without: CopyWithout) -> None:
    with mock.patch.object(Checkpoint, "earlier", (1000.0, 500.0)):
        cost = tiny_run(copy_without("fit")).record.cost["fit"]
    assert cost.computed_now > 0
    assert 1000 * cost.computed_now < cost.wall_s < 1000 * (cost.computed_now + 1)
    assert 500 * cost.computed_now < cost.cpu_s < 500 * (cost.computed_now + 1)
