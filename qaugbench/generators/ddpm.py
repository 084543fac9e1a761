"""Denoising diffusion on pixels, conditional on the label vector, with classifier-free guidance.

Denoising diffusion (Ho, Jain & Abbeel, arXiv 2006.11239) with what became common since: a cosine schedule, velocity
prediction, an average of the weights, guidance, and a fast solver. The U-Net works on blocks of ``patch`` x ``patch`` pixels,
rearranged into channels (Hoogeboom, Heek & Salimans, arXiv 2301.11093), which saves most of its time and no pixel. Pixels are
standardised: a velocity of zero is then the best linear denoiser (as in Karras et al., arXiv 2206.00364), from which a
network with few steps starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch.nn import functional

from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.backbones import BACKBONES, Backbone
from qaugbench.generators.shared.diffusion import (
    LabelledUNet,
    VelocityOfClean,
    denoising_loss,
    drawn_by_ddim,
    drawn_by_dpm_solver,
)
from qaugbench.kinds import Kind

LEAST_DEVIATION = 0.05
LONGEST_GRADIENT = 1.0
"""Of common code for diffusion models; without it a fit can be lost in one step."""
SAMPLERS = {"ddim": drawn_by_ddim, "dpm-solver": drawn_by_dpm_solver}


class Ddpm(Stepped):
    """Denoising diffusion in any grid of pixels."""

    @dataclass(frozen=True)
    class Hyper:
        """The U-Net, how it is drawn from, and how far labels are emphasised.

        ``channels`` are the widths of the levels, from a grid of side / ``patch`` sites per side down to ``bottleneck``, with
        self-attention from ``attention`` sites per side downwards. ``output`` is what the U-Net itself predicts: the velocity, or
        the clean image, of which the velocity is made. A share ``label_dropout`` of the training images is denoised without
        labels, so that ``guidance`` (1: none) can push away from the prediction without them.
        """

        channels: tuple[int, ...] = (32, 64, 96)
        layers_per_block: int = 1
        patch: int = 2
        bottleneck: int = 4
        attention: int = 8
        backbone: Backbone = "diffusers"
        output: Literal["velocity", "clean"] = "velocity"
        label_dropout: float = 0.1
        guidance: float = 1.5
        sampler: Literal["ddim", "dpm-solver"] = "dpm-solver"
        sampling_steps: int = 25

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    centre: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        channels, side, _ = shape
        self.grid = (channels * hyper.patch**2, side // hyper.patch, side // hyper.patch)
        self.register_buffer("centre", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))
        network = LabelledUNet(
            self.grid,
            n_labels,
            hyper.channels,
            hyper.layers_per_block,
            bottleneck=hyper.bottleneck,
            attention=hyper.attention,
            make_unet=BACKBONES[hyper.backbone],
        )
        self.denoiser = VelocityOfClean(network) if hyper.output == "clean" else network

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        if batch.step == 0:
            self.standardise(batch.points)
        pixels = (batch.points - self.centre) / self.deviation
        blocks = functional.pixel_unshuffle(pixels, self.hyper.patch)
        loss = denoising_loss(self.denoiser, blocks, batch.labels, random, label_dropout=self.hyper.label_dropout)
        return {"denoising": descend(optimizers["adamw"], loss, longest=LONGEST_GRADIENT)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        hyper = self.hyper
        blocks = SAMPLERS[hyper.sampler](
            self.denoiser,
            labels,
            random,
            self.grid,
            steps=hyper.sampling_steps,
            clip=float(((1 + self.centre.abs()) / self.deviation).max()),
            guidance=hyper.guidance,
        )
        return functional.pixel_shuffle(blocks, hyper.patch) * self.deviation + self.centre

    def standardise(self, pixels: torch.Tensor) -> None:
        """Take mean and standard deviation of every channel from ``pixels`` [n, c, s, s], the first batch."""
        self.centre.copy_(pixels.mean(dim=(0, 2, 3)).view(-1, 1, 1))
        self.deviation.copy_(pixels.std(dim=(0, 2, 3)).view(-1, 1, 1).clamp_min(LEAST_DEVIATION))
