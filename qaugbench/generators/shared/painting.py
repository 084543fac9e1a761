"""The last layers of a network that draws images on a coarser grid than that of their pixels."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def paint(width: int, channels: int, patch: int) -> nn.Sequential:
    """Return layers from features [n, width, s, s] to an image [n, channels, patch * s, patch * s].

    One convolution paints the pixels of a patch as channels of their own. Weights of neighbouring pixels are learned apart, which
    after short fits shows as a checkerboard (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016); so what is painted
    is smoothed by a fixed filter that lets no checkerboard through.
    """
    convolution = nn.Conv2d(width, channels * patch**2, 3, padding=1)
    return nn.Sequential(convolution) if patch == 1 else nn.Sequential(convolution, nn.PixelShuffle(patch), Smooth())


class Smooth(nn.Module):
    """Images convolved with the binomial filter (1, 2, 1) / 4 along both sides, their edges repeated outwards."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        wider = functional.pad(images, (1, 1, 1, 1), mode="replicate")
        return functional.avg_pool2d(functional.avg_pool2d(wider, 2, stride=1), 2, stride=1)
