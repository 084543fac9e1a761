"""Which training images a requested label vector is drawn from: those that have it, or those of the nearest vector that some have.

In a multi-label task most combinations of findings are in no training image, and many are in one alone.
"""

from __future__ import annotations

import torch
from torch import nn


class SeenLabels(nn.Module):
    """The distinct label vectors of a training set and the images that have each: what a generator keeps of its labels.

    ``vectors`` [m, k] are in lexicographic order and ``counts`` [m] say how many images have each. ``order`` [n] are the
    images, those of the first vector first. All are buffers: their state is the generator's.
    """

    vectors: torch.Tensor
    counts: torch.Tensor
    order: torch.Tensor

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(0, n_labels))
        self.register_buffer("counts", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("order", torch.zeros(0, dtype=torch.int64))

    def remember(self, labels: torch.Tensor) -> None:
        """Take in the label vectors [n, k] of the training images."""
        self.vectors, group_of, self.counts = torch.unique(labels, dim=0, return_inverse=True, return_counts=True)
        self.order = torch.argsort(group_of, stable=True)

    def images(self) -> tuple[torch.Tensor, ...]:
        """Return for each distinct label vector the numbers of the images that have it."""
        return self.order.split(self.counts.tolist())

    def nearest(self, wanted: torch.Tensor) -> torch.Tensor:
        """Return the row of ``vectors`` nearest to each label vector of ``wanted`` [n, k]; see ``nearest_vectors``."""
        return nearest_vectors(wanted, self.vectors, self.counts)

    def pick(self, group: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """Return the number of one image for each row of ``vectors`` in ``group`` [n], chosen by ``uniform`` [n] in [0, 1)."""
        first = self.counts.cumsum(0) - self.counts
        return self.order[first[group] + one_of(self.counts[group], uniform)]


def nearest_vectors(wanted: torch.Tensor, known: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return for each label vector of ``wanted`` [n, k] the row of ``known`` [m, k] that differs in the fewest labels, int64 [n].

    Of several at the same Hamming distance, the most frequent one by ``counts`` [m] is taken; of equally frequent ones, the
    first. A vector that is among ``known`` is its own nearest.

    >>> known, counts = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([3, 8])
    >>> nearest_vectors(torch.tensor([[1.0, 0.0], [1.0, 1.0]]), known, counts).tolist()
    [0, 1]
    """
    distances = (wanted[:, None, :] != known[None, :, :]).sum(dim=2)
    preference = torch.argsort(counts, descending=True, stable=True)  # distances decide, then this order
    rank = torch.empty_like(preference)
    rank[preference] = torch.arange(len(known), device=known.device)
    return (distances * len(known) + rank).argmin(dim=1)


def one_of(counts: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return a whole number from 0 to ``counts`` - 1 for each ``uniform`` number in [0, 1), all equally likely.

    >>> one_of(torch.tensor([4, 4, 1]), torch.tensor([0.0, 0.99, 0.99])).tolist()
    [0, 3, 0]
    """
    return torch.minimum((uniform * counts).long(), counts - 1)  # a product may round up to the count
