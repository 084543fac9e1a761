"""A circuit turned into few steps of three kinds, independent of the library that runs them.

Local: a product of one-qubit unitaries, all that waits on the wires at that point. Phase: any number of diagonal gates,
one multiplication. Permutation: any number of CNOTs and SWAPs, one gather. Other two-qubit gates are written in these
terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from qaugbench.circuits.circuit import Angle, Circuit
from qaugbench.circuits.readout import parse_word

DIAGONAL = frozenset({"RZ", "PhaseShift", "Z", "S", "T", "CZ", "CRZ", "RZZ"})
PERMUTING = frozenset({"CNOT", "SWAP"})
INVERSE = {"H": "H", "X": "X", "Y": "Y", "Z": "Z", "RX+90": "RX-90", "RX-90": "RX+90"}
# Each gate as a change of basis on some of its wires (positions), a diagonal core, and the change back.
CORES: dict[str, tuple[str, str, str, tuple[int, ...]]] = {
    "CRX": ("H", "CRZ", "H", (1,)),
    "CRY": ("RX+90", "CRZ", "RX-90", (1,)),
    "RXX": ("H", "RZZ", "H", (0, 1)),
    "RYY": ("RX+90", "RZZ", "RX-90", (0, 1)),
}


@dataclass(frozen=True)
class Operation:
    """A gate whose angles are rows of the plan's angle table."""

    name: str
    wires: tuple[int, ...]
    angles: tuple[int, ...] = ()


@dataclass
class Local:
    """The one-qubit gates of each wire, in order; wires without any are left out."""

    runs: dict[int, list[Operation]]


@dataclass
class Phase:
    """Diagonal gates, in any order."""

    operations: list[Operation]


@dataclass
class Permutation:
    """The new amplitude i is the old amplitude ``source[i]``."""

    source: np.ndarray


PlanStep = Local | Phase | Permutation


@dataclass
class Plan:
    """The steps of a circuit and the table of its angles.

    ``relabelling``: what is left to the readout, basis state i of the circuit being state ``relabelling[i]`` of the
    steps.
    """

    circuit: Circuit
    angles: list[Angle] = field(default_factory=list)
    steps: list[PlanStep] = field(default_factory=list)
    relabelling: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def compile_circuit(circuit: Circuit) -> Plan:
    """Return the plan of ``circuit``; running its steps on |0...0> gives the circuit's state up to a phase."""
    plan = Plan(circuit)
    schedule = _Schedule(plan)
    for gate in circuit.gates:
        rows = tuple(range(len(plan.angles), len(plan.angles) + len(gate.angles)))
        plan.angles += gate.angles
        for operation in _core_operations(Operation(gate.name, gate.wires, rows)):
            schedule.place(operation)
    schedule.flush(range(circuit.n_wires))
    _leave_to_readout(plan)
    return plan


def basis_bits(n_wires: int) -> np.ndarray:
    """Return the bits of every basis state, int64 [n_wires, 2^n_wires]; wire 0 is the most significant."""
    return np.stack([(np.arange(2**n_wires) >> (n_wires - 1 - wire)) & 1 for wire in range(n_wires)])


def _core_operations(gate: Operation) -> list[Operation]:
    if gate.name not in CORES:
        return [gate]
    before, core, after, positions = CORES[gate.name]
    wires = [gate.wires[position] for position in positions]
    change = [Operation(before, (wire,)) for wire in wires]
    change_back = [Operation(after, (wire,)) for wire in wires]
    return [*change, Operation(core, gate.wires, gate.angles), *change_back]


class _Schedule:
    """Places operations: one-qubit gates wait on their wire until a gate that does not commute with them needs it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.waiting: list[list[Operation]] = [[] for _ in range(plan.circuit.n_wires)]
        self.last_step = [-1] * plan.circuit.n_wires  # the last step that acts on each wire

    def place(self, operation: Operation) -> None:
        steps = self.plan.steps
        before = [other for wire in operation.wires for other in self.waiting[wire]]
        is_diagonal = operation.name in DIAGONAL
        if len(operation.wires) == 1:
            if is_diagonal and not before and steps and isinstance(steps[-1], Phase):
                self._act(Phase([operation]), operation.wires)
            else:
                _wait(operation, self.waiting[operation.wires[0]])
            return
        if not is_diagonal or any(other.name not in DIAGONAL for other in before):
            self.flush(operation.wires)
        if is_diagonal:
            self._act(Phase([operation]), operation.wires)
        else:
            self._act(Permutation(_source(operation, self.plan.circuit.n_wires)), operation.wires)

    def flush(self, wires: Iterable[int]) -> None:
        """Turn what waits on ``wires`` into local steps, joining an earlier one wherever no step lies in between."""
        runs = {wire: self.waiting[wire] for wire in wires if self.waiting[wire]}
        if runs and all(operation.name in DIAGONAL for run in runs.values() for operation in run):
            self._act(Phase([operation for run in runs.values() for operation in run]), runs)
        else:
            for wire, run in runs.items():
                self._local_step(wire).setdefault(wire, []).extend(run)
        for wire in runs:
            self.waiting[wire] = []

    def _local_step(self, wire: int) -> dict[int, list[Operation]]:
        """Return the runs of the first local step from the last one on ``wire`` on, making one if there is none."""
        for number in range(max(self.last_step[wire], 0), len(self.plan.steps)):
            step = self.plan.steps[number]
            if isinstance(step, Local):
                self.last_step[wire] = number
                return step.runs
        self.plan.steps.append(Local({}))
        self.last_step[wire] = len(self.plan.steps) - 1
        return self._local_step(wire)

    def _act(self, step: Phase | Permutation, wires: Iterable[int]) -> None:
        """Append a step, or join it to the last one of the same kind."""
        last = self.plan.steps[-1] if self.plan.steps else None
        if isinstance(step, Phase) and isinstance(last, Phase):
            last.operations += step.operations
        elif isinstance(step, Permutation) and isinstance(last, Permutation):
            last.source = last.source[step.source]
        else:
            self.plan.steps.append(step)
        for wire in wires:
            self.last_step[wire] = len(self.plan.steps) - 1


def _wait(operation: Operation, run: list[Operation]) -> None:
    if run and INVERSE.get(run[-1].name) == operation.name:
        run.pop()
    else:
        run.append(operation)


def _leave_to_readout(plan: Plan) -> None:
    """Drop final phases, and leave final permutations to the readout, where that reads probabilities only."""
    plan.relabelling = np.arange(2**plan.circuit.n_wires)
    if any(letter != "Z" for word in plan.circuit.readout.words for _, letter in parse_word(word)):
        return
    while plan.steps and not isinstance(plan.steps[-1], Local):
        step = plan.steps.pop()
        if isinstance(step, Permutation):
            plan.relabelling = step.source[plan.relabelling]


def _source(operation: Operation, n_wires: int) -> np.ndarray:
    states, bits = np.arange(2**n_wires), basis_bits(n_wires)
    first, second = operation.wires
    flip_second = bits[first] if operation.name == "CNOT" else bits[first] ^ bits[second]
    flip_first = 0 if operation.name == "CNOT" else flip_second
    return states ^ (flip_second << (n_wires - 1 - second)) ^ (flip_first << (n_wires - 1 - first))
