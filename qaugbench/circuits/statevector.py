"""The batched, differentiable state vector: runs a plan in torch for many samples and several weight sets at once.

Amplitudes are complex [copies, 2^n_wires, batch]: with the batch last, a unitary shared by all samples is one matrix product
without moving data, and a permutation of basis states copies whole rows. While nothing differs between samples the batch
is 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.angles import Angles, AngleTable
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.matrices import exp_i
from qaugbench.circuits.plan import Local, Operation, Permutation, Phase, Plan, basis_bits, compile_circuit
from qaugbench.circuits.readouts import Expectations, probabilities
from qaugbench.circuits.rows import permute_rows
from qaugbench.circuits.unitaries import BlockBank, BlockPlace, Runs

Matrices = dict[tuple[bool, int], tuple[torch.Tensor, ...]]


class StateVector(nn.Module):
    """Maps inputs [copies, batch, n_inputs] and weights [copies, n_weights] to readouts [copies, batch, n_outputs].

    Holds no parameters; its tables follow the module to a device or a precision. Exact up to rounding (checked against
    PennyLane's default.qubit in double precision: values to 1e-6, gradients to 1e-5).
    """

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        plan = compile_circuit(circuit)
        table = AngleTable(plan.angles, circuit.n_inputs, circuit.n_weights)
        self.table = table
        self.start, steps = _split_start(plan, table)
        local_steps = [step for step in steps if isinstance(step, Local)]
        self.bank = BlockBank(local_steps, table)
        places = iter(self.bank.places)
        self.steps = nn.ModuleList()
        for step in steps:
            if isinstance(step, Local):
                self.steps.append(ApplyBlocks(next(places)))
            elif isinstance(step, Phase):
                self.steps.append(ApplyPhase(step.operations, plan, table))
            else:
                self.steps.append(ApplyPermutation(step))
        self.readout = Expectations(circuit) if circuit.readout.words else None

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        angles = self.table(inputs, weights)
        state = self.start(angles)
        matrices = self.bank(angles)
        for step in self.steps:
            state = step(state, angles, matrices)
        values = probabilities(state) if self.readout is None else self.readout(state)
        return values.transpose(1, 2).expand(-1, inputs.shape[1], -1)


class ProductState(nn.Module):
    """The state that one-qubit runs, one a wire, make of |0...0>: complex [copies, 2^n_wires, batch or 1]."""

    def __init__(self, runs: Sequence[Sequence[Operation]], table: AngleTable) -> None:
        super().__init__()
        self.runs = Runs([tuple(run) for run in runs], table)

    def forward(self, angles: Angles) -> torch.Tensor:
        columns = self.runs(angles)[..., 0].movedim(3, 2)  # [copies, n_wires, 2, batch]
        state, *others = columns.unbind(1)
        for other in others:
            state = (state[:, :, None] * other[:, None]).flatten(1, 2)
        return state


class ApplyBlocks(nn.Module):
    """Applies Kronecker blocks of one-qubit unitaries."""

    def __init__(self, places: Sequence[BlockPlace]) -> None:
        super().__init__()
        self.shared = [place for place in places if not place.group[0]]
        self.sampled = [place for place in places if place.group[0]]

    def forward(self, state: torch.Tensor, angles: Angles, matrices: Matrices) -> torch.Tensor:
        for place in self.shared:
            state = _apply_shared(state, matrices[place.group][place.index].squeeze(1), place)
        if not self.sampled:
            return state
        state = state.transpose(1, 2)  # a matrix for each sample: batch first
        for place in self.sampled:
            state = _apply_sampled(state, matrices[place.group][place.index], place)
        return state.transpose(1, 2)


class ApplyPhase(nn.Module):
    """Multiplies by exp(i phase), the phase of a basis state being linear in the angles of diagonal gates."""

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
        sampled = np.array(table.is_sampled, dtype=bool)
        self.has_shared = bool(np.any(slopes[~sampled]))
        self.has_sampled = bool(np.any(slopes[sampled]))
        self.register_buffer("fixed", _unit_circle(fixed), persistent=False)
        self.register_buffer("shared", torch.from_numpy(slopes[~sampled].T.copy()), persistent=False)
        self.register_buffer("sampled", torch.from_numpy(slopes[sampled].T.copy()), persistent=False)
        self.is_sign = not np.any(np.round(4 * fixed / np.pi) % 4)

    def forward(self, state: torch.Tensor, angles: Angles, matrices: Matrices) -> torch.Tensor:
        cosine, sine = self.fixed[:, :, None]
        factor = cosine if self.is_sign else torch.complex(cosine, sine)
        if self.has_shared:
            factor = factor * exp_i(self.shared @ angles.shared)
        if self.has_sampled:
            factor = factor * exp_i(self.sampled @ angles.sampled)
        return state * factor


class ApplyPermutation(nn.Module):
    """Reorders the basis states."""

    def __init__(self, step: Permutation) -> None:
        super().__init__()
        self.register_buffer("source", torch.from_numpy(step.source), persistent=False)
        self.register_buffer("inverse", torch.from_numpy(np.argsort(step.source)), persistent=False)

    def forward(self, state: torch.Tensor, angles: Angles, matrices: Matrices) -> torch.Tensor:
        return permute_rows(state, self.source, self.inverse)


# The phase of a diagonal gate on each basis state, in units of its angle, or of pi for a gate without one.
_SLOPES = {
    "RZ": lambda bit: bit - 0.5,
    "PhaseShift": lambda bit: bit,
    "Z": lambda bit: bit,
    "S": lambda bit: bit / 2,
    "T": lambda bit: bit / 4,
    "CZ": lambda control, target: control * target,
    "CRZ": lambda control, target: control * (target - 0.5),
    "RZZ": lambda first, second: (first ^ second) - 0.5,
}


def _split_start(plan: Plan, table: AngleTable) -> tuple[ProductState, list[Local | Phase | Permutation]]:
    first = plan.steps[0] if plan.steps else None
    runs = first.runs if isinstance(first, Local) else {}
    start = ProductState([runs.get(wire, []) for wire in range(plan.circuit.n_wires)], table)
    return start, plan.steps[bool(runs) :]


def _apply_shared(state: torch.Tensor, matrix: torch.Tensor, place: BlockPlace) -> torch.Tensor:
    copies, dimension, batch = state.shape
    side, before = matrix.shape[-1], 2**place.first_wire
    if before == 1:
        return torch.bmm(matrix, state.reshape(copies, side, -1)).reshape(copies, dimension, batch)
    return torch.matmul(matrix[:, None], state.reshape(copies, before, side, -1)).reshape(copies, dimension, batch)


def _apply_sampled(state: torch.Tensor, matrix: torch.Tensor, place: BlockPlace) -> torch.Tensor:
    copies, batch, dimension = state.shape
    side, before = matrix.shape[-1], 2**place.first_wire
    parts = state.reshape(copies, batch, before, side, -1)
    return torch.matmul(matrix[:, :, None], parts).flatten(2)


def _unit_circle(phase: np.ndarray) -> torch.Tensor:
    """Return cosine and sine of ``phase``, exact at multiples of 90 degrees, float64 [2, *phase.shape]."""
    quarter = np.round(2 * phase / np.pi)
    values = np.where(np.isclose(phase, quarter * np.pi / 2), 1j**quarter, np.exp(1j * phase))
    return torch.from_numpy(np.stack([values.real, values.imag]))
