"""A latent diffusion model: denoising diffusion with a plain U-Net on the latents that all latent generators share.

Latent diffusion (Rombach et al., arXiv 2112.10752) with the denoising diffusion of arXiv 2006.11239. It differs from a
quantum latent model only in the denoiser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import LabelledUNet, denoising_loss, drawn_by_ddim
from qaugbench.kinds import Kind


class Ldm(Stepped):
    """Classical latent diffusion, conditional on the label vector."""

    @dataclass(frozen=True)
    class Hyper:
        """``channels`` are the widths of the U-Net's levels; drawn latents are clipped to ``clip`` deviations."""

        channels: tuple[int, ...] = (24, 48, 64)
        layers_per_block: int = 1
        sampling_steps: int = 50
        clip: float = 4.0
        label_dropout: float = 0.0
        guidance: float = 1.0

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.denoiser = LabelledUNet(shape, n_labels, hyper.channels, hyper.layers_per_block)

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        dropout = self.hyper.label_dropout
        loss = denoising_loss(self.denoiser, batch.points, batch.labels, random, label_dropout=dropout)
        return {"denoising": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        hyper = self.hyper
        return drawn_by_ddim(
            self.denoiser,
            labels,
            random,
            self.shape,
            steps=hyper.sampling_steps,
            clip=hyper.clip,
            guidance=hyper.guidance,
        )
