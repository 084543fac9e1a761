"""One call of a simulator on a workload, whether its results are right, and how processor times compare."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from simulators.workloads import Workload

VALUES, GRADIENTS = 1e-5, 1e-4  # largest differences in single precision; of gradients, relative to the largest entry
MOST_DEVIATION = 6.0  # of an estimate from shots, in standard errors

Run = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Call = Callable[[], Sequence[torch.Tensor]]


class NotAvailable(Exception):
    """A simulator that is not installed or cannot do a workload; its message is shown in the table."""


def torch_call(
    run: Run, workload: Workload, dtype: torch.dtype = torch.float32, weights: torch.Tensor | None = None
) -> Call:
    """Return a call that gives the outputs of ``run`` and, if asked, gradients for inputs and ``weights``."""
    tensors = workload.tensors()
    cotangent = tensors.cotangent.to(dtype)
    inputs = tensors.inputs.to(dtype).requires_grad_()
    weights = tensors.weights.to(dtype).requires_grad_() if weights is None else weights
    sources = [source for source in (inputs, weights) if source.numel()]

    def forward() -> Sequence[torch.Tensor]:
        with torch.no_grad():
            return (run(inputs, weights),)

    def forward_backward() -> Sequence[torch.Tensor]:
        outputs = run(inputs, weights)
        return outputs.detach(), *torch.autograd.grad(outputs, sources, cotangent)

    return forward_backward if workload.backward else forward


def disagreement(found: Sequence[torch.Tensor], exact: Sequence[torch.Tensor], shots: int | None) -> str:
    """Return how outputs and gradients differ from the exact ones, or nothing where they do not."""
    if shots:
        return _shot_disagreement(found[0], exact[0], shots)
    for number, (one, other) in enumerate(zip(found, exact, strict=True)):
        difference = float((one.double() - other.double()).abs().max())
        if number == 0 and not difference <= VALUES:
            return f"values differ by {difference:.0e}"
        if number and not difference <= GRADIENTS * max(float(other.abs().max()), 1.0):
            return f"gradients differ by {difference:.0e}"
    return ""


def _shot_disagreement(found: torch.Tensor, exact: torch.Tensor, shots: int) -> str:
    """Compare expectations estimated from shots with exact ones, by their standard errors."""
    errors = ((1 - exact.square()).clamp(min=1e-6) / shots).sqrt()
    deviations = (found.double() - exact) / errors
    spread, worst = float(deviations.square().mean().sqrt()), float(deviations.abs().max())
    if worst > MOST_DEVIATION or abs(spread - 1) > 4 / math.sqrt(2 * found.numel()):
        return f"deviations of {spread:.2f} standard errors, at most {worst:.1f}"
    return ""


@dataclass(frozen=True)
class Ratio:
    """Their processor time by ours: the median of paired runs, with the 10th and 90th percentile."""

    ratios: tuple[float, ...]
    our_ms: float
    their_ms: float

    def __str__(self) -> str:
        return _with_spread(self.ratios)

    @property
    def of_theirs(self) -> str:
        """Our time by theirs."""
        return _with_spread([1 / ratio for ratio in self.ratios])


def _with_spread(ratios: Sequence[float]) -> str:
    low, middle, high = np.quantile(ratios, [0.1, 0.5, 0.9])
    digits = 2 if middle < 3 else 1 if middle < 30 else 0
    return f"{middle:,.{digits}f} ({low:,.{digits}f}-{high:,.{digits}f})"


def compare(ours: Call, theirs: Call, seconds: float, share: float = 1.0) -> Ratio:
    """Return how processor times compare, alternating for about ``seconds`` (4 pairs at least, 199 at most).

    A timed call follows another of the same kind, as in a loop: after a rival that frees much memory the first one
    is several times slower. ``share``: the part of the work that their call does; their time is divided by it.
    """
    pairs: list[tuple[float, float]] = []
    stop = time.process_time() + seconds
    while len(pairs) < 5 or (time.process_time() < stop and len(pairs) < 200):
        ours()
        our_ms = cpu_ms(ours)
        theirs()
        pairs.append((our_ms, cpu_ms(theirs) / share))
    del pairs[0]  # the warm-up
    our_ms, their_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Ratio(tuple(their_ms / our_ms for our_ms, their_ms in pairs), our_ms, their_ms)


def cpu_ms(call: Callable[[], object]) -> float:
    """Return the processor time of one call, all threads together, in milliseconds."""
    start = time.process_time()
    call()
    return 1e3 * (time.process_time() - start)
