"""Descent by simultaneous perturbations (SPSA, Spall 1992), for circuits on hardware that gives no gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

DECAY, RATE_DECAY, FIRST_STEP, FIRST_CHANGE = 0.101, 0.602, 0.1, 0.001
"""How the size of perturbations and the rate decay with their number, the first size, and the mean change of the first."""
GAINS = (10.0, 100.0)
"""Between these lies the gain; the code of the photonic QGAN (arXiv 2405.06023) begins anew until it does."""


@torch.no_grad()
def perturb(
    weights: Sequence[nn.Parameter],
    loss: Callable[[], torch.Tensor],
    gain: torch.Tensor,
    number: int,
    total: int,
    random: torch.Generator,
) -> None:
    """Move ``weights`` against the slope of ``loss`` along one random direction, the ``number``-th of ``total`` times from 1 on.

    The first one sets ``gain`` [], so that the mean change of a weight is about .001.
    """
    slow = 0.1 * total
    if number == 1:
        first = sum(each.sum() for each in slope_along_one(weights, loss, FIRST_STEP, random))
        mean = abs(float(first)) / sum(each.numel() for each in weights)
        gain.fill_(min(max(FIRST_CHANGE * (slow + 1) ** RATE_DECAY / max(mean, 1e-9), GAINS[0]), GAINS[1]))
    slopes = slope_along_one(weights, loss, FIRST_STEP / number**DECAY, random)
    for weight, slope in zip(weights, slopes, strict=True):
        weight.sub_(gain / (number + slow) ** RATE_DECAY * slope)


@torch.no_grad()
def slope_along_one(
    weights: Sequence[nn.Parameter], loss: Callable[[], torch.Tensor], size: float, random: torch.Generator
) -> list[torch.Tensor]:
    """Return the slope of the loss along one random direction of all weights, seen from each of them."""
    signs = [2.0 * torch.randint(0, 2, w.shape, generator=random, device=random.device).to(w) - 1 for w in weights]
    before, losses = [weight.clone() for weight in weights], []
    for side in (size, -size):
        for weight, at, sign in zip(weights, before, signs, strict=True):
            weight.copy_(at + side * sign)
        losses.append(loss())
    for weight, at in zip(weights, before, strict=True):
        weight.copy_(at)
    return [(losses[0] - losses[1]) / (2 * size) * sign for sign in signs]
