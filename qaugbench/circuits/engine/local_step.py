"""The step that applies one-wire unitaries, in Kronecker blocks of neighbouring wires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from qaugbench.circuits.engine.blocks import apply_block, kronecker, outer_product, partial_traces, partition
from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.constant import Constant
from qaugbench.circuits.engine.operands import Needs, Operands
from qaugbench.circuits.engine.plan import Local
from qaugbench.circuits.engine.step import Step
from qaugbench.circuits.engine.unitaries import Kind, fixed_unitaries


@dataclass(frozen=True)
class Group:
    """Blocks of ``k`` wires each, and where their unitaries are among those of ``kind``; nowhere if they are fixed."""

    kind: Kind
    k: int
    first_wires: tuple[int, ...]
    place: slice | None


class ApplyLocal(Step):
    """Applies blocks on distinct wires; all ``steps`` have blocks of the same kinds on the same wires."""

    def __init__(self, steps: Sequence[Local], n_wires: int, needs: Needs) -> None:
        super().__init__()
        self.n_wires, self.count = n_wires, len(steps)
        self.groups: list[Group] = []
        self.work = 0
        for (kind, k), firsts in partition(steps[0].runs).items():
            runs = [tuple(step.runs.get(first + j, ())) for j in range(k) for step in steps for first in firsts]
            if any(gate.angle for run in runs for gate in run):
                place = needs.ask_runs(kind, runs)
                self.register_buffer(f"traces_{k}", partial_traces(k), persistent=False)
            else:
                place = None
                factors = fixed_unitaries(runs, is_complex=kind.is_complex).unflatten(2, (k, -1))
                matrices = kronecker(factors).unflatten(0, (len(steps), -1))
                self.register_module(f"fixed_{len(self.groups)}", Constant(matrices))
            self.groups.append(Group(kind, k, tuple(firsts), place))
            self.work += (2**k + 4) * len(firsts)

    @property
    def is_complex(self) -> bool:
        """Whether any block is complex."""
        return any(group.kind.is_complex for group in self.groups)

    def extent(self, operands: Operands) -> tuple[int, int]:
        sizes = [operands.unitaries[group.kind].shape[3:] for group in self.groups if group.place]
        return max((size[0] for size in sizes), default=1), max((size[1] for size in sizes), default=1)

    def prepare(self, operands: Operands, copies: int, which: slice) -> list[torch.Tensor]:
        """Return the matrices of each group, [steps, blocks, 1 or copies or copies * batch, 2^k, 2^k]."""
        made = []
        for number, group in enumerate(self.groups):
            if group.place is None:
                made.append(getattr(self, f"fixed_{number}")()[which])
                continue
            unitaries = operands.unitaries[group.kind][:, :, group.place].unflatten(2, (group.k, self.count, -1))
            matrices = kronecker(unitaries[:, :, :, which].flatten(3, 4))
            if unitaries.shape[6] > 1 and unitaries.shape[5] < copies:
                matrices = matrices.repeat(1, copies, 1, 1)
            made.append(matrices.unflatten(0, (-1, len(group.first_wires))))
        return made

    def adjoint(self, made: list[torch.Tensor], *, of_conjugate: bool) -> list[torch.Tensor]:
        return [matrices.mT if of_conjugate else matrices.mH.resolve_conj() for matrices in made]

    def apply_one(self, vector: torch.Tensor, made: list[torch.Tensor], number: int, buffers: Buffers) -> torch.Tensor:
        for group, matrices in zip(self.groups, made, strict=True):
            for first, matrix in zip(group.first_wires, matrices[number].unbind(0), strict=True):
                after = self.n_wires - first - group.k
                previous, vector = vector, apply_block(matrix, vector, after, buffers.take())
                buffers.give(previous)
        return vector

    def collect(
        self, conjugate: torch.Tensor, gradient: torch.Tensor, found: Operands, buffers: Buffers
    ) -> list[list[torch.Tensor]]:
        """Return gradient x conjugate, summed over the other wires, for each block of each group wanted."""
        return [
            [self._outer(gradient, conjugate, first, group, found) for first in group.first_wires]
            for group in self._wanted(found)
        ]

    def write_gradients(
        self, traces: Sequence[list[list[torch.Tensor]]], found: Operands, which: slice, buffers: Buffers
    ) -> None:
        for g, group in enumerate(self._wanted(found)):
            outer = torch.cat([blocks for step in traces for blocks in step[g]]).flatten(1)
            table: torch.Tensor = getattr(self, f"traces_{group.k}")
            unitaries = found.unitaries[group.kind][:, :, group.place].unflatten(2, (group.k, self.count, -1))
            target = unitaries[:, :, :, which]
            target.copy_((table.to(outer.dtype) @ outer.T).view(target.shape))

    def _wanted(self, found: Operands) -> list[Group]:
        return [group for group in self.groups if group.place and group.kind in found.unitaries]

    def _outer(
        self, gradient: torch.Tensor, conjugate: torch.Tensor, first: int, group: Group, found: Operands
    ) -> torch.Tensor:
        """Return gradient x conj(state) summed over the other wires and over what the unitaries share, [..., d, d]."""
        copies, batch = found.unitaries[group.kind].shape[3:]
        count = copies if batch == 1 else len(gradient) * batch
        outer = outer_product(gradient, conjugate, count, 2**group.k, self.n_wires - first - group.k)
        outer = outer if group.kind.is_complex or not outer.is_complex() else outer.real
        return outer.unflatten(0, (-1, copies * batch)).sum(0) if count > copies * batch else outer
