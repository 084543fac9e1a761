"""The one-wire unitaries of a circuit, all evaluated together: few tensor operations, however many gates.

Rotations of one kind are evaluated in one call, whatever wire and layer they belong to, and runs of gates of the same
shape (say, RY by an input, then RZ and RY by weights) are multiplied in one call. Matrices are [2, 2, number, copies or 1,
batch or 1]: with the samples last, products of small matrices are fast.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.engine.compile import scaled
from qaugbench.circuits.engine.constant import Constant
from qaugbench.circuits.engine.plan import REAL, Operation

Run = tuple[Operation, ...]
Matrix = list[list[complex]]
_R = math.sqrt(0.5)
# Gates without an angle, up to a phase, so that as many as possible are real.
FIXED: dict[str, Matrix] = {
    "H": [[_R, _R], [_R, -_R]],
    "X": [[0, 1], [1, 0]],
    "Y": [[0, -1], [1, 0]],
    "Z": [[1, 0], [0, -1]],
    "S": [[1, 0], [0, 1j]],
    "T": [[1, 0], [0, complex(_R, _R)]],
    "RX+90": [[_R, -1j * _R], [-1j * _R, _R]],
    "RX-90": [[_R, 1j * _R], [1j * _R, _R]],
}
# Minus i times the Pauli matrix of the axis: a rotation is cos(angle / 2) + sin(angle / 2) times this.
GENERATORS: dict[str, Matrix] = {
    "RX": [[0, -1j], [-1j, 0]],
    "RY": [[0, -1], [1, 0]],
    "RZ": [[-1j, 0], [0, 1j]],
}


class Kind(NamedTuple):
    """What distinguishes unitaries: whether they differ from sample to sample, and whether they are complex."""

    is_sampled: bool
    is_complex: bool


def kind_of(operations: Sequence[Operation]) -> Kind:
    """Return the kind of a product of ``operations``."""
    return Kind(any(o.is_sampled for o in operations), any(o.name not in REAL for o in operations))


def product(after: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Return the matrix products over the first two axes."""
    return (after[:, :, None] * before[None]).sum(1)


def fixed_unitaries(runs: Sequence[Run], *, is_complex: bool) -> torch.Tensor:
    """Return the products of runs of gates without angles, in double precision [2, 2, n_runs, 1, 1]."""
    products = [reduce(lambda before, gate: np.array(FIXED[gate.name]) @ before, run, np.eye(2)) for run in runs]
    return _stacked(products, is_complex=is_complex)


class Unitaries(nn.Module):
    """The products of runs of gates: for each kind asked for, [2, 2, n_runs, copies or 1, batch or 1].

    ``half_angles``: what ``forward`` takes for each kind of rotation.
    """

    def __init__(self, runs: Mapping[Kind, Sequence[Run]]) -> None:
        super().__init__()
        self.products = {kind: _Products(members) for kind, members in runs.items()}
        pieces: dict[Kind, list[Run]] = {}
        for products in self.products.values():
            for piece in products.pieces:
                pieces.setdefault(kind_of(piece), []).append(piece)
        gates = {kind: [gate for piece in members for gate in piece] for kind, members in pieces.items()}
        self.sizes = {kind: [len(piece) for piece in members] for kind, members in pieces.items()}
        self.half_angles = {kind: [scaled(g.angle, 0.5) for g in members if g.angle] for kind, members in gates.items()}
        tables = [
            _stacked([GENERATORS[gate.name] for gate in members], is_complex=kind.is_complex)
            for kind, members in gates.items()
        ]
        self.generators = [Constant(table) for table in tables]
        self.identity = Constant(_stacked([np.eye(2)], is_complex=False))
        self.tables = nn.ModuleList([*self.products.values(), *self.generators])

    def forward(self, half_angles: Mapping[Kind, torch.Tensor]) -> dict[Kind, torch.Tensor]:
        pieces: dict[Kind, Iterator[torch.Tensor]] = {}
        for kind, generators in zip(self.sizes, self.generators, strict=True):
            angles = half_angles[kind]
            rotations = self.identity() * torch.cos(angles) + generators() * torch.sin(angles)
            pieces[kind] = iter(rotations.split(self.sizes[kind], 2))
        return {kind: products(pieces) for kind, products in self.products.items()}


class _Products(nn.Module):
    """Multiplies the runs of one kind.

    ``pieces``: the rotations at one place of all runs of a shape, in the order in which ``forward`` takes them.
    """

    order: torch.Tensor

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        shapes: dict[tuple[tuple[str, bool], ...], list[int]] = {}
        for number, run in enumerate(runs):
            shapes.setdefault(tuple((gate.name, gate.is_sampled) for gate in run), []).append(number)
        self.shapes = [(runs[numbers[0]], len(numbers)) for numbers in shapes.values()]
        places = [gates for numbers in shapes.values() for gates in zip(*(runs[n] for n in numbers), strict=True)]
        self.pieces: list[Run] = [gates for gates in places if gates[0].angle]
        self.identity = Constant(_stacked([np.eye(2)], is_complex=False))
        self.fixed = nn.ModuleDict()
        for name in {gate.name for run, _ in self.shapes for gate in run} & set(FIXED):
            self.fixed[name] = Constant(_stacked([FIXED[name]], is_complex=name not in REAL))
        order = np.argsort(np.concatenate(list(shapes.values())))
        self.is_ordered = bool((order == np.arange(len(runs))).all())
        self.register_buffer("order", torch.from_numpy(order), persistent=False)

    def forward(self, pieces: Mapping[Kind, Iterator[torch.Tensor]]) -> torch.Tensor:
        parts = [self._multiplied(run, pieces) for run, _ in self.shapes]
        copies, batch = (max(part.shape[axis] for part in parts) for axis in (3, 4))
        full = [part.expand(-1, -1, n, copies, batch) for part, (_, n) in zip(parts, self.shapes, strict=True)]
        stacked = torch.cat(full, 2) if len(full) > 1 else full[0]
        return stacked if self.is_ordered else stacked.index_select(2, self.order)

    def _multiplied(self, run: Run, pieces: Mapping[Kind, Iterator[torch.Tensor]]) -> torch.Tensor:
        matrices = [next(pieces[kind_of([gate])]) if gate.angle else self.fixed[gate.name]() for gate in run]
        return reduce(lambda before, matrix: product(matrix, before), matrices) if matrices else self.identity()


def _stacked(matrices: Sequence[Any], *, is_complex: bool) -> torch.Tensor:
    values = np.array(matrices, dtype=complex).transpose(1, 2, 0)[..., None, None].copy()
    return torch.from_numpy(values if is_complex else values.real.copy())
