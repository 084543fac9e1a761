"""The steps of a plan as torch modules, for states [copies, 2^n_wires, batch].

``forward`` is plain differentiable torch. For the reversible evolution a step also works into a given buffer: ``into``
applies it, ``undo`` applies its inverse (to a vector, or to the conjugate of one), and ``collect`` adds the gradients
of what the step is made of, given the conjugate of the state before it and the gradient of the loss for that state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.angles import AngleTable
from qaugbench.circuits.matrices import exp_i
from qaugbench.circuits.plan import Operation, Plan, basis_bits
from qaugbench.circuits.rows import permute_rows
from qaugbench.circuits.unitaries import BlockPlace


@dataclass
class Operands:
    """What the steps of one evaluation are made of, or the gradients of that.

    ``shared`` and ``sampled``: the angles; ``blocks``: the matrices of each group of blocks (``BlockBank``).
    """

    shared: torch.Tensor
    sampled: torch.Tensor
    blocks: tuple[torch.Tensor, ...]


class Step(nn.Module):
    """What every step can do; shapes as in the module's docstring."""

    def into(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def undo(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor, *, conjugate: bool) -> torch.Tensor:
        raise NotImplementedError

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, operands: Operands, found: Operands) -> None:
        raise NotImplementedError


class ApplyBlock(Step):
    """Applies one Kronecker block of one-qubit unitaries, the same for all samples of a copy."""

    def __init__(self, place: BlockPlace) -> None:
        super().__init__()
        self.place = place

    def forward(self, state: torch.Tensor, operands: Operands) -> torch.Tensor:
        return torch.matmul(self._matrix(operands)[:, None], self._parts(state)).view(state.shape)

    def into(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor) -> torch.Tensor:
        return self._multiply(self._matrix(operands), vector, out)

    def undo(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor, *, conjugate: bool) -> torch.Tensor:
        transposed = self._matrix(operands).mT
        return self._multiply(transposed if conjugate else transposed.conj().resolve_conj(), vector, out)

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, operands: Operands, found: Operands) -> None:
        outer = torch.bmm(self._parts(gradient).flatten(0, 1), self._parts(conjugate).flatten(0, 1).mT)
        matrix = self._matrix(operands)
        found.blocks[self.place.group][:, self.place.index, 0] = matrix @ outer.unflatten(0, (len(matrix), -1)).sum(1)

    def _matrix(self, operands: Operands) -> torch.Tensor:
        return operands.blocks[self.place.group][:, self.place.index, 0]

    def _parts(self, state: torch.Tensor) -> torch.Tensor:
        return state.reshape(state.shape[0], 2**self.place.first_wire, 2**self.place.n_wires, -1)

    def _multiply(self, matrix: torch.Tensor, vector: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        parts = self._parts(vector)
        matrices = matrix[:, None].expand(-1, parts.shape[1], -1, -1)
        torch.bmm(matrices.flatten(0, 1), parts.flatten(0, 1), out=out.view(parts.shape).flatten(0, 1))
        return out


class ApplySampledBlocks(Step):
    """Applies Kronecker blocks on distinct wires that differ from sample to sample."""

    def __init__(self, places: Sequence[BlockPlace]) -> None:
        super().__init__()
        self.places = places

    def forward(self, state: torch.Tensor, operands: Operands) -> torch.Tensor:
        return self._multiply(state, [self._matrix(place, operands) for place in self.places])

    def into(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor) -> torch.Tensor:
        return out.copy_(self(vector, operands))

    def undo(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor, *, conjugate: bool) -> torch.Tensor:
        matrices = [self._matrix(place, operands).mT for place in self.places]
        return out.copy_(self._multiply(vector, matrices if conjugate else [matrix.conj() for matrix in matrices]))

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, operands: Operands, found: Operands) -> None:
        conjugate, gradient = conjugate.transpose(1, 2).contiguous(), gradient.transpose(1, 2).contiguous()
        for place in self.places:
            outer = _sample_outer(_sample_parts(gradient, place), _sample_parts(conjugate, place))
            found.blocks[place.group][:, place.index] = self._matrix(place, operands) @ outer

    def _matrix(self, place: BlockPlace, operands: Operands) -> torch.Tensor:
        return operands.blocks[place.group][:, place.index]

    def _multiply(self, state: torch.Tensor, matrices: Sequence[torch.Tensor]) -> torch.Tensor:
        state = state.transpose(1, 2)  # a matrix for each sample: batch first
        for place, matrix in zip(self.places, matrices, strict=True):
            parts = _sample_parts(state, place)
            if parts.shape[-1] == 1:  # the last wires: one product from the right
                state = (parts[..., 0] @ matrix.mT.resolve_conj()).flatten(2)
            else:
                state = (matrix.resolve_conj().contiguous()[:, :, None] @ parts).flatten(2)
        return state.transpose(1, 2).contiguous()


