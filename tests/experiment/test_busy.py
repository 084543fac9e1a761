"""What takes long says that it still goes on: to a log from time to time, on a terminal with the seconds."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from qaugbench.errors import DataError
from qaugbench.experiment import busy, processes
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.store import Store


class Stream(io.StringIO):
    """A stream that is a terminal or not, and says when so many lines or ticks were written."""

    def __init__(self, terminal: bool, wanted: int) -> None:
        super().__init__()
        self.terminal, self.wanted, self.enough = terminal, wanted, threading.Event()

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.getvalue().count("Reading ...") >= self.wanted:
            self.enough.set()
        return written


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((busy, "SILENT_S"), (busy, "TICK_S"), (processes, "SILENT_S")):
        monkeypatch.setattr(module, name, 0.01)


def said(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    stream = Stream(terminal, wanted=3)
    monkeypatch.setattr("sys.stderr", stream)
    with busy.busy("Reading ..."):
        stream.enough.wait()
    return stream.getvalue()


def test_a_log_has_a_line_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = said(False, monkeypatch).splitlines()
    assert first == "Reading ..."
    assert len(others) >= 2
    assert all(line.startswith("Reading ... ") and line.endswith(" s") for line in others)


def test_a_terminal_has_one_line_whose_seconds_change(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(True, monkeypatch)
    assert text.startswith("Reading ...\rReading ... 0 s\rReading ... 0 s")
    assert text.count("\n") == 1
    assert text.endswith("\n")


def test_quiet_is_silent_and_errors_pass(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="broken"), busy.busy("Reading ...", quiet=True):
        raise DataError("broken")
    assert capsys.readouterr().err == ""


def test_one_process_says_what_it_computes_as_several_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    enough = threading.Event()

    def still(cells: object) -> None:
        told.append(cells[0].stage)  # type: ignore[index]
        enough.set()

    def slow(cell: Cell, root: Path) -> CellReport:
        enough.wait()
        return CellReport(cell, "ok", "", computed=True, wall_s=1.0)

    monkeypatch.setattr(processes, "compute", slow)
    processes.execute([Cell("train", {})], Store(tmp_path), jobs=1, report=lambda done: None, still=still)
    assert set(told) == {"train"}
