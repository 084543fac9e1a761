"""Says that a program still works where nothing else is printed for long: seconds on a terminal, a line per minute in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qaugbench.formatting import duration

SILENT_S = 60.0
"""After how long without a word somebody who reads a log is told what is being done."""
TICK_S = 1.0
"""How often the seconds on a terminal change."""


@contextmanager
def reminded(say: Callable[[float], object], every_s: float) -> Iterator[None]:
    """Call ``say`` with the seconds since the start after every ``every_s`` seconds, until the block ends."""
    ended, started = threading.Event(), time.perf_counter()

    def watch() -> None:
        while not ended.wait(every_s):
            say(time.perf_counter() - started)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def busy(text: str, *, quiet: bool = False) -> Iterator[None]:
    """Say ``text`` on standard error and, until the block ends, for how long that has been so; nothing if ``quiet``.

    The block itself must print nothing.
    """
    if quiet:
        yield
        return
    live = sys.stderr.isatty()
    _print(text, "" if live else "\n")
    try:
        with reminded(
            lambda s: _print(f"\r{text} {s:.0f} s", "") if live else _print(f"{text} {duration(s)}", "\n"), _pause(live)
        ):
            yield
    finally:
        if live:
            _print("", "\n")


def _pause(live: bool) -> float:
    return TICK_S if live else SILENT_S


def _print(text: str, end: str) -> None:
    print(text, end=end, file=sys.stderr, flush=True)
