"""Prototypes of the labels of a task, and the law of a latent around them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

DEVIATIONS = (0.2, 0.8)  # of the latent around a prototype: the least and the largest


class Prototypes(nn.Module):
    """Label vectors [n, n_labels] to the mean [n, width] and the deviation [n, 1] of their latents.

    Of several labels it is the mean prototype; without any label it is the origin.
    """

    def __init__(self, n_labels: int, size: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(n_labels, size))
        self.scales = nn.Parameter(torch.zeros(n_labels))
        self.reduce = nn.Sequential(nn.Linear(size, 512), nn.ReLU(), nn.Linear(512, width))

    def forward(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        shares = labels / labels.sum(dim=1, keepdim=True).clamp_min(1)
        deviation = functional.softplus(shares @ self.scales).clamp(*DEVIATIONS)
        return self.reduce(shares @ self.vectors), deviation[:, None]

    def crowding(self) -> torch.Tensor:
        """Return the mean over pairs of max(0, 1 - distance) between prototypes of length 1; 0 for a single label."""
        distances = functional.pdist(functional.normalize(self.vectors, dim=1))
        return functional.relu(1 - distances).sum() / max(len(distances), 1)


def of_unit_length(labels: torch.Tensor) -> torch.Tensor:
    """Return label vectors [n, n_labels] divided by their length; one without any label stays 0."""
    return labels / labels.norm(dim=1, keepdim=True).clamp_min(1)
