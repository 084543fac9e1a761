"""Kronecker blocks: the one-wire unitaries of up to four neighbouring wires, joined into one matrix."""

from __future__ import annotations

import numpy as np
import torch

from qaugbench.circuits.engine.plan import Operation
from qaugbench.circuits.engine.unitaries import Kind, kind_of

BLOCK_WIRES = 4


def partition(runs: dict[int, list[Operation]]) -> dict[tuple[Kind, int], list[int]]:
    """Return the first wires of the blocks of each kind and number of wires; none mixes shared with sampled runs."""
    segments: list[tuple[int, int, bool]] = []
    for wire in sorted(runs):
        is_sampled = kind_of(runs[wire]).is_sampled
        if segments and segments[-1][2] == is_sampled:
            segments[-1] = (segments[-1][0], wire + 1, is_sampled)
        else:
            segments.append((wire, wire + 1, is_sampled))
    found: dict[tuple[Kind, int], list[int]] = {}
    for start, stop, _ in segments:
        for wires in np.array_split(np.arange(start, stop), -(-(stop - start) // BLOCK_WIRES)):
            operations = [operation for wire in wires for operation in runs.get(int(wire), [])]
            if operations:
                found.setdefault((kind_of(operations), len(wires)), []).append(int(wires[0]))
    return found


def kronecker(factors: torch.Tensor) -> torch.Tensor:
    """Return the products over k of ``factors`` [2, 2, k, n, copies, batch]: [n, copies * batch, 2^k, 2^k]."""
    result, *others = factors.unbind(2)
    for other in others:
        result = (result[:, None, :, None] * other[None, :, None]).flatten(2, 3).flatten(0, 1)
    side, n = len(result), result.shape[2]
    return result.reshape(side * side, -1).t().contiguous().view(n, -1, side, side)


def apply_block(matrix: torch.Tensor, state: torch.Tensor, after: int, out: torch.Tensor | None) -> torch.Tensor:
    """Return ``matrix`` [1 or copies or copies * batch, d, d] applied to the wires before the last ``after``."""
    side, rest = matrix.shape[1], 2**after * state.shape[3]
    if rest == 1:  # the last wires: one product from the right
        return _product(state.reshape(len(matrix), -1, side), matrix.mT.to(state.dtype), out, state)
    if matrix.is_complex() or not state.is_complex():
        return _product(*_aligned(matrix, state.reshape(-1, side, rest)), out, state)
    real = torch.view_as_real(state)
    parts = _aligned(matrix, real.reshape(-1, side, 2 * rest))
    if out is None:
        return torch.view_as_complex(_product(*parts, None, real))
    _product(*parts, torch.view_as_real(out), real)
    return out


def outer_product(left: torch.Tensor, right: torch.Tensor, count: int, side: int, after: int) -> torch.Tensor:
    """Return left x right on the wires before the last ``after``, summed over the others, [count, side, side].

    ``count``: 1, copies, or copies * batch; whatever it leaves out is summed over too.
    """
    rest = 2**after * left.shape[3]
    if rest == 1:
        return torch.bmm(left.reshape(count, -1, side).mT, right.reshape(count, -1, side))
    outer = torch.bmm(left.reshape(-1, side, rest), right.reshape(-1, side, rest).mT)
    return outer.unflatten(0, (count, -1)).sum(1) if len(outer) > count else outer


def partial_traces(k: int) -> torch.Tensor:
    """Return the 0/1 matrix [4 k, 4^k] that takes a matrix of k wires to its partial traces [2, 2, k]."""
    states = np.arange(2**k)
    bits = np.stack([states >> (k - 1 - j) & 1 for j in range(k)])
    rest = states ^ (bits << (k - 1 - np.arange(k))[:, None])
    row, column = np.divmod(np.arange(4**k), 2**k)
    table = np.zeros((2, 2, k, 4**k))
    for j in range(k):
        kept = np.flatnonzero(rest[j, row] == rest[j, column])
        table[bits[j, row[kept]], bits[j, column[kept]], j, kept] = 1
    return torch.from_numpy(table.reshape(4 * k, -1))


def _aligned(matrix: torch.Tensor, parts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    repeats = len(parts) // len(matrix)
    return matrix[:, None].expand(-1, repeats, -1, -1).flatten(0, 1) if repeats > 1 else matrix, parts


def _product(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    if out is None:
        return torch.bmm(left, right).view(like.shape)
    torch.bmm(left, right, out=out.view(len(left), left.shape[1], right.shape[2]))
    return out
