"""The clusters of a program as torch modules that draw what is random for each trajectory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.noise.clusters import Cluster, merged_unitaries
from qaugbench.circuits.noise.jumps import Jump, real_pairs
from qaugbench.circuits.noise.layout import Layout, leading, relayout
from qaugbench.circuits.noise.pauli_vector import multiply_first
from qaugbench.circuits.noise.program import Turn


def cluster_steps(groups: Sequence[Cluster], n_wires: int) -> tuple[nn.ModuleList, Layout]:
    """Return the steps, for wires in their natural order, and the order of the wires at the end."""
    layout = tuple(range(n_wires))
    steps = nn.ModuleList()
    for number, cluster in enumerate(groups):
        wires = cluster.wires
        wanted = layout if layout[: len(wires)] == wires else leading((c.wires for c in groups[number:]), layout)
        steps.append(ClusterStep(cluster, layout, wanted))
        layout = wanted[len(wires) :] + wires
    return steps, layout


class ClusterStep(nn.Module):
    """Applies one cluster to states [rows, 2^n], drawing what is random for each row."""

    def __init__(self, cluster: Cluster, before: Layout, layout: Layout) -> None:
        super().__init__()
        self.before, self.layout, self.n_wires = before, layout, len(cluster.wires)
        self.operations = nn.ModuleList()
        for operation in merged_unitaries(cluster.operations, cluster.wires):
            if isinstance(operation, Turn):
                self.operations.append(TurnAboutZ(operation.row, cluster.wires.index(operation.wire), self.n_wires))
            else:
                self.operations.append(Unitary(operation[0]) if len(operation) == 1 else Jump(operation))
        self.needs_density = any(isinstance(o, Jump) and o.depends_on_state for o in self.operations)

    def forward(self, state: torch.Tensor, angles: list[torch.Tensor], generator: torch.Generator) -> torch.Tensor:
        state = relayout(state, self.before, self.layout)
        rows = len(state)
        density = self._density(state) if self.needs_density else None
        operator = torch.eye(2**self.n_wires, dtype=state.dtype, device=state.device)[None]
        for operation in self.operations:
            if isinstance(operation, TurnAboutZ):
                operator = operation(angles) * operator
            elif isinstance(operation, Unitary):
                operator = operation() @ operator
            else:
                operator = operation(_moved(density, operator), rows, generator) @ operator
        return multiply_first(state, operator.mT.expand(rows, -1, -1))

    def _density(self, state: torch.Tensor) -> torch.Tensor:
        """Return the density matrices [rows, d, d] of the cluster's wires."""
        parts = state.detach().view(len(state), 2**self.n_wires, -1)
        return parts @ parts.mH


class TurnAboutZ(nn.Module):
    """Evaluates the diagonal of exp(-i angle Z / 2) on one wire of a cluster, [rows, d, 1]."""

    signs: torch.Tensor

    def __init__(self, row: int, position: int, n_wires: int) -> None:
        super().__init__()
        self.row = row
        bits = (torch.arange(2**n_wires) >> (n_wires - 1 - position)) & 1
        self.register_buffer("signs", bits.double() - 0.5, persistent=False)

    def forward(self, angles: list[torch.Tensor]) -> torch.Tensor:
        phases = angles[self.row][:, None] * self.signs
        return torch.complex(torch.cos(phases), torch.sin(phases))[:, :, None]


class Unitary(nn.Module):
    """Holds a fixed unitary [d, d]."""

    matrix: torch.Tensor

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("matrix", real_pairs(matrix), persistent=False)

    def forward(self) -> torch.Tensor:
        return torch.view_as_complex(self.matrix)


def _moved(density: torch.Tensor | None, operator: torch.Tensor) -> torch.Tensor | None:
    """Return the density matrices after what has acted so far."""
    if density is None:
        return None
    moved = operator.detach()
    return moved @ density @ moved.mH
