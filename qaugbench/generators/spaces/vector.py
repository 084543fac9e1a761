"""Vectors: points are the short code of an autoencoder whose bottleneck is a linear layer, fitted once per replicate and shared.

Small quantum generators learn such a code, of as many numbers as their circuits write. A convolutional autoencoder, variational
(Kingma & Welling, arXiv 1312.6114) or with a bounded code, classical and without labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Optimizers, descend
from qaugbench.generators.spaces.autoencoding import LEAST_DEVIATION, Autoencoding
from qaugbench.generators.spaces.space import resized


class Vectors(Autoencoding):
    """Points [size]: standardised codes, or codes in [-1, 1] if they are ``bounded``."""

    @dataclass(frozen=True)
    class Hyper:
        """``channels`` are the widths of the levels, each of half the side of the one before.

        The loss is the mean squared error plus ``kl_weight`` times the Kullback-Leibler divergence of the code, averaged over
        its entries. A ``bounded`` code is the tanh of a linear layer instead, without noise and without divergence.
        """

        size: int = 16
        channels: tuple[int, ...] = (32, 64, 128, 256)
        kl_weight: float = 1e-3
        bounded: bool = False

    name: ClassVar[str] = "vector"
    hyper: Hyper
    code_mean: torch.Tensor
    code_deviation: torch.Tensor

    def __init__(self, image_shape: tuple[int, int, int], hyper: Hyper) -> None:
        super().__init__(image_shape, hyper)
        if hyper.size < 1 or min(hyper.channels, default=0) < 1:
            raise DefinitionError(f"size and channels must be at least 1, got {hyper.size} and {list(hyper.channels)}.")
        factor = 2 ** len(hyper.channels)
        self.side = max(1 << (image_shape[0] - 1).bit_length(), factor)
        grid = self.side // factor
        self.encoder = _encoder(image_shape[2], hyper.channels, grid, hyper.size * (1 if hyper.bounded else 2))
        self.decoder = _decoder(image_shape[2], hyper.channels, grid, hyper.size)
        self.shape = (hyper.size,)
        self.register_buffer("code_mean", torch.zeros(hyper.size))
        self.register_buffer("code_deviation", torch.ones(hyper.size))

    @property
    def title(self) -> str:
        return super().title + ("-bounded" if self.hyper.bounded else "")

    def standardise(self, codes: torch.Tensor) -> None:
        if not self.hyper.bounded:
            self.code_mean.copy_(codes.mean(dim=0))
            self.code_deviation.copy_(codes.std(dim=0).clamp_min(LEAST_DEVIATION))

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        """Take one step down the reconstruction error of a batch of pixels [n, C, s, s]."""
        code, divergence = self._code(batch.points, random)
        reconstruction = (self.decoder(code) - batch.points).square().mean()
        loss = descend(optimizers["adamw"], reconstruction + self.hyper.kl_weight * divergence)
        return {"loss": loss, "reconstruction": reconstruction.detach()}

    def _code(self, pixels: torch.Tensor, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return codes [n, size], noisy if they are variational, and their mean divergence from normal numbers."""
        encoded = self.encoder(pixels)
        if self.hyper.bounded:
            return encoded.tanh(), encoded.new_zeros(())
        mean, log_variance = encoded.chunk(2, dim=1)
        log_variance = log_variance.clamp(-20, 10)
        noise = torch.randn(mean.shape, generator=random, device=mean.device)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
        return mean + torch.exp(0.5 * log_variance) * noise, divergence

    def to_points(self, pixels: torch.Tensor) -> torch.Tensor:
        code = self.encoder(resized(pixels, self.side))[:, : self.hyper.size]
        return code.tanh() if self.hyper.bounded else (code - self.code_mean) / self.code_deviation

    def to_pixels(self, points: torch.Tensor) -> torch.Tensor:
        return resized(self.decoder(points * self.code_deviation + self.code_mean), self.image_shape[0])


def _encoder(image_channels: int, widths: tuple[int, ...], grid: int, outputs: int) -> nn.Sequential:
    """Return layers from pixels [n, image_channels, s, s] to [n, outputs]: a strided convolution per width, then a linear one."""
    layers: list[nn.Module] = []
    for inputs, width in pairwise((image_channels, *widths)):
        layers += [nn.Conv2d(inputs, width, 4, stride=2, padding=1), nn.GroupNorm(1, width), nn.SiLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * grid**2, outputs))


def _decoder(image_channels: int, widths: tuple[int, ...], grid: int, size: int) -> nn.Sequential:
    """Return layers from codes [n, size] to pixels [n, image_channels, s, s], the encoder in reverse."""
    layers: list[nn.Module] = [nn.Linear(size, widths[-1] * grid**2), nn.Unflatten(1, (widths[-1], grid, grid))]
    for width, outputs in pairwise((*reversed(widths), image_channels)):
        layers += [nn.GroupNorm(1, width), nn.SiLU(), nn.ConvTranspose2d(width, outputs, 4, stride=2, padding=1)]
    return nn.Sequential(*layers)
