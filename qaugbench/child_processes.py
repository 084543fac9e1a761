"""Child processes that do not hear Ctrl-C: the process that started them ends them, and says so in one line."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def deaf_children() -> Iterator[None]:
    """Let processes that are started inside not hear Ctrl-C, which a terminal sends to all of a command's processes.

    The mask is inherited, unlike a handler; an interruption that comes meanwhile is delivered afterwards.
    """
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # before Python 3.12, starting it inside would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def in_processes(work: Iterable[Any], jobs: int | None, **options: Any) -> Iterator[Any]:
    """Yield the results of ``work``, calls delayed by joblib, in order, as soon as they are there.

    ``jobs`` deaf processes of one thread each compute them: None for as many as joblib's ``parallel_config`` says, else 1,
    which is this process. ``options`` are those of ``joblib.Parallel``.
    """
    from joblib import Parallel

    pool = Parallel(n_jobs=jobs, backend="loky", inner_max_num_threads=1, return_as="generator", **options)
    results: Generator[Any, None, None] | None = None
    try:
        with deaf_children():
            results = pool(work)
        yield from results or ()
    finally:
        if results is not None:
            with cut_short():
                results.close()


@contextmanager
def cut_short() -> Iterator[None]:
    """Let processes be ended inside whose work is not done, without a word: joblib warns of each call that it cancels.

    Its thread that hands out the calls may miss one that was cancelled before its turn, and die of it, as it would anyway.
    """
    before = threading.excepthook
    threading.excepthook = lambda _: None
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        threading.excepthook = before
