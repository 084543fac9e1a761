"""The unitaries and phases of a circuit's steps, for one batch of inputs and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from qaugbench.circuits.angles import AngleTable
from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.engine.unitaries import Kind, Run, Unitaries

Names = tuple[tuple[Kind, ...], tuple[bool, ...], bool]


@dataclass
class Operands:
    """Unitaries [2, 2, n_runs, copies or 1, batch or 1] by kind, phases [n, copies or 1, batch or 1] by is_sampled.

    ``batch_first``: the shape of the states they act on, see ``statevector``.
    """

    unitaries: dict[Kind, torch.Tensor]
    phases: dict[bool, torch.Tensor]
    batch_first: bool

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """Return unitaries and phases in the order of ``names``."""
        return *self.unitaries.values(), *self.phases.values()

    def names(self) -> Names:
        """Return what ``of`` needs in addition to the tensors."""
        return tuple(self.unitaries), tuple(self.phases), self.batch_first

    @classmethod
    def of(cls, names: Names, tensors: Sequence[torch.Tensor]) -> Operands:
        """Return operands from their names and tensors."""
        kinds, phases, batch_first = names
        return cls(
            dict(zip(kinds, tensors, strict=False)), dict(zip(phases, tensors[len(kinds) :], strict=True)), batch_first
        )

    def zeros(self, wanted: Sequence[bool]) -> Operands:
        """Return zeros of the same shapes, leaving out what is not wanted."""
        unitaries, phases = {}, {}
        for (kind, tensor), keep in zip(self.unitaries.items(), wanted, strict=False):
            if keep:
                unitaries[kind] = torch.zeros_like(tensor)
        for (is_sampled, tensor), keep in zip(self.phases.items(), wanted[len(self.unitaries) :], strict=True):
            if keep:
                phases[is_sampled] = torch.zeros_like(tensor)
        return Operands(unitaries, phases, self.batch_first)


@dataclass
class Needs:
    """What steps ask for; each keeps the slice that it is given."""

    runs: dict[Kind, list[Run]] = field(default_factory=dict)
    phases: dict[bool, list[Angle]] = field(default_factory=dict)

    def ask_runs(self, kind: Kind, runs: Sequence[Run]) -> slice:
        """Return where the unitaries of ``runs`` will be among those of ``kind``."""
        return _append(self.runs.setdefault(kind, []), runs)

    def ask_phases(self, is_sampled: bool, angles: Sequence[Angle]) -> slice:
        """Return where ``angles`` will be among the phases that are, or are not, sampled."""
        return _append(self.phases.setdefault(is_sampled, []), angles)


class OperandTable(nn.Module):
    """Evaluates what steps need, for inputs [copies or 1, batch, n_inputs] and weights [copies, n_weights]."""

    def __init__(self, needs: Needs, n_inputs: int, n_weights: int) -> None:
        super().__init__()
        self.unitaries = Unitaries(needs.runs)
        lists: dict[Kind | bool, list[Angle]] = {}
        for group in (self.unitaries.half_angles, needs.phases):
            lists.update(group.items())
        angles = [angle for members in lists.values() for angle in members]
        self.uses_inputs = any(angle.inputs for angle in angles)
        self.uses_weights = any(angle.weights for angle in angles)
        self.sizes = {name: len(members) for name, members in lists.items()}
        self.angles = AngleTable(angles, n_inputs, n_weights)

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor, *, batch_first: bool) -> Operands:
        angles = self.angles(inputs, weights)
        found = self._split(angles.shared, is_sampled=False) | self._split(angles.sampled, is_sampled=True)
        half_angles = {name: values for name, values in found.items() if isinstance(name, Kind)}
        phases = {name: values for name, values in found.items() if isinstance(name, bool)}
        return Operands(self.unitaries(half_angles), phases, batch_first)

    def _split(self, angles: torch.Tensor, *, is_sampled: bool) -> dict[Kind | bool, torch.Tensor]:
        """Return angles [copies, n, batch] by name, [n, copies, batch]."""
        names = [name for name in self.sizes if (name.is_sampled if isinstance(name, Kind) else name) is is_sampled]
        parts = angles.transpose(0, 1).split([self.sizes[name] for name in names]) if names else ()
        return dict(zip(names, parts, strict=True))


def _append(members: list[Any], new: Sequence[Any]) -> slice:
    members += new
    return slice(len(members) - len(new), len(members))
