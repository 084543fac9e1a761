"""Cells over several processes: each as soon as its needs are done, none twice, and a lost process is said in words."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from qaugbench.errors import DataError, StoreError
from qaugbench.experiment import processes
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.processes import execute
from qaugbench.experiment.progress import Lines
from qaugbench.experiment.store import Store

SPACE = [Cell("space", {"replicate": r}) for r in (0, 1)]
FIT = [Cell("fit", {"replicate": r}, {"space": SPACE[r]}) for r in (0, 1)]
TRAIN = [Cell("train", {"replicate": r}) for r in (0, 1)]
CELLS = (SPACE[0], FIT[0], TRAIN[0], SPACE[1], FIT[1], TRAIN[1])


class AtOnce:
    """An executor that computes a cell where it is submitted, and keeps the order."""

    def __init__(self, failing: str = "", error: Exception | None = None) -> None:
        self.order: list[Cell] = []
        self.failing, self.error = failing, error

    def submit(self, compute: Any, cell: Cell, root: Path) -> Future[CellReport]:
        self.order.append(cell)
        future: Future[CellReport] = Future()
        if cell.stage == self.failing and self.error is not None:
            future.set_exception(self.error)
        else:
            outcome: Any = "error" if cell.stage == self.failing else "ok"
            future.set_result(CellReport(cell, outcome, "odd", computed=True, wall_s=1.0))
        return future

    @contextmanager
    def __call__(self, jobs: int) -> Any:
        yield self


def test_cells_are_computed_in_order_as_soon_as_their_needs_are_done(tmp_path: Path) -> None:
    executor, told = AtOnce(), list[Cell]()
    with mock.patch.object(processes, "_processes", executor):
        reports = execute(CELLS, Store(tmp_path), jobs=1 + 1, report=lambda one: told.append(one.cell))
    assert executor.order[:2] == [SPACE[0], TRAIN[0]]  # the second process does not wait for the space
    assert executor.order[2] == FIT[0]
    assert sorted(cell.name for cell in told) == sorted(cell.name for cell in CELLS)
    assert set(reports) == {cell.name for cell in CELLS}


def test_what_needs_a_failed_cell_is_not_tried(tmp_path: Path) -> None:
    executor = AtOnce(failing="space")
    with mock.patch.object(processes, "_processes", executor):
        reports = execute(CELLS, Store(tmp_path), jobs=2, report=lambda one: None)
    assert not [cell for cell in executor.order if cell.stage == "fit"]
    assert {reports[cell.name].outcome for cell in (*SPACE, *FIT)} == {"error"}
    assert {reports[cell.name].outcome for cell in TRAIN} == {"ok"}


def test_data_that_cannot_be_read_end_the_run(tmp_path: Path) -> None:
    executor = AtOnce(failing="train", error=DataError("image 3"))
    with mock.patch.object(processes, "_processes", executor), pytest.raises(DataError, match="image 3"):
        execute(CELLS, Store(tmp_path), jobs=2, report=lambda one: None)


class WhenTold(AtOnce):
    """An executor whose cells are done only once somebody was told what is being computed."""

    def submit(self, compute: Any, cell: Cell, root: Path) -> Future[CellReport]:
        self.order.append(cell)
        future: Future[CellReport] = Future()
        self.waiting = [*getattr(self, "waiting", []), (future, cell)]
        return future

    def still(self, cells: Sequence[Cell]) -> None:
        self.told = [*getattr(self, "told", []), tuple(cells)]
        for future, cell in self.waiting:
            future.set_result(CellReport(cell, "ok", "", computed=True, wall_s=1.0))
        self.waiting = []


def test_where_nothing_is_finished_for_a_while_somebody_is_told_what_is_computed(tmp_path: Path) -> None:
    executor = WhenTold()
    with mock.patch.object(processes, "_processes", executor), mock.patch.object(processes, "SILENT_S", 0.01):
        execute(CELLS, Store(tmp_path), jobs=2, report=lambda one: None, still=executor.still)
    assert executor.told[0] == (SPACE[0], TRAIN[0])


def test_a_log_says_what_is_still_computed() -> None:
    stream = StringIO()
    Lines(stream, 6).still([SPACE[0], TRAIN[0]])
    assert stream.getvalue().endswith(" [0/6] still computing space, train\n")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_said_in_words() -> None:
    with pytest.raises(StoreError, match="fewer --jobs"), processes._processes(1) as executor:
        executor.submit(die).result()


def test_a_process_that_has_grown_is_replaced_without_a_word() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with processes._processes(1):
            warnings.warn("A worker stopped while some jobs were given to the executor.", stacklevel=1)
            warnings.warn("Something else.", stacklevel=1)
    assert [str(one.message) for one in told] == ["Something else."]
