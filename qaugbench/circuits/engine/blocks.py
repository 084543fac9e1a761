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
    """Return the Kronecker products over k of ``factors`` [2, 2, k, n, copies, batch]: [n, copies * batch, 2^k, 2^k]."""
    result, *others = factors.unbind(2)
    for other in others:
        result = (result[:, None, :, None] * other[None, :, None]).flatten(2, 3).flatten(0, 1)
    side, n = len(result), result.shape[2]
    return result.reshape(side * side, -1).t().contiguous().view(n, -1, side, side)


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
