"""Kernel density: a training point with the requested labels plus Gaussian noise, as wide as the data suggest.

Parzen, "On Estimation of a Probability Density Function and Mode" (Ann. Math. Stat. 33, 1962). The bandwidth is the one of
greatest leave-one-out likelihood (Duin, IEEE Trans. Comput. C-25, 1976), in units of how far each coordinate varies among the
images of the label vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from qaugbench.generators.contract import Batch, Circuits, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.label_neighbours import SeenLabels
from qaugbench.kinds import Kind

FEWEST = 10
MOST = 2000
NARROWEST = 1e-3


class Kde(Solved):
    """One kernel density per label vector; an unseen label vector is drawn like the nearest seen one.

    A label vector of fewer than ``FEWEST`` images takes the deviations and the bandwidth of all images about the means of
    their label vectors.
    """

    @dataclass(frozen=True)
    class Hyper:
        """``factor`` multiplies the likeliest bandwidth."""

        factor: float = 1.0

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    points: torch.Tensor
    noise: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.seen = SeenLabels(n_labels)
        self.register_buffer("points", torch.zeros(0, *shape))
        self.register_buffer("noise", torch.zeros(0, *shape))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        self.points = batch.points.clone()
        self.seen.remember(batch.labels)
        groups = [centred(batch.points[images].flatten(1)) for images in self.seen.images()]
        pooled = kernel_deviations(groups, random)
        own = [kernel_deviations([group], random) if len(group) >= FEWEST else pooled for group in groups]
        self.noise = torch.stack(own).unflatten(1, self.shape)

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        group = self.seen.nearest(labels)
        centre = self.points[self.seen.pick(group, random.uniform().flatten())]
        return centre + self.hyper.factor * self.noise[group] * random.normal(*self.shape)


def centred(points: torch.Tensor) -> torch.Tensor:
    """Return ``points`` [n, d] minus their mean."""
    return points - points.mean(dim=0)


def kernel_deviations(groups: Sequence[torch.Tensor], random: torch.Generator) -> torch.Tensor:
    """Return the kernel's standard deviation [d] per coordinate for centred ``groups`` of points [n, d].

    At most ``MOST`` points of a group, chosen by ``random``, enter the bandwidth.
    """
    deviations = torch.cat(list(groups)).square().mean(dim=0).sqrt()
    chosen = [group[torch.randperm(len(group), generator=random, device=group.device)[:MOST]] for group in groups]
    return likeliest_bandwidth([group / deviations.clamp_min(NARROWEST) for group in chosen]) * deviations


def likeliest_bandwidth(groups: Sequence[torch.Tensor], *, rounds: int = 50) -> float:
    """Return the bandwidth h at which points are likeliest under the kernel density of the others of their group [n, d].

    Expectation maximisation: h^2 is the mean over points and coordinates of the squared distance to the others, weighted by how
    likely each of these is the centre. At least ``NARROWEST``, since it is 0 for copies; 1 if no group has two points.
    """
    squares = [torch.cdist(points.double(), points.double()).square() for points in groups if len(points) > 1]
    if not squares:
        return 1.0
    terms = sum(len(square) for square in squares) * groups[0].shape[1]
    variance = 1.0
    for _ in range(rounds):
        expected = sum(float((square * _centres(square, variance)).sum()) for square in squares)
        variance = max(expected / terms, NARROWEST**2)
    return variance**0.5


def _centres(squares: torch.Tensor, variance: float) -> torch.Tensor:
    """Return how likely each other point is the centre of each point, [n, n], from squared distances."""
    alone = torch.eye(len(squares), dtype=torch.bool, device=squares.device)
    return torch.softmax((-squares / (2 * variance)).masked_fill(alone, -torch.inf), dim=1)
