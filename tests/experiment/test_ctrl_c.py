"""Ctrl-C, which a terminal sends to a run and to all its processes, prints one line and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.experiment.conftest import CopyWithout

ROOT = Path(__file__).parents[2]
SCRIPT = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
from qaugbench.cli import main
from qaugbench.experiment import run
from tests.experiment import tiny
perform = run.perform
run.perform = lambda request: perform(request, tiny.tiny_definitions(request))
main()
"""
OPTIONS = [
    "run",
    "--task",
    "kneeoa",
    "--source",
    "phantom",
    "--generator",
    "qldm",
    "--track",
    "smoke",
    "--jobs",
    "2",
    "--accelerator",
    "cpu",
    "--out",
]
CHILDREN = Path("/proc/self/task")


def start(out: Path) -> subprocess.Popen[str]:
    """Start the tiny run by the command line, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *OPTIONS, str(out)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def after_line(words: str) -> Callable[[subprocess.Popen[str]], str]:
    """Return a function that reads what a process prints up to a line with ``words``."""

    def read(process: subprocess.Popen[str]) -> str:
        said = ""
        for line in process.stderr or ():
            said += line
            if words in line:
                return said
        raise AssertionError(said)

    return read


def when_a_worker_starts(process: subprocess.Popen[str]) -> str:
    """Return what a process prints before it has a child that imports what its first step needs."""
    said = after_line("Results:")(process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not any(_is_worker(child) for child in children.read_text().split()):
        assert process.poll() is None
        time.sleep(0.01)
    return said


def _is_worker(child: str) -> bool:
    try:
        return b"popen_loky_posix" in Path(f"/proc/{child}/cmdline").read_bytes()
    except OSError:  # it has ended
        return False


MOMENTS = [
    pytest.param(after_line("Reading and checking"), id="while images are read"),
    pytest.param(after_line("Results:"), id="before the workers", marks=pytest.mark.slow),
    pytest.param(
        when_a_worker_starts,
        id="while workers start",
        marks=pytest.mark.skipif(not CHILDREN.exists(), reason="the children of a process are found in /proc"),
    ),
    pytest.param(after_line("[1/"), id="after the first step"),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interruption_is_one_line_with_the_command_that_resumes(
    copy_without: CopyWithout, moment: Callable[[subprocess.Popen[str]], str]
) -> None:
    out = copy_without("space", "fill", "fit", "sample", "influence", "train")
    process = start(out)
    moment(process)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    *_, last = said.strip().splitlines()
    assert last.startswith("Interrupted. Finished steps are kept; resume with: qaugbench run --task kneeoa")
    assert last.endswith(f"--out {out}")
