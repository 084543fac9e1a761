"""Where two made-up entries stand, for every test of what papers need."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.comparable import Submitted
from qaugbench.board.standings import Standings, standings
from tests.board.factory import write_run


@pytest.fixture(scope="session")
def made_standings(tmp_path_factory: pytest.TempPathFactory) -> Standings:
    """Return one board of two entries, of ten replicates each."""
    folder = tmp_path_factory.mktemp("papers")
    return standings([_entry(folder / name, seed) for seed, name in enumerate(("one", "two"))])


def _entry(folder: Path, seed: int) -> Submitted:
    return Submitted(folder, write_run(folder, id=folder.name, seed=seed, replicates=10, phantom=False))
