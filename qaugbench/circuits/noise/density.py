"""Exact noisy evolution: density matrices as real Pauli vectors, batched and differentiable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.angles import Angles
from qaugbench.circuits.noise.budget import evaluate, plan_budget
from qaugbench.circuits.noise.embedding import embedded_vector
from qaugbench.circuits.noise.fixed_evolution import (
    PulledBack,
    basis_of_turn,
    in_features,
    pays,
    pulled_back,
    turned,
)
from qaugbench.circuits.noise.fusion import Block
from qaugbench.circuits.noise.layout import relayout
from qaugbench.circuits.noise.pair_blocks import BlockTable
from qaugbench.circuits.noise.pauli_permutations import tabulate
from qaugbench.circuits.noise.pauli_readout import Words
from qaugbench.circuits.noise.pauli_vector import multiply_first, product, reorder
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.transfer_plan import Gather, plan_transfer
from qaugbench.circuits.noise.wire_channels import RunValues

Place = tuple[int, int]  # a group of matrices and an index in it


class PauliEvolution(nn.Module):
    """Evolves Pauli vectors for inputs [copies or 1, batch, n_inputs] and weights [copies, n_weights], and reads them.

    Samples are processed in parts that fit into memory; where a gradient would need too many stored vectors, backward
    recomputes them.
    """

    def __init__(self, program: Program, n_inputs: int, n_weights: int) -> None:
        super().__init__()
        self.plan = plan_transfer(program)
        self.embedding = program.start
        self.varies = program.angle_spread > 0.0
        self.pulled_back = PulledBack()
        blocks = [action for action in self.plan.actions if isinstance(action, Block)]
        self.matrices = BlockTable(blocks, self.plan.start, program, n_inputs, n_weights)
        self.is_alike = not (self.embedding or self.matrices.is_sampled)  # all samples go through one channel
        gathers = list(dict.fromkeys(action for action in self.plan.actions if isinstance(action, Gather)))
        kind = Reordering if self.plan.is_tabulated else Relayout
        self.reorderings = nn.ModuleList([kind(gather) for gather in gathers])
        number_of = {gather: number for number, gather in enumerate(gathers)}
        places = iter(self.matrices.places)
        self.order: list[int | Place] = [  # per action: which reordering, or where its matrix is
            number_of[action] if isinstance(action, Gather) else next(places) for action in self.plan.actions
        ]

    def forward(
        self,
        inputs: torch.Tensor,
        weights: torch.Tensor,
        generator: torch.Generator | None,
        readers: Sequence[nn.Module],
    ) -> list[torch.Tensor]:
        """Return what each reader reads, [copies, batch, k], of vectors [rows, 4^n] ordered as ``plan.locate`` says.

        ``batch`` is 1 where nothing depends on the inputs.
        """
        copies, batch = len(weights), inputs.shape[1] if inputs.shape[2] else 1
        angles = self.matrices.angles(inputs, weights, generator)
        if inputs.shape[2] and self._is_fixed(angles, readers, weights):
            return [self._pulled_back(angles, weights, readers[0])]
        runs, groups = self.matrices.at(angles, weights)
        sources = [inputs] if self.embedding else self._sources(runs)
        budget = plan_budget(
            copies * 4**self.plan.n_wires * weights.element_size(),
            len(self.order),
            batch,
            weights.device,
            wants_gradient=any(tensor.requires_grad for tensor in (*sources, *groups)),
        )
        parts, segment = [], budget.segment
        for first in range(0, batch, budget.samples):
            part = slice(first, first + budget.samples)
            given = [_part(source, 1, part) for source in sources], [_part(group, 2, part) for group in groups]
            n_rows = min(part.stop, batch) - first
            parts.append(evaluate(self._run, *given, (copies, n_rows), readers, segment, again=segment > 0))
        return [torch.cat(pieces, dim=1) for pieces in zip(*parts, strict=True)]

    def _sources(self, runs: RunValues) -> list[torch.Tensor]:
        """Return the state of each wire at the start, [copies or 1, batch or 1, 4], in the order of the layout."""
        found = [runs.take([self.matrices.extra[wire]])[0] for wire in self.plan.start_layout]
        return [(matrix[..., 0] + matrix[..., 3]).contiguous() for matrix in found]  # applied to |0>: I and Z

    def _is_fixed(self, angles: Angles, readers: Sequence[nn.Module], weights: torch.Tensor) -> bool:
        """Return whether all samples go through one channel to expectations of few words, and no gradient is asked for."""
        if len(readers) != 1 or not isinstance(readers[0], Words) or torch.is_inference_mode_enabled():
            return False
        if not self.is_alike or angles.shared.requires_grad or angles.sampled.requires_grad:
            return False
        return pays(len(weights), self.plan.n_wires, readers[0].n_words, len(self.order), weights.element_size())

    def _pulled_back(self, angles: Angles, weights: torch.Tensor, words: Any) -> torch.Tensor:
        """Return what ``words`` read, [copies, batch, k], where all samples go through one channel."""
        turns = [self.matrices.turns[wire] for wire in self.plan.start_layout]
        by_turn = all(len(turn) <= 1 for turn in turns)
        if by_turn:
            one = angles.sampled.new_ones(1, 1, 1)
            features = [turned(angles.sampled[:, turn[0]]) if turn else one for turn in turns]
        else:  # states themselves, of wires that several angles of the inputs turn
            features = [source.mT for source in self._sources(self.matrices.at(angles, weights)[0])]

        def pull() -> torch.Tensor:
            probed = angles.sampled.new_tensor([0.0, math.pi / 2, math.pi])
            few = Angles(angles.shared, probed.expand(1, angles.sampled.shape[1], -1))
            runs, groups = self.matrices.at(few, weights)
            evolve = partial(self._read, groups=groups, copies=len(weights), reader=words)
            found = pulled_back(len(weights), self.plan.n_wires, words.n_words, evolve, like=weights)
            if not by_turn:
                return found.unflatten(2, [4] * self.plan.n_wires)
            states = zip(turns, self._sources(runs), strict=True)
            return in_features(found, [basis_of_turn(state) if turn else state.mT for turn, state in states])

        return self.pulled_back.read(features, weights, words.n_words, pull, keep=not self.varies)

    def _read(
        self, vector: torch.Tensor, *, groups: list[torch.Tensor], copies: int, reader: nn.Module
    ) -> torch.Tensor:
        """Return what is read, [copies, rows, k], of vectors [copies, rows, 4^n] at the start."""
        shape = (copies, vector.shape[1])
        read: torch.Tensor = reader(self._advance(vector.flatten(0, 1), groups, self.order, shape))
        return read.unflatten(0, shape)

    def _run(
        self,
        sources: list[torch.Tensor],
        groups: list[torch.Tensor],
        shape: tuple[int, int],
        readers: Sequence[nn.Module],
        segment: int,
    ) -> list[torch.Tensor]:
        """Return what is read of some samples; ``shape`` is (copies, samples)."""
        embedded, n_wires = self.embedding, self.plan.n_wires
        start = embedded_vector(sources[0], embedded, n_wires) if embedded else product(sources)
        vector = start.expand(*shape, -1).flatten(0, 1)
        length = segment or len(self.order) or 1
        for first in range(0, len(self.order), length):
            steps = self.order[first : first + length]
            vector = evaluate(self._advance, vector, groups, steps, shape, again=segment > 0)
        return [reader(vector).unflatten(0, shape) for reader in readers]

    def _advance(
        self, vector: torch.Tensor, groups: list[torch.Tensor], steps: Sequence[int | Place], shape: tuple[int, int]
    ) -> torch.Tensor:
        for step in steps:
            if isinstance(step, int):
                vector = self.reorderings[step](vector)
            else:
                matrix = groups[step[0]][step[1]]
                vector = multiply_first(vector, matrix.expand(*shape, -1, -1).flatten(0, 1))
        return vector


class Reordering(nn.Module):
    """Reorders and scales the entries of Pauli vectors by a table."""

    source: torch.Tensor
    inverse: torch.Tensor
    scale: torch.Tensor | None

    def __init__(self, gather: Gather) -> None:
        super().__init__()
        source, scale = tabulate(gather.exchange, gather.before, gather.after)
        inverse = np.empty_like(source)
        inverse[source] = np.arange(len(source))
        self.register_buffer("source", torch.from_numpy(source.astype(np.int32)), persistent=False)
        self.register_buffer("inverse", torch.from_numpy(inverse.astype(np.int32)), persistent=False)
        self.register_buffer("scale", None if scale is None else torch.from_numpy(scale), persistent=False)

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        return reorder(vector, self.source, self.inverse, self.scale)


class Relayout(nn.Module):
    """Reorders the wires in memory without a table."""

    def __init__(self, gather: Gather) -> None:
        super().__init__()
        self.before, self.after = gather.before, gather.after

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        return relayout(vector, self.before, self.after)


def _part(tensor: torch.Tensor, axis: int, part: slice) -> torch.Tensor:
    """Return the samples ``part`` of a tensor that may be the same for all of them."""
    return (
        tensor
        if tensor.shape[axis] == 1
        else tensor.narrow(axis, part.start, min(part.stop, tensor.shape[axis]) - part.start)
    )
