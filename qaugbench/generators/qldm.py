"""QLDM, a reconstruction: latent diffusion whose U-Net has circuits in its bottleneck.

After "Hybrid Quantum-Classical Latent Diffusion Models for Medical Image Generation" (Yeter-Aydeniz et al., arXiv
2508.09903), which has no public code and whose hyper-parameters are not published: this is a reconstruction, not a
reproduction. The quantum residual block follows De Falco et al., "Towards Efficient Quantum Hybrid Diffusion
Models" (arXiv 2402.16147), and both sets of circuits affect the result. The autoencoder is the shared classical
one, whereas the paper puts quantum layers into it as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import BOTTLENECK_SIZE, LabelledUNet, denoising_loss, drawn_by_ddim
from qaugbench.kinds import Kind

_SITES = BOTTLENECK_SIZE**2


class Qldm(Stepped):
    """Hybrid latent diffusion, conditional on the label vector; the U-Net's bottleneck is a quantum residual block."""

    @dataclass(frozen=True)
    class Hyper:
        """``copies`` circuits of ``layers`` layers act side by side in each half of the block.

        Each circuit acts on ``channels_per_circuit`` channels of 2x2 sites, one qubit per value. The rest is as in ``ldm``.
        """

        copies: int = 4
        channels_per_circuit: int = 2
        layers: int = 3
        channels: tuple[int, ...] = (24, 48, 64)
        layers_per_block: int = 1
        sampling_steps: int = 50
        clip: float = 4.0

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.denoiser = LabelledUNet(shape, n_labels, hyper.channels, hyper.layers_per_block)
        circuit = qldm_circuit(hyper.channels_per_circuit * _SITES, hyper.layers)
        halves = [
            QHalfBlock(
                self.denoiser.bottleneck_width,
                self.denoiser.time_width,
                circuits.block(circuit, copies=hyper.copies),
                hyper.copies * hyper.channels_per_circuit,
            )
            for _ in range(2)
        ]
        self.denoiser.unet.mid_block = QResBlock(*halves)

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        loss = denoising_loss(self.denoiser, batch.points, batch.labels, random)
        return {"denoising": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        steps, clip = self.hyper.sampling_steps, self.hyper.clip
        return drawn_by_ddim(self.denoiser, labels, random, self.shape, steps=steps, clip=clip)


class QHalfBlock(nn.Module):
    """[n, width, 2, 2] and time embedding to the same shape: norm, circuits beside a convolution, time scale and shift, SiLU.

    The first ``block_width`` channels go through ``block``, their values squashed to angles in (-pi, pi) and read channel
    by channel; its outputs in [-1, 1] replace them. A 3x3 convolution transforms the other channels.
    """

    def __init__(self, width: int, time_width: int, block: nn.Module, block_width: int) -> None:
        super().__init__()
        if block_width >= width:
            raise DefinitionError(
                f"The circuits take {block_width} channels, but the bottleneck has {width} and the convolution beside them "
                "needs at least one; use fewer copies or wider channels."
            )
        self.norm = nn.GroupNorm(8, width)
        self.block = block
        self.block_width = block_width
        self.convolution = nn.Conv2d(width - block_width, width - block_width, 3, padding=1)
        self.time = nn.Linear(time_width, 2 * width)

    def forward(self, grid: torch.Tensor, time_embedding: torch.Tensor) -> torch.Tensor:
        normed = self.norm(grid)
        through_block, beside = normed[:, : self.block_width], normed[:, self.block_width :]
        angles = math.pi * torch.tanh(through_block.flatten(1))
        expectations = self.block(angles).unflatten(1, (self.block_width, BOTTLENECK_SIZE, BOTTLENECK_SIZE))
        joined = torch.cat([expectations, self.convolution(beside)], dim=1)
        scale, shift = self.time(functional.silu(time_embedding))[:, :, None, None].chunk(2, dim=1)
        activated: torch.Tensor = functional.silu(joined * (1 + scale) + shift)
        return activated


class QResBlock(nn.Module):
    """Two half blocks, each with its own circuits, and a residual connection around both."""

    def __init__(self, first: QHalfBlock, second: QHalfBlock) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def forward(self, grid: torch.Tensor, time_embedding: torch.Tensor) -> torch.Tensor:
        residual: torch.Tensor = self.second(self.first(grid, time_embedding), time_embedding)
        return grid + residual
