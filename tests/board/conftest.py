"""One made-up run a session, and a fresh entry of it for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qaugbench.board.entry import submit
from tests.board.clone import make_clone
from tests.board.factory import write_run


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a phantom run with one failed replicate; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "run"
    write_run(folder, replicates=2, fractions=("10%", "100%"), failed=(("qldm", 1),))
    return folder


@pytest.fixture
def run_folder(made_run: Path, tmp_path: Path) -> Path:
    """Return a copy of the run that a test may change."""
    return Path(shutil.copytree(made_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def made_boards(made_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the leaderboards that hold an entry of the run alone; not to be changed."""
    root = tmp_path_factory.mktemp("made") / "leaderboards"
    submit(made_run, root)
    return root


@pytest.fixture
def entry(made_boards: Path, tmp_path: Path) -> Path:
    """Return an entry of the run that a test may change."""
    root = Path(shutil.copytree(made_boards, tmp_path / "leaderboards"))
    (found,) = root.glob("*/*/entries/*")
    return found


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clone of an empty leaderboard on a bare remote, the present folder, with one finished run beside it."""
    return make_clone(tmp_path, monkeypatch)
