"""One tiny run, made once and read by many tests; those that need a part of it computed anew work on a copy."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qaugbench.experiment.run import RunResult
from qaugbench.record import read_record
from tests.experiment.tiny import tiny_run
from tests.undrawn import figures_drawn, figures_undrawn

CopyWithout = Callable[..., Path]


@pytest.fixture(autouse=True, scope="module")
def _undrawn() -> Iterator[None]:
    """Leave out the drawing of figures, except in ``finished`` and in runs that are processes of their own."""
    with figures_undrawn():
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Return the result of an undisturbed tiny run with one process: a copy, for each of pytest's processes, of one run."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "tiny-run"
    making = shared.with_suffix(".partial")
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            shutil.rmtree(making, ignore_errors=True)
            with figures_drawn():
                tiny_run(making)
            making.rename(shared)
    runs = Path(shutil.copytree(shared, tmp_path_factory.mktemp("finished") / "runs"))
    (folder,) = (record.parent for record in runs.glob("*/record.json"))
    begun = folder / "run.json"
    begun.write_text(begun.read_text(encoding="utf-8").replace(str(making), str(runs)), encoding="utf-8")
    return RunResult(record=read_record(folder), folder=folder, report=folder / "report.html")


@pytest.fixture
def copy_without(finished: RunResult, tmp_path: Path) -> CopyWithout:
    """Return a function that copies the tiny run's folder, less the cells of the stages it is given, and returns the copy."""

    def copied(*stages: str) -> Path:
        out = tmp_path / "runs"
        shutil.copytree(finished.folder.parent, out)
        for stage in stages:
            shutil.rmtree(out / "store" / "cells" / stage)
        return out

    return copied
