"""Real functions of basis states that are products over the wires: slopes of phases, signs of Pauli words.

Each is stored as a function of the first wires times one of the last wires, so that tables stay small for many wires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

WHOLE_WIRES = 10  # tables cover this many of the last wires
Factors = Mapping[int, tuple[float, float]]  # wire: the factor where its bit is 0 and where it is 1


class Products(nn.Module):
    """The functions f_r given by ``rows``; shapes are those of ``statevector``."""

    high: torch.Tensor  # [2^(first wires), rows]
    low: torch.Tensor  # [2^(last wires), rows]

    def __init__(self, rows: Sequence[Factors], n_wires: int) -> None:
        super().__init__()
        cut = max(n_wires - WHOLE_WIRES, 0)
        self.is_cut = cut > 0
        self.register_buffer("high", _table(rows, range(cut)), persistent=False)
        self.register_buffer("low", _table(rows, range(cut, n_wires)), persistent=False)

    def weighted_sum(self, values: torch.Tensor, *, batch_first: bool) -> torch.Tensor:
        """Return sum_r values[r] f_r in the shape of states, for values [..., rows, copies, batch]."""
        if batch_first:
            by_row = values.movedim(-3, -1).unsqueeze(-2)  # [..., copies, batch, 1, rows]
            spread = by_row * self.high if self.is_cut else by_row
            return (spread @ self.low.T).flatten(-2).unsqueeze(-1)
        by_row = values.transpose(-3, -2).unsqueeze(-3)  # [..., copies, 1, rows, batch]
        spread = by_row * self.high[..., None] if self.is_cut else by_row
        return torch.matmul(self.low, spread).flatten(-3, -2).unsqueeze(-3)

    def project(self, state: torch.Tensor) -> torch.Tensor:
        """Return sum_k f_r(k) state(k), [..., rows, copies, batch], of real states [..., copies, batch, 2^n, batch]."""
        if state.shape[-1] == 1:
            parts = state.squeeze(-1).unflatten(-1, (len(self.high), -1)) @ self.low
            summed = (parts * self.high).sum(-2) if self.is_cut else parts.squeeze(-2)
            return summed.movedim(-1, -3)
        parts = torch.matmul(self.low.T, state.squeeze(-3).unflatten(-2, (len(self.high), -1)))
        summed = (parts * self.high[..., None]).sum(-3) if self.is_cut else parts.squeeze(-3)
        return summed.transpose(-3, -2)


def _table(rows: Sequence[Factors], wires: Sequence[int]) -> torch.Tensor:
    """Return the values of the functions on all states of ``wires``, float64 [2^wires, rows]."""
    values = np.ones((1, len(rows)))
    for wire in wires:
        factors = np.array([row.get(wire, (1.0, 1.0)) for row in rows]).reshape(-1, 2).T
        values = (values[:, None] * factors).reshape(-1, len(rows))
    return torch.from_numpy(values)
