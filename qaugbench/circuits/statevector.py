"""The batched, differentiable state vector: runs a plan in torch for many samples and several weight sets at once.

Amplitudes are complex [copies, 2^n_wires, batch]: with the batch last, a unitary shared by all samples is one matrix
product without moving data, and a permutation of basis states copies whole rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import nn

from qaugbench.circuits.angles import Angles, AngleTable
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.plan import Local, Operation, Phase, Plan, PlanStep, compile_circuit
from qaugbench.circuits.readouts import readout_of
from qaugbench.circuits.reversible import evolve
from qaugbench.circuits.steps import ApplyBlock, ApplyPermutation, ApplyPhase, ApplySampledBlocks, Operands, Step
from qaugbench.circuits.unitaries import BlockBank, Runs


class StateVector(nn.Module):
    """Maps inputs [copies, batch, n_inputs] and weights [copies, n_weights] to readouts [copies, batch, n_outputs].

    Holds no parameters; its tables follow the module to a device or a precision. Exact up to rounding (checked against
    PennyLane's default.qubit in double precision: values to 1e-6, gradients to 1e-5). ``reversible``: backward
    recomputes the states from the last one, so memory does not grow with depth; set it to False for second derivatives.
    """

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        plan = compile_circuit(circuit)
        table = AngleTable(plan.angles, circuit.n_inputs, circuit.n_weights)
        self.reversible = True
        self.table = table
        self.start, steps = _split_start(plan, table)
        self.bank = BlockBank([step for step in steps if isinstance(step, Local)], table)
        self.steps = nn.ModuleList(_executable(steps, plan, table, self.bank))
        self.readout = readout_of(plan)

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        inputs = inputs.expand(len(weights), -1, -1)
        angles = self.table(inputs, weights)
        batch = inputs.shape[1] if inputs.shape[2] else 1
        state = self.start(angles).expand(-1, -1, batch)
        operands = Operands(angles.shared, angles.sampled, self.bank(angles))
        if self.reversible:
            state = evolve(state, operands, cast("tuple[Step, ...]", tuple(self.steps)))
        else:
            for step in self.steps:
                state = step(state, operands)
        return self.readout(state).transpose(1, 2).expand(-1, inputs.shape[1], -1)


class ProductState(nn.Module):
    """The state that one-qubit runs, one a wire, make of |0...0>: complex [copies, 2^n_wires, batch or 1]."""

    def __init__(self, runs: Sequence[Sequence[Operation]], table: AngleTable) -> None:
        super().__init__()
        self.runs = Runs([tuple(run) for run in runs], table)

    def forward(self, angles: Angles) -> torch.Tensor:
        factors = list(self.runs(angles).movedim(3, 2).unbind(1))  # a wire each, [copies, 2, batch]
        while len(factors) > 1:  # in pairs: only the last product is as large as the state
            odd = factors[-1:] if len(factors) % 2 else []
            factors = [
                (left[:, :, None] * right[:, None]).flatten(1, 2)
                for left, right in zip(factors[0::2], factors[1::2], strict=False)
            ] + odd
        return factors[0]


def _split_start(plan: Plan, table: AngleTable) -> tuple[ProductState, list[PlanStep]]:
    first = plan.steps[0] if plan.steps else None
    runs = first.runs if isinstance(first, Local) else {}
    start = ProductState([runs.get(wire, []) for wire in range(plan.circuit.n_wires)], table)
    return start, plan.steps[bool(runs) :]


def _executable(steps: Sequence[PlanStep], plan: Plan, table: AngleTable, bank: BlockBank) -> Iterable[Step]:
    places = iter(bank.places)
    for step in steps:
        if isinstance(step, Local):
            blocks = next(places)
            yield from (ApplyBlock(place) for place in blocks if not place.is_sampled)
            if any(place.is_sampled for place in blocks):
                yield ApplySampledBlocks([place for place in blocks if place.is_sampled])
        elif isinstance(step, Phase):
            yield ApplyPhase(step.operations, plan, table)
        else:
            yield ApplyPermutation(step.source)
