"""Ctrl-C reaches the process that waits for others, and not these."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from joblib import delayed, parallel_config

from qaugbench.child_processes import in_processes

ROOT = Path(__file__).parents[1]
SCRIPT = """
import signal
import sys
import time
from joblib import delayed
from qaugbench.child_processes import in_processes
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
def work(number):
    print(number, flush=True)
    time.sleep(120)
try:
    print("start", flush=True)
    list(in_processes((delayed(work)(number) for number in range(4)), 2))
except KeyboardInterrupt:
    sys.exit(130)
"""


def after_line(process: subprocess.Popen[str]) -> None:
    """Wait until a worker has begun."""
    assert process.stdout
    assert process.stdout.readline() == "start\n"
    assert process.stdout.read(1) in ("0", "1")


def after_fork(process: subprocess.Popen[str]) -> None:
    """Wait until a worker is there, which then imports what it needs."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not any(is_worker(child) for child in children.read_text().split()):
        assert process.poll() is None
        time.sleep(0.002)


def is_worker(child: str) -> bool:
    try:
        return b"popen_loky_posix" in Path(f"/proc/{child}/cmdline").read_bytes()
    except OSError:  # it has ended
        return False


MOMENTS = [
    pytest.param(after_line, id="while they work"),
    pytest.param(
        after_fork,
        id="while they start",
        marks=pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc"),
    ),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interruption_ends_all_processes_without_their_tracebacks(
    moment: Callable[[subprocess.Popen[str]], None],
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    moment(process)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130, said
    assert said == ""


def test_results_come_in_order_and_the_number_of_processes_from_outside() -> None:
    with parallel_config(backend="loky", n_jobs=2):
        assert list(in_processes((delayed(abs)(-number) for number in range(5)), None)) == [0, 1, 2, 3, 4]
    assert set(in_processes((delayed(os.getpid)() for _ in range(3)), 1)) == {os.getpid()}
    assert os.getpid() not in set(in_processes((delayed(os.getpid)() for _ in range(3)), 2))
