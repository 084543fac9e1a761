"""Layers of style-based networks: equalised learning rates, convolutions modulated by a style, smooth changes of size.

StyleGAN2 (Karras et al., arXiv 1912.04958), section 2.2 and figure 2.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

SLOPE = 0.2
GAIN = math.sqrt(2)
"""What a layer before a rectifier multiplies its outputs by, so that their size is kept; its place before the rectifier is free."""
EPSILON = 1e-8


class EqualLinear(nn.Module):
    """x W^T + b, W drawn from N(0, 1) and scaled by ``gain`` / sqrt(inputs) whenever it is used (arXiv 1710.10196, 4.1).

    All weights therefore move at one speed under Adam; these at ``rate`` times that of other layers.
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = 1.0, rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = gain * rate / math.sqrt(inputs), rate

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return functional.linear(vectors, self.weight * self.scale, self.bias * self.rate)


class EqualConv(nn.Module):
    """A convolution that keeps the size, with an equalised learning rate; ``gain`` multiplies its weights."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, gain: float = GAIN, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.padding = gain / math.sqrt(inputs * kernel**2), kernel // 2

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(grid, self.weight * self.scale, self.bias, padding=self.padding)


class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by the style, and whose output channels are brought back to size ``GAIN``.

    Equations 1 and 3 of the paper. Scaling the inputs and outputs instead of the weights is the same function, and lets a
    batch share one convolution.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, style_size: int, *, demodulate: bool = True) -> None:
        super().__init__()
        self.style = EqualLinear(style_size, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale, self.padding, self.demodulate = 1 / math.sqrt(inputs * kernel**2), kernel // 2, demodulate

    def forward(self, grid: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """Return [n, outputs, h, w] of a grid [n, inputs, h, w] and styles [n, style_size]."""
        factors = self.style(style)
        weight = self.weight * self.scale
        result = functional.conv2d(grid * factors[:, :, None, None], weight, padding=self.padding)
        if not self.demodulate:
            return result
        squares = factors.square() @ weight.square().sum(dim=(2, 3)).T
        return result * (GAIN * (squares + EPSILON).rsqrt())[:, :, None, None]


def activated(values: torch.Tensor) -> torch.Tensor:
    """Return the leaky rectifier of ``values``."""
    return functional.leaky_relu(values, SLOPE)


def unit_size(vectors: torch.Tensor) -> torch.Tensor:
    """Return ``vectors`` [n, k] scaled to a mean square of 1."""
    return vectors * (vectors.square().mean(dim=1, keepdim=True) + EPSILON).rsqrt()


def doubled(grid: torch.Tensor) -> torch.Tensor:
    """Return a grid of twice the side; bilinear interpolation is the paper's filter [1, 3, 3, 1]."""
    return functional.interpolate(grid, scale_factor=2, mode="bilinear")


def halved(grid: torch.Tensor) -> torch.Tensor:
    """Return a grid of half the side, the mean of each 2x2 sites."""
    return functional.avg_pool2d(grid, 2)
