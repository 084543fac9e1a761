"""What a generator and its critic minimise: losses of scores, penalties of the critic's gradient, and the gap between scores.

A critic maps points [n, *shape] to scores [n], higher for real ones. Label vectors are bound before: ``partial(critic,
labels=labels)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

Critic = Callable[[torch.Tensor], torch.Tensor]


def wasserstein_loss(real: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Return the critic's loss for scores [n] and [m]: mean of drawn minus mean of real (arXiv 1701.07875).

    The generator's loss is minus the mean of the drawn ones.

    >>> float(wasserstein_loss(torch.tensor([3.0, 1.0]), torch.tensor([0.5])))
    -1.5
    """
    return drawn.mean() - real.mean()


def relativistic_loss(higher: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
    """Return the mean of softplus(lower - higher) over pairs of scores [n] (arXiv 1807.00734; equation 2 of arXiv 2501.05441).

    The critic wants real scores ``higher`` than drawn ones, the generator the reverse.
    """
    return functional.softplus(lower - higher).mean()


def gap(real: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Return the mean score of real points minus that of drawn ones, detached."""
    return (real.mean() - drawn.mean()).detach()


def between(real: torch.Tensor, drawn: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Return points uniform on the lines from each real to the drawn point of its row (algorithm 1 of arXiv 1704.00028)."""
    share = torch.rand(len(real), generator=random, device=real.device).view(-1, *[1] * (real.dim() - 1))
    return torch.lerp(drawn.detach(), real, share)


def scores_and_slopes(critic: Critic, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scores [n] of ``points``, and the squared norm [n] of the gradient of each score by its point.

    Both can be differentiated by the critic's weights. Row i of the scores has to depend on row i of the points alone.
    """
    inputs = points.detach().requires_grad_()
    scores = critic(inputs)
    (gradient,) = torch.autograd.grad(scores.sum(), inputs, create_graph=True)
    return scores, gradient.square().flatten(1).sum(dim=1)


def gradient_penalty(critic: Critic, points: torch.Tensor) -> torch.Tensor:
    """Return the mean of (gradient norm - 1)² at ``points``, which are taken ``between`` real and drawn (arXiv 1704.00028)."""
    _, slopes = scores_and_slopes(critic, points)
    return (slopes + 1e-12).sqrt().sub(1).square().mean()  # the root has no finite derivative at 0


def zero_centred_penalty(critic: Critic, points: torch.Tensor) -> torch.Tensor:
    """Return half the mean squared gradient norm: R1 at real points, R2 at drawn ones (arXiv 1801.04406)."""
    _, slopes = scores_and_slopes(critic, points)
    return slopes.mean() / 2


@contextmanager
def constant(module: nn.Module) -> Iterator[None]:
    """Let no gradient reach the parameters of ``module`` inside the context; points still get theirs through it."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
