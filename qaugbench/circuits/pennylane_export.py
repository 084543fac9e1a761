"""A circuit as a PennyLane QNode, for agreement tests and for anyone who wants to run it there."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from qaugbench.circuits.circuit import Angle, Circuit
from qaugbench.circuits.readout import parse_word
from qaugbench.errors import CircuitError

if TYPE_CHECKING:
    import pennylane

_NAMES = {
    "H": "Hadamard",
    "X": "PauliX",
    "Y": "PauliY",
    "Z": "PauliZ",
    "RXX": "IsingXX",
    "RYY": "IsingYY",
    "RZZ": "IsingZZ",
}


def to_qnode(circuit: Circuit, interface: str = "torch") -> pennylane.QNode:
    """Return a QNode on default.qubit called as ``qnode(inputs, weights)``.

    ``inputs`` is [n_inputs] or, broadcast, [batch, n_inputs]; ``weights`` is [n_weights]. It returns the probabilities
    [batch, 2^n_wires], or a list of one expectation [batch] a word. Gradients by backpropagation.

    Raises:
        CircuitError: PennyLane is not installed.
    """
    try:
        import pennylane
    except ImportError as error:
        raise CircuitError(
            "Exporting to PennyLane needs the optional package: pip install 'qaugbench[pennylane]'."
        ) from error

    device = pennylane.device("default.qubit", wires=circuit.n_wires)

    @pennylane.qnode(device, interface=interface, diff_method="backprop")
    def qnode(inputs: Any, weights: Any) -> Any:
        for gate in circuit.gates:
            operation = getattr(pennylane, _NAMES.get(gate.name, gate.name))
            offsets = [pennylane.math.convert_like(np.array(angle.offset), weights) for angle in gate.angles]
            values = [_value(*pair, inputs, weights) for pair in zip(gate.angles, offsets, strict=True)]
            operation(*values, wires=list(gate.wires))
        if not circuit.readout.words:
            return pennylane.probs(wires=range(circuit.n_wires))
        return [pennylane.expval(_observable(pennylane, word)) for word in circuit.readout.words]

    return qnode


def _value(angle: Angle, offset: Any, inputs: Any, weights: Any) -> Any:
    value = offset
    for index, scale in angle.weights:
        value = value + scale * weights[index]
    for index, scale in angle.inputs:
        value = value + scale * inputs[..., index]
    return value


def _observable(pennylane: Any, word: str) -> Any:
    factors = [getattr(pennylane, f"Pauli{letter}")(wire) for wire, letter in parse_word(word)]
    return reduce(lambda left, right: left @ right, factors)
