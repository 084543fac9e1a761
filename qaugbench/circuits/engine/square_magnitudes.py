"""From amplitudes to probabilities."""

from __future__ import annotations

from typing import Any

import torch


class _SquareMagnitudes(torch.autograd.Function):
    """|amplitude|^2 of complex amplitudes with few passes over the state in each direction."""

    generate_vmap_rule = True

    @staticmethod
    def forward(state: torch.Tensor) -> torch.Tensor:
        return state.real.square().add_(state.imag.square())

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        (state,) = ctx.saved_tensors
        return 2 * gradient * state


def square_magnitudes(state: torch.Tensor) -> torch.Tensor:
    """Return |amplitude|^2."""
    return _SquareMagnitudes.apply(state) if state.is_complex() else state.square()
