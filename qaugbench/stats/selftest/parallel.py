"""Blocks of the self-test over processes, each with one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from qaugbench.child_processes import in_processes
from qaugbench.stats.selftest.cell import Outcomes
from qaugbench.stats.selftest.run import Mapper


def over_processes(jobs: int | None) -> Mapper:
    """Return a ``map`` over ``jobs`` processes, all cores by default; results come in order, as soon as they can."""
    from joblib import cpu_count, delayed

    def mapped(function: Callable[[Any], Outcomes], blocks: Sequence[Any]) -> Iterable[Outcomes]:
        return in_processes((delayed(function)(block) for block in blocks), jobs or cpu_count())

    return mapped
