"""The values of all angles of a circuit at once: those shared by all samples, and those that depend on inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from qaugbench.circuits.circuit import Angle, Terms


@dataclass
class Angles:
    """Radians: ``shared`` [copies, shared rows, 1] and ``sampled`` [copies, sampled rows, batch]."""

    shared: torch.Tensor
    sampled: torch.Tensor


class AngleTable(nn.Module):
    """Evaluates ``angles``; row r of the list is position ``position[r]`` of the shared or of the sampled rows."""

    shared_offset: torch.Tensor
    shared_weights: torch.Tensor
    sampled_offset: torch.Tensor
    sampled_weights: torch.Tensor
    sampled_inputs: torch.Tensor

    def __init__(self, angles: Sequence[Angle], n_inputs: int, n_weights: int) -> None:
        super().__init__()
        self.is_sampled = tuple(bool(angle.inputs) for angle in angles)
        shared = [angle for angle in angles if not angle.inputs]
        sampled = [angle for angle in angles if angle.inputs]
        counts = {True: 0, False: 0}
        self.position: list[int] = []
        for kind in self.is_sampled:
            self.position.append(counts[kind])
            counts[kind] += 1
        tables = {
            "shared_offset": _offsets(shared),
            "shared_weights": _scales([angle.weights for angle in shared], n_weights),
            "sampled_offset": _offsets(sampled),
            "sampled_weights": _scales([angle.weights for angle in sampled], n_weights),
            "sampled_inputs": _scales([angle.inputs for angle in sampled], n_inputs),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)
        self.sampled_use_weights = any(angle.weights for angle in sampled)

    def uses_samples(self, rows: Iterable[int]) -> bool:
        """Return whether any of ``rows`` differs from sample to sample."""
        return any(self.is_sampled[row] for row in rows)

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> Angles:
        column = weights.unsqueeze(-1)
        shared = self.shared_weights @ column + self.shared_offset
        sampled = self.sampled_inputs @ inputs.transpose(-1, -2) + self.sampled_offset
        if self.sampled_use_weights:
            sampled = sampled + self.sampled_weights @ column
        return Angles(shared, sampled)


def _offsets(angles: Sequence[Angle]) -> torch.Tensor:
    return torch.tensor([angle.offset for angle in angles], dtype=torch.float64).reshape(-1, 1)


def _scales(rows: Sequence[Terms], width: int) -> torch.Tensor:
    table = torch.zeros(len(rows), width, dtype=torch.float64)
    for row, terms in enumerate(rows):
        for index, scale in terms:
            table[row, index] = scale
    return table
