"""The U-Net of quantum denoising diffusion with classical convolutions: what QU-Net is compared with.

Kölle et al., arXiv 2401.07049. Process, training and drawing are those of ``qddm-unet``; only the convolutions differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.graded_noise import GREY, Goal, drawn_by_degrees, noise_shares, one_less, pairs
from qaugbench.generators.shared.small_unet import SmallUnet
from qaugbench.kinds import Kind


class DdmUnet(Stepped):
    """Denoising of small images [channels, side, side] by a U-Net."""

    @dataclass(frozen=True)
    class Hyper:
        """As in ``qddm-unet``, without circuits."""

        depth: int = 3
        start: int = 8
        degrees: int = 10
        decay: float = 3.0
        each: int = 10
        goal: Goal = "noise"
        sampling_steps: int = 20

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    shares: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.unet = SmallUnet(shape[0], n_labels, hyper.start, hyper.depth, convolution)
        nn.init.constant_(self.unet.last.bias, GREY)  # type: ignore[arg-type]  # at first, it answers that there is no noise
        self.register_buffer("shares", noise_shares(hyper.degrees, hyper.decay), persistent=False)

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        pixels = (batch.points + 1) / 2
        images, labels, cleaner = pairs(pixels, batch.labels, self.shares, random, each=self.hyper.each)
        error = functional.mse_loss(one_less(self.unet, images, labels, self.hyper.goal), cleaner)
        return {"denoising": descend(optimizers["adamw"], error)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        steps, goal = self.hyper.sampling_steps, self.hyper.goal
        return 2 * drawn_by_degrees(self.unet, labels, random, self.shape, steps=steps, goal=goal) - 1


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """Return a convolution that keeps the size of its grid."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
