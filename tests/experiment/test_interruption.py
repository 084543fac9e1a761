"""A run that is killed, two runs on one store, a full disk, a damaged cell: nothing is lost and nothing is corrupt."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qaugbench.errors import DataError, StoreError
from qaugbench.experiment.run import RunResult
from tests.experiment.tiny import tiny_run

ROOT = Path(__file__).parents[2]


def start(out: Path, jobs: int = 1) -> subprocess.Popen[str]:
    """Start a tiny run in a process group of its own."""
    command = [sys.executable, "-m", "tests.experiment.tiny", str(out), str(jobs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_cells(out: Path, stage: str, count: int, process: subprocess.Popen[str]) -> None:
    """Return when ``count`` cells of a stage are stored."""
    deadline = time.monotonic() + 120
    while len(list((out / "store" / "cells" / stage).glob("*/*/cell.json"))) < count:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("stage", "jobs"), [("autoencoder", 1), ("fit", 2)])
def test_killed_run_resumes_to_the_same_bits(finished: RunResult, tmp_path: Path, stage: str, jobs: int) -> None:
    process = start(tmp_path, jobs)
    wait_for_cells(tmp_path, stage, 1, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = sorted(path.parent.name for path in (tmp_path / "store" / "cells").glob("*/*/*/cell.json"))
    resumed = tiny_run(tmp_path)
    assert (resumed.folder / "predictions.npz").read_bytes() == (finished.folder / "predictions.npz").read_bytes()
    everything = sum(cost.cells for cost in resumed.record.cost.values())
    assert sum(cost.computed_now for cost in resumed.record.cost.values()) == everything - len(kept)
    assert not list((tmp_path / "store" / "partial").iterdir())


def test_two_runs_on_one_store_agree_and_say_so(finished: RunResult, tmp_path: Path) -> None:
    first, second = start(tmp_path), start(tmp_path)
    words = [process.communicate(timeout=240)[1] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert sum("Another run uses this store" in said for said in words) == 1
    folder = tmp_path / finished.folder.name
    assert (folder / "predictions.npz").read_bytes() == (finished.folder / "predictions.npz").read_bytes()


def test_a_damaged_cell_is_computed_again(finished: RunResult, tmp_path: Path) -> None:
    tiny_run(tmp_path)
    damaged = next((tmp_path / "store" / "cells" / "train").glob("*/*/test_logits.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-4])
    again = tiny_run(tmp_path)
    assert again.record.cost["train"].computed_now == 1
    assert (again.folder / "predictions.npz").read_bytes() == (finished.folder / "predictions.npz").read_bytes()


@pytest.mark.parametrize(
    ("limit", "error", "words"),
    [(300_000, DataError, "Nothing was left behind"), (1_500_000, StoreError, "finished cells are kept")],
)
def test_a_disk_that_fills_up_stops_the_run_and_keeps_what_is_finished(
    tmp_path: Path, limit: int, error: type[Exception], words: str
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(error, match=words):
            tiny_run(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((tmp_path / "store" / "partial").iterdir())
    assert not tiny_run(tmp_path).failed
