"""A circuit turned into few steps of three kinds, independent of the library that runs them.

Local: a product of one-qubit unitaries, all that waits on the wires at that point. Phase: any number of diagonal gates,
one multiplication. Permutation: any number of CNOTs and SWAPs, one gather. Other two-qubit gates are written in these
terms.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qaugbench.circuits.circuit import Angle, Circuit, parse_word

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
    """Return the plan of ``circuit``; running its steps on |0...0> gives the circuit's state."""
    plan = Plan(circuit)
    waiting: dict[int, list[Operation]] = {wire: [] for wire in range(circuit.n_wires)}
    for gate in circuit.gates:
        rows = tuple(range(len(plan.angles), len(plan.angles) + len(gate.angles)))
        plan.angles += gate.angles
        for operation in _core_operations(Operation(gate.name, gate.wires, rows)):
            _place(operation, plan, waiting)
    _flush(plan, waiting)
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


def _place(operation: Operation, plan: Plan, waiting: dict[int, list[Operation]]) -> None:
    before = [other for wire in operation.wires for other in waiting[wire]]
    if len(operation.wires) == 1:
        if operation.name in DIAGONAL and not before and plan.steps and isinstance(plan.steps[-1], Phase):
            plan.steps[-1].operations.append(operation)
        else:
            _wait(operation, waiting[operation.wires[0]])
    elif operation.name in DIAGONAL:
        if any(other.name not in DIAGONAL for other in before):
            _flush(plan, waiting)
        _add_phase(operation, plan)
    else:
        if before:
            _flush(plan, waiting)
        _add_permutation(_source(operation, plan.circuit.n_wires), plan)


def _add_phase(operation: Operation, plan: Plan) -> None:
    if plan.steps and isinstance(plan.steps[-1], Phase):
        plan.steps[-1].operations.append(operation)
    else:
        plan.steps.append(Phase([operation]))


def _add_permutation(source: np.ndarray, plan: Plan) -> None:
    if plan.steps and isinstance(plan.steps[-1], Permutation):
        plan.steps[-1].source = plan.steps[-1].source[source]
    else:
        plan.steps.append(Permutation(source))


def _wait(operation: Operation, run: list[Operation]) -> None:
    if run and INVERSE.get(run[-1].name) == operation.name:
        run.pop()
    else:
        run.append(operation)


def _flush(plan: Plan, waiting: dict[int, list[Operation]]) -> None:
    runs = {wire: list(run) for wire, run in waiting.items() if run}
    for run in waiting.values():
        run.clear()
    if not runs:
        return
    operations = [operation for run in runs.values() for operation in run]
    if all(operation.name in DIAGONAL for operation in operations):
        plan.steps.append(Phase(operations))
    else:
        plan.steps.append(Local(runs))


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
