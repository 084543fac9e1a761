"""Gaussian mixtures: one per label vector, their covariances shrunk by the rule of Ledoit and Wolf.

Expectation maximisation with diagonal covariances (Dempster, Laird & Rubin, J. R. Stat. Soc. B 39, 1977) divides the images of
a label vector into components. Each then has its own full covariance, (1 - rho) S + rho diag(S): S is that of its images, and
rho is the intensity of Ledoit & Wolf (J. Multivar. Anal. 88, 2004) for coordinates divided by their deviations. So noise is small
where the images of a component are alike; with the identity as target it would be as large there as anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.mixture import GaussianMixture

from qaugbench.generators.contract import Batch, Circuits, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.label_neighbours import SeenLabels
from qaugbench.kinds import Kind

FEWEST = 10
SMALLEST_DEVIATION = 1e-2


class Gmm(Solved):
    """A mixture of Gaussians per label vector; an unseen label vector is drawn like the nearest seen one.

    A component of fewer than ``FEWEST`` images has a mean of its own and the covariance of all images about the means of
    their components. Covariances [d, d] are not kept: a sum of residuals with independent normal weights has the
    covariance S of these residuals.
    """

    @dataclass(frozen=True)
    class Hyper:
        """Up to ``components`` per label vector, but no more than one for every ``images_per_component`` of its images."""

        components: int = 4
        images_per_component: int = 20

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    component_of: torch.Tensor
    means: torch.Tensor
    residuals: torch.Tensor
    counts: torch.Tensor
    shrinkage: torch.Tensor
    deviations: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        width = int(np.prod(shape))
        self.seen = SeenLabels(n_labels)
        self.register_buffer("component_of", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("means", torch.zeros(0, width))
        self.register_buffer("residuals", torch.zeros(0, width))
        self.register_buffer("counts", torch.zeros(0))
        self.register_buffer("shrinkage", torch.zeros(0))
        self.register_buffer("deviations", torch.zeros(0, width))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        points = batch.points.flatten(1)
        self.seen.remember(batch.labels)
        self.component_of = self._components(
            points, int(torch.randint(2**31, (), generator=random, device=random.device))
        )
        self.counts = torch.bincount(self.component_of).to(points)
        sums = points.new_zeros(len(self.counts), points.shape[1]).index_add(0, self.component_of, points)
        self.means = sums / self.counts[:, None]
        self.residuals = points - self.means[self.component_of]
        every = torch.arange(len(self.counts), device=points.device)
        own = [self.residuals[belongs] for belongs in self._belonging(every)]
        self.deviations = torch.stack([residuals.square().mean(dim=0).sqrt() for residuals in own])
        self.shrinkage = points.new_tensor([ledoit_wolf(residuals) for residuals in own])

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        image = self.seen.pick(self.seen.nearest(labels), random.uniform().flatten())
        component = self.component_of[image]  # so a component is as likely as it has images
        belongs = self._belonging(component).to(labels)
        rho = self.shrinkage[component][:, None]
        weights = random.normal(len(self.residuals)) * belongs * ((1 - rho) / belongs.sum(dim=1, keepdim=True)).sqrt()
        around = weights @ self.residuals + rho.sqrt() * self.deviations[component] * random.normal(self.means.shape[1])
        return (self.means[component] + around).unflatten(1, self.shape)

    def _components(self, points: torch.Tensor, seed: int) -> torch.Tensor:
        """Return the component of each of ``points`` [n, d], numbered over all label vectors."""
        component_of = torch.zeros(len(points), dtype=torch.int64, device=points.device)
        for images in self.seen.images():
            number = min(self.hyper.components, max(1, len(images) // self.hyper.images_per_component))
            component_of[images] = int(component_of.max()) + 1 + divided(points[images], number, seed)
        return component_of - 1

    def _belonging(self, component: torch.Tensor) -> torch.Tensor:
        """Return whether the covariance of each ``component`` [k] is that of each image, bool [k, n]."""
        return (component[:, None] == self.component_of) | (self.counts[component] < FEWEST)[:, None]


def divided(points: torch.Tensor, number: int, seed: int) -> torch.Tensor:
    """Return the likeliest of up to ``number`` components for each of ``points`` [n, d], numbered from 0 without a gap."""
    if number == 1:
        return torch.zeros(len(points), dtype=torch.int64, device=points.device)
    mixture = GaussianMixture(number, covariance_type="diag", reg_covar=SMALLEST_DEVIATION**2, random_state=seed)
    likeliest = mixture.fit_predict(points.double().cpu().numpy())
    return torch.from_numpy(np.unique(likeliest, return_inverse=True)[1]).to(points.device)


def ledoit_wolf(residuals: torch.Tensor) -> float:
    """Return the intensity in [0, 1] with which to shrink the correlations of ``residuals`` [n, d], of mean 0, towards none."""
    scaled = residuals / residuals.square().mean(dim=0).sqrt().clamp_min(SMALLEST_DEVIATION)
    return float(ledoit_wolf_shrinkage(scaled.double().cpu().numpy(), assume_centered=True))
