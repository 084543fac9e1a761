"""R1: the penalty on a critic's gradient at real points (Mescheder, Geiger & Nowozin, arXiv 1801.04406, equation 9)."""

from __future__ import annotations

from collections.abc import Callable

import torch


def r1_penalty(critic: Callable[[torch.Tensor], torch.Tensor], real: torch.Tensor) -> torch.Tensor:
    """Return the mean squared length of the gradient of ``critic``'s scores [n] at ``real`` [n, ...]; it can be descended.

    >>> float(r1_penalty(lambda points: 3 * points[:, 0] + 4 * points[:, 1], torch.ones(5, 2)))
    25.0
    """
    points = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1).mean()
