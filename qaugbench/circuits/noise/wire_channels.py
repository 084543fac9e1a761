"""One-wire channels in the Pauli picture: alternating constants and turns about Z.

A run is C_k Z(angle_k) C_(k-1) ... Z(angle_1) C_0 with real 4 x 4 constants, into which everything without an angle,
noise included, is multiplied when the circuit is compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch


class Run:
    """What happens to one wire between two steps."""

    def __init__(self) -> None:
        self.constants: list[np.ndarray] = [np.eye(4)]
        self.rows: list[int] = []

    def then(self, matrix: np.ndarray) -> None:
        """Append a constant transfer matrix."""
        self.constants[-1] = matrix @ self.constants[-1]

    def then_turn(self, row: int) -> None:
        """Append a turn about Z by a row of the angle table."""
        self.rows.append(row)
        self.constants.append(np.eye(4))

    def then_run(self, other: Run) -> None:
        """Append another run."""
        self.then(other.constants[0])
        self.rows += other.rows
        self.constants += other.constants[1:]

    @property
    def is_constant(self) -> bool:
        """Whether it has no angle."""
        return not self.rows

    @property
    def is_identity(self) -> bool:
        """Whether it is the identity."""
        return self.is_constant and bool(np.array_equal(self.constants[0], np.eye(4)))

    @property
    def is_monomial(self) -> bool:
        """Whether it is constant and only exchanges and scales entries."""
        return self.is_constant and is_monomial(self.constants[0])


def is_monomial(matrix: np.ndarray) -> bool:
    """Return whether each row and each column has at most one entry that is not zero."""
    occupied = matrix != 0.0
    return bool((occupied.sum(0) <= 1).all() and (occupied.sum(1) <= 1).all())


@dataclass
class RunValues:
    """Transfer matrices of runs: ``shared`` [4 to, runs, copies or 1, 1, 4 from], ``sampled`` with a batch axis."""

    shared: torch.Tensor
    sampled: torch.Tensor

    def take(self, places: Sequence[RunPlace]) -> torch.Tensor:
        """Return runs of one kind, [runs, copies or 1, batch or 1, 4 to, 4 from]."""
        source = self.sampled if places[0].is_sampled else self.shared
        indices = [place.index for place in places]
        if indices == list(range(indices[0], indices[0] + len(indices))):
            taken = source.narrow(1, indices[0], len(indices))
        else:
            taken = source.index_select(1, torch.tensor(indices, device=source.device))
        return taken.permute(1, 2, 3, 0, 4)


@dataclass(frozen=True)
class RunPlace:
    """Where the matrices of a run are found in RunValues."""

    is_sampled: bool
    index: int
