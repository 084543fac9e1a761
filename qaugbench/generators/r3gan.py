"""R3GAN: a relativistic GAN with zero-centred gradient penalties on real and on drawn images, in pixels.

Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A Modern Baseline GAN" (arXiv 2501.05441): the
relativistic pairing loss with R1 and R2, residual networks without normalisation whose blocks start as the identity, and
nothing else of StyleGAN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.adversarial import constant, gap, relativistic_loss, scores_and_slopes
from qaugbench.generators.shared.conditional import LabelEmbedding, ProjectionHead
from qaugbench.generators.shared.levels import level_widths
from qaugbench.generators.shared.painting import paint
from qaugbench.kinds import Kind

COARSEST = 4


class R3gan(Stepped):
    """R3GAN conditional on the label vector: multi-hot, or all zero."""

    @dataclass(frozen=True)
    class Hyper:
        """``channels`` are the widths of the levels from the finest grid down to 4x4, with ``blocks`` residual blocks each.

        A block's inner convolution has ``expansion`` times its level's width, in groups of ``group_width`` channels (0: a
        single group). The finest grid has side / ``patch`` sites: images are read in squares of ``patch`` x ``patch`` pixels.
        ``penalty`` is the weight of R1 and R2 at the start and at the end, ``second_moment`` Adam's second decay likewise;
        both move by a half cosine over the first ``burn_in`` of the steps, as in the paper.
        """

        noise: int = 64
        channels: tuple[int, ...] = (32, 64, 128, 128)
        blocks: int = 1
        expansion: int = 1
        group_width: int = 0
        patch: int = 1
        penalty: tuple[float, float] = (2.0, 0.2)
        second_moment: tuple[float, float] = (0.9, 0.99)
        burn_in: float = 0.5

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        plan = Plan(level_widths(shape[-1] // hyper.patch, hyper.channels, COARSEST), shape[0], hyper)
        self.generator = ImageGenerator(plan, n_labels)
        self.critic = ImageCritic(plan, n_labels)
        self.apply(keep_variance)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on CPU

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        betas = (0.0, self.hyper.second_moment[0])
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=training.learning_rate, betas=betas)
            for name in ("critic", "generator")
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        progress = batch.step / max(self.hyper.burn_in * batch.steps, 1)
        for optimizer in optimizers.values():
            for group in optimizer.param_groups:
                group["betas"] = (0.0, eased(self.hyper.second_moment, progress))
        told = self._critic_step(batch, optimizers["critic"], eased(self.hyper.penalty, progress), random)
        with constant(self.critic):
            with torch.no_grad():
                real_scores = self.critic(batch.points, batch.labels)
            drawn_scores = self.critic(self._drawn(batch.labels, random), batch.labels)
            loss = descend(optimizers["generator"], relativistic_loss(drawn_scores, real_scores))
        return {**told, "generator": loss}

    def _critic_step(
        self, batch: Batch, optimizer: torch.optim.Optimizer, weight: float, random: torch.Generator
    ) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            both = torch.cat([batch.points, self._drawn(batch.labels, random)])
        scores, slopes = scores_and_slopes(partial(self.critic, labels=batch.labels.repeat(2, 1)), both)
        real_scores, drawn_scores = scores.chunk(2)
        penalty = slopes.mean()  # R1 + R2: half of the mean over real images, and half of that over drawn ones
        loss = descend(optimizer, relativistic_loss(real_scores, drawn_scores) + weight * penalty)
        return {"critic": loss, "penalty": penalty.detach(), "gap": gap(real_scores, drawn_scores)}

    def _drawn(self, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        noise = torch.randn(len(labels), self.hyper.noise, generator=random, device=labels.device)
        drawn: torch.Tensor = self.generator(noise, labels)
        return drawn

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(random.normal(self.hyper.noise), labels)
        return drawn


def keep_variance(module: nn.Module) -> None:
    """Start a linear or convolutional layer with outputs of the variance of its inputs; a residual block starts its own."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
    elif isinstance(module, ResidualBlock):
        module.start()


def eased(ends: tuple[float, float], progress: float) -> float:
    """Return the value between ``ends`` at ``progress``, along a half cosine; the last one from progress 1 on.

    >>> eased((2.0, 1.0), 0.0), eased((2.0, 1.0), 0.5), eased((2.0, 1.0), 7.0)
    (2.0, 1.5, 1.0)
    """
    first, last = ends
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


