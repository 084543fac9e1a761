"""The one-qubit unitaries of a plan, evaluated together and joined into Kronecker blocks of neighbouring wires.

Runs of gates with the same shape (say, RX by an input, then Rot by weights) are evaluated in one vectorised call,
whatever wire and layer they belong to, and so are all blocks of one size: a circuit costs few tensor operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.angles import Angles, AngleTable
from qaugbench.circuits.matrices import FIXED, ROTATIONS, Column, as_matrix, kron, product
from qaugbench.circuits.plan import Local, Operation

BLOCK_WIRES = 4
Run = tuple[Operation, ...]


class Runs(nn.Module):
    """Unitaries of one-wire runs of gates by their first columns, complex [copies, n_runs, batch or 1, 2]."""

    order: torch.Tensor

    def __init__(self, runs: Sequence[Run], table: AngleTable) -> None:
        super().__init__()
        self.shapes: list[list[tuple[str, tuple[bool, ...]]]] = []  # gates, and which of their angles are sampled
        members: list[list[int]] = []
        for number, run in enumerate(runs):
            shape = [(gate.name, tuple(table.is_sampled[row] for row in gate.angles)) for gate in run]
            if shape not in self.shapes:
                self.shapes.append(shape)
                members.append([])
            members[self.shapes.index(shape)].append(number)
        for s, (shape, numbers) in enumerate(zip(self.shapes, members, strict=True)):
            for g, (name, _) in enumerate(shape):
                if name in FIXED:
                    continue
                rows = np.array([runs[number][g].angles for number in numbers]).T
                positions = [[table.position[row] for row in angle_rows] for angle_rows in rows]
                self.register_buffer(f"rows_{s}_{g}", torch.tensor(positions), persistent=False)
        order = np.argsort(np.concatenate([np.array(numbers) for numbers in members]))
        self.is_ordered = bool((order == np.arange(len(runs))).all())
        self.counts = [len(numbers) for numbers in members]
        self.register_buffer("order", torch.from_numpy(order), persistent=False)

    def forward(self, angles: Angles) -> torch.Tensor:
        parts = [self._evaluate(s, angles) for s in range(len(self.shapes))]
        batch = max(part.shape[2] for part in parts)
        stacked = torch.cat([part.expand(-1, -1, batch, -1) for part in parts], dim=1) if len(parts) > 1 else parts[0]
        return stacked if self.is_ordered else stacked.index_select(1, self.order)

    def _evaluate(self, s: int, angles: Angles) -> torch.Tensor:
        column = _constant((1, 0), angles)
        for g, (name, are_sampled) in enumerate(self.shapes[s]):
            if name in FIXED:
                gate = _constant(FIXED[name], angles)
            else:
                values = [angles.sampled if flag else angles.shared for flag in are_sampled]
                rows = getattr(self, f"rows_{s}_{g}")
                gate = ROTATIONS[name](*(value.index_select(1, row) for value, row in zip(values, rows, strict=True)))
            column = gate if g == 0 else product(gate, column)
        stacked = torch.stack(torch.broadcast_tensors(*column), dim=-1)
        return stacked.expand(-1, self.counts[s], -1, -1)


class Blocks(nn.Module):
    """Kronecker products of runs, ``k`` neighbouring wires each: complex [copies, n_blocks, batch or 1, 2^k, 2^k]."""

    def __init__(self, blocks: Sequence[Sequence[Run]], table: AngleTable) -> None:
        super().__init__()
        self.n_wires = len(blocks[0])
        self.runs = Runs([run for block in blocks for run in block], table)

    def forward(self, angles: Angles) -> torch.Tensor:
        unitaries = as_matrix(self.runs(angles).unbind(-1))
        return kron(unitaries.unflatten(1, (-1, self.n_wires)).movedim(2, 3))


@dataclass(frozen=True)
class BlockPlace:
    """Wires on which a block acts, and its matrix: number ``index`` of group ``group``."""

    first_wire: int
    n_wires: int
    is_sampled: bool
    group: int
    index: int


class BlockBank(nn.Module):
    """The blocks of all local steps given; ``places[i]`` lists those of step i.

    Blocks of one size, shared or sampled, form a group and are evaluated together.
    """

    def __init__(self, steps: Sequence[Local], table: AngleTable) -> None:
        super().__init__()
        self.places: list[list[BlockPlace]] = []
        grouped: dict[tuple[bool, int], list[list[Run]]] = {}
        for step in steps:
            places = []
            for wires, is_sampled in _partition(step, table):
                kind = (is_sampled, len(wires))
                members = grouped.setdefault(kind, [])
                places.append(BlockPlace(wires[0], len(wires), is_sampled, list(grouped).index(kind), len(members)))
                members.append([tuple(step.runs.get(wire, ())) for wire in wires])
            self.places.append(places)
        self.groups = nn.ModuleList([Blocks(members, table) for members in grouped.values()])

    def forward(self, angles: Angles) -> tuple[torch.Tensor, ...]:
        """Return the matrices of each group, complex [copies, n_blocks, batch or 1, d, d]."""
        return tuple(group(angles) for group in self.groups)


def _partition(step: Local, table: AngleTable) -> list[tuple[list[int], bool]]:
    """Return (wires, is sampled) of blocks of at most BLOCK_WIRES wires; none mixes shared with sampled runs."""
    segments: list[tuple[int, int, bool]] = []
    for wire in sorted(step.runs):
        is_sampled = any(table.uses_samples(operation.angles) for operation in step.runs[wire])
        if segments and segments[-1][2] == is_sampled:
            segments[-1] = (segments[-1][0], wire + 1, is_sampled)
        else:
            segments.append((wire, wire + 1, is_sampled))
    split = [
        (part.tolist(), is_sampled)
        for start, stop, is_sampled in segments
        for part in np.array_split(np.arange(start, stop), -(-(stop - start) // BLOCK_WIRES))
    ]
    return [(wires, is_sampled) for wires, is_sampled in split if any(wire in step.runs for wire in wires)]


def _constant(column: tuple[complex, complex], angles: Angles) -> Column:
    values = torch.view_as_complex(
        angles.shared.new_tensor([[value.real, value.imag] for value in column]),
    ).expand(angles.shared.shape[0], 1, 1, 2)
    return values[..., 0], values[..., 1]
