"""Decoders of grids of features: each level doubles the side, by a transposed convolution or by enlarging the grid."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional


class VanillaDecoder(nn.Sequential):
    """Features [n, inputs, s, s] to paint [n, channels, t, t]: a linear layer, then a transposed convolution per level."""

    def __init__(self, inputs: int, coarsest: int, widths: tuple[int, ...], channels: int) -> None:
        sites = coarsest**2
        layers = [nn.Flatten(), nn.Linear(inputs * sites, widths[0] * sites)]
        layers += [nn.ReLU(), nn.Unflatten(1, (widths[0], coarsest, coarsest))]
        for pair in pairwise((*widths, channels)):
            layers += [nn.ConvTranspose2d(*pair, kernel_size=4, stride=2, padding=1), nn.ReLU()]
        super().__init__(*layers[:-1])


class Style2Decoder(nn.Module):
    """Features [n, inputs, s, s] to paint [n, channels, t, t]: convolutions on enlarged grids, each with its own noise."""

    def __init__(self, inputs: int, widths: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(EnlargingBlock(*pair) for pair in pairwise((inputs, *widths)))
        self.strengths = nn.ParameterList(nn.Parameter(torch.zeros(width, 1, 1)) for width in widths)
        self.last = nn.Sequential(
            nn.Conv2d(widths[-1], 32, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(32, channels, 1)
        )

    def forward(self, grid: torch.Tensor, *grain: torch.Tensor) -> torch.Tensor:
        for level, strength, noise in zip(self.levels, self.strengths, grain, strict=True):
            grid = functional.leaky_relu(level(grid) + strength * noise, 0.2)
        painted: torch.Tensor = self.last(grid)
        return painted


class EnlargingBlock(nn.Module):
    """A grid of twice the side: two 3x3 convolutions beside a 1x1 one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(inputs, outputs, 1)
        self.residual = nn.Sequential(
            *(nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(outputs, outputs, 3, padding=1), nn.LeakyReLU(0.2)),
        )

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        larger = functional.interpolate(grid, scale_factor=2.0, mode="nearest")
        summed: torch.Tensor = self.residual(larger) + self.skip(larger)
        return summed
