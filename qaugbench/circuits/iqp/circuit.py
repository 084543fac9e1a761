"""An IQP circuit: Hadamard gates on all wires, gates that are diagonal, Hadamard gates again, and a measurement of Z."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations

from qaugbench.circuits.ansatz import each_wire
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.controls.no_entanglement import without_entanglement
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError

MOST_EXACT = 20
"""Wires up to which all probabilities of a circuit are computed and bit strings drawn exactly."""


@dataclass(frozen=True)
class IqpCircuit(Circuit):
    """A circuit that is run as a function of its phases, not gate by gate; written as a ``Circuit``, it can be exported like one.

    It takes no inputs, and each angle has at most one weight. Read are either the probabilities of all basis states or, for any
    number of wires, the correlators of one and of two wires (``correlator_words``).

    Raises:
        CircuitError: other gates or angles, or another readout.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        walls, middle = (
            self.gates[: self.n_wires] + self.gates[-self.n_wires :],
            self.gates[self.n_wires : -self.n_wires],
        )
        if {gate.name for gate in walls} != {"H"} or not {gate.name for gate in middle} <= {"RZ", "RZZ"}:
            raise CircuitError("An IQP circuit has H on each wire, then RZ and RZZ, then H on each wire.")
        if any(gate.angles[0].inputs or len(gate.angles[0].weights) > 1 for gate in middle):
            raise CircuitError("An angle of an IQP circuit has at most one weight and no input.")
        if self.readout not in (Readout.probabilities(), Readout("expectation", correlator_words(self.n_wires))):
            raise CircuitError(
                "An IQP circuit reads the probabilities of all basis states, or all correlators of one and two wires."
            )

    @property
    def phases(self) -> tuple[Gate, ...]:
        """The diagonal gates."""
        return self.gates[self.n_wires : -self.n_wires]


def iqp_circuit(n_wires: int, *, width: float = 1.0, exact: bool | None = None) -> IqpCircuit:
    """Return the circuit with an RZ on each wire and an RZZ on each pair of wires, each with a weight of its own.

    Weights uniform on the circle give angles uniform within ``width`` * pi of zero for pairs, and of pi / 2 for single wires, whose
    bits are then balanced. Unless ``exact``, by default up to 20 wires, correlators are read instead of probabilities.

    >>> circuit = iqp_circuit(4)
    >>> circuit.n_weights, circuit.n_outputs
    (10, 16)
    """
    wires, pairs = range(n_wires), combinations(range(n_wires), 2)
    hadamards = each_wire(n_wires, "H")
    turned = [Gate("RZ", (wire,), (_around(math.pi / 2, wire, width),)) for wire in wires]
    coupled = [Gate("RZZ", pair, (_around(0.0, weight, width),)) for weight, pair in enumerate(pairs, start=n_wires)]
    reads_all = n_wires <= MOST_EXACT if exact is None else exact
    readout = Readout.probabilities() if reads_all else Readout("expectation", correlator_words(n_wires))
    return IqpCircuit(n_wires, (*hadamards, *turned, *coupled, *hadamards), readout)


def _around(middle: float, weight: int, width: float) -> Angle:
    return Angle(middle - width * math.pi, ((weight, width),))


def correlator_words(n_wires: int) -> tuple[str, ...]:
    """Return the words Z0, Z1, ... of one wire, then Z0 Z1, Z0 Z2, ... of two."""
    return (*(f"Z{i}" for i in range(n_wires)), *(f"Z{i} Z{k}" for i, k in combinations(range(n_wires), 2)))


@without_entanglement.register
def _of_phases(circuit: IqpCircuit) -> IqpCircuit:
    """Return the circuit with an RZ on the last wire, by the same angle, in place of each RZZ."""
    return replace(
        circuit,
        gates=tuple(Gate("RZ", gate.wires[-1:], gate.angles) if gate.name == "RZZ" else gate for gate in circuit.gates),
    )
