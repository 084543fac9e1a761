"""The step that reorders basis states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from qaugbench.circuits.engine.basis_states import linear_table, sources
from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.operands import Operands
from qaugbench.circuits.engine.plan import Permutation
from qaugbench.circuits.engine.step import Step


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
