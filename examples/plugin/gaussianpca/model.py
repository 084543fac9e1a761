"""Images drawn from a Gaussian in the space of the principal components, about the expected point of their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from gaussianpca.regression import covariance_factor, expected_points, label_effects
from qaugbench.generators.contract import Batch, Circuits, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.kinds import Kind


class GaussianPca(Solved):
    """The labels shift the mean; the covariance is one for all of them."""

    @dataclass(frozen=True)
    class Hyper:
        """``spread`` multiplies the standard deviations."""

        spread: float = 1.0

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    effects: torch.Tensor
    factor: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.register_buffer("effects", torch.zeros(1 + n_labels, *shape))
        self.register_buffer("factor", torch.zeros(*shape, *shape))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        """Fit the effects of the labels and the covariance of the rest; see ``Solved.solve``."""
        self.effects.copy_(label_effects(batch.points, batch.labels))
        self.factor.copy_(covariance_factor(batch.points - expected_points(self.effects, batch.labels)))

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return points [n, d]; see ``Generator.draw``."""
        noise = random.normal(*self.shape) @ self.factor.T
        return expected_points(self.effects, labels) + self.hyper.spread * noise
