"""One tiny run, made once and read by many tests."""

from __future__ import annotations

import pytest

from qaugbench.experiment.run import RunResult
from tests.experiment.tiny import tiny_run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Return the result of an undisturbed tiny run with one process."""
    return tiny_run(tmp_path_factory.mktemp("finished"))
