"""A plain critic of images: strided convolutions, the mean over sites, and a projection of the labels."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from qaugbench.generators.shared.prototypes import of_unit_length

LABEL_WIDTH = 128


class ConvolutionalCritic(nn.Module):
    """Images [n, channels, s, s] and label vectors [n, n_labels] to scores [n]; ``widths`` from the finest level.

    Labels add the inner product of their vectors with the features (projection, arXiv 1802.05637).
    """

    def __init__(self, channels: int, n_labels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for pair in pairwise((channels, *widths)):
            layers += [nn.Conv2d(*pair, kernel_size=4, stride=2, padding=1, bias=False), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1], 1)
        self.project = nn.Linear(widths[-1], LABEL_WIDTH, bias=False)
        self.labels = nn.Parameter(torch.randn(n_labels, LABEL_WIDTH))

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        features = self.trunk(images).mean(dim=(2, 3))
        agreement = (self.project(features) * (of_unit_length(labels) @ self.labels)).sum(dim=1)
        scores: torch.Tensor = self.score(features)[:, 0] + agreement
        return scores
