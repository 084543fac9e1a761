"""SMOTE: a new point between a training point and one of its nearest neighbours with the same labels.

"SMOTE: Synthetic Minority Over-sampling Technique" (Chawla, Bowyer, Hall & Kegelmeyer, JAIR 16, 2002, section 4.2), here on
latents of images instead of the columns of a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from sklearn.neighbors import NearestNeighbors

from qaugbench.generators.contract import Batch, Circuits, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.label_neighbours import SeenLabels, one_of
from qaugbench.kinds import Kind


class Smote(Solved):
    """Interpolation between two images of one label vector.

    A label vector that no training image has is drawn like the nearest that one has. An image that is alone with its label
    vector has no neighbour and is repeated.
    """

    @dataclass(frozen=True)
    class Hyper:
        """``neighbours``: from how many of the nearest images the second one is chosen."""

        neighbours: int = 5

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    points: torch.Tensor
    neighbours: torch.Tensor
    n_neighbours: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.seen = SeenLabels(n_labels)
        self.register_buffer("points", torch.zeros(0, *shape))
        self.register_buffer("neighbours", torch.zeros(0, hyper.neighbours, dtype=torch.int64))
        self.register_buffer("n_neighbours", torch.zeros(0, dtype=torch.int64))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        self.points = batch.points.clone()
        self.seen.remember(batch.labels)
        itself = torch.arange(len(batch.points), device=batch.points.device)
        self.neighbours = itself[:, None].repeat(1, self.hyper.neighbours)
        self.n_neighbours = torch.ones_like(itself)
        for images in self.seen.images():
            found = min(self.hyper.neighbours, len(images) - 1)
            if found:
                self.neighbours[images, :found] = images[nearest(batch.points[images], found)]
                self.n_neighbours[images] = found

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        which_image, which_neighbour, how_far = random.uniform(3).unbind(dim=1)
        first = self.seen.pick(self.seen.nearest(labels), which_image)
        second = self.neighbours[first, one_of(self.n_neighbours[first], which_neighbour)]
        return torch.lerp(self.points[first], self.points[second], how_far.reshape(-1, *[1] * len(self.shape)))


def nearest(points: torch.Tensor, number: int) -> torch.Tensor:
    """Return for each of ``points`` [n, *shape] the ``number`` nearest others by Euclidean distance, int64 [n, number]."""
    search = NearestNeighbors(n_neighbors=number, algorithm="brute").fit(points.flatten(1).cpu().numpy())
    return torch.from_numpy(search.kneighbors(return_distance=False)).to(points.device)