class ApplyPhase(Step):
    """Multiplies by exp(i phase), the phase of a basis state being linear in the angles of diagonal gates."""

    fixed: torch.Tensor
    shared: torch.Tensor  # [2^n_wires, rows]: slopes by angle
    shared_rows: torch.Tensor
    sampled: torch.Tensor
    sampled_rows: torch.Tensor

    def __init__(self, operations: Sequence[Operation], plan: Plan, table: AngleTable) -> None:
        super().__init__()
        bits = basis_bits(plan.circuit.n_wires)
        fixed = np.zeros(bits.shape[1])
        slopes = np.zeros((len(plan.angles), bits.shape[1]))
        for operation in operations:
            slope = _SLOPES[operation.name](*(bits[wire] for wire in operation.wires))
            if operation.angles:
                slopes[operation.angles[0]] += slope
            else:
                fixed += np.pi * slope
        used = np.flatnonzero(slopes.any(axis=1))
        self.is_sign = not np.any(np.round(4 * fixed / np.pi) % 4)
        self.register_buffer("fixed", _unit_circle(fixed), persistent=False)
        for kind, is_sampled in (("shared", False), ("sampled", True)):
            rows = [row for row in used if table.is_sampled[row] == is_sampled]
            positions = torch.tensor([table.position[row] for row in rows], dtype=torch.int64)
            self.register_buffer(kind, torch.from_numpy(slopes[rows].T.copy()), persistent=False)
            self.register_buffer(f"{kind}_rows", positions, persistent=False)

    def forward(self, state: torch.Tensor, operands: Operands) -> torch.Tensor:
        return state * self._factor(operands)

    def into(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor) -> torch.Tensor:
        return torch.mul(vector, self._factor(operands), out=out)

    def undo(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor, *, conjugate: bool) -> torch.Tensor:
        factor = self._factor(operands)
        return torch.mul(vector, factor if conjugate else factor.conj().resolve_conj(), out=out)

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, operands: Operands, found: Operands) -> None:
        if not (len(self.shared_rows) or len(self.sampled_rows)):
            return
        by_phase = gradient.real * conjugate.imag + gradient.imag * conjugate.real
        if len(self.shared_rows):
            found.shared.index_add_(1, self.shared_rows, self.shared.T @ by_phase.sum(dim=2, keepdim=True))
        if len(self.sampled_rows):
            found.sampled.index_add_(1, self.sampled_rows, self.sampled.T @ by_phase)

    def _factor(self, operands: Operands) -> torch.Tensor:
        cosine, sine = self.fixed[:, :, None]
        factor = cosine if self.is_sign else torch.complex(cosine, sine)
        if len(self.shared_rows):
            factor = factor * exp_i(self.shared @ operands.shared.index_select(1, self.shared_rows))
        if len(self.sampled_rows):
            factor = factor * exp_i(self.sampled @ operands.sampled.index_select(1, self.sampled_rows))
        return factor


class ApplyPermutation(Step):
    """Reorders the basis states."""

    source: torch.Tensor
    inverse: torch.Tensor

    def __init__(self, source: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("source", torch.from_numpy(source), persistent=False)
        self.register_buffer("inverse", torch.from_numpy(np.argsort(source)), persistent=False)

    def forward(self, state: torch.Tensor, operands: Operands) -> torch.Tensor:
        return permute_rows(state, self.source, self.inverse)

    def into(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor) -> torch.Tensor:
        return torch.index_select(vector, 1, self.source, out=out)

    def undo(self, vector: torch.Tensor, operands: Operands, out: torch.Tensor, *, conjugate: bool) -> torch.Tensor:
        return torch.index_select(vector, 1, self.inverse, out=out)

    def collect(self, conjugate: torch.Tensor, gradient: torch.Tensor, operands: Operands, found: Operands) -> None:
        return


# The phase of a diagonal gate on each basis state, in units of its angle, or of pi for a gate without one.
_SLOPES: dict[str, Callable[..., np.ndarray]] = {
    "RZ": lambda bit: bit - 0.5,
    "PhaseShift": lambda bit: bit,
    "Z": lambda bit: bit,
    "S": lambda bit: bit / 2,
    "T": lambda bit: bit / 4,
    "CZ": lambda control, target: control * target,
    "CRZ": lambda control, target: control * (target - 0.5),
    "RZZ": lambda first, second: (first ^ second) - 0.5,
}


def _sample_parts(state: torch.Tensor, place: BlockPlace) -> torch.Tensor:
    """Return a view [copies, batch, 2^(wires before), 2^(wires of the block), rest] of states [copies, batch, 2^n]."""
    return state.reshape(*state.shape[:2], 2**place.first_wire, 2**place.n_wires, -1)


def _sample_outer(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the sum over the other wires of left x right, [copies, batch, d, d], of vectors in sample parts."""
    if left.shape[-1] == 1:  # the last wires: one product over all that lies before
        return left[..., 0].mT @ right[..., 0]
    return (left @ right.mT).sum(dim=2)


def _unit_circle(phase: np.ndarray) -> torch.Tensor:
    """Return cosine and sine of ``phase``, exact at multiples of 90 degrees, float64 [2, *phase.shape]."""
    quarter = np.round(2 * phase / np.pi)
    is_exact = np.isclose(phase, quarter * np.pi / 2, rtol=0, atol=1e-9)
    cosine = np.where(is_exact, np.array([1, 0, -1, 0])[quarter.astype(int) % 4], np.cos(phase))
    sine = np.where(is_exact, np.array([0, 1, 0, -1])[quarter.astype(int) % 4], np.sin(phase))
    return torch.from_numpy(np.stack([cosine, sine]))
