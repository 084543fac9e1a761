"""The base of all steps of a plan, and the simplest one, the reordering of basis states. A step stands for all steps of one
form, such as the layers of a circuit.

``prepare`` turns the operands into what defines its occurrences, one or all of them at once; ``adjoint`` turns that into
what defines their inverses; ``apply_one`` applies either. In the backward pass, ``collect`` computes, from the conjugate
of the state after an occurrence and the gradient of the loss for that state, what the gradients of the operands follow
from, and ``write_gradients`` writes these for several occurrences at once. States have the shape given in ``statevector``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.engine.basis_states import linear_table, sources
from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.operands import Operands
from qaugbench.circuits.engine.plan import Permutation

Made = Any  # of ``prepare``: each step knows its own
Traces = Any  # of ``collect``


class Step(nn.Module):
    """What every step can do. ``work``: multiplications per amplitude, roughly."""

    work = 4

    def extent(self, operands: Operands) -> tuple[int, int]:
        """Return for how many copies and samples the step differs."""
        raise NotImplementedError

    def prepare(self, operands: Operands, copies: int, which: slice) -> Made:
        """Return what defines the occurrences ``which``."""
        raise NotImplementedError

    def adjoint(self, made: Made, *, of_conjugate: bool) -> Made:
        """Return what defines the inverses, for a vector or for the conjugate of one."""
        raise NotImplementedError

    def apply_one(self, vector: torch.Tensor, made: Made, number: int, buffers: Buffers) -> torch.Tensor:
        """Return occurrence ``number`` of ``made`` applied to ``vector``, which is given back to ``buffers``."""
        raise NotImplementedError

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, found: Operands, buffers: Buffers) -> Traces:
        """Return what the gradients in ``found`` of one occurrence follow from."""
        raise NotImplementedError

    def write_gradients(self, traces: Sequence[Traces], found: Operands, which: slice, buffers: Buffers) -> None:
        """Write the gradients of the occurrences ``which`` into ``found``; of a unitary U, times U's adjoint."""
        raise NotImplementedError


class ApplyPermutation(Step):
    """Takes each amplitude from the basis state that becomes it; all steps are the same."""

    source: torch.Tensor
    inverse: torch.Tensor

    def __init__(self, step: Permutation, n_wires: int) -> None:
        super().__init__()
        for name, operations in (("source", step.operations), ("inverse", step.operations[::-1])):
            table = linear_table(sources(operations, n_wires)).astype(np.int32)
            self.register_buffer(name, torch.from_numpy(table), persistent=False)

    def extent(self, operands: Operands) -> tuple[int, int]:
        return 1, 1

    def prepare(self, operands: Operands, copies: int, which: slice) -> tuple[torch.Tensor, torch.Tensor]:
        return self.source, self.inverse

    def adjoint(
        self, made: tuple[torch.Tensor, torch.Tensor], *, of_conjugate: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return made[1], made[0]

    def apply_one(
        self, vector: torch.Tensor, made: tuple[torch.Tensor, torch.Tensor], number: int, buffers: Buffers
    ) -> torch.Tensor:
        result = torch.index_select(vector, 2, made[0], out=buffers.take())
        buffers.give(vector)
        return result

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, found: Operands, buffers: Buffers) -> None:
        return

    def write_gradients(self, traces: Sequence[None], found: Operands, which: slice, buffers: Buffers) -> None:
        return


class Use(NamedTuple):
    """One occurrence of a step."""

    step: Step
    number: int
