"""Quantum hybrid diffusion: the U-Net of a diffusion model has circuits at its vertex.

After "Towards Efficient Quantum Hybrid Diffusion Models" (De Falco et al., arXiv 2402.16147), whose code is public. The two
residual blocks at the vertex, 2x2 sites of 40 channels, pass some of their channels through circuits of 12 qubits, three
channels each, in place of a convolution. ``as-released`` keeps two defects of the code; ``classical`` is the paper's classical
U-Net; ``transfer`` trains that one first and then puts the circuits in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import VelocityOfClean, denoising_loss, drawn_by_ddim
from qaugbench.generators.shared.pixel_blocks import PixelBlocks
from qaugbench.generators.shared.vertex_circuits import Ansatz, QuantumHalf, ReleasedBlock
from qaugbench.generators.shared.vertex_unet import ResidualBlock, Vertex, VertexUNet
from qaugbench.kinds import Kind

BETAS = (0.9, 0.99)
LONGEST_GRADIENT = 1.0


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
        ansatz: Ansatz = "hqconv"
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
    half = partial(
        QuantumHalf, width, circuits, q=hyper.q, ansatz=hyper.ansatz, layers=hyper.layers, released=hyper.released
    )
    return kind(width, width, time_width, half(), half())


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
