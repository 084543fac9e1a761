"""How networks see a label vector, which may hold one label, several or none; and a plain multi-layer network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


class LabelEmbedding(nn.Module):
    """Label vectors [n, n_labels] to vectors [n, width] whose entries have unit variance at the start.

    Each label has a vector, and so has the absence of all. Those of several labels are added and divided by the root of
    their number, so that an image with many labels is no larger an input than one with a single one.
    """

    def __init__(self, n_labels: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(n_labels + 1, width))

    def forward(self, labels: torch.Tensor) -> torch.Tensor:
        none = (labels.sum(dim=1, keepdim=True) == 0).to(labels)
        present = torch.cat([labels, none], dim=1)
        return present / present.norm(dim=1, keepdim=True) @ self.vectors


class ProjectionHead(nn.Module):
    """Features [n, width] and label vectors [n, n_labels] to scores [n]: w·f + b + v(labels)·f / √width (arXiv 1802.05637)."""

    def __init__(self, width: int, n_labels: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)
        self.embedding = LabelEmbedding(n_labels, width)
        self._scale = width**-0.5

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        agreement = (self.embedding(labels) * features).sum(dim=1) * self._scale
        scores: torch.Tensor = self.score(features)[:, 0] + agreement
        return scores


def multi_layer(widths: Sequence[int], slope: float = 0.2) -> nn.Sequential:
    """Return linear layers from ``widths[0]`` to ``widths[-1]`` features, with leaky rectifiers between them.

    >>> [type(layer).__name__ for layer in multi_layer((8, 16, 1))]
    ['Linear', 'LeakyReLU', 'Linear']
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(slope)]
    return nn.Sequential(*layers[:-1])
