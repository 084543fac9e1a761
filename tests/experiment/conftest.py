"""One tiny run, made once and read by many tests; those that need a part of it computed anew work on a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qaugbench.experiment.run import RunResult
from tests.experiment.tiny import tiny_run

CopyWithout = Callable[..., Path]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Return the result of an undisturbed tiny run with one process."""
    return tiny_run(tmp_path_factory.mktemp("finished"))


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