@dataclass(frozen=True)
class Plan:
    """The widths of the levels, finest first, the channels of an image, and the generator's settings."""

    widths: tuple[int, ...]
    channels: int
    hyper: R3gan.Hyper

    def level(self, width: int) -> nn.Sequential:
        """Return the residual blocks of one level."""
        n_blocks = 2 * self.hyper.blocks * len(self.widths)
        return nn.Sequential(*(ResidualBlock(width, self.hyper, n_blocks) for _ in range(self.hyper.blocks)))


class ImageGenerator(nn.Module):
    """Noise [n, noise] and label vectors [n, n_labels] to images [n, C, s, s]: a learned 4x4 grid, scaled by a linear layer."""

    def __init__(self, plan: Plan, n_labels: int) -> None:
        super().__init__()
        rising, noise = plan.widths[::-1], plan.hyper.noise
        self.embedding = LabelEmbedding(n_labels, noise)
        self.basis = nn.Parameter(torch.randn(rising[0], COARSEST, COARSEST))
        self.scales = nn.Linear(2 * noise, rising[0], bias=False)
        self.levels = nn.ModuleList(plan.level(width) for width in rising)
        self.widen = nn.ModuleList(Resample(*pair, factor=2.0) for pair in pairwise(rising))
        self.last = paint(rising[-1], plan.channels, plan.hyper.patch)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        scales = self.scales(torch.cat([noise, self.embedding(labels)], dim=1))
        grid = self.levels[0](self.basis * scales[:, :, None, None])
        for widen, level in zip(self.widen, self.levels[1:], strict=True):
            grid = level(widen(grid))
        image: torch.Tensor = self.last(grid)
        return image


class ImageCritic(nn.Module):
    """Images [n, C, s, s] and label vectors [n, n_labels] to scores [n]; a depthwise layer reads the last 4x4 grid."""

    def __init__(self, plan: Plan, n_labels: int) -> None:
        super().__init__()
        falling = plan.widths
        self.first = nn.Sequential(
            nn.PixelUnshuffle(plan.hyper.patch),
            nn.Conv2d(plan.channels * plan.hyper.patch**2, falling[0], 3, padding=1),
        )
        self.levels = nn.ModuleList(plan.level(width) for width in falling)
        self.narrow = nn.ModuleList(Resample(*pair, factor=0.5) for pair in pairwise(falling))
        self.read = nn.Conv2d(falling[-1], falling[-1], COARSEST, groups=falling[-1], bias=False)
        self.head = ProjectionHead(falling[-1], n_labels)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        grid = self.levels[0](self.first(images))
        for narrow, level in zip(self.narrow, self.levels[1:], strict=True):
            grid = level(narrow(grid))
        scores: torch.Tensor = self.head(self.read(grid).flatten(1), labels)
        return scores


class Resample(nn.Module):
    """A grid resized bilinearly by ``factor``, after or before a 1x1 convolution to its new width: whichever is cheaper."""

    def __init__(self, inputs: int, outputs: int, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.width = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        if self.factor < 1:
            resized: torch.Tensor = self.width(functional.avg_pool2d(grid, 2))  # bilinear at exactly a half
            return resized
        return functional.interpolate(self.width(grid), scale_factor=self.factor, mode="bilinear")


class ResidualBlock(nn.Module):
    """x + a 1x1, a 3x3 and a 1x1 convolution with leaky rectifiers between them; the last one starts at zero.

    As in Fixup (arXiv 1901.09321), the others start smaller the more blocks there are: by n_blocks ** -1/4 for three layers.
    """

    def __init__(self, width: int, hyper: R3gan.Hyper, n_blocks: int) -> None:
        super().__init__()
        inner = hyper.expansion * width
        groups = inner // hyper.group_width if hyper.group_width else 1
        self.start_scale = n_blocks**-0.25
        self.body = nn.Sequential(
            nn.Conv2d(width, inner, 1, bias=False),
            Activation(inner),
            nn.Conv2d(inner, inner, 3, padding=1, groups=groups, bias=False),
            Activation(inner),
            nn.Conv2d(inner, width, 1, bias=False),
        )

    def start(self) -> None:
        """Start as the identity, with inner layers of small weights."""
        for k, gain in ((0, 1.0), (2, math.sqrt(2)), (4, 0.0)):  # half of what a rectifier lets through is lost
            weight: torch.Tensor = self.body[k].weight  # type: ignore[assignment]
            nn.init.normal_(weight, std=gain * self.start_scale * weight[0].numel() ** -0.5)

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        residual: torch.Tensor = self.body(grid)
        return grid + residual


class Activation(nn.Module):
    """A bias per channel, then a leaky rectifier."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width, 1, 1))

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        return functional.leaky_relu(grid + self.bias, 0.2)
