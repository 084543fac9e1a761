"""Kernel density: a training point with the requested labels plus Gaussian noise, as wide as the data suggest.

Parzen, "On Estimation of a Probability Density Function and Mode" (Ann. Math. Stat. 33, 1962). The bandwidth is the one of greatest
leave-one-out likelihood (Duin, IEEE Trans. Comput. C-25, 1976). In the space of principal components of unit variance the
kernel has the covariance of all images, so that noise is small where images vary little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.label_neighbours import SeenLabels
from qaugbench.kinds import Kind

MOST_IMAGES = 2000
NARROWEST = 1e-3


class Kde(Solved):
    """One kernel density per label vector, with one bandwidth; an unseen label vector is drawn like the nearest seen one."""

    @dataclass(frozen=True)
    class Hyper:
        """``bandwidth``: the kernel's standard deviation per coordinate; 0 is that of greatest leave-one-out likelihood.

        ``factor`` multiplies it.
        """

        bandwidth: float = 0.0
        factor: float = 1.0

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    points: torch.Tensor
    bandwidth: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: CircuitLayers) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.seen = SeenLabels(n_labels)
        self.register_buffer("points", torch.zeros(0, *shape))
        self.register_buffer("bandwidth", torch.tensor(hyper.bandwidth))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        self.points = batch.points.clone()
        self.seen.remember(batch.labels)
        if not self.hyper.bandwidth:
            some = torch.randperm(len(batch.points), generator=random, device=batch.points.device)[:MOST_IMAGES]
            few = SeenLabels(self.n_labels)
            few.remember(batch.labels[some])
            flat = batch.points[some].flatten(1)
            self.bandwidth.fill_(likeliest_bandwidth([flat[images] for images in few.images()]))

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        centre = self.points[self.seen.pick(self.seen.nearest(labels), random.uniform().flatten())]
        return centre + self.hyper.factor * self.bandwidth * random.normal(*self.shape)


def likeliest_bandwidth(groups: Sequence[torch.Tensor], *, rounds: int = 100) -> float:
    """Return the bandwidth h at which points are likeliest under the kernel density of the others of their group [n, d].

    Expectation maximisation: h^2 is the mean over points and coordinates of the squared distance to the others, weighted by how
    likely each of these is the centre. At least ``NARROWEST``, for exact copies would make it 0; 1 if no group has two points.
    """
    squares = [
        torch.cdist(points.double(), points.double()).square().fill_diagonal_(torch.inf)
        for points in groups
        if len(points) > 1
    ]
    if not squares:
        return 1.0
    rows = sum(len(square) for square in squares)
    width = float(groups[0].shape[1])
    variance = sum(float(square.min(dim=1).values.sum()) for square in squares) / (rows * width)
    for _ in range(rounds):
        variance = max(variance, NARROWEST**2)
        expected = 0.0
        for square in squares:
            weights = torch.softmax(-square / (2 * variance), dim=1)
            expected += float(weights.mul(square.nan_to_num(posinf=0.0)).sum())
        variance = expected / (rows * width)
    return max(variance, NARROWEST**2) ** 0.5
