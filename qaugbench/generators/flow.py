"""Flow matching: a U-Net learns the velocity of straight paths from noise to data, conditional on the label vector.

Flow matching (Lipman et al., arXiv 2210.02747) with straight paths, over diffusers' U-Net and Euler scheduler, in the grid of
any space: latents unless its facts say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.backbones import BACKBONES, Backbone
from qaugbench.generators.shared.diffusion import LabelledUNet
from qaugbench.generators.shared.flow_matching import drawn_by_flow, flow_loss
from qaugbench.kinds import Kind


class Flow(Stepped):
    """Flow matching, conditional on the label vector."""

    @dataclass(frozen=True)
    class Hyper:
        """The U-Net and how it is drawn from.

        ``channels`` are the widths of the U-Net's levels, from the grid of a point down to ``bottleneck`` sites per side, with
        self-attention from ``attention`` sites per side downwards; drawn points are clipped to ``clip`` deviations. A share
        ``label_dropout`` of the training points is shown without labels, for ``guidance`` (1: none).
        """

        channels: tuple[int, ...] = (24, 48, 64)
        layers_per_block: int = 1
        bottleneck: int = 2
        attention: int = 0
        backbone: Backbone = "diffusers"
        label_dropout: float = 0.1
        guidance: float = 1.0
        sampling_steps: int = 40
        clip: float = 4.0

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.velocity = LabelledUNet(
            shape,
            n_labels,
            hyper.channels,
            hyper.layers_per_block,
            bottleneck=hyper.bottleneck,
            attention=hyper.attention,
            make_unet=BACKBONES[hyper.backbone],
        )

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        dropout, noise = self.hyper.label_dropout, self.training_noise(len(batch.points), random)
        loss = flow_loss(self.velocity, batch.points, batch.labels, random, label_dropout=dropout, noise=noise)
        return {"flow": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        hyper = self.hyper
        return drawn_by_flow(
            self.velocity,
            labels,
            random,
            self.shape,
            steps=hyper.sampling_steps,
            clip=hyper.clip,
            guidance=hyper.guidance,
            noise=self.drawing_noise(random),
        )

    def training_noise(self, n: int, random: torch.Generator) -> torch.Tensor | None:
        """Return what ``n`` points of a batch are taken to, of their shape; None stands for normal numbers."""

    def drawing_noise(self, random: RowRandom) -> torch.Tensor | None:
        """Return what drawn points start from, of their shape; None stands for normal numbers."""
