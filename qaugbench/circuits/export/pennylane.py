"""A circuit as a PennyLane QNode, for agreement tests and for anyone who wants to run it there."""

from __future__ import annotations

from functools import reduce
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit
from qaugbench.circuits.readout import parse_word
from qaugbench.errors import CircuitError, missing_package

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

    ``inputs`` is [n_inputs] or, broadcast, [batch, n_inputs]; ``weights`` is [n_weights]. It returns a list of one
    expectation [batch] per word, the probabilities [batch, n_outputs], or the bits of one shot [batch, 1, n_outputs].
    Gradients by backpropagation, none for samples. Post-selected probabilities follow from joint ones, without shots.

    Raises:
        CircuitError: PennyLane is not installed, or the readout is of post-selected samples.
    """
    pennylane = import_pennylane()
    readout = circuit.readout
    is_sampled = readout.kind == "samples"
    if is_sampled and readout.postselect:
        raise CircuitError("Post-selected samples have no QNode; export the probabilities and draw from those.")
    device = pennylane.device("default.qubit", wires=circuit.n_wires)

    @pennylane.qnode(device, interface=interface, diff_method=None if is_sampled else "backprop")
    def qnode(inputs: Any, weights: Any) -> Any:
        if circuit.start:
            _prepare(pennylane, circuit.start, inputs)
        for gate in circuit.gates:
            operation = getattr(pennylane, _NAMES.get(gate.name, gate.name))
            operation(*(_value(pennylane, angle, inputs, weights) for angle in gate.angles), wires=list(gate.wires))
        if readout.kind == "expectation":
            return [pennylane.expval(observable(pennylane, word)) for word in readout.words]
        if is_sampled:
            return pennylane.sample(wires=circuit.read_wires)
        return pennylane.probs(wires=[wire for wire, _ in readout.postselect] + list(circuit.read_wires))

    if is_sampled:
        return pennylane.set_shots(qnode, 1)
    return _post_selected(pennylane, qnode, circuit) if readout.postselect else qnode


def import_pennylane() -> ModuleType:
    """Return PennyLane, or raise CircuitError naming the command that installs it."""
    try:
        import pennylane
    except ImportError as error:
        raise CircuitError(missing_package("The export to PennyLane", "pennylane", extra="pennylane")) from error
    return pennylane


def observable(pennylane: Any, word: str) -> Any:
    """Return the PennyLane observable of a Pauli word."""
    factors = [getattr(pennylane, f"Pauli{letter}")(wire) for wire, letter in parse_word(word)]
    return reduce(lambda left, right: left @ right, factors)


def _value(pennylane: Any, angle: Angle, inputs: Any, weights: Any) -> Any:
    """Return the angle as the interface's own array, constants too."""
    if not (angle.weights or angle.inputs):
        return pennylane.math.convert_like(np.array(angle.offset), weights)
    return angle.value(pennylane.math.moveaxis(inputs, -1, 0), weights)


def _prepare(pennylane: Any, start: AmplitudeEmbedding, inputs: Any) -> None:
    features = inputs[..., start.inputs.start : start.inputs.stop]
    pennylane.AmplitudeEmbedding(features, wires=start.wires, pad_with=0.0, normalize=True)


def _post_selected(pennylane: Any, qnode: Any, circuit: Circuit) -> Any:
    """Return the QNode of joint probabilities, ancillas first, turned into one of those given the post-selected bits."""
    row = int("".join(str(bit) for _, bit in circuit.readout.postselect), 2)
    columns = slice(row * circuit.n_outputs, (row + 1) * circuit.n_outputs)

    def condition(results: Any) -> Any:
        chosen = results[0][..., columns]
        return chosen / pennylane.math.sum(chosen, axis=-1)[..., None]

    return pennylane.transform(lambda tape: ([tape], condition))(qnode)
