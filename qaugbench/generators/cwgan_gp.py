"""A conditional Wasserstein GAN with gradient penalty, on any grid of points: latents or pixels.

WGAN-GP (Gulrajani et al., arXiv 1704.00028) with small residual networks. Labels enter the generator through the scales and
shifts of its normalised features, as in conditional batch normalisation, and the critic through a projection (Miyato &
Koyama, arXiv 1802.05637).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.adversarial import between, constant, gap, gradient_penalty, wasserstein_loss
from qaugbench.generators.shared.conditional import LabelEmbedding, ProjectionHead
from qaugbench.generators.shared.levels import level_widths
from qaugbench.generators.shared.painting import paint
from qaugbench.kinds import Kind

COARSEST = 4


class CwganGp(Stepped):
    """WGAN-GP conditional on the label vector. A batch holds ``critic_steps`` parts, one for each step of the critic."""

    @dataclass(frozen=True)
    class Hyper:
        """``channels`` and ``critic_channels`` are the widths of the levels, from the finest grid down to 4x4.

        The finest grid has side / ``patch`` sites per side: points are read in squares of ``patch`` x ``patch`` sites.
        ``output`` is ``tanh`` where points are bounded (pixels); only there is what is drawn smoothed, since a latent grid
        holds detail from site to site. The critic learns ``critic_rate`` times as fast as the
        generator.
        """

        noise: int = 64
        channels: tuple[int, ...] = (64, 64)
        critic_channels: tuple[int, ...] = (64, 64)
        patch: int = 1
        critic_steps: int = 5
        critic_rate: float = 1.0
        penalty: float = 10.0
        betas: tuple[float, float] = (0.0, 0.9)
        output: Literal["linear", "tanh"] = "linear"

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        widths, critic_widths = (
            level_widths(shape[-1] // hyper.patch, each, COARSEST) for each in (hyper.channels, hyper.critic_channels)
        )
        self.generator = PointGenerator(hyper, shape[0], n_labels, widths)
        self.critic = PointCritic(hyper, shape[0], n_labels, critic_widths)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on CPU

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rates = {"critic": training.learning_rate * self.hyper.critic_rate, "generator": training.learning_rate}
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=rate, betas=self.hyper.betas)
            for name, rate in rates.items()
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        parts = zip(
            batch.points.chunk(self.hyper.critic_steps), batch.labels.chunk(self.hyper.critic_steps), strict=True
        )
        for points, labels in parts:
            told = self._critic_step(points, labels, optimizers["critic"], random)
        with constant(self.critic):
            scores = self.critic(self._drawn(labels, random), labels)
            loss = descend(optimizers["generator"], -scores.mean())
        return {**told, "generator": loss}

    def _critic_step(
        self, real: torch.Tensor, labels: torch.Tensor, optimizer: torch.optim.Optimizer, random: torch.Generator
    ) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            drawn = self._drawn(labels, random)
        real_scores, drawn_scores = self.critic(torch.cat([real, drawn]), labels.repeat(2, 1)).chunk(2)
        penalty = gradient_penalty(partial(self.critic, labels=labels), between(real, drawn, random))
        loss = descend(optimizer, wasserstein_loss(real_scores, drawn_scores) + self.hyper.penalty * penalty)
        return {"critic": loss, "penalty": penalty.detach(), "gap": gap(real_scores, drawn_scores)}

    def _drawn(self, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        noise = torch.randn(len(labels), self.hyper.noise, generator=random, device=labels.device)
        drawn: torch.Tensor = self.generator(noise, labels)
        return drawn

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(random.normal(self.hyper.noise), labels)
        return drawn


class PointGenerator(nn.Module):
    """Noise [n, noise] and label vectors [n, n_labels] to points [n, channels, s, s]; ``widths`` finest first."""

    def __init__(self, hyper: CwganGp.Hyper, channels: int, n_labels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        rising, noise = widths[::-1], hyper.noise
        self.bounded = hyper.output == "tanh"
        self.embedding = LabelEmbedding(n_labels, noise)
        self.first = nn.Linear(2 * noise, rising[0] * COARSEST**2)
        levels = [(rising[0], rising[0], 1), *((inputs, outputs, 2) for inputs, outputs in pairwise(rising))]
        self.blocks = nn.ModuleList(GeneratorBlock(*level, condition=2 * noise) for level in levels)
        painted = paint if self.bounded else unsmoothed
        self.last = nn.Sequential(nn.GroupNorm(1, rising[-1]), nn.ReLU(), painted(rising[-1], channels, hyper.patch))

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        condition = torch.cat([noise, self.embedding(labels)], dim=1)
        grid = self.first(condition).unflatten(1, (-1, COARSEST, COARSEST))
        for block in self.blocks:
            grid = block(grid, condition)
        points: torch.Tensor = self.last(grid)
        return points.tanh() if self.bounded else points


def unsmoothed(width: int, channels: int, patch: int) -> nn.Sequential:
    """Return layers from features [n, width, s, s] to points [n, channels, patch * s, patch * s]: ``paint`` without its filter."""
    return nn.Sequential(nn.Conv2d(width, channels * patch**2, 3, padding=1), nn.PixelShuffle(patch))


class GeneratorBlock(nn.Module):
    """Two convolutions, each after normalised features scaled and shifted by the condition, on a grid enlarged by ``factor``."""

    def __init__(self, inputs: int, outputs: int, factor: int, condition: int) -> None:
        super().__init__()
        self.factor = factor
        self.norms = nn.ModuleList(nn.GroupNorm(1, width, affine=False) for width in (inputs, outputs))
        self.styles = nn.ModuleList(nn.Linear(condition, 2 * width) for width in (inputs, outputs))
        self.convolutions = nn.ModuleList(nn.Conv2d(width, outputs, 3, padding=1) for width in (inputs, outputs))
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, grid: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        residual = self._activated(0, grid, condition)
        if self.factor > 1:
            grid, residual = (
                functional.interpolate(each, scale_factor=self.factor, mode="bilinear") for each in (grid, residual)
            )
        residual = self.convolutions[0](residual)
        residual = self.convolutions[1](self._activated(1, residual, condition))
        combined: torch.Tensor = self.skip(grid) + residual
        return combined

    def _activated(self, k: int, grid: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        scale, shift = self.styles[k](condition)[:, :, None, None].chunk(2, dim=1)
        return functional.relu(self.norms[k](grid) * (1 + scale) + shift)


class PointCritic(nn.Module):
    """Points [n, channels, s, s] and label vectors [n, n_labels] to scores [n], without normalisation (section 4 of the paper)."""

    def __init__(self, hyper: CwganGp.Hyper, channels: int, n_labels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        levels = list(pairwise((*widths, widths[-1])))
        self.first = nn.Sequential(
            nn.PixelUnshuffle(hyper.patch), nn.Conv2d(channels * hyper.patch**2, widths[0], 3, padding=1)
        )
        self.blocks = nn.ModuleList(CriticBlock(*level) for level in levels)
        self.head = ProjectionHead(widths[-1], n_labels)

    def forward(self, points: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        grid = self.first(points)
        for k, block in enumerate(self.blocks):
            grid = block(grid)
            grid = functional.avg_pool2d(grid, 2) if k < len(self.blocks) - 1 else grid
        scores: torch.Tensor = self.head(functional.relu(grid).sum(dim=(2, 3)) / COARSEST, labels)
        return scores


class CriticBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))) on one grid."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(inputs, inputs, 3, padding=1), nn.Conv2d(inputs, outputs, 3, padding=1)]
        )
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        residual = grid
        for convolution in self.convolutions:
            residual = convolution(functional.relu(residual))
        combined: torch.Tensor = self.skip(grid) + residual
        return combined
