"""One generator per label, for papers that fit a class at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from qaugbench.generators.contract import Generator, InfeasibleError
from qaugbench.generators.row_random import RowRandom
from qaugbench.kinds import Kind

FEWEST = 2


class OnePerLabel(Generator):
    """Holds one generator per label and, for label vectors without any label, one more.

    Member k learns from the images that have label k, whatever else they have; a label with fewer than ``FEWEST`` images
    has no fitted member. A vector is drawn by the member of its rarest label that has one, and one without any raises
    ``InfeasibleError``. Members are given the label vectors, so one that is conditional stays so.
    """

    kind: ClassVar[Kind] = "classical"  # the members' kind is what counts; this class is never in a file of its own

    def __init__(self, make: Callable[[], Generator], shape: tuple[int, ...], n_labels: int) -> None:
        nn.Module.__init__(self)
        self.shape = shape
        self.n_labels = n_labels
        self.members = nn.ModuleList(make() for _ in range(n_labels + 1))
        self.register_buffer("counts", torch.zeros(n_labels + 1))

    def rows_of(self, labels: np.ndarray) -> list[np.ndarray]:
        """Return for each member the rows of ``labels`` [n, n_labels] that it learns from."""
        own = [np.flatnonzero(labels[:, k] > 0) for k in range(self.n_labels)]
        return [*own, np.flatnonzero(labels.sum(axis=1) == 0)]

    def remember(self, labels: np.ndarray) -> None:
        """Keep from how many images each member learns."""
        counts: torch.Tensor = self.counts  # type: ignore[assignment]
        counts.copy_(torch.tensor([len(rows) for rows in self.rows_of(labels)], dtype=torch.float32))

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return one point for each label vector, by the member of its rarest label."""
        chosen = self._chosen(labels)
        points = torch.zeros(len(labels), *self.shape, device=labels.device)
        for k, member in enumerate(self.members):
            rows = (chosen == k).nonzero().flatten()
            if len(rows):
                points[rows] = member.draw(labels[rows], random.of(rows.tolist()))  # type: ignore[operator]
        return points

    def _chosen(self, labels: torch.Tensor) -> torch.Tensor:
        """Return the number of the member that draws each label vector."""
        counts: torch.Tensor = self.counts  # type: ignore[assignment]
        none = labels.sum(dim=1, keepdim=True) == 0
        candidates = torch.cat([labels > 0, none], dim=1) & (counts >= FEWEST)
        lacking = ~candidates.any(dim=1)
        if lacking.any():
            vector = labels[lacking][0].int().tolist()
            raise InfeasibleError(
                f"One generator per label needs {FEWEST} training images of a label, and no label of {vector} has them."
            )
        return torch.where(candidates, counts, torch.inf).argmin(dim=1)
