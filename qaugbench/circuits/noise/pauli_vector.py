"""Operations on Pauli vectors [rows, 4^n] in torch: the expansion of a state, a reordering, a product of vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from qaugbench.circuits.noise.channels import PAULIS


class _Reorder(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(
        vector: torch.Tensor, source: torch.Tensor, inverse: torch.Tensor, scale: torch.Tensor | None
    ) -> torch.Tensor:
        gathered = vector.index_select(1, source)
        return gathered if scale is None else gathered.mul_(scale)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        source, inverse, scale = ctx.saved_tensors
        return reorder(gradient if scale is None else gradient * scale, inverse, source, None), None, None, None


def reorder(
    vector: torch.Tensor, source: torch.Tensor, inverse: torch.Tensor, scale: torch.Tensor | None
) -> torch.Tensor:
    """Return ``vector[:, source] * scale``; ``inverse`` is the inverse of the permutation ``source``."""
    reordered: torch.Tensor = _Reorder.apply(vector, source, inverse, scale)
    return reordered


class _MultiplyFirst(torch.autograd.Function):
    """As ``multiply_first``; its gradients come out in the wanted memory order, without a copy."""

    generate_vmap_rule = True

    @staticmethod
    def forward(vector: torch.Tensor, transposed: torch.Tensor) -> torch.Tensor:
        return torch.bmm(vector.view(len(vector), transposed.shape[1], -1).mT, transposed).flatten(1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, torch.Tensor], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        vector, transposed = ctx.saved_tensors
        by_vector, by_matrix = ctx.needs_input_grad
        parts = gradient.view(len(vector), -1, transposed.shape[2])
        return (
            torch.bmm(transposed.conj(), parts.mT).flatten(1) if by_vector else None,
            torch.bmm(vector.conj().view(len(vector), transposed.shape[1], -1), parts) if by_matrix else None,
        )


def multiply_first(vector: torch.Tensor, transposed: torch.Tensor) -> torch.Tensor:
    """Return vectors [rows, d * rest] whose first digits are multiplied by matrices [rows, d from, d to] and come last."""
    multiplied: torch.Tensor = _MultiplyFirst.apply(vector, transposed)
    return multiplied


def product(factors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the Kronecker product of vectors [..., d], the first being the most significant."""
    left = list(factors)
    while len(left) > 1:  # in pairs: only the last product is large
        odd = left[-1:] if len(left) % 2 else []
        pairs = zip(left[0::2], left[1::2], strict=False)
        left = [(a[..., :, None] * b[..., None, :]).flatten(-2) for a, b in pairs] + odd
    return left[0]


def of_state(amplitudes: torch.Tensor) -> torch.Tensor:
    """Return the Pauli vectors [rows, 4^n] of pure states, tr(P rho) with rho = psi psi^dagger.

    ``amplitudes`` [rows, 2^n], real or complex.
    """
    rows, size = amplitudes.shape
    n_wires = int(math.log2(size))
    density = (amplitudes[:, :, None] * amplitudes[:, None, :].conj()).reshape(rows, *[2] * (2 * n_wires))
    by_wire = [axis for wire in range(n_wires) for axis in (1 + wire, 1 + n_wires + wire)]
    vector = density.permute(0, *by_wire).reshape(rows, 4**n_wires)
    # entry (P, (j, k)) takes rho_jk to tr(P rho): P_kj
    expand = torch.from_numpy(PAULIS.transpose(0, 2, 1).reshape(4, 4).copy()).to(vector.device)
    dtype = torch.complex128 if amplitudes.real.dtype == torch.float64 else torch.complex64
    for _ in range(n_wires):
        vector = (vector.to(dtype).reshape(rows, 4, -1).mT @ expand.T.to(dtype)).flatten(1)
    return vector.real.contiguous()
