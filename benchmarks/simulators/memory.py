"""Peak memory of forward and backward against depth, each measured in a forked process, whose peak starts from zero."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable
from typing import Literal

from simulators.limits import HybridLayer
from simulators.measure import Call, torch_call
from simulators.ours import ours
from simulators.workloads import Workload, hybrid_layer

N_WIRES, BATCH, DEPTHS = 12, 256, (5, 10, 20)
Which = Literal["ours", "hand-written"]


def peaks_mb(which: Which) -> list[float]:
    """Return for each depth the memory in MB (2^20 bytes) that one forward and backward takes beyond a tiny one."""
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as fresh:
        return [fresh.apply(_peak_mb, (which, layers)) for layers in DEPTHS]


def _peak_mb(which: Which, layers: int) -> float:
    def call(batch: int) -> Call:
        workload = Workload("memory", "", hybrid_layer(N_WIRES, layers), batch)
        return ours(workload) if which == "ours" else torch_call(HybridLayer(N_WIRES, layers), workload)

    before = _peak_after(call(2))
    return _peak_after(call(BATCH)) - before


def _peak_after(call: Callable[[], object]) -> float:
    call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
