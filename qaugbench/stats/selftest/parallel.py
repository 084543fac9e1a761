"""Blocks of the self-test over processes, each with one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qaugbench.stats.selftest.cell import Outcomes
from qaugbench.stats.selftest.run import Mapper


@contextmanager
def processes(jobs: int | None) -> Iterator[Mapper]:
    """Give a ``map`` over ``jobs`` processes, all cores by default; results come in order, as soon as they can."""
    from joblib import Parallel, cpu_count, delayed, parallel_config

    with (
        parallel_config(backend="loky", inner_max_num_threads=1),
        Parallel(n_jobs=jobs or cpu_count(), return_as="generator") as parallel,
    ):

        def over_processes(function: Callable[[Any], Outcomes], blocks: Sequence[Any]) -> Iterable[Outcomes]:
            return parallel(delayed(function)(block) for block in blocks)

        yield over_processes
