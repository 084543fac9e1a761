"""Adaptive discriminator augmentation: every image a critic sees is changed at random, as often as its overfitting calls for.

Karras et al., arXiv 2006.06676: pixel blitting, general geometric and colour transformations (the set "bgc", appendix B),
each applied with the probability p. Real and drawn images are changed in the same way, and every change leaves a share of
the images as they are, so the distribution of unchanged images can be told from that of changed ones: the generator learns
the former (section 2.2). Labels that a flip or a turn would alter, such as a side of the body, are therefore safe.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

EVERY = 4  # steps between two changes of p
LIMIT = 0.8  # above it, changes such as turns begin to appear in drawn images (section 2.2)


class AdaptiveAugmentation(nn.Module):
    """Changes images at random; its probability follows the share of real images that the critic takes for real.

    ``target`` is that of the mean sign of the scores of real images, and ``images_to_one`` how many real images take p from
    0 to 1. p and what has been seen since its last change are buffers.
    """

    probability: torch.Tensor
    sign_sum: torch.Tensor
    seen: torch.Tensor
    steps: torch.Tensor

    def __init__(self, target: float, images_to_one: float) -> None:
        super().__init__()
        self.target, self.images_to_one = target, images_to_one
        for name in ("probability", "sign_sum", "seen", "steps"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        """Return ``images`` [n, c, s, s] in [-1, 1], changed; gradients flow through."""
        probability = float(self.probability)
        return augmented(images, probability, random) if probability > 0 else images

    @torch.no_grad()
    def observe(self, real_scores: torch.Tensor) -> None:
        """Take note of the scores [n] of real images of one step; every four steps, p changes."""
        self.sign_sum += real_scores.sign().sum()
        self.seen += len(real_scores)
        self.steps += 1
        if self.steps < EVERY:
            return
        mean_sign, images = float(self.sign_sum / self.seen), float(self.seen)
        step = images / self.images_to_one
        self.probability.fill_(followed(float(self.probability), mean_sign, self.target, step))
        for counter in (self.sign_sum, self.seen, self.steps):
            counter.zero_()


def followed(probability: float, mean_sign: float, target: float, step: float) -> float:
    """Return the next probability: up by ``step`` if ``mean_sign`` is above ``target`` (overfitting), else down, in [0, LIMIT].

    >>> followed(0.5, 0.9, 0.6, 0.25), followed(0.5, 0.1, 0.6, 0.25), followed(0.0, 0.1, 0.6, 0.25)
    (0.75, 0.25, 0.0)
    """
    return min(max(probability + math.copysign(step, mean_sign - target), 0.0), LIMIT)


def augmented(images: torch.Tensor, probability: float, random: torch.Generator) -> torch.Tensor:
    """Return ``images`` [n, c, s, s], moved and coloured, each change with ``probability`` of its own for each image."""
    draws = _Draws(len(images), probability, random, images.device)
    return coloured(moved(images, _motion(draws, images.shape[-1])), *_colour(draws, images.shape[1]))


def moved(images: torch.Tensor, motion: torch.Tensor) -> torch.Tensor:
    """Return ``images`` [n, c, s, s] with the value at place x taken from ``motion`` [n, 3, 3] x; coordinates go from -1 to 1.

    Between pixels it interpolates, and beyond the border it reflects.
    """
    grid = functional.affine_grid(motion[:, :2], list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def coloured(images: torch.Tensor, matrix: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Return ``matrix`` [n, c, c] times every pixel of ``images`` [n, c, s, s], plus ``shift`` [n]."""
    mixed = matrix[:, 0, 0, None, None, None] * images if images.shape[1] == 1 else _mixed(images, matrix)
    return mixed + shift[:, None, None, None]


