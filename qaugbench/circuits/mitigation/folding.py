"""Circuits that do the same with more noise: gates followed by their inverses and themselves again."""

from __future__ import annotations

import math
from typing import Literal

from qaugbench.circuits.checks import is_index
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.noise.program import scaled
from qaugbench.errors import CircuitError

Folding = Literal["global", "local"]
_SELF_INVERSE = frozenset({"H", "X", "Y", "Z", "CNOT", "CZ", "SWAP"})
_PHASES = {"S": math.pi / 2, "T": math.pi / 4}


def folded(circuit: Circuit, scale: int, folding: Folding = "global") -> Circuit:
    """Return ``circuit`` with ``scale`` times as many gates and the same outputs where there is no noise.

    "global" appends the whole circuit's inverse and the circuit itself, "local" does so after every gate. ``scale`` is odd.
    The preparation of amplitudes and the readout are not folded, so their errors stay as they are. Angles that are always
    too large by the same share are undone by the inverse and do not grow either.

    Raises:
        CircuitError: a scale that is not an odd number from 1 on.

    >>> from qaugbench.circuits.readout import Readout
    >>> circuit = Circuit(1, [Gate("RX", [0], [Angle.input(0)]), Gate("S", [0])], Readout.each_wire(1))
    >>> [str(gate).split()[0] for gate in folded(circuit, 3).gates]
    ['RX', 'S', 'PhaseShift', 'RX', 'RX', 'S']
    """
    if not is_index(scale) or scale % 2 == 0:
        raise CircuitError(
            f"Folding repeats gates an odd number of times, given the scale {scale!r}; give 1, 3, 5, ..."
        )
    times = scale // 2
    if folding == "local":
        gates = [part for gate in circuit.gates for part in (gate, *(inverse(gate), gate) * times)]
    else:
        back = [inverse(gate) for gate in reversed(circuit.gates)]
        gates = [*circuit.gates, *[*back, *circuit.gates] * times]
    return Circuit(circuit.n_wires, tuple(gates), circuit.readout, circuit.start)


def inverse(gate: Gate) -> Gate:
    """Return the gate that undoes ``gate``: as many gates, on the same wires.

    >>> print(inverse(Gate("Rot", [0], [Angle.weight(0), Angle.constant(1.0), Angle.input(0)])))
    Rot        0      -1*x[0], -1, -1*w[0]
    """
    if gate.name in _SELF_INVERSE:
        return gate
    if gate.name in _PHASES:
        return Gate("PhaseShift", gate.wires, (Angle.constant(-_PHASES[gate.name]),))
    return Gate(gate.name, gate.wires, tuple(scaled(angle, -1.0) for angle in reversed(gate.angles)))
