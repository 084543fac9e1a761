"""A program cut into clusters: all operations on one pair of wires until one of the two interacts with another wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.circuits.noise.channels import swapped
from qaugbench.circuits.noise.program import Operation, Program, Turn


@dataclass
class Cluster:
    """Operations on ``wires``, one or two of them, in order."""

    wires: tuple[int, ...]
    operations: list[Operation]


def clusters(program: Program) -> list[Cluster]:
    """Return the clusters of a program, in an order in which they can be run."""
    waiting: list[list[Operation]] = [[] for _ in range(program.n_wires)]
    open_: list[Cluster | None] = [None] * program.n_wires
    found: list[Cluster] = []
    for operation in program.operations:
        wires = (operation.wire,) if isinstance(operation, Turn) else operation.wires
        known = open_[wires[0]]
        if known is not None and all(open_[wire] is known for wire in wires):
            known.operations.append(operation)
        elif len(wires) == 1:
            waiting[wires[0]].append(operation)
        else:
            before = [earlier for wire in wires for earlier in waiting[wire]]
            found.append(Cluster(tuple(sorted(wires)), [*before, operation]))
            for wire in wires:
                waiting[wire], open_[wire] = [], found[-1]
    return found + [Cluster((wire,), left) for wire, left in enumerate(waiting) if left]


def on_cluster(matrices: np.ndarray, wires: Sequence[int], cluster_wires: Sequence[int]) -> np.ndarray:
    """Return matrices [..., d, d] on some wires as matrices on all wires of a cluster."""
    if len(wires) == len(cluster_wires):
        return matrices if tuple(wires) == tuple(cluster_wires) else swapped(matrices)
    identity = np.eye(2)
    return np.kron(matrices, identity) if wires[0] == cluster_wires[0] else np.kron(identity, matrices)


def merged_unitaries(operations: Sequence[Operation], wires: Sequence[int]) -> list[Turn | np.ndarray]:
    """Return the operations as turns and Kraus operators [operators, d, d] on ``wires``, consecutive unitaries merged."""
    merged: list[Turn | np.ndarray] = []
    for operation in operations:
        if isinstance(operation, Turn):
            merged.append(operation)
            continue
        kraus = on_cluster(operation.kraus, operation.wires, wires)
        last = merged[-1] if merged else None
        if isinstance(last, np.ndarray) and len(last) == len(kraus) == 1:
            merged[-1] = kraus @ last
        else:
            merged.append(kraus)
    return merged
