"""Basis states as integers, wire 0 the most significant bit, and how CNOTs and SWAPs move them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qaugbench.circuits.engine.plan import Operation


def units(n_wires: int) -> list[int]:
    """Return, for each wire, the basis state in which that wire alone is 1; wire 0 is the most significant bit."""
    return [1 << (n_wires - 1 - wire) for wire in range(n_wires)]


def sources(operations: Sequence[Operation], n_wires: int) -> list[int]:
    """Return, for each unit state i, the state whose old amplitude is the new amplitude of i after ``operations``.

    CNOT and SWAP act linearly on bits, so the units tell the whole permutation (``linear_table``). Operations in
    reversed order give the inverse.
    """
    images = units(n_wires)
    for operation in reversed(operations):
        first, second = (n_wires - 1 - wire for wire in operation.wires)
        for i, state in enumerate(images):
            flip = state >> first & 1 if operation.name == "CNOT" else (state >> first ^ state >> second) & 1
            images[i] = state ^ (flip << second) ^ (0 if operation.name == "CNOT" else flip << first)
    return images


def linear_table(images: Sequence[int]) -> np.ndarray:
    """Return the image of every basis state, int64 [2^n], given those of the units, wire 0 first."""
    table = np.zeros(1, dtype=np.int64)
    for image in reversed(images):
        table = np.concatenate([table, table ^ image])
    return table


def spread(wires: Sequence[int], n_wires: int) -> np.ndarray:
    """Return the basis states whose ones are on ``wires`` only, ordered with the first wire as most significant bit."""
    return linear_table([units(n_wires)[wire] for wire in wires])
