"""The gradient of an evolution in one pass, without storing its states where they are large.

The backward pass carries the state and its gradient, and takes both back step by step, every step being unitary (Jones
and Gacon, arXiv 2009.02823), so that memory does not grow with depth. Small states are stored instead of recomputed.
The gradient of the one-wire unitary U of a run follows from gradient x conj(state), traced over the other wires: that
is the gradient of U times U's adjoint. First derivatives only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.operands import Names, Operands
from qaugbench.circuits.engine.step import Made, Step, Traces, Use
from qaugbench.circuits.engine.unitaries import product

STORED_BYTES = 2**22  # states of one evolution that are stored rather than recomputed


def evolve(state: torch.Tensor, operands: Operands, uses: Sequence[Use]) -> torch.Tensor:
    """Return ``state`` after the steps that ``uses`` names in turn."""
    result: torch.Tensor = _Evolution.apply(uses, operands.names(), state, *operands.tensors())
    return result


class _Evolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, uses: Sequence[Use], names: Names, start: torch.Tensor, *tensors: torch.Tensor
    ) -> torch.Tensor:
        operands = Operands.of(names, tensors)
        is_stored = start.numel() * start.element_size() * len(uses) <= STORED_BYTES
        steps = dict.fromkeys(use.step for use in uses) if is_stored else {}
        made = {step: step.prepare(operands, len(start), slice(None)) for step in steps}
        buffers, state, states = Buffers(None if is_stored else start), start, []
        for use in uses:
            given = (made[use.step], use.number) if is_stored else (_prepared(use, operands, len(start)), 0)
            state = use.step.apply_one(state, *given, buffers)
            if is_stored:
                states.append(state)
        ctx.uses, ctx.names, ctx.made = uses, names, made
        ctx.save_for_backward(*tensors, *(states or [state]))
        return state

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        wants_start, *wanted = ctx.needs_input_grad[2:]
        operands = Operands.of(ctx.names, ctx.saved_tensors[: len(wanted)])
        states = list(ctx.saved_tensors[len(wanted) :])
        found = operands.zeros(wanted)
        if ctx.made:
            gradient = _through_stored(ctx.uses, ctx.made, states, given, found, wants_start=wants_start)
        else:
            gradient = _through_recomputed(ctx.uses, operands, states[0], given, found)
        for kind, traces in found.unitaries.items():
            found.unitaries[kind] = product(traces, operands.unitaries[kind])
        gradients = [found.unitaries.get(kind) for kind in operands.unitaries]
        gradients += [found.phases.get(is_sampled) for is_sampled in operands.phases]
        return None, None, gradient if wants_start else None, *gradients


def _through_stored(
    uses: Sequence[Use],
    made: dict[Step, Made],
    states: list[torch.Tensor],
    gradient: torch.Tensor,
    found: Operands,
    *,
    wants_start: bool,
) -> torch.Tensor:
    """Return the gradient of the start and write the others into ``found``, given the state after each use."""
    inverses = {step: step.adjoint(given, of_conjugate=False) for step, given in made.items()}
    traces: dict[Step, list[Traces]] = {step: [] for step in made}
    for use, state in zip(reversed(uses), reversed(states), strict=True):
        traces[use.step].insert(0, use.step.collect(state.conj_physical(), gradient, found, Buffers()))
        if wants_start or use is not uses[0]:
            gradient = use.step.apply_one(gradient, inverses[use.step], use.number, Buffers())
    for step, collected in traces.items():
        step.write_gradients(collected, found, slice(None), Buffers())
    return gradient


def _through_recomputed(
    uses: Sequence[Use], operands: Operands, last: torch.Tensor, given: torch.Tensor, found: Operands
) -> torch.Tensor:
    """Return the gradient of the start and write the others into ``found``, given the last state only."""
    gradient, buffers = given, Buffers(last)
    conjugate = torch.conj_physical(last, out=buffers.take())
    for use in reversed(uses):
        trace = use.step.collect(conjugate, gradient, found, buffers)
        use.step.write_gradients([trace], found, _only(use), buffers)
        made = _prepared(use, operands, len(last))
        gradient = use.step.apply_one(gradient, use.step.adjoint(made, of_conjugate=False), 0, buffers)
        if use is not uses[0]:
            conjugate = use.step.apply_one(conjugate, use.step.adjoint(made, of_conjugate=True), 0, buffers)
    return gradient


def _only(use: Use) -> slice:
    return slice(use.number, use.number + 1)


def _prepared(use: Use, operands: Operands, copies: int) -> Made:
    return use.step.prepare(operands, copies, _only(use))
