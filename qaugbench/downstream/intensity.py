"""What scanners, exposure and illumination do to grey values: a contrast curve, uneven brightness, noise."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from qaugbench import seeds
from qaugbench.augmentations import Intensity

CONTROL_POINTS = 4
"""The gain is drawn on a grid of 4 x 4 points and interpolated, which makes it as smooth as the bias of a receiver coil."""


def intensity(images: torch.Tensor, settings: Intensity, seed: int) -> torch.Tensor:
    """Return ``images`` (float [B, C, H, W] in [0, 1]), a share of them with changed grey values, in [0, 1].

    All channels of an image share contrast curve and gain; noise is drawn for each value.
    """
    generator, n = seeds.torch_generator(seed), len(images)
    draws = torch.rand(n, 3, generator=generator).to(images.device)
    gains = torch.rand(n, 1, CONTROL_POINTS, CONTROL_POINTS, generator=generator).to(images.device)
    noise = torch.randn(images.shape, generator=generator).to(images.device)
    exponent, amount = (draws[:, place].view(-1, 1, 1, 1) for place in (1, 2))
    changed = images ** torch.exp((2.0 * exponent - 1.0) * settings.gamma)
    changed = changed * bias_field(gains, settings.bias_field, (images.shape[-2], images.shape[-1]))
    changed = (changed + amount * settings.noise * noise).clamp(0.0, 1.0)
    return torch.where((draws[:, 0] < settings.probability).view(-1, 1, 1, 1), changed, images)


def bias_field(draws: torch.Tensor, largest: float, size: tuple[int, int]) -> torch.Tensor:
    """Return smooth gains [B, 1, height, width] in [exp(-largest), exp(largest)] from uniform ``draws`` [B, 1, 4, 4]."""
    logarithm = F.interpolate((2.0 * draws - 1.0) * largest, size=size, mode="bilinear", align_corners=True)
    return torch.exp(logarithm)
