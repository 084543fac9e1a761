"""A Dask scheduler and its workers as processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.project.documents import ROOT


class Scheduler:
    """A scheduler with one worker, on an address of its own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.file.unlink(missing_ok=True)
        self.processes = [
            _start("scheduler", "--port", "0", "--scheduler-file", str(self.file), "--no-dashboard", folder=folder),
            _start("worker", "--scheduler-file", str(self.file), "--nthreads", "1", "--no-dashboard", folder=folder),
        ]

    @property
    def address(self) -> str:
        """The address, as soon as the scheduler has written it down."""
        while True:
            try:
                return str(json.loads(self.file.read_text(encoding="utf-8"))["address"])
            except (FileNotFoundError, ValueError):
                assert self.processes[0].poll() is None
                time.sleep(0.05)

    def lose(self) -> None:
        """Kill the scheduler alone."""
        self.processes[0].kill()

    def end(self) -> None:
        """End every process."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def scheduler(folder: Path) -> Iterator[Scheduler]:
    """Yield a scheduler with a worker of one thread, which end with this."""
    started = Scheduler(folder)
    try:
        yield started
    finally:
        started.end()


def _start(role: str, *arguments: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", role, "--host", "127.0.0.1", *arguments]
    with (folder / f"{role}.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
