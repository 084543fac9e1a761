"""The U-Net of quantum denoising diffusion (Kölle et al., arXiv 2401.07049) over any kind of convolution."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from qaugbench.generators.shared.graded_noise import LabelNumber

Convolution = Callable[[int, int, int], nn.Module]
"""Makes a convolution from channels in, channels out and the side of its kernel; it keeps the size of the grid."""

MOMENTUM = 0.1

WAVE, HEIGHT = 20, 0.1
"""The label's mask: a sine of 1 / ``WAVE`` radians per row, ``HEIGHT`` high."""


class SmallUnet(nn.Module):
    """Images [n, channels, side, side] and label vectors [n, n_labels] to answers of the shape of the images.

    ``depth`` levels with two 3x3 convolutions each, of ``start`` channels at the first level and twice as many at each further one,
    and batch normalisation; the first 1x1 convolution of each level on the way up brings channels back. A label's number is the
    phase of a sine over the rows, which is added to the image.
    """

    def __init__(self, channels: int, n_labels: int, start: int, depth: int, convolution: Convolution) -> None:
        super().__init__()
        widths = [start * 2**level for level in range(depth)]
        inputs = [channels, *widths[:-1]]
        self.down = nn.ModuleList(_down(*pair, convolution) for pair in zip(inputs, widths, strict=True))
        upwards = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.narrow = nn.ModuleList(convolution(below, width, 1) for below, width in upwards)
        self.up = nn.ModuleList(_up(width, convolution) for _, width in upwards)
        self.last = convolution(start, channels, 1)
        self.number = LabelNumber(n_labels)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        grid = images + label_mask(self.number(labels), images.shape[2])
        levels = []
        for level, block in enumerate(self.down):
            grid = block(functional.avg_pool2d(grid, 2) if level else grid)
            levels.append(grid)
        for narrow, block, beside in zip(self.narrow, self.up, levels[-2::-1], strict=True):
            enlarged = functional.interpolate(grid, beside.shape[2:], mode="bilinear")
            grid = block(torch.cat([narrow(enlarged), beside], dim=1))
        answer: torch.Tensor = self.last(grid)
        return answer


def label_mask(numbers: torch.Tensor, rows: int) -> torch.Tensor:
    """Return what is added to images of ``rows`` rows whose labels have these ``numbers`` [n]: [n, 1, rows, 1]."""
    phases = torch.arange(rows, device=numbers.device) / WAVE
    return HEIGHT * torch.sin(numbers[:, None] + phases)[:, None, :, None]


class _Norm(nn.BatchNorm2d):
    """Batch normalisation whose running statistics start as those of the first batch, not as 0 and 1."""

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        self.momentum = MOMENTUM if self.num_batches_tracked else 1.0
        return super().forward(grid)


def _down(inputs: int, outputs: int, convolution: Convolution) -> nn.Sequential:
    return nn.Sequential(
        convolution(inputs, outputs, 3),
        _Norm(outputs),
        nn.ReLU(),
        convolution(outputs, outputs, 3),
        _Norm(outputs),
        nn.ReLU(),
    )


def _up(outputs: int, convolution: Convolution) -> nn.Sequential:
    """Return the two convolutions after a skip connection; rectified before it is normalised at first, as in the code."""
    return nn.Sequential(
        convolution(2 * outputs, outputs, 3),
        nn.ReLU(),
        _Norm(outputs),
        convolution(outputs, outputs, 3),
        _Norm(outputs),
        nn.ReLU(),
    )
