"""The store keeps cells whole or not at all and explains what it cannot do."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from qaugbench.errors import StoreError
from qaugbench.experiment.cells import Cell, Inputs, Place
from qaugbench.experiment.claims import host
from qaugbench.experiment.store import Store

CELL = Cell("train", {"a": 1})


def test_a_cell_reads_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("train", CELL.name, {"logits": np.arange(6.0).reshape(2, 3), "note.txt": b"fine"}, {"facts": {"n": 2}})
    assert store.has("train", CELL.name)
    assert store.array("train", CELL.name, "logits").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert store.read("train", CELL.name, "note.txt") == b"fine"
    assert store.meta("train", CELL.name)["facts"] == {"n": 2}


def test_a_truncated_cell_is_not_there(tmp_path: Path) -> None:
    Store(tmp_path).write("train", CELL.name, {"logits": np.zeros(9)}, {})
    file = Store(tmp_path).folder("train", CELL.name) / "logits.npy"
    file.write_bytes(file.read_bytes()[:-1])
    assert not Store(tmp_path).has("train", CELL.name)
    assert not file.parent.exists()


def test_writing_a_cell_twice_keeps_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("train", CELL.name, {"note.txt": b"first"}, {})
    store.write("train", CELL.name, {"note.txt": b"second"}, {})
    assert store.read("train", CELL.name, "note.txt") == b"first"
    assert not list((tmp_path / "partial").iterdir())


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="allow_pickle"):
        store.write("train", CELL.name, {"fine.txt": b"1", "objects": np.array([object()])}, {})
    assert not store.has("train", CELL.name)
    assert not list((tmp_path / "partial").iterdir())


@pytest.mark.parametrize("place", ["file/store", "/proc/qaugbench-store"])
def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / place)


def test_name_depends_on_key_and_upstream_alone() -> None:
    upstream = Cell("fit", {"seed": 1})
    assert Cell("train", {"a": 1}, place=Place("R+"), note="x", inputs=Inputs(path=Path("here"))).name == CELL.name
    assert Cell("train", {"a": 2}).name != CELL.name
    assert Cell("train", {"a": 1}, {"fit": upstream}).name != CELL.name
    assert (
        Cell("train", {"a": 1}, {"fit": upstream}).name
        != Cell("train", {"a": 1}, {"fit": Cell("fit", {"seed": 2})}).name
    )


def test_leftovers_of_dead_processes_are_removed_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    dead, alive = (tmp_path / "partial" / f"fit-0.{host()}.{process}" for process in (_dead_process(), os.getpid()))
    dead.mkdir()
    alive.mkdir()
    with store.in_use():
        assert (dead.exists(), alive.exists()) == (False, True)


def test_what_another_machine_left_half_written_is_removed_after_a_day(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, recent = (tmp_path / "partial" / f"fit-{name}.abcd1234.elsewhere.77" for name in ("old", "recent"))
    age(old, hours=25)
    age(recent, hours=23)
    with store.in_use():
        assert (old.exists(), recent.exists()) == (False, True)


def test_what_an_unfinished_cell_is_built_up_from_is_kept_for_a_month(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, recent = (store.unfinished("fit", name * 32) for name in ("ab", "cd"))
    age(old, hours=31 * 24)
    age(recent, hours=29 * 24)
    with store.in_use():
        assert (old.exists(), recent.exists()) == (False, True)


def age(folder: Path, *, hours: int) -> None:
    """Make a folder with a file that was last changed so long ago."""
    folder.mkdir()
    (folder / "part").write_bytes(b"part")
    os.utime(folder, (time.time() - 3600 * hours,) * 2)


def test_counting_reads_no_file(tmp_path: Path) -> None:
    Store(tmp_path).write("train", CELL.name, {"logits": np.zeros(9)}, {})
    file = Store(tmp_path).folder("train", CELL.name) / "logits.npy"
    file.write_bytes(b"damaged")
    assert Store(tmp_path).holds("train", CELL.name)
    assert not Store(tmp_path).holds("train", Cell("train", {"a": 2}).name)
    assert file.read_bytes() == b"damaged"


def _dead_process() -> int:
    """Return the number of a process that has ended and, as its parent, is not collected: a zombie."""
    process = os.fork()
    if process == 0:
        os._exit(0)
    while psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    return process


def test_in_use_is_seen_by_a_second_run(tmp_path: Path) -> None:
    with Store(tmp_path).in_use() as first, Store(tmp_path).in_use() as second:
        assert (first, second) == (False, True)
    with Store(tmp_path).in_use() as later:
        assert not later
