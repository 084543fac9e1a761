"""Principal components of features, each of unit variance."""

from __future__ import annotations

import torch
from torch import nn

LEAST_DEVIATION = 1e-4
"""Relative to the first component: one that varies less is left as small as it is."""


class Components(nn.Module):
    """Features [n, inputs] -> their first ``outputs`` principal components [n, outputs], of mean 0 and variance 1 where fitted.

    The sign of each makes its largest loading positive, so equal features give equal components on every machine.
    """

    mean: torch.Tensor
    axes: torch.Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("axes", torch.eye(inputs, outputs))

    @torch.no_grad()
    def fit(self, features: torch.Tensor) -> None:
        """Learn from ``features`` [n, inputs]; components beyond what n rows span are 0."""
        outputs = self.axes.shape[1]
        mean = features.double().mean(dim=0)
        _, lengths, rows = torch.linalg.svd(features.double() - mean, full_matrices=False)
        deviations = lengths / max(len(features), 1) ** 0.5
        axes = (rows / deviations.clamp_min(LEAST_DEVIATION * float(deviations[0].clamp_min(1e-12)))[:, None]).T
        largest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))
        axes = torch.nn.functional.pad(axes * largest.sign(), (0, max(0, outputs - axes.shape[1])))[:, :outputs]
        self.mean.copy_(mean)
        self.axes.copy_(axes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return (features - self.mean) @ self.axes
