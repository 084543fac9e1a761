"""QLDM, a reconstruction: latent diffusion whose U-Net has circuits in its last level, or in its bottleneck.

After "Hybrid Quantum-Classical Latent Diffusion Models for Medical Image Generation" (Yeter-Aydeniz et al., arXiv
2508.09903), which has no public code and whose hyper-parameters are not published: this is a reconstruction, not a
reproduction. The quantum residual block follows De Falco et al., "Towards Efficient Quantum Hybrid Diffusion
Models" (arXiv 2402.16147), and both sets of circuits affect the result. The autoencoder has such blocks as well, as in
the paper (the space ``quantum-latent``); variants have classical twins there, or the autoencoder of all latent models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import nn

from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.quantum_residual import QuantumPart, QuantumResidualBlock
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import LabelledUNet, denoising_loss, drawn_by_ddim
from qaugbench.kinds import Kind


class Qldm(Stepped):
    """Hybrid latent diffusion, conditional on the label vector, with a quantum residual block in the U-Net."""

    @dataclass(frozen=True)
    class Hyper:
        """A share ``q`` of the channels passes through circuits in each half of the quantum residual block.

        It stands in ``place``: the bottleneck of the U-Net, or its end, the grid of the latents behind the last level, where
        nothing but the residual path goes around it. Each circuit of ``layers`` layers of the ``ansatz`` acts on
        ``channels_per_circuit`` channels of 2x2 sites, one qubit per value. Without ``residual``, nothing goes around the
        block itself. The rest is as in ``ldm``.
        """

        place: Literal["bottleneck", "end"] = "end"
        q: float = 0.5
        residual: bool = False
        ansatz: str = "nearest-neighbour"
        channels_per_circuit: int = 1
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
        part = QuantumPart(hyper.q, hyper.channels_per_circuit, hyper.layers, hyper.ansatz, hyper.residual)
        at_end = hyper.place == "end"
        width = hyper.channels[0] if at_end else self.denoiser.bottleneck_width
        block = QuantumResidualBlock(width, circuits, part, time_width=self.denoiser.time_width)
        if at_end:
            levels: nn.ModuleList = self.denoiser.unet.up_blocks  # type: ignore[assignment]
            levels[-1] = LastLevel(levels[-1], block)
        else:
            self.denoiser.unet.mid_block = block

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        loss = denoising_loss(self.denoiser, batch.points, batch.labels, random)
        return {"denoising": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        steps, clip = self.hyper.sampling_steps, self.hyper.clip
        return drawn_by_ddim(self.denoiser, labels, random, self.shape, steps=steps, clip=clip)


class LastLevel(nn.Module):
    """The last level of a U-Net's way up, then a block at its grid; it is called as diffusers calls its levels."""

    def __init__(self, level: nn.Module, block: QuantumResidualBlock) -> None:
        super().__init__()
        self.level = level
        self.block = block

    @property
    def resnets(self) -> nn.ModuleList:
        """The level's own blocks: one skip connection enters each."""
        return self.level.resnets  # type: ignore[return-value]

    def forward(
        self, grid: torch.Tensor, skipped: tuple[torch.Tensor, ...], time_embedding: torch.Tensor
    ) -> torch.Tensor:
        found: torch.Tensor = self.block(self.level(grid, skipped, time_embedding), time_embedding)
        return found
