"""What a noisy simulation runs: operations on wires, in the order in which they act, and how bits are misread."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Gate
from qaugbench.circuits.noise import channels


@dataclass(frozen=True)
class Turn:
    """exp(-i angle Z / 2) on a wire, the angle being a row of the program's table."""

    wire: int
    row: int


@dataclass(frozen=True, eq=False)
class Channel:
    """A fixed channel on one or two wires by its Kraus operators [operators, 2^n, 2^n]; a unitary is one operator."""

    wires: tuple[int, ...]
    kraus: np.ndarray


Operation = Turn | Channel
Misread = tuple[float, float]  # the probabilities of reading 1 for 0 and 0 for 1


@dataclass
class Program:
    """Operations on |0...0> or on ``start``, then a readout.

    ``placement``: the wire here on which each wire of the circuit is read. ``misread``: of each wire here.
    ``angle_spread``: the standard deviation of the relative errors of gate angles in a run. ``gate_angles[r]``: the
    gate angle of which row r of ``angles`` is a part; rows of one gate angle share their error.
    """

    n_wires: int
    start: AmplitudeEmbedding | None
    placement: tuple[int, ...]
    misread: tuple[Misread, ...]
    angle_spread: float = 0.0
    angles: list[Angle] = field(default_factory=list)
    gate_angles: list[int] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def fixed(self, wires: tuple[int, ...], kraus: np.ndarray) -> None:
        """Append a channel, or a unitary given as a matrix."""
        self.operations.append(Channel(wires, kraus if kraus.ndim == 3 else kraus[None]))

    def turn(self, wire: int, angle: Angle, gate_angle: int) -> None:
        """Append exp(-i angle Z / 2); a constant without random error becomes a fixed unitary."""
        if not (angle.weights or angle.inputs or self.angle_spread):
            self.fixed((wire,), channels.turn_about_z(angle.offset))
            return
        self.operations.append(Turn(wire, len(self.angles)))
        self.angles.append(angle)
        self.gate_angles.append(gate_angle)

    def gate(self, gate: Gate, first_angle: int, factor: float = 1.0) -> None:
        """Append a gate as fixed unitaries and turns about Z, its angles multiplied by ``factor``.

        ``first_angle``: the number of its first angle among all gate angles of the circuit.
        """
        if gate.name in channels.ONE_QUBIT or gate.name in channels.TWO_QUBIT:
            self.fixed(gate.wires, (channels.ONE_QUBIT | channels.TWO_QUBIT)[gate.name])
            return
        if gate.name == "Rot":
            for k, (name, angle) in enumerate(zip(("RZ", "RY", "RZ"), gate.angles, strict=True)):
                self.gate(Gate(name, gate.wires, (angle,)), first_angle + k, factor)
            return
        before, is_controlled, after = _AXES[gate.name]
        turned = gate.wires if len(gate.wires) == 2 and not is_controlled else gate.wires[-1:]
        for wire in turned:
            self.fixed((wire,), before)
        self._about_z(gate, is_controlled, first_angle, factor)
        for wire in turned:
            self.fixed((wire,), after)

    def _about_z(self, gate: Gate, is_controlled: bool, number: int, factor: float) -> None:
        """Append RZ, CRZ or RZZ; CRZ is half a turn of the target and half a ZZ turn back."""
        angle, target = gate.angles[0], gate.wires[-1]
        if len(gate.wires) == 1:
            self.turn(target, scaled(angle, factor), number)
            return
        if is_controlled:
            self.turn(target, scaled(angle, factor / 2), number)
        self.fixed(gate.wires, channels.TWO_QUBIT["CNOT"])
        self.turn(target, scaled(angle, -factor / 2 if is_controlled else factor), number)
        self.fixed(gate.wires, channels.TWO_QUBIT["CNOT"])


# The change of basis that makes a gate a turn about Z, whether its first wire controls it, and the change back.
_I, _H, _Y = channels.PAULIS[0], channels.HADAMARD, channels.Z_TO_Y
_AXES: dict[str, tuple[np.ndarray, bool, np.ndarray]] = {
    "RX": (_H, False, _H),
    "RY": (_Y.conj().T, False, _Y),
    "RZ": (_I, False, _I),
    "PhaseShift": (_I, False, _I),
    "CRX": (_H, True, _H),
    "CRY": (_Y.conj().T, True, _Y),
    "CRZ": (_I, True, _I),
    "RXX": (_H, False, _H),
    "RYY": (_Y.conj().T, False, _Y),
    "RZZ": (_I, False, _I),
}


def scaled(angle: Angle, factor: float) -> Angle:
    """Return ``factor * angle``."""
    weights = tuple((index, factor * scale) for index, scale in angle.weights)
    inputs = tuple((index, factor * scale) for index, scale in angle.inputs)
    return Angle(factor * angle.offset, weights, inputs)
