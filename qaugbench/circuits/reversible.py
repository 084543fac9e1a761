"""The gradient of an evolution without storing its states: they are recomputed backwards, since every step is unitary.

Backward carries two vectors, the state and the gradient for it, and takes both back step by step (Jones and Gacon,
arXiv 2009.02823), so that memory does not grow with depth. Both directions move between few buffers, because fresh
memory of the size of a state costs as much as a step. First derivatives only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from qaugbench.circuits.steps import Operands, Step


def evolve(state: torch.Tensor, operands: Operands, steps: Sequence[Step]) -> torch.Tensor:
    """Return ``state`` [copies, 2^n_wires, batch] after all ``steps``."""
    if not len(steps):
        return state
    return _Evolution.apply(tuple(steps), state, operands.shared, operands.sampled, *operands.blocks)


class _Evolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, steps: tuple[Step, ...], start: torch.Tensor, *tensors: torch.Tensor) -> torch.Tensor:
        operands = _operands(tensors)
        state, spare = start, [_buffer(start) for _ in steps[:2]]
        for step in steps:
            out = spare.pop()
            previous, state = state, step.into(state, operands, out)
            if previous is not start:
                spare.append(previous)
        ctx.steps = steps
        ctx.save_for_backward(state, *tensors)
        return state

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        end, *tensors = ctx.saved_tensors
        operands = _operands(tensors)
        found = [torch.zeros_like(tensor) for tensor in tensors]
        spare = [_buffer(end) for _ in range(2)]
        conjugate, gradient = torch.conj_physical(end), given
        for step in reversed(ctx.steps):
            out = spare.pop()
            previous, conjugate = conjugate, step.undo(conjugate, operands, out, conjugate=True)
            spare.append(previous)
            out = spare.pop()
            previous, gradient = gradient, step.undo(gradient, operands, out, conjugate=False)
            if previous is not given:
                spare.append(previous)
            step.collect(conjugate, gradient, operands, _operands(found))
        return None, gradient, *found


def _buffer(like: torch.Tensor) -> torch.Tensor:
    return torch.empty(like.shape, dtype=like.dtype, device=like.device)


def _operands(tensors: Sequence[torch.Tensor]) -> Operands:
    shared, sampled, *blocks = tensors
    return Operands(shared, sampled, tuple(blocks))
