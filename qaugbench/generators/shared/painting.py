"""The last layers of a network that draws images on a coarser grid than that of their pixels."""

from __future__ import annotations

from torch import nn

WIDTH = 8  # features per channel of the image, between the coarse grid and the pixels


def paint(width: int, channels: int, patch: int) -> nn.Sequential:
    """Return layers from features [n, width, s, s] to an image [n, channels, patch * s, patch * s].

    The grid is enlarged before the last convolution. A convolution that paints the pixels of a patch as channels of their own
    leaves a checkerboard after short fits (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016).
    """
    if patch == 1:
        return nn.Sequential(nn.Conv2d(width, channels, 3, padding=1))
    return nn.Sequential(
        nn.Conv2d(width, WIDTH * channels, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=patch, mode="bilinear"),
        nn.Conv2d(WIDTH * channels, channels, 3, padding=1),
    )
