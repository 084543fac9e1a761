"""Quantum hybrid diffusion: the U-Net of a diffusion model has circuits at its vertex.

After "Towards Efficient Quantum Hybrid Diffusion Models" (De Falco et al., arXiv 2402.16147), whose code is public. The two
residual blocks at the vertex, 2x2 sites of 40 channels, pass some of their channels through circuits of 12 qubits, three
channels each, in place of a convolution. ``as-released`` keeps two defects of the code; ``classical`` is the paper's classical
U-Net; ``transfer`` trains that one first and then puts the circuits in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import ClassVar, Literal

import torch
from torch import nn

from qaugbench.cards import Training
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
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import VelocityOfClean, denoising_loss, drawn_by_ddim
from qaugbench.generators.shared.pixel_blocks import PixelBlocks
from qaugbench.generators.shared.vertex_unet import ResidualBlock, StandardisedConvolution, Vertex, VertexUNet
from qaugbench.kinds import Kind

SITES = 4
CHANNELS, WIRES = 3, 3 * SITES
"""Of one circuit: a wire for each site of three channels."""
SPARE_LAYERS = 4
BETAS = (0.9, 0.99)
LONGEST_GRADIENT = 1.0
LAYERS = {"hqconv": hqconv_layers, "fqconv": fqconv_layers}


class Qhdm(Stepped):
    """Hybrid diffusion in blocks of pixels, conditional on the label vector."""

    @dataclass(frozen=True)
    class Hyper:
        """``q`` circuits of ``layers`` layers of ``ansatz`` take 3 channels each in both halves of both blocks at the vertex.

        Where they leave a single channel (13 circuits of 40), a circuit of 4 qubits takes that. ``widths`` are those of
        ``VertexUNet``, on blocks of ``patch`` x ``patch`` pixels. With ``vertex`` "classical" there are no circuits. For the
        share ``transfer`` of the steps the vertex is classical, then the circuits are put in. ``released`` keeps the defects
        of the public code.
        """

        q: int = 1
        ansatz: Literal["hqconv", "fqconv"] = "hqconv"
        layers: int = 3
        widths: tuple[int, ...] = (10, 20, 30, 40)
        vertex: Literal["quantum", "classical"] = "quantum"
        transfer: float = 0.0
        released: bool = False
        patch: int = 1
        sampling_steps: int = 25

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if not 0 <= hyper.transfer < 1:
            raise DefinitionError(f"transfer is a share of the steps, from 0 and below 1, not {hyper.transfer}.")
        self.pixel_blocks = PixelBlocks(shape, hyper.patch)
        network = VertexUNet(self.pixel_blocks.grid, n_labels, hyper.widths)
        if hyper.vertex == "quantum":
            quantum = Vertex(hyper.widths[-1], partial(quantum_block, hyper, circuits))
            network.vertex = SwappedVertex(network.vertex, quantum) if hyper.transfer else quantum
        self.denoiser = VelocityOfClean(network)

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return {"adam": torch.optim.Adam(trained, lr=training.learning_rate, betas=BETAS)}

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        if batch.step == 0:
            self.pixel_blocks.measure(batch.points)
        for vertex in self.modules():
            if isinstance(vertex, SwappedVertex):
                vertex.swapped.fill_(batch.step >= self.hyper.transfer * batch.steps)
        loss = denoising_loss(self.denoiser, self.pixel_blocks.blocks(batch.points), batch.labels, random)
        return {"denoising": descend(optimizers["adam"], loss, longest=LONGEST_GRADIENT)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        blocks = drawn_by_ddim(
            self.denoiser,
            labels,
            random,
            self.pixel_blocks.grid,
            steps=self.hyper.sampling_steps,
            clip=self.pixel_blocks.largest,
        )
        return self.pixel_blocks.pixels(blocks)


def quantum_block(hyper: Qhdm.Hyper, circuits: Circuits) -> ResidualBlock:
    """Return a residual block of the vertex whose halves have circuits of their own."""
    width, time_width = hyper.widths[-1], 4 * hyper.widths[0]
    kind = ReleasedBlock if hyper.released else ResidualBlock
    return kind(width, width, time_width, *(QuantumHalf(width, hyper, circuits) for _ in range(2)))


class QuantumHalf(nn.Module):
    """[n, width, 2, 2] to the same shape: the first 3 ``q`` channels through circuits, a convolution of the others beside them.

    A circuit reads three channels one after another, each site's value as the angle of an RX; the code as released reads the
    three values of one site after those of another. Its outputs in [-1, 1] take the places of what it read.
    """

    def __init__(self, width: int, hyper: Qhdm.Hyper, circuits: Circuits) -> None:
        super().__init__()
        self.read = CHANNELS * hyper.q
        left = width - self.read
        if hyper.q < 1 or left < 1:
            raise DefinitionError(
                f"{hyper.q} circuits of {CHANNELS} channels do not fit beside others into {width} channels of the vertex; "
                f"choose q from 1 to {(width - 1) // CHANNELS}."
            )
        self.by_site = hyper.released
        self.block = circuits.block(vertex_circuit(hyper), copies=hyper.q)
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


class SwappedVertex(nn.Module):
    """The ``classical`` vertex until it is ``swapped``, then the ``quantum`` one, which starts untrained."""

    swapped: torch.Tensor

    def __init__(self, classical: nn.Module, quantum: nn.Module) -> None:
        super().__init__()
        self.classical, self.quantum = classical, quantum
        self.register_buffer("swapped", torch.tensor(False))

    def forward(self, grid: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        vertex = self.quantum if self.swapped else self.classical
        transformed: torch.Tensor = vertex(grid, time)
        return transformed


def vertex_circuit(hyper: Qhdm.Hyper) -> Circuit:
    """Return the circuit of 12 qubits: each value as the angle of an RX, the layers, Z of each wire."""
    faulty = hyper.released and hyper.ansatz == "hqconv"
    layers = hqconv_layers_as_released(hyper.layers) if faulty else LAYERS[hyper.ansatz](WIRES, hyper.layers)
    return Circuit(WIRES, (*angle_embedding(WIRES), *by_moment(layers)), Readout.each_wire(WIRES))


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
