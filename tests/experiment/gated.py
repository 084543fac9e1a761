"""Cells for tests of clusters: computed by other processes without torch, and stopped in the middle until a gate opens."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from qaugbench.experiment import execute as executing
from qaugbench.experiment.cells import Cell, Place
from qaugbench.experiment.dask_cluster import _Task
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.store import Store
from qaugbench.experiment.worker import Worker


class Heard:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.cells: list[CellReport] = []

    def message(self, text: str) -> None:
        self.messages.append(text)

    def cell(self, done: CellReport) -> None:
        self.cells.append(done)

    def still(self, cells: Sequence[Cell]) -> None:
        """Nothing is kept of it."""


def gated_cells(gates: Path, *, waiting: bool = True) -> tuple[Cell, ...]:
    """Return four cells and one that needs them all; the first waits in the middle until ``gates/open`` exists."""
    gates.mkdir(exist_ok=True)
    numbers = [
        Cell("split", {"number": n, "gates": str(gates) if waiting and n == 0 else ""}, place=Place(replicate=n))
        for n in range(4)
    ]
    total = Cell("split", {"number": 0, "gates": ""}, {f"n{n}": cell for n, cell in enumerate(numbers)})
    return (*numbers, total)


def run_gated(cell: Cell, store: Store) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the sum of a cell's number and of the cells that it needs; "die" kills the process, "fail" fails."""
    gates = cell.key["gates"]
    if gates == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if gates == "fail":
        raise MemoryError("as the test wants it")
    if gates:
        (Path(gates) / f"begun-{os.getpid()}").touch()
        while not (Path(gates) / "open").exists():
            time.sleep(0.02)
    needs = (store.array("split", need.name, "x").sum() for need in cell.needs.values())
    return {"x": np.array([cell.key["number"] + sum(needs)])}, {}


def gated() -> AbstractContextManager[Any]:
    """Compute gated cells while this lasts; to find out what a failure is, torch would be imported."""
    return mock.patch.multiple(
        executing, _run_stage=lambda cell, store: run_gated(cell, store), _outcome=lambda error: "infeasible"
    )


class GatedWorker(Worker):
    """A job of a cluster that computes such cells."""

    def __call__(self) -> None:
        with gated():
            super().__call__()


class GatedTask(_Task):
    """A task of Dask that computes such a cell."""

    def __call__(self, cell: Cell) -> CellReport:
        with gated():
            return super().__call__(cell)


def total(store: Store, cells: tuple[Cell, ...]) -> int:
    """Return what the last of the gated cells holds: 0 + 1 + 2 + 3."""
    return int(store.array("split", cells[-1].name, "x")[0])


@contextmanager
def when_begun(gates: Path, act: Callable[[int], None]) -> Iterator[None]:
    """Call ``act`` with the process that is in the middle of the gated cell, once there is one, and then open the gate."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            begun = list(gates.glob("begun-*"))
            if begun:
                act(int(begun[0].name.removeprefix("begun-")))
                (gates / "open").touch()
                return
            time.sleep(0.02)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def kill(process: int) -> None:
    """Kill a process without a warning."""
    os.kill(process, signal.SIGKILL)
