"""The networks of StyleGAN2: a mapping from noise and labels to styles, a skip generator and a residual critic.

Karras et al., arXiv 1912.04958; labels enter as in arXiv 2006.06676 (an embedding beside the noise) and by a projection
critic (Miyato & Koyama, arXiv 1802.05637). Label vectors may be one-hot, multi-hot or all zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn

from qaugbench.errors import DefinitionError
from qaugbench.generators.shared.levels import level_widths
from qaugbench.generators.shared.style_layers import (
    GAIN,
    EqualConv,
    EqualLinear,
    ModulatedConv,
    activated,
    doubled,
    halved,
    unit_size,
)

SMALLEST = 4
STATISTICS_GROUP = 4
EPSILON_OF_VARIANCE = 1e-8

GridNoise = Callable[[int], torch.Tensor]
"""Returns standard normal numbers [n, 1, side, side] for a side."""


def coarsest_side(side: int) -> int:
    """Return the side of the coarsest grid, from 4 to 7: ``side`` halved as often as it can be; refuses other sides.

    >>> coarsest_side(64), coarsest_side(224)
    (4, 7)
    """
    coarsest = side
    while coarsest % 2 == 0 and coarsest >= 2 * SMALLEST:
        coarsest //= 2
    if side < 2 * SMALLEST or coarsest >= 2 * SMALLEST:
        raise DefinitionError(
            f"A style-based generator needs square images whose side is {SMALLEST} to {2 * SMALLEST - 1} times a power of two "
            f"from 2, but it is {side}; set 'side' of the space, for instance to {1 << max(side.bit_length() - 1, 3)}."
        )
    return coarsest


class Mapping(nn.Module):
    """Noise [n, noise_size] and label vectors [n, n_labels] to styles [n, style_size]."""

    def __init__(self, noise_size: int, n_labels: int, style_size: int, layers: int, rate: float) -> None:
        super().__init__()
        self.label_embedding = EqualLinear(n_labels, noise_size)
        sizes = [2 * noise_size, *[style_size] * layers]
        self.layers = nn.ModuleList(EqualLinear(a, b, gain=GAIN, rate=rate) for a, b in pairwise(sizes))

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        style = torch.cat([unit_size(noise), unit_size(self.label_embedding(labels))], dim=1)
        for layer in self.layers:
            style = activated(layer(style))
        return style


class StyledLayer(nn.Module):
    """A modulated convolution, noise of a learned strength, a bias and the rectifier; ``grows`` doubles the side.

    The convolution comes before the change of size, which is a quarter of the work.
    """

    def __init__(self, inputs: int, outputs: int, style_size: int, *, grows: bool) -> None:
        super().__init__()
        self.convolution = ModulatedConv(inputs, outputs, 3, style_size)
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.grows = grows

    def forward(self, grid: torch.Tensor, style: torch.Tensor, noise: GridNoise) -> torch.Tensor:
        grid = self.convolution(grid, style)
        grid = doubled(grid) if self.grows else grid
        return activated(grid + self.noise_strength * noise(grid.shape[-1]) + self.bias[:, None, None])


class ToImage(nn.Module):
    """A 1x1 modulated convolution to image channels, without demodulation."""

    def __init__(self, inputs: int, image_channels: int, style_size: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv(inputs, image_channels, 1, style_size, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(image_channels))

    def forward(self, grid: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        image: torch.Tensor = self.convolution(grid, style) + self.bias[:, None, None]
        return image


class Synthesis(nn.Module):
    """Styles [n, n_styles, style_size] to images [n, *shape]: from a learned grid of the coarsest side, level by level.

    Each level adds its image to the doubled one of the level before (figure 7b of the paper). ``channels`` are the widths of
    the levels, from the finest; the last repeats. Style 2k - 1 doubles the grid to level k, style 2k refines it and style
    2k + 1 makes its image.
    """

    def __init__(self, shape: tuple[int, ...], channels: tuple[int, ...], style_size: int) -> None:
        super().__init__()
        image_channels, side, _ = shape
        coarse_to_fine = level_widths(side, channels, coarsest_side(side))[::-1]
        coarsest = coarsest_side(side)
        self.constant = nn.Parameter(torch.randn(1, coarse_to_fine[0], coarsest, coarsest))
        self.refine = nn.ModuleList(StyledLayer(w, w, style_size, grows=False) for w in coarse_to_fine)
        self.grow = nn.ModuleList(StyledLayer(a, b, style_size, grows=True) for a, b in pairwise(coarse_to_fine))
        self.to_image = nn.ModuleList(ToImage(w, image_channels, style_size) for w in coarse_to_fine)
        self.n_styles = 2 * len(coarse_to_fine)

    def forward(self, styles: torch.Tensor, noise: GridNoise) -> torch.Tensor:
        grid = self.refine[0](self.constant.expand(len(styles), -1, -1, -1), styles[:, 0], noise)
        image: torch.Tensor = self.to_image[0](grid, styles[:, 1])
        for level, (grow, refine) in enumerate(zip(self.grow, self.refine[1:], strict=True), start=1):
            grid = refine(grow(grid, styles[:, 2 * level - 1], noise), styles[:, 2 * level], noise)
            image = doubled(image) + self.to_image[level](grid, styles[:, 2 * level + 1])
        return image


class ResidualHalving(nn.Module):
    """Two convolutions beside a 1x1 one, both at half the side; their sum over sqrt(2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv(inputs, inputs, 3)
        self.second = EqualConv(inputs, outputs, 3)
        self.past = EqualConv(inputs, outputs, 1, gain=1.0, bias=False)

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        residual = activated(self.second(halved(activated(self.first(grid)))))
        total: torch.Tensor = (residual + self.past(halved(grid))) / math.sqrt(2)
        return total


class StyleCritic(nn.Module):
    """Images [n, *shape] and label vectors [n, n_labels] to scores [n], high for images like real ones of these labels."""

    def __init__(self, shape: tuple[int, ...], channels: tuple[int, ...], n_labels: int) -> None:
        super().__init__()
        image_channels, side, _ = shape
        widths = level_widths(side, channels, coarsest_side(side))
        last = widths[-1]
        self.from_image = EqualConv(image_channels, widths[0], 1)
        self.halvings = nn.ModuleList(ResidualHalving(a, b) for a, b in pairwise(widths))
        self.last = EqualConv(last + 1, last, 3)
        self.dense = EqualLinear(last * coarsest_side(side) ** 2, last, gain=GAIN)
        self.score = EqualLinear(last, 1)
        self.label_embedding = EqualLinear(n_labels, last)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        grid = activated(self.from_image(images))
        for halving in self.halvings:
            grid = halving(grid)
        grid = activated(self.last(torch.cat([grid, batch_deviation(grid)], dim=1)))
        features = activated(self.dense(grid.flatten(1)))
        matched = (features * self.label_embedding(labels)).sum(dim=1) / math.sqrt(features.shape[1])
        scores: torch.Tensor = self.score(features)[:, 0] + matched
        return scores


def batch_deviation(grid: torch.Tensor) -> torch.Tensor:
    """Return a plane [n, 1, h, w] of the mean standard deviation over groups of four images (arXiv 1710.10196, section 3).

    With it a critic sees that drawn images are alike. Groups are smaller where four does not divide the batch.
    """
    n, _, height, width = grid.shape
    size = max(k for k in range(1, STATISTICS_GROUP + 1) if n % k == 0)
    groups = grid.reshape(size, n // size, -1)
    deviation = (groups.var(dim=0, correction=0) + EPSILON_OF_VARIANCE).sqrt().mean(dim=1)
    return deviation.repeat(size)[:, None, None, None].expand(n, 1, height, width)
