"""A conditional variational autoencoder on pixels, with a code of one vector per image.

Kingma & Welling (arXiv 1312.6114), conditional on the label vector with a learned prior (Sohn, Lee & Yan, NeurIPS 2015): the
codes of each label have a mean and deviations of their own, so that what is drawn is what was learned. The variance of the decoder
is the mean squared error of the batch, its likeliest value (Rybkin, Daniilidis & Levine, arXiv 2006.13202), so that the
divergence keeps the weight that the likelihood gives it; ``beta`` changes this weight (Higgins et al., ICLR 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.kinds import Kind

GROUPS = 4


class Vae(Stepped):
    """Draws codes from the prior of the label vector and decodes them with it."""

    @dataclass(frozen=True)
    class Hyper:
        """``channels`` are the widths of the grids, from half the side of the points down; ``code`` is the length of a code."""

        code: int = 32
        channels: tuple[int, ...] = (16, 32, 64, 64)
        beta: float = 1.0

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        grid = coarsest_grid(shape, hyper.channels)
        self.encoder = nn.Sequential(*down(shape[0] + n_labels, hyper.channels), nn.Flatten())
        self.prior = nn.Linear(n_labels, 2 * hyper.code)
        nn.init.zeros_(self.prior.weight)  # a standard normal distribution to begin with
        nn.init.zeros_(self.prior.bias)
        self.to_code = nn.Linear(grid.numel(), 2 * hyper.code)
        self.from_code = nn.Linear(hyper.code + n_labels, grid.numel())
        self.decoder = nn.Sequential(nn.Unflatten(1, grid), *up(shape[0], hyper.channels))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on CPU

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        mean, log_variance = self.encode(batch.points, batch.labels)
        noise = torch.randn(mean.shape, generator=random, device=mean.device)
        error = self.decode(mean + torch.exp(0.5 * log_variance) * noise, batch.labels) - batch.points
        reconstruction = 0.5 * batch.points[0].numel() * error.square().mean().log()
        divergence = normal_divergence(mean, log_variance, *self.prior(batch.labels).chunk(2, dim=1)).mean()
        loss = descend(optimizers["adamw"], reconstruction + self.hyper.beta * divergence)
        return {"bound": loss, "error": error.detach().square().mean(), "divergence": divergence.detach()}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        mean, log_variance = self.prior(labels).chunk(2, dim=1)
        return self.decode(mean + torch.exp(0.5 * log_variance) * random.normal(self.hyper.code), labels)

    def encode(self, points: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log-variance [n, code] of the codes of ``points``; each label is one more channel of the input."""
        planes = labels[:, :, None, None].expand(*labels.shape, *points.shape[2:])
        mean, log_variance = self.to_code(self.encoder(torch.cat([points, planes], dim=1))).chunk(2, dim=1)
        return mean, log_variance.clamp(-20, 10)

    def decode(self, codes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return points [n, *shape] of ``codes`` [n, code] with their label vectors."""
        points: torch.Tensor = self.decoder(self.from_code(torch.cat([codes, labels], dim=1)))
        return points


def normal_divergence(
    mean: torch.Tensor, log_variance: torch.Tensor, prior_mean: torch.Tensor, prior_log_variance: torch.Tensor
) -> torch.Tensor:
    """Return the Kullback-Leibler divergence [n], in nats, of diagonal normal distributions [n, d] from their priors [n, d]."""
    ratio = log_variance - prior_log_variance
    distance = (mean - prior_mean).square() * torch.exp(-prior_log_variance)
    return 0.5 * (ratio.exp() + distance - 1 - ratio).sum(dim=1)


def coarsest_grid(shape: tuple[int, ...], channels: tuple[int, ...]) -> torch.Size:
    """Return [width, side, side] of the grid from which the code is read; each of ``channels`` halves the side of ``shape``."""
    factor = 2 ** len(channels)
    if shape[-1] % factor:
        raise DefinitionError(
            f"A variational autoencoder with {len(channels)} levels needs points whose side is a multiple of {factor}, "
            f"but it is {shape[-1]}; change 'channels', or 'side' of the space."
        )
    return torch.Size([channels[-1], shape[-1] // factor, shape[-1] // factor])


def down(width: int, channels: tuple[int, ...]) -> list[nn.Module]:
    """Return layers from ``width`` channels to ``channels[-1]``, each level halving the grid."""
    layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
    before = 4 * width
    for number, after in enumerate(channels):
        layers += [
            nn.Conv2d(before, after, 3, stride=2 if number else 1, padding=1),
            nn.GroupNorm(GROUPS, after),
            nn.SiLU(),
        ]
        before = after
    return layers


def up(width: int, channels: tuple[int, ...]) -> list[nn.Module]:
    """Return layers from ``channels[-1]`` channels to ``width``, each level doubling the grid: those of ``down`` in reverse."""
    layers: list[nn.Module] = []
    before = channels[-1]
    for number, after in enumerate(reversed(channels)):
        if number:
            layers.append(nn.Upsample(scale_factor=2))
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(GROUPS, after), nn.SiLU()]
        before = after
    return [*layers, nn.Conv2d(before, 4 * width, 3, padding=1), nn.PixelShuffle(2)]
