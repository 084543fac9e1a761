"""Images mixed with noise by degrees, and networks that take one degree away at a time without being told which.

The process of quantum denoising diffusion (Kölle et al., arXiv 2401.07049) as in its public code. The noise of all degrees of an
image is the same, and its grey level is near .5: this is not the process of Ho, Jain & Abbeel. Images are in [0, 1], black to
white.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import nn

from qaugbench.generators.row_random import RowRandom

Goal = Literal["noise", "data"]
"""What a network answers: the noise that one degree adds, or the image with one degree less."""

Network = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Images [n, c, s, s] and label vectors [n, k] to answers in [0, 1] of the shape of the images."""

GREY, DEVIATION = 0.5, 0.2
WIDTH = 0.1
"""A network's answer a stands for the noise ``WIDTH`` * (a - .5)."""
FIRST = 0.75, 1.25
"""The range of the uniform noise that drawing starts from."""


class LabelNumber(nn.Module):
    """One number per label vector [n, k] -> [n], a learned affine form.

    At first, label i alone has the number i / (k - 1), that of class i in the published code, and no label one step less than 0.
    """

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        step = 1 / max(n_labels - 1, 1)
        self.weight = nn.Parameter(step * torch.arange(1.0, n_labels + 1))
        self.bias = nn.Parameter(torch.tensor(-step))

    def forward(self, labels: torch.Tensor) -> torch.Tensor:
        return labels @ self.weight + self.bias


def noise_shares(degrees: int, decay: float) -> torch.Tensor:
    """Return the share of noise at each degree, [degrees + 1], from 0 to 1.

    >>> noise_shares(2, 3.0)
    tensor([0.0000, 0.1250, 1.0000])
    """
    return torch.linspace(0, 1, degrees + 1) ** decay


def by_degrees(images: torch.Tensor, shares: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Return ``images`` [n, c, s, s] at every degree, [n, degrees + 1, c, s, s]: one normal noise per image, clipped to [0, 1]."""
    noise = GREY + DEVIATION * torch.randn(images.shape, generator=random, device=images.device)
    share = shares.to(images).view(1, -1, 1, 1, 1)
    return torch.lerp(images.unsqueeze(1), noise.unsqueeze(1), share).clamp(0, 1)


def pairs(
    images: torch.Tensor, labels: torch.Tensor, shares: torch.Tensor, random: torch.Generator, *, each: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return images at ``each`` random degrees of every image, their label vectors, and the same images at one degree less.

    [n * each, c, s, s], [n * each, k] and again the first; with as many as there are, every degree once.
    """
    degrees = torch.rand(len(images), len(shares) - 1, generator=random, device=images.device).argsort(1)[:, :each]
    graded, rows = by_degrees(images, shares, random), torch.arange(len(images), device=images.device)[:, None]
    noisier, cleaner = (graded[rows, degrees + one].flatten(0, 1) for one in (1, 0))
    return noisier, labels.repeat_interleave(degrees.shape[1], dim=0), cleaner


def one_less(network: Network, images: torch.Tensor, labels: torch.Tensor, goal: Goal) -> torch.Tensor:
    """Return ``images`` with one degree of noise less, as the network's answer says.

    The mean squared error to the cleaner image is that of the noise too, which is the difference of the two.
    """
    answer = network(images, labels)
    return answer if goal == "data" else images - WIDTH * (answer - GREY)


def first_noise(random: RowRandom, *shape: int) -> torch.Tensor:
    """Return the images [n, *shape] that drawing starts from."""
    low, high = FIRST
    return low + (high - low) * random.uniform(*shape)


def drawn_by_degrees(
    network: Network, labels: torch.Tensor, random: RowRandom, shape: tuple[int, ...], *, steps: int, goal: Goal
) -> torch.Tensor:
    """Return one image [n, *shape] for each label vector: ``steps`` times one degree less, from uniform noise."""
    images = first_noise(random, *shape)
    for _ in range(steps):
        images = one_less(network, images, labels, goal).clamp(0, 1)
    return images
