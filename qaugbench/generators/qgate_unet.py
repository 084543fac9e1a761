"""A light diffusion U-Net on pixels whose deepest channels are weighed by a circuit of 16 qubits.

After "Quantum Generative Models for Image Generation: Insights from MNIST and MedMNIST" (Chen et al., arXiv 2504.00034), whose code
is public. There, every trained rotation is an RZ, which commutes with the CNOTs as far as Z can tell, so that no weight of the
circuit changes anything; and what goes into it is cut off from the gradient. ``as-released`` keeps both. As intended, the trained
rotations are RY and gradient passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from diffusers.models.embeddings import get_timestep_embedding
from torch import nn
from torch.nn import functional

from qaugbench.circuits.ansatz import angle_embedding, chain, each_wire, stacked
from qaugbench.circuits.block import Block
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import VelocityOfClean, denoising_loss, drawn_by_dpm_solver, label_inputs
from qaugbench.kinds import Kind

LEAST_DEVIATION = 0.05
LONGEST_GRADIENT = 1.0
DOWN = 4
"""Two levels halve the grid."""


class QgateUnet(Stepped):
    """Denoising diffusion on images [channels, side, side], in blocks of ``patch`` x ``patch`` pixels as channels."""

    @dataclass(frozen=True)
    class Hyper:
        """``widths`` are those of the three levels. ``layers`` of rotations and CNOTs act on ``n_qubits`` qubits.

        ``released`` is the public code's gate: the rotations are RZ, and its input is cut off from the gradient.
        """

        widths: tuple[int, int, int] = (32, 64, 128)
        n_qubits: int = 16
        layers: int = 3
        patch: int = 1
        sampling_steps: int = 25
        released: bool = False

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper
    centre: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        channels, side, _ = shape
        if side % (DOWN * hyper.patch):
            raise DefinitionError(
                f"A side of {side} pixels is no multiple of {DOWN} * patch, and patch is {hyper.patch}."
            )
        self.grid = (channels * hyper.patch**2, side // hyper.patch, side // hyper.patch)
        self.register_buffer("centre", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))
        block = circuits.block(gate_circuit(hyper.n_qubits, hyper.layers, "RZ" if hyper.released else "RY"))
        gate = ChannelWeights(hyper.widths[-1], block, detached=hyper.released)
        self.denoiser = VelocityOfClean(LightUNet(self.grid[0], n_labels, hyper.widths, gate))

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        if batch.step == 0:
            self.centre.copy_(batch.points.mean(dim=(0, 2, 3)).view(-1, 1, 1))
            self.deviation.copy_(batch.points.std(dim=(0, 2, 3)).view(-1, 1, 1).clamp_min(LEAST_DEVIATION))
        blocks = functional.pixel_unshuffle((batch.points - self.centre) / self.deviation, self.hyper.patch)
        loss = denoising_loss(self.denoiser, blocks, batch.labels, random)
        return {"denoising": descend(optimizers["adamw"], loss, longest=LONGEST_GRADIENT)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        clip = float(((1 + self.centre.abs()) / self.deviation).max())
        steps = self.hyper.sampling_steps
        blocks = drawn_by_dpm_solver(self.denoiser, labels, random, self.grid, steps=steps, clip=clip)
        return functional.pixel_shuffle(blocks, self.hyper.patch) * self.deviation + self.centre


def gate_circuit(n_qubits: int, layers: int, rotation: str) -> Circuit:
    """Return RY by each input, ``layers`` of a trained ``rotation`` on each wire and a chain of CNOTs, and <Z> of each wire."""
    layer = each_wire(n_qubits, rotation) + chain(n_qubits, "CNOT")
    gates = angle_embedding(n_qubits, "RY") + stacked(*[layer] * layers)
    return Circuit(n_qubits, tuple(gates), Readout.each_wire(n_qubits))


class ChannelWeights(nn.Module):
    """Means of channels [n, width] to a factor for each, of any sign; if ``detached``, without gradient for what comes before."""

    def __init__(self, width: int, block: Block, *, detached: bool) -> None:
        super().__init__()
        self.to_angles = nn.Linear(width, block.in_features)
        self.block = block
        self.to_factors = nn.Linear(block.out_features, width)
        self.detached = detached

    def forward(self, means: torch.Tensor) -> torch.Tensor:
        angles = self.to_angles(means)
        factors: torch.Tensor = self.to_factors(self.block(angles.detach() if self.detached else angles))
        return factors


class LightUNet(nn.Module):
    """Grids [n, channels, s, s], times [n] and label vectors to grids: no normalisation, and one connection past the ``gate``."""

    def __init__(self, channels: int, n_labels: int, widths: tuple[int, int, int], gate: nn.Module) -> None:
        super().__init__()
        first, second, third = widths
        self.enter = nn.Conv2d(channels, first, 3, padding=1)
        self.down = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.deeper = nn.Conv2d(second, third, 3, stride=2, padding=1)
        self.time = nn.Linear(third, third)
        self.labels = nn.Linear(n_labels + 1, third)
        self.residual = nn.Sequential(
            nn.Conv2d(third, third, 3, padding=1), nn.ReLU(), nn.Conv2d(third, third, 3, padding=1)
        )
        self.gate = gate
        self.up = nn.ConvTranspose2d(third, second, 2, stride=2)
        self.higher = nn.ConvTranspose2d(second, first, 2, stride=2)
        self.leave = nn.Conv2d(2 * first, channels, 3, padding=1)

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the clean grid; where ``dropped`` [n] is 1, labels are not looked at."""
        embedding = self.time(get_timestep_embedding(times, self.time.in_features).to(points))
        embedding = embedding + self.labels(label_inputs(labels, dropped))
        entered = functional.relu(self.enter(points))
        deep = functional.relu(self.deeper(functional.relu(self.down(entered)))) + embedding[:, :, None, None]
        deep = functional.relu(deep + self.residual(deep))
        deep = deep * self.gate(deep.mean(dim=(2, 3)))[:, :, None, None]
        back = functional.relu(self.higher(functional.relu(self.up(deep))))
        clean: torch.Tensor = self.leave(torch.cat([back, entered], dim=1))
        return clean
