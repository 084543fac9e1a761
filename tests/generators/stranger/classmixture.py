"""A mixture of two spherical Gaussians per class, as somebody who has read docs/extending.md once would write it."""

from dataclasses import dataclass

import torch
from sklearn.mixture import GaussianMixture

from qaugbench.generators.contract import Solved


class ClassMixture(Solved):
    """Each label has a mixture; several labels at once average theirs, and none takes that of all images."""

    @dataclass(frozen=True)
    class Hyper:
        """The number of Gaussians per label."""

        gaussians: int = 2

    kind = "classical"

    def __init__(self, shape, n_labels, hyper, circuits):
        super().__init__(shape, n_labels, hyper, circuits)
        self.register_buffer("centres", torch.zeros(n_labels + 1, hyper.gaussians, *shape))
        self.register_buffer("spreads", torch.ones(n_labels + 1, hyper.gaussians))
        self.register_buffer("shares", torch.ones(n_labels + 1, hyper.gaussians))

    def solve(self, batch, random):
        seed = int(torch.randint(1000, (1,), generator=random))
        has = torch.cat([batch.labels, torch.ones(len(batch.labels), 1)], dim=1) > 0
        for k in range(self.n_labels + 1):
            points = batch.points[has[:, k]].flatten(1).numpy()
            if len(points) < self.hyper.gaussians:
                points = batch.points.flatten(1).numpy()
            mixture = GaussianMixture(self.hyper.gaussians, covariance_type="spherical", random_state=seed).fit(points)
            self.centres[k] = torch.tensor(mixture.means_).reshape(self.centres[k].shape)
            self.spreads[k] = torch.tensor(mixture.covariances_).sqrt()
            self.shares[k] = torch.tensor(mixture.weights_).cumsum(0)

    def draw(self, labels, random):
        labels = torch.cat([labels, (labels.sum(dim=1, keepdim=True) == 0).float()], dim=1)
        chosen = (random.uniform(1)[:, None] > self.shares).sum(dim=2).clamp_max(self.hyper.gaussians - 1)
        rows = torch.arange(self.n_labels + 1)
        weights = labels / labels.sum(dim=1, keepdim=True)
        centre = torch.einsum("nk,nk...->n...", weights, self.centres[rows, chosen])
        spread = (weights * self.spreads[rows, chosen]).sum(dim=1)
        return centre + spread[:, None] * random.normal(*self.shape)
