"""Broken bundles: every command that reads one refuses it with its exit code, in one line, quickly and in bounded memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qaugbench.board.leaderboard
import qaugbench.board.rescore
import qaugbench.report.folds
import qaugbench.report.html
import qaugbench.report.planning  # noqa: F401  (read once, so that each command starts at once and its memory can be told)
from qaugbench.board.entry import submit
from qaugbench.board.verify import verify
from qaugbench.cli import main
from tests.board.broken import BREAKS
from tests.board.factory import write_run

MEMORY = 600 * 2**20
"""Bytes that reading a broken bundle may add to what the process has."""
STATM = Path("/proc/self/statm")
LOOKS_AT_SEVERAL = ("verify", "report", "rescore", "show")
"""Commands that answer what does not hold with exit code 1, and go on to the next."""
SECONDS = 600
"""After which a command is taken to hang; a refusal takes a fraction of a second, and an open pipe waits for ever."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return leaderboards with one entry of a tiny phantom run; not to be changed."""
    root = tmp_path_factory.mktemp("good")
    write_run(root / "run", replicates=3)
    submit(root / "run", root / "leaderboards")
    return root


@pytest.fixture
def entry(good: Path, tmp_path: Path) -> Path:
    """Return an entry that a test may break."""
    root = Path(shutil.copytree(good / "leaderboards", tmp_path / "leaderboards"))
    (found,) = root.glob("*/*/entries/*")
    return found


def _limited(command: list[str], output: str) -> None:
    """Run the command line in this process, with little memory and its messages in a file."""
    if STATM.exists():  # Linux; elsewhere the size of a process cannot be limited like this
        used = int(STATM.read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    sys.argv = ["qaugbench", *command]
    with open(output, "w", encoding="utf-8") as said:
        sys.stdout = sys.stderr = said
        main()


def _refusal(command: list[str], output: Path, *, misused: bool = False) -> str:
    """Return what the command said; assert that it ended by itself with the exit code of what does not hold, or cannot be used."""
    process = multiprocessing.get_context("fork").Process(target=_limited, args=(command, str(output)))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"{command} hangs")
    said = output.read_text(encoding="utf-8", errors="replace")
    expected = 1 if command[0] in LOOKS_AT_SEVERAL and not misused else 2
    assert process.exitcode == expected, f"exit code {process.exitcode}: {said[-800:]}"
    return said.removesuffix(f"{command[-1]}: does not hold.\n") if command[0] == "verify" else said


def _check(said: str, folder: Path) -> None:
    assert said.startswith("error: ")
    assert "Traceback" not in said
    assert len(said.replace(str(folder.parents[3]), "").replace(str(folder.resolve()), "")) < 900
    assert said.rstrip("\n").isprintable()


@pytest.mark.parametrize("name", BREAKS)
def test_verify_refuses(name: str, entry: Path, tmp_path: Path) -> None:
    BREAKS[name](entry)
    _check(_refusal(["verify", str(entry)], tmp_path / "said"), entry)


READERS: dict[str, Callable[[Path], list[str]]] = {
    "leaderboard build": lambda entry: ["leaderboard", "build", str(entry.parents[3])],
    "rescore": lambda entry: ["rescore", str(entry)],
    "power": lambda entry: ["power", str(entry)],
}
SOME = (
    "entry.json is a pipe",
    "predictions.npz is a pipe",
    "predictions.npz is a link to a device",
    "predictions.npz is 8 GB",
    "entry.json is a folder",
    "a key twice",
    "100,000 levels",
    "five million empty lists",
    "2,000 arms",
    "10^12 test images",
    "declares 10^12 numbers",
    "a bare array",
    "a bare pickle",
    "encrypted",
    "dates",
    "an id with terminal codes",
)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_entries_refuses(reader: str, name: str, entry: Path, tmp_path: Path) -> None:
    BREAKS[name](entry)
    _check(_refusal(READERS[reader](entry), tmp_path / "said"), entry)


RUN_READERS: dict[str, Callable[[Path], list[str]]] = {
    "verify": lambda run: ["verify", str(run)],
    "report": lambda run: ["report", str(run)],
    "rescore": lambda run: ["rescore", str(run)],
    "submit": lambda run: ["submit", str(run), "--out", str(run.parent / "boards")],
    "folds": lambda run: ["folds", str(run), str(run)],
    "power": lambda run: ["power", str(run)],
}


@pytest.mark.parametrize("what", ["a pipe", "a link", "a folder", "8 GB", "not JSON", "deep", "nothing"])
@pytest.mark.parametrize("reader", RUN_READERS)
def test_every_reader_of_runs_refuses_a_broken_record(reader: str, what: str, good: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(good / "run", tmp_path / "run"))
    _break_file(run / "record.json", what)
    said = _refusal(RUN_READERS[reader](run), tmp_path / "said")
    assert said.startswith("error: ")
    assert len(said.replace(str(run), "")) < 900


@pytest.mark.parametrize("name", ["curves.json", "samples.npz"])
@pytest.mark.parametrize("what", ["a pipe", "a link", "a folder", "8 GB", "not JSON", "nothing"])
def test_a_report_refuses_broken_curves_and_pictures(name: str, what: str, good: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(good / "run", tmp_path / "run"))
    _break_file(run / name, what)
    assert name in _refusal(["report", str(run)], tmp_path / "said")


def _break_file(path: Path, what: str) -> None:
    path.unlink()
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a link":
        path.symlink_to("/dev/zero")
    elif what == "a folder":
        path.mkdir()
    elif what == "8 GB":
        with path.open("wb") as file:
            file.truncate(8 << 30)
    else:
        path.write_bytes({"not JSON": b"{", "deep": b"[" * 200_000, "nothing": b""}[what])


@pytest.mark.parametrize("what", ["a pipe", "a device", "a file", "nothing"])
@pytest.mark.parametrize("reader", RUN_READERS)
def test_what_is_no_folder_is_refused(reader: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "given"
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a file":
        path.write_bytes(b"")
    given = Path("/dev/zero") if what == "a device" else path
    said = _refusal(RUN_READERS[reader](given), tmp_path / "said", misused=True)
    assert "Give the folder" in said


def test_a_good_bundle_passes(entry: Path) -> None:
    assert verify(entry).n_logits == 8 * 3 * 120 * 3


def test_there_are_many_ways_to_break_a_bundle() -> None:
    assert len(BREAKS) >= 100
