"""Flow matching in any grid of points: the loss of a batch, and how points are transported from noise.

The straight path between noise and data (Lipman et al., arXiv 2210.02747, with optimal transport paths; the rectified flow of Liu,
Gong & Liu, arXiv 2209.03003), over diffusers' Euler scheduler. A level s runs from 0 (data) to 1 (noise).
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import nn
from torch.nn import functional

from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import guided

TIME_SCALE = 1000
"""Times that a network is told, per unit of the level: what the sinusoidal embedding of diffusers' U-Net is made for."""


def flow_loss(
    network: nn.Module,
    clean: torch.Tensor,
    labels: torch.Tensor,
    random: torch.Generator,
    *,
    label_dropout: float = 0.0,
    noise: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the mean squared error of the velocity that ``network`` predicts on the way from ``clean`` [n, c, s, s] to noise.

    Levels are uniform; at level s a point is (1 - s) clean + s noise, and its velocity noise - clean (arXiv 2210.02747,
    equation 23, with time reversed). A share ``label_dropout`` of the batch is shown without its labels, for guidance. ``noise`` is
    normal unless it is given.
    """
    levels = torch.rand(len(clean), generator=random, device=clean.device)
    if noise is None:
        noise = torch.randn(clean.shape, generator=random, device=clean.device)
    dropped = torch.rand(len(clean), generator=random, device=clean.device) < label_dropout
    share = levels.view(-1, *[1] * (clean.dim() - 1))
    predicted = network((1 - share) * clean + share * noise, TIME_SCALE * levels, labels, dropped)
    return functional.mse_loss(predicted, noise - clean)


def drawn_by_flow(
    network: nn.Module,
    labels: torch.Tensor,
    random: RowRandom,
    shape: tuple[int, ...],
    *,
    steps: int,
    clip: float,
    guidance: float = 1.0,
    noise: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return points [n, *shape], one for each label vector [n, k], by ``steps`` equal Euler steps from noise, clipped at the end.

    ``guidance`` w follows the velocity without + w (with - without labels); 1 is plain. ``noise`` is normal unless it is given.
    """
    schedule = FlowMatchEulerDiscreteScheduler(num_train_timesteps=TIME_SCALE)
    schedule.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps).tolist())
    points = random.normal(*shape) if noise is None else noise
    for time in schedule.timesteps:
        predicted = guided(network, points, time.to(points.device).expand(len(points)), labels, guidance)
        points = schedule.step(predicted, time, points).prev_sample
    return points.clamp(-clip, clip)
