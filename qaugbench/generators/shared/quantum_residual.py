"""The quantum residual block of hybrid diffusion: circuits transform channels of a grid, beside a convolution or alone.

After De Falco et al., "Towards Efficient Quantum Hybrid Diffusion Models" (arXiv 2402.16147), whose block a denoiser has at
its bottleneck of 2x2 sites, and Yeter-Aydeniz et al. (arXiv 2508.09903), who put such blocks into an autoencoder as well. A
larger grid is cut into squares of 2x2 sites, which pass through the same circuits as rows of one batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from qaugbench.circuits.ansatz import (
    angle_embedding,
    fqconv_layers,
    hardware_efficient_layers,
    hqconv_layers,
    nearest_neighbour_layers,
    ring,
    strongly_entangling_layers,
)
from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError, near_names
from qaugbench.generators.contract import Circuits

SQUARE = 2
SITES = SQUARE**2
NORM_GROUPS = 8

ANSAETZE: dict[str, Callable[[int, int], list[Gate]]] = {
    "nearest-neighbour": lambda n_wires, layers: nearest_neighbour_layers(n_wires, layers, drop_dead=True),
    "strongly-entangling": lambda n_wires, layers: strongly_entangling_layers(n_wires, layers, drop_dead=True),
    "hqconv": hqconv_layers,
    "fqconv": fqconv_layers,
    "hardware-efficient": lambda n_wires, layers: hardware_efficient_layers(
        n_wires, layers, ["RY"], ring(n_wires, "CZ")
    ),
}
"""Layers of gates on a number of wires, by name; without weights that could never learn where Z is read."""


@dataclass(frozen=True)
class QuantumPart:
    """Which part of a block's channels passes through circuits, and which circuits these are.

    ``q`` in (0, 1] is the share of channels. Each circuit takes ``channels_per_circuit`` channels of 2x2 sites, one qubit
    per value, and has ``layers`` layers of the ``ansatz``, a name in ``ANSAETZE``. Without ``residual`` there is no way
    around the block.
    """

    q: float = 1.0
    channels_per_circuit: int = 2
    layers: int = 3
    ansatz: str = "nearest-neighbour"
    residual: bool = True

    def copies(self, width: int) -> int:
        """Return how many circuits a half block of ``width`` channels has: the nearest number to the share, at least one."""
        if not 0 < self.q <= 1:
            raise DefinitionError(f"q is the share of channels that pass through circuits, in (0, 1]; given {self.q}.")
        if not 1 <= self.channels_per_circuit <= width:
            raise DefinitionError(
                f"A circuit cannot take {self.channels_per_circuit} of {width} channels; change channels_per_circuit."
            )
        nearest = math.floor(self.q * width / self.channels_per_circuit + 0.5)
        return min(max(nearest, 1), width // self.channels_per_circuit)

    def circuit(self) -> Circuit:
        """Return the circuit: RX of each value, layers of the ansatz, <Z> of each wire."""
        return residual_circuit(self.ansatz, self.channels_per_circuit * SITES, self.layers)


def residual_circuit(ansatz: str, n_wires: int, layers: int) -> Circuit:
    """Return the circuit of ``ansatz``: ``n_wires`` inputs by RX, ``layers`` layers of gates, <Z> of each wire.

    >>> residual_circuit("hqconv", 12, 3).n_weights, residual_circuit("fqconv", 12, 3).n_weights
    (84, 72)
    """
    if ansatz not in ANSAETZE:
        raise DefinitionError(
            f"There is no ansatz {ansatz!r}; there are {', '.join(ANSAETZE)}.{near_names(ansatz, ANSAETZE)}"
        )
    gates = angle_embedding(n_wires) + ANSAETZE[ansatz](n_wires, layers)
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires))


class QuantumResidualBlock(nn.Module):
    """Two half blocks, each with circuits of its own, and a residual path around both unless ``part`` leaves it out.

    Grids [n, width, g, g], g even, to the same shape. With ``time_width``, each half is scaled and shifted by a time
    embedding [n, time_width].
    """

    def __init__(self, width: int, circuits: Circuits, part: QuantumPart, *, time_width: int = 0) -> None:
        super().__init__()
        self.first = QuantumHalfBlock(width, circuits, part, time_width=time_width)
        self.second = QuantumHalfBlock(width, circuits, part, time_width=time_width)
        self.residual = part.residual

    def forward(self, grid: torch.Tensor, time_embedding: torch.Tensor | None = None) -> torch.Tensor:
        transformed: torch.Tensor = self.second(self.first(grid, time_embedding), time_embedding)
        return grid + transformed if self.residual else transformed


class QuantumHalfBlock(nn.Module):
    """[n, width, g, g] to the same shape: norm, circuits beside a convolution, time scale and shift if there is one, SiLU.

    The first channels go through ``block``, square by square of 2x2 sites, their values squashed to angles in (-pi, pi)
    and read channel by channel; its outputs in [-1, 1] replace them. A 3x3 convolution transforms the channels that no
    circuit takes; where there are none, there is no convolution.
    """

    def __init__(self, width: int, circuits: Circuits, part: QuantumPart, *, time_width: int = 0) -> None:
        super().__init__()
        copies = part.copies(width)
        self.block_width = copies * part.channels_per_circuit
        beside = width - self.block_width
        self.norm = nn.GroupNorm(math.gcd(NORM_GROUPS, width), width)
        self.block = circuits.block(part.circuit(), copies=copies)
        self.convolution = nn.Conv2d(beside, beside, 3, padding=1) if beside else None
        self.time = nn.Linear(time_width, 2 * width) if time_width else None

    def forward(self, grid: torch.Tensor, time_embedding: torch.Tensor | None = None) -> torch.Tensor:
        normed = self.norm(grid)
        joined = self._through_circuits(normed[:, : self.block_width])
        if self.convolution is not None:
            joined = torch.cat([joined, self.convolution(normed[:, self.block_width :])], dim=1)
        if self.time is not None:
            scale, shift = self.time(functional.silu(time_embedding))[:, :, None, None].chunk(2, dim=1)
            joined = joined * (1 + scale) + shift
        activated: torch.Tensor = functional.silu(joined)
        return activated

    def _through_circuits(self, channels: torch.Tensor) -> torch.Tensor:
        squares = in_squares(channels)
        outputs = self.block(math.pi * torch.tanh(squares.flatten(1)))
        return from_squares(outputs.unflatten(1, squares.shape[1:]), channels.shape[-1])


def in_squares(grid: torch.Tensor) -> torch.Tensor:
    """Return the squares of 2x2 sites of a grid [n, c, g, g], row by row, as [n * (g / 2)**2, c, 2, 2].

    Raises:
        DefinitionError: g is odd.
    """
    n, channels, side, _ = grid.shape
    if side % SQUARE:
        raise DefinitionError(f"The grid is cut into squares of 2x2 sites, so its side must be even; it is {side}.")
    parts = grid.reshape(n, channels, side // SQUARE, SQUARE, side // SQUARE, SQUARE)
    return parts.permute(0, 2, 4, 1, 3, 5).reshape(-1, channels, SQUARE, SQUARE)


def from_squares(squares: torch.Tensor, side: int) -> torch.Tensor:
    """Return the grid [n, c, side, side] whose ``in_squares`` are ``squares``."""
    across = side // SQUARE
    parts = squares.reshape(-1, across, across, squares.shape[1], SQUARE, SQUARE)
    return parts.permute(0, 3, 1, 4, 2, 5).reshape(-1, squares.shape[1], side, side)
