"""What runs a plan: a step stands for all steps of one form, such as the layers of a circuit.

``prepare`` makes of the operands what its occurrences are given by, one or all of them at once; ``adjoint`` turns that
into what the inverses are given by; ``apply_one`` applies either. Backward, ``collect`` takes from the conjugate of
the state after an occurrence, and the gradient of the loss for that state, what the gradients of the operands follow
from, and ``write_gradients`` writes these for several occurrences at once. The shape of states is that of ``statevector``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.operands import Operands

Made = Any  # of ``prepare``: each step knows its own
Traces = Any  # of ``collect``


class Step(nn.Module):
    """What every step can do. ``work``: multiplications an amplitude, roughly."""

    work = 4

    def extent(self, operands: Operands) -> tuple[int, int]:
        """Return how many copies and samples the step tells apart."""
        raise NotImplementedError

    def prepare(self, operands: Operands, copies: int, which: slice) -> Made:
        """Return what the occurrences ``which`` are given by."""
        raise NotImplementedError

    def adjoint(self, made: Made, *, of_conjugate: bool) -> Made:
        """Return what the inverses are given by, for a vector or for the conjugate of one."""
        raise NotImplementedError

    def apply_one(self, vector: torch.Tensor, made: Made, number: int, buffers: Buffers) -> torch.Tensor:
        """Return the result of number ``number`` of ``made`` applied to ``vector``, which ``buffers`` take back."""
        raise NotImplementedError

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, found: Operands, buffers: Buffers) -> Traces:
        """Return what the gradients in ``found`` of one occurrence follow from."""
        raise NotImplementedError

    def write_gradients(self, traces: Sequence[Traces], found: Operands, which: slice, buffers: Buffers) -> None:
        """Write the gradients of the occurrences ``which`` into ``found``; of a unitary U, times U's adjoint."""
        raise NotImplementedError


class Use(NamedTuple):
    """One occurrence of a step."""

    step: Step
    number: int
