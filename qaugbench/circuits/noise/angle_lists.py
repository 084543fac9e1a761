"""The values of lists of angles, each list evaluated for all samples at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from qaugbench.circuits.circuit import Angle, Terms

Name = tuple[int, int]


class AngleLists(nn.Module):
    """Maps inputs [copies or 1, batch, n] and weights [copies, n] to the angles of each list in radians.

    In a list either all angles use inputs, [angles, copies or 1, batch], or none does, [angles, copies or 1, 1].
    """

    def __init__(self, lists: Mapping[Name, Sequence[Angle]], n_inputs: int, n_weights: int) -> None:
        super().__init__()
        self.sizes: dict[bool, dict[Name, int]] = {False: {}, True: {}}
        for is_sampled, sizes in self.sizes.items():
            named = {name: angles for name, angles in lists.items() if bool(angles[0].inputs) is is_sampled}
            sizes |= {name: len(angles) for name, angles in named.items()}
            angles = [angle for members in named.values() for angle in members]
            tables = {
                "offset": torch.tensor([angle.offset for angle in angles], dtype=torch.float64)[:, None, None],
                "by_weight": _scales([angle.weights for angle in angles], n_weights),
                "by_input": _scales([angle.inputs for angle in angles], n_inputs),
            }
            for name, table in tables.items():
                self.register_buffer(f"{name}_{int(is_sampled)}", table if table.any() else None, persistent=False)

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> dict[Name, torch.Tensor]:
        found: dict[Name, torch.Tensor] = {}
        for is_sampled, sizes in self.sizes.items():
            if not sizes:
                continue
            offset, by_weight, by_input = (
                getattr(self, f"{name}_{int(is_sampled)}") for name in ("offset", "by_weight", "by_input")
            )
            total = inputs.new_zeros(sum(sizes.values()), 1, 1) if offset is None else offset
            if by_weight is not None:
                total = total + (by_weight @ weights.T)[:, :, None]
            if by_input is not None:
                total = total + (by_input @ inputs.permute(2, 0, 1).flatten(1)).view(-1, *inputs.shape[:2])
            found |= dict(zip(sizes, total.split(list(sizes.values())), strict=True))
        return found


def _scales(rows: Sequence[Terms], width: int) -> torch.Tensor:
    table = torch.zeros(len(rows), width, dtype=torch.float64)
    for row, terms in enumerate(rows):
        for index, scale in terms:
            table[row, index] = scale
    return table
