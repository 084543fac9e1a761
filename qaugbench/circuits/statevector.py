"""The batched, differentiable state vector: runs a plan in torch for many samples and several weight sets at once.

Amplitudes are [copies, batch, 2^n_wires, 1] or [copies, 1, 2^n_wires, batch], real as long as the circuit is real. With the
batch last, a unitary shared by all samples is one matrix product without moving data, and a permutation of basis states
copies whole rows; with the batch first, so is a separate unitary per sample. What does not differ between copies or samples is
computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.engine.buffers import keep_freed_memory
from qaugbench.circuits.engine.compile import compile_circuit
from qaugbench.circuits.engine.operands import Needs, Operands, OperandTable
from qaugbench.circuits.engine.plan import Local, Plan, PlanStep
from qaugbench.circuits.engine.readouts import readout_of
from qaugbench.circuits.engine.stage import Stage, expanded
from qaugbench.circuits.engine.starts import AmplitudeState, ProductState
from qaugbench.circuits.engine.unitaries import kind_of
from qaugbench.circuits.memory import check_batch, check_circuit

SMALL_BATCH = 2  # states of so few samples are kept with the batch first


class StateVector(nn.Module):
    """Maps inputs [copies or 1, batch, n_inputs] and weights [copies, n_weights] to [copies, batch, n_outputs].

    Holds no parameters; its tables follow the module to a device or a precision. Exact up to rounding (checked against
    PennyLane's default.qubit in double precision: values to 1e-6, gradients to 1e-5). ``reversible``: backward
    recomputes large states from the last one, so memory does not grow with depth; set it to False for second
    derivatives and for ``torch.func``.
    """

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        plan = compile_circuit(circuit)
        check_circuit(circuit.n_wires, len(plan.steps))
        keep_freed_memory()
        self.circuit = circuit
        self.reversible = True
        needs = Needs()
        self.start, steps = _start(plan, needs)
        stages = list(_stages(steps, circuit.n_wires, self.start, needs))
        self.stages = nn.ModuleList(stages)
        self.before = [stage for stage in stages if not stage.is_suffix]
        self.suffix = [stage for stage in stages if stage.is_suffix]
        self.suffix_work = sum(stage.work for stage in self.suffix)
        self.readout = readout_of(plan)
        self.table = OperandTable(needs, circuit.n_inputs, circuit.n_weights)
        self.has_sampled_blocks = any(isinstance(s, Local) and kind_of(s.operations).is_sampled for s in steps)

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        copies, batch = len(weights), inputs.shape[1]
        self._check_memory(inputs, weights)
        batch_first = self.has_sampled_blocks or batch <= SMALL_BATCH
        operands = self.table(inputs, weights, batch_first=batch_first)
        state = self._evolved(_shaped(self.start(operands, inputs), batch_first=batch_first), operands, weights.dtype)
        if self.circuit.readout.kind == "samples":  # a draw for each sample, though their states may be the same
            state = expanded(state, copies, batch, batch_first=batch_first)
        outputs: torch.Tensor = self.readout(state, generator).expand(copies, batch, -1)
        for unused in self._without_effect(inputs, weights):  # has a gradient of zero rather than none
            outputs = outputs + 0 * unused.sum()
        return outputs

    def _check_memory(self, inputs: torch.Tensor, weights: torch.Tensor) -> None:
        wants_gradient = torch.is_grad_enabled() and (inputs.requires_grad or weights.requires_grad)
        size = self.circuit.n_wires, len(weights), inputs.shape[1]
        check_batch(*size, weights, is_sampled=bool(self.before), wants_gradient=wants_gradient)

    def _without_effect(self, inputs: torch.Tensor, weights: torch.Tensor) -> Iterator[torch.Tensor]:
        uses_inputs = self.table.uses_inputs or self.circuit.start is not None
        for given, is_used in ((inputs, uses_inputs), (weights, self.table.uses_weights)):
            if given.requires_grad and given.numel() and not is_used:
                yield given

    def _evolved(self, state: torch.Tensor, operands: Operands, dtype: torch.dtype) -> torch.Tensor:
        """Return the state after all stages, the last ones combined into one unitary where that takes fewer multiplications."""
        state = _through(self.before, state, operands, reversible=self.reversible)
        work, side, batch = self.suffix_work, state.shape[2], state.shape[1] * state.shape[3]
        if work * side + side * batch >= work * batch:
            return _through(self.suffix, state, operands, reversible=self.reversible)
        basis = torch.eye(side, dtype=dtype, device=state.device)
        basis = basis[None, :, :, None] if operands.batch_first else basis[None, None]
        return _combined(_through(self.suffix, basis, operands, reversible=self.reversible), state)


def _through(stages: Sequence[Stage], state: torch.Tensor, operands: Operands, *, reversible: bool) -> torch.Tensor:
    for stage in stages:
        state = stage(state, operands, reversible=reversible)
    return state


def _start(plan: Plan, needs: Needs) -> tuple[ProductState | AmplitudeState, list[PlanStep]]:
    """Return the start, which includes the first local step where possible, and the remaining steps."""
    circuit, steps = plan.circuit, plan.steps
    if circuit.start:
        return AmplitudeState(circuit.start, circuit.n_wires), steps
    if steps and isinstance(steps[0], Local):
        return ProductState(steps[0], circuit.n_wires, needs), steps[1:]
    return ProductState(Local({}), circuit.n_wires, needs), steps


def _stages(
    steps: Sequence[PlanStep], n_wires: int, start: ProductState | AmplitudeState, needs: Needs
) -> Iterator[Stage]:
    flags = [start.is_complex, start.is_sampled, start.is_weighted]
    sampled = [number for number, step in enumerate(steps) if kind_of(step.operations).is_sampled]
    found = []
    for number, step in enumerate(steps):
        kind = kind_of(step.operations)
        flags[0] |= kind.is_complex
        flags[1] |= kind.is_sampled
        flags[2] |= any(operation.is_weighted for operation in step.operations)
        found.append(((*flags, number > max(sampled, default=-1)), step))
    for key, members in groupby(found, key=itemgetter(0)):
        yield Stage([step for _, step in members], n_wires, needs, is_complex=key[0], is_suffix=key[3])


def _shaped(state: torch.Tensor, *, batch_first: bool) -> torch.Tensor:
    """Return a state [2^n, copies, batch] in the shape of this module's docstring."""
    if not batch_first:
        return state.transpose(0, 1).contiguous()[:, None]
    return state.flatten(1).t().contiguous().view(*state.shape[1:], -1, 1)


def _combined(unitary: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """Return ``unitary``, given by its action on each basis state, applied to ``state``."""
    state = state.to(unitary.dtype)
    if state.shape[3] == 1:
        return (state[..., 0] @ unitary[..., 0]).unsqueeze(3)
    return torch.matmul(unitary, state)
