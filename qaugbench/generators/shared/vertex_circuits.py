"""The vertex of the quantum hybrid diffusion model (De Falco et al., arXiv 2402.16147): its circuits, and layers of them.

With ``released`` the defects of the public code are kept: HQConv leaves most of its gates out, and the second circuits of a
block are run in vain.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Literal

import torch
from torch import nn

from qaugbench.circuits.ansatz import (
    angle_embedding,
    each_pair,
    each_wire,
    fqconv_layers,
    hqconv_layers,
    ring,
    stacked,
)
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.generators.shared.vertex_unet import ResidualBlock, StandardisedConvolution

SITES = 4
CHANNELS, WIRES = 3, 3 * SITES
"""Of one circuit: a wire for each site of three channels."""
SPARE_LAYERS = 4
Ansatz = Literal["hqconv", "fqconv"]
LAYERS = {"hqconv": hqconv_layers, "fqconv": fqconv_layers}


class QuantumHalf(nn.Module):
    """[n, width, 2, 2] to the same shape: the first 3 ``q`` channels through circuits, a convolution of the others beside them.

    A circuit reads three channels one after another, each site's value as the angle of an RX; the code as released reads the
    three values of one site after those of another. Its outputs in [-1, 1] take the places of what it read.
    """

    def __init__(
        self, width: int, circuits: Circuits, *, q: int, ansatz: Ansatz, layers: int, released: bool = False
    ) -> None:
        super().__init__()
        self.read = CHANNELS * q
        left = width - self.read
        if q < 1 or left < 1:
            raise DefinitionError(
                f"{q} circuits of {CHANNELS} channels do not fit beside others into {width} channels of the vertex; "
                f"choose q from 1 to {(width - 1) // CHANNELS}."
            )
        self.by_site = released
        self.block = circuits.block(vertex_circuit(ansatz, layers, released=released), copies=q)
        self.beside = OneChannel(circuits.block(spare_circuit())) if left == 1 else StandardisedConvolution(left, left)

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.measured(grid), self.beside(grid[:, self.read :])], dim=1)

    def measured(self, grid: torch.Tensor) -> torch.Tensor:
        """Return what the circuits make of the first channels of ``grid``, [n, 3 q, 2, 2]."""
        values = grid[:, : self.read].reshape(len(grid), -1, CHANNELS, SITES)
        if not self.by_site:
            return self.block(values.flatten(1)).view_as(grid[:, : self.read])
        outputs = self.block(values.transpose(2, 3).flatten(1)).unflatten(1, (-1, SITES, CHANNELS))
        return outputs.transpose(2, 3).reshape(len(grid), -1, *grid.shape[2:])


class OneChannel(nn.Module):
    """[n, 1, 2, 2] to the same shape, each site an input of ``block``."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, channel: torch.Tensor) -> torch.Tensor:
        return self.block(channel.flatten(1)).view_as(channel)


class ReleasedBlock(ResidualBlock):
    """The public code's block: the second circuits are run, and then the outputs of the first are used once more."""

    first: QuantumHalf
    second: QuantumHalf

    def after_first(self, hidden: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
        self.second.measured(hidden)
        return torch.cat([self.first.measured(grid), self.second.beside(hidden[:, self.second.read :])], dim=1)


def vertex_circuit(ansatz: Ansatz, layers: int, *, released: bool = False) -> Circuit:
    """Return the circuit of 12 qubits: each value as the angle of an RX, the layers, Z of each wire."""
    faulty = released and ansatz == "hqconv"
    gates = hqconv_layers_as_released(layers) if faulty else LAYERS[ansatz](WIRES, layers)
    return Circuit(WIRES, (*angle_embedding(WIRES), *by_moment(gates)), Readout.each_wire(WIRES))


def by_moment(gates: Iterable[Gate]) -> list[Gate]:
    """Return the same circuit with gates that can act at the same time next to one another, which is faster to simulate."""
    moments: dict[int, int] = {}
    placed = []
    for gate in gates:
        moment = 1 + max(moments.get(wire, 0) for wire in gate.wires)
        moments |= dict.fromkeys(gate.wires, moment)
        placed.append((moment, gate))
    return [gate for _, gate in sorted(placed, key=itemgetter(0))]


def hqconv_layers_as_released(layers: int) -> list[Gate]:
    """Return the layers of HQConv without the gates within filters: each has 28 weights, of which 24 have no effect.

    The loop over filters takes as many turns as the number of wires modulo 4. Weights without effect are multiplied by 0.
    """
    links = stacked(*(each_pair([pair], gate) for pair in ((4, 8), (0, 4)) for gate in ("CRZ", "CRX")))
    layer = [
        Gate(gate.name, gate.wires, (Angle(weights=((k, 1.0), *((unused, 0.0) for unused in range(4 + k, 28, 4)))),))
        for k, gate in enumerate(links)
    ]
    return stacked(*[layer] * layers)


def spare_circuit() -> Circuit:
    """Return the circuit of a single channel: each value as the angle of an RX, 4 layers of RX and a ring of CNOTs."""
    layer = stacked(each_wire(SITES, "RX"), ring(SITES))
    return Circuit(SITES, (*angle_embedding(SITES), *stacked(*[layer] * SPARE_LAYERS)), Readout.each_wire(SITES))