def _mixed(images: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    return (matrix @ images.flatten(2)).view(images.shape)


def turn(angle: torch.Tensor) -> torch.Tensor:
    """Return motions [n, 3, 3] that turn about the centre by ``angle`` [n]."""
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return _matrix(cosine, -sine, torch.zeros_like(angle), sine, cosine, torch.zeros_like(angle))


def hue_turn(angle: torch.Tensor) -> torch.Tensor:
    """Return turns [n, 3, 3] of colours about the axis of greys, by ``angle`` [n] (Rodrigues)."""
    grey = torch.full((3, 3), 1 / 3, device=angle.device)
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=angle.device) / math.sqrt(3)
    cosine, sine = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    return grey + cosine * (torch.eye(3, device=angle.device) - grey) + sine * across


class _Draws:
    """Random amounts [n] of a change, neutral for the images that it leaves alone."""

    def __init__(self, n: int, probability: float, random: torch.Generator, device: torch.device) -> None:
        self.n, self._probability, self._random, self.device = n, probability, random, device

    def uniform(self, low: float, high: float) -> torch.Tensor:
        """Return amounts uniform in [low, high), or 0."""
        return self._sometimes(low + (high - low) * self._rand())

    def normal(self, deviation: float) -> torch.Tensor:
        """Return normal amounts, or 0."""
        return self._sometimes(deviation * torch.randn(self.n, generator=self._random, device=self.device))

    def whole(self, values: int) -> torch.Tensor:
        """Return whole numbers from 0 to ``values`` - 1, or 0."""
        return self._sometimes(torch.floor(values * self._rand()))

    def _rand(self) -> torch.Tensor:
        return torch.rand(self.n, generator=self._random, device=self.device)

    def _sometimes(self, amounts: torch.Tensor) -> torch.Tensor:
        return torch.where(self._rand() < self._probability, amounts, 0.0)


def _motion(draws: _Draws, side: int) -> torch.Tensor:
    """Return random motions [n, 3, 3]: flip, quarter turns, whole pixels, scale, turn, stretch, and a shift (table 1, "bg")."""
    pixels = [(draws.uniform(-0.125, 0.125) * side).round() * 2 / side for _ in range(2)]
    flip = 1 - 2 * draws.whole(2)
    blit = turn(draws.whole(4) * math.pi / 2) @ _scale(flip, torch.ones_like(flip)) @ _shift(*pixels)
    size, stretch = (torch.exp2(draws.normal(0.2)) for _ in range(2))
    geometric = _scale(size, size) @ turn(draws.uniform(-math.pi, math.pi)) @ _scale(stretch, 1 / stretch)
    return blit @ geometric @ _shift(draws.normal(0.25), draws.normal(0.25))


def _colour(draws: _Draws, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random matrices [n, c, c] and shifts [n]: brightness and contrast, and for colour hue and saturation (table 1, "c").

    Contrast scales brightness as well, as in the paper's order.
    """
    brightness, contrast = draws.normal(0.2), torch.exp2(draws.normal(0.5))
    matrix = torch.eye(channels, device=draws.device).expand(draws.n, channels, channels)
    if channels == 3:
        grey = torch.full((3, 3), 1 / 3, device=draws.device)
        saturation = torch.exp2(draws.normal(1.0))[:, None, None]
        matrix = (grey + saturation * (matrix - grey)) @ hue_turn(draws.uniform(-math.pi, math.pi))
    return contrast[:, None, None] * matrix, contrast * brightness


def _scale(across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    zero = torch.zeros_like(across)
    return _matrix(across, zero, zero, zero, down, zero)


def _shift(across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    zero, one = torch.zeros_like(across), torch.ones_like(across)
    return _matrix(one, zero, across, zero, one, down)


def _matrix(*entries: torch.Tensor) -> torch.Tensor:
    """Return [n, 3, 3] of the first two rows, entry by entry; the last row is (0, 0, 1)."""
    zero, one = torch.zeros_like(entries[0]), torch.ones_like(entries[0])
    return torch.stack([*entries, zero, zero, one], dim=1).view(-1, 3, 3)
