"""One made-up site: a board with two entries and two fractions, and an entry of a phantom that is on no board."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.entry import submit
from qaugbench.site.build import write_site
from tests.board.factory import write_run


def gates(name: str, track: str, task: str) -> float | None:
    """Return a number of two-qubit gates for every quantum generator."""
    return 120.0


@pytest.fixture(scope="session")
def made_entries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of three entries; not to be changed."""
    folder = tmp_path_factory.mktemp("entries")
    for number, name in enumerate(("one", "two", "drawn")):
        facts = {"fractions": ("10%", "50%")} if name != "drawn" else {"fractions": ("10%",)}
        write_run(folder / "runs" / name, id=name, seed=number, replicates=3, phantom=name == "drawn", **facts)  # type: ignore[arg-type]
        submit(folder / "runs" / name, folder / "all")
    return folder / "all"


@pytest.fixture(scope="session")
def made_site(made_entries: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of their site; not to be changed."""
    return write_site(made_entries, tmp_path_factory.mktemp("site"), gates=gates).index.parent
