"""The gates a circuit may use: how many wires and angles each takes. Names and conventions are PennyLane's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GateKind:
    """What a gate name stands for."""

    n_wires: int
    n_angles: int
    meaning: str


GATES: dict[str, GateKind] = {
    "RX": GateKind(1, 1, "exp(-i angle X / 2)"),
    "RY": GateKind(1, 1, "exp(-i angle Y / 2)"),
    "RZ": GateKind(1, 1, "exp(-i angle Z / 2)"),
    "Rot": GateKind(1, 3, "RZ(third) RY(second) RZ(first), the first applied first"),
    "PhaseShift": GateKind(1, 1, "diag(1, exp(i angle))"),
    "H": GateKind(1, 0, "Hadamard"),
    "X": GateKind(1, 0, "Pauli X"),
    "Y": GateKind(1, 0, "Pauli Y"),
    "Z": GateKind(1, 0, "Pauli Z"),
    "S": GateKind(1, 0, "diag(1, i)"),
    "T": GateKind(1, 0, "diag(1, exp(i pi / 4))"),
    "CNOT": GateKind(2, 0, "X on the second wire where the first is 1"),
    "CZ": GateKind(2, 0, "Z on the second wire where the first is 1"),
    "CRX": GateKind(2, 1, "RX on the second wire where the first is 1"),
    "CRY": GateKind(2, 1, "RY on the second wire where the first is 1"),
    "CRZ": GateKind(2, 1, "RZ on the second wire where the first is 1"),
    "RXX": GateKind(2, 1, "exp(-i angle XX / 2)"),
    "RYY": GateKind(2, 1, "exp(-i angle YY / 2)"),
    "RZZ": GateKind(2, 1, "exp(-i angle ZZ / 2)"),
    "SWAP": GateKind(2, 0, "exchange of the two wires"),
}
