"""The transfer matrices of blocks of one or two wires, those of one shape evaluated together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.angles import Angles
from qaugbench.circuits.noise.fusion import Block
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.wire_channel_table import RunTable
from qaugbench.circuits.noise.wire_channels import Run, RunPlace, RunValues

Slots = tuple[tuple[bool, ...], ...]  # for each tuple of runs, which are sampled; empty for the identity


class BlockTable(nn.Module):
    """Matrices of all blocks of a plan; block number b is entry ``places[b][1]`` of group ``places[b][0]``.

    ``turns[e]`` are those of the extra run e by angles that depend on the inputs; ``is_sampled`` whether any block has such.
    """

    def __init__(
        self, blocks: Sequence[Block], extra_runs: Sequence[Run], program: Program, n_inputs: int, n_weights: int
    ) -> None:
        super().__init__()
        cores, slots = zip(*(_parts(block) for block in blocks), strict=True) if blocks else ((), ())
        runs = [*extra_runs, *(run for parts in slots for pair in parts for run in pair)]
        self.runs = RunTable(runs, program, n_inputs, n_weights)
        self.extra = self.runs.places[: len(extra_runs)]
        self.turns = self.runs.turns[: len(extra_runs)]
        places = iter(self.runs.places[len(extra_runs) :])
        placed = [[tuple(next(places) for _ in pair) for pair in parts] for parts in slots]
        shapes = [(len(block.wires), _slots(parts)) for block, parts in zip(blocks, placed, strict=True)]
        kinds = sorted(set(shapes))
        self.is_sampled = any(any(slot) for _, slots in kinds for slot in slots)
        self.slots: list[list[list[tuple[RunPlace, ...]]]] = []
        self.places: list[tuple[int, int]] = [(0, 0)] * len(blocks)
        for g, kind in enumerate(kinds):
            members = [number for number, shape in enumerate(shapes) if shape == kind]
            for index, number in enumerate(members):
                self.places[number] = (g, index)
            self.slots.append([[placed[number][k] for number in members] for k in range(len(kind[1]))])
            for k in range(len(kind[1]) - 1):
                stacked = np.stack([cores[number][k].T for number in members])
                self.register_buffer(f"core_{g}_{k}", torch.from_numpy(stacked), persistent=False)

    def angles(self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None) -> Angles:
        """Return the angles of all runs."""
        found: Angles = self.runs.angles(inputs, weights, generator)
        return found

    def at(self, angles: Angles, weights: torch.Tensor) -> tuple[RunValues, list[torch.Tensor]]:
        """Return the runs, and each group's matrices [blocks, copies or 1, batch or 1, d from, d to]."""
        values = self.runs.at(angles, weights)
        return values, [self._evaluate(g, values) for g in range(len(self.slots))]

    def _evaluate(self, g: int, values: RunValues) -> torch.Tensor:
        matrix: torch.Tensor | None = None
        for k, members in enumerate(self.slots[g]):
            if k > 0:
                matrix = _then_core(matrix, getattr(self, f"core_{g}_{k - 1}"))
            if members[0]:
                product = _product([values.take(places) for places in zip(*members, strict=True)])
                matrix = product if matrix is None else matrix @ product
        assert matrix is not None
        return matrix


def _parts(block: Block) -> tuple[list[np.ndarray], list[tuple[Run, ...]]]:
    """Return a block's cores and runs, constant runs before the first core multiplied into it."""
    cores, runs = list(block.cores), list(block.runs)
    if cores:
        runs[-1] = ()
        if all(run.is_constant for run in runs[0]):
            cores[0] = cores[0] @ np.kron(*(run.constants[0] for run in runs[0]))
            runs[0] = ()
    return cores, runs


def _slots(places: list[tuple[RunPlace, ...]]) -> Slots:
    return tuple(tuple(place.is_sampled for place in pair) for pair in places)


def _then_core(matrix: torch.Tensor | None, core: torch.Tensor) -> torch.Tensor:
    """Return the transposed matrices [blocks, ..., d, d] followed by constants, transposed too [blocks, d, d]."""
    if matrix is None:
        return core[:, None, None]
    return torch.bmm(matrix.flatten(1, 3), core).view(matrix.shape)


def _product(factors: list[torch.Tensor]) -> torch.Tensor:
    """Return the transposed Kronecker product of one or two factors [blocks, copies, batch, to, from]."""
    if len(factors) == 1:
        return factors[0].mT.contiguous()
    first, second = (
        factor.mT.contiguous() for factor in factors
    )  # otherwise the product would inherit their memory layout
    outer = first[..., :, None, :, None] * second[..., None, :, None, :]
    return outer.reshape(*outer.shape[:3], 16, 16)
