"""A circuit as an error-corrected computer counts it: Clifford gates, T gates, rotations by other angles, and measurements."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.devices.binding import bind
from qaugbench.circuits.measurement import settings

Kind = Literal["clifford", "t", "rotation", "measure"]
Operation = tuple[Kind, tuple[int, ...]]

CLIFFORD = frozenset({"H", "X", "Y", "Z", "S", "CNOT", "CZ", "SWAP"})
_TOLERANCE = 1e-9  # radians


@dataclass(frozen=True)
class LogicalCounts:
    """``rotation_depth``: rotations one after the other on the longest path, Clifford gates joining the paths of their qubits."""

    qubits: int
    rotations: int
    rotation_depth: int
    t_gates: int
    measurements: int


def operations(circuit: Circuit) -> Iterator[Operation]:
    """Yield the operations of the circuit's first measurement setting.

    A rotation of two qubits is one of the second between two CNOTs; a controlled rotation turns the second by half the angle
    and back by half between two CNOTs. An amplitude embedding is prepared by rotations and CNOTs. Fixed angles that are
    multiples of pi / 2 make Clifford gates, other multiples of pi / 4 T gates.
    """
    plain = Circuit(circuit.n_wires, circuit.gates, circuit.readout, circuit.start)
    read = settings(bind(plain).circuit)[0]
    for gate in read.circuit.gates:
        yield from _of_gate(gate)
    for wire in read.wires:
        yield "measure", (wire,)


def logical_counts(circuit: Circuit) -> LogicalCounts:
    """Return the counts of one run of a circuit.

    >>> from qaugbench.circuits.ansatz import qldm_circuit
    >>> logical_counts(qldm_circuit(2, 1))
    LogicalCounts(qubits=2, rotations=6, rotation_depth=4, t_gates=0, measurements=2)
    """
    reached = [0] * circuit.n_wires
    numbers = {"clifford": 0, "t": 0, "rotation": 0, "measure": 0}
    for kind, wires in operations(circuit):
        numbers[kind] += 1
        level = max(reached[wire] for wire in wires) + (kind == "rotation")
        for wire in wires:
            reached[wire] = level
    return LogicalCounts(circuit.n_wires, numbers["rotation"], max(reached), numbers["t"], numbers["measure"])


def _of_gate(gate: Gate) -> Iterator[Operation]:
    if gate.name in CLIFFORD:
        yield "clifford", gate.wires
    elif gate.name == "T":
        yield "t", gate.wires
    elif len(gate.wires) == 1:
        for angle in gate.angles:
            yield _turn(angle, 1.0), gate.wires
    else:
        (angle,) = gate.angles
        halves = 2 if gate.name.startswith("CR") else 1
        for _ in range(halves):
            yield _turn(angle, 1 / halves), gate.wires[1:]
            yield "clifford", gate.wires
        if halves == 1:
            yield "clifford", gate.wires


def _turn(angle: Angle, share: float) -> Kind:
    """Return what a rotation by ``share`` of ``angle`` is; a weight or an input may take any value."""
    if angle.weights or angle.inputs:
        return "rotation"
    eighths = angle.offset * share / (math.pi / 4)
    if abs(eighths - round(eighths)) > _TOLERANCE:
        return "rotation"
    return "t" if round(eighths) % 2 else "clifford"
