"""From a program to transfer matrices on one and two wires: consecutive operations on a pair form one block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from qaugbench.circuits.noise.channels import swapped, transfer_matrix
from qaugbench.circuits.noise.program import Program, Turn
from qaugbench.circuits.noise.wire_channels import Run, is_monomial


@dataclass
class Block:
    """Runs on one or two wires and, for two, constants between them: runs[0], cores[0], runs[1], cores[1], ...

    ``runs`` has one entry more than ``cores``; each is a tuple of one run per wire.
    """

    wires: tuple[int, ...]
    runs: list[tuple[Run, ...]]
    cores: list[np.ndarray] = field(default_factory=list)

    def then(self, core: np.ndarray) -> None:
        """Append a constant on both wires, multiplied into the last one where only constants are in between."""
        if self.cores and all(run.is_constant for run in self.runs[-1]):
            between = np.kron(*(run.constants[0] for run in self.runs.pop()))
            core = core @ between @ self.cores.pop()
        self.cores.append(core)
        self.runs.append((Run(), Run()))

    @property
    def is_monomial(self) -> bool:
        """Whether its constant only exchanges and scales entries, as CZ, CNOT and SWAP with depolarising do."""
        return len(self.cores) == 1 and is_monomial(self.cores[0]) and all(run.is_identity for run in self.runs[1])

    @property
    def all_runs(self) -> Iterable[Run]:
        """Every run in the block."""
        return (run for pair in self.runs for run in pair)


def fuse(program: Program) -> tuple[list[Block], list[Run]]:
    """Return the blocks of two wires in order, and what is left on each wire after the last of them."""
    waiting = [Run() for _ in range(program.n_wires)]
    last: list[Block | None] = [None] * program.n_wires
    blocks: list[Block] = []
    known: dict[bytes, np.ndarray] = {}
    for operation in program.operations:
        if isinstance(operation, Turn):
            waiting[operation.wire].then_turn(operation.row)
            continue
        key = operation.kraus.tobytes()
        if key not in known:
            known[key] = transfer_matrix(operation.kraus)
        matrix = known[key]
        if len(operation.wires) == 1:
            waiting[operation.wires[0]].then(matrix)
            continue
        first, second = wires = tuple(sorted(operation.wires))
        block = last[first]
        if block is None or block is not last[second]:
            block = Block(wires, [(waiting[first], waiting[second])])
            blocks.append(block)
        else:
            for run, more in zip(block.runs[-1], (waiting[first], waiting[second]), strict=True):
                run.then_run(more)
        block.then(matrix if wires == operation.wires else swapped(matrix))
        for wire in wires:
            last[wire], waiting[wire] = block, Run()
    return blocks, waiting
