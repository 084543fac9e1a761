"""A circuit as a Qiskit QuantumCircuit, for hardware, for other simulators and for agreement tests."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from qaugbench.circuits.circuit import AmplitudeEmbedding, Circuit
from qaugbench.circuits.readout import parse_word
from qaugbench.errors import CircuitError, first_offenders, missing_package

if TYPE_CHECKING:
    import qiskit
    from qiskit.quantum_info import SparsePauliOp

_METHODS = {
    "RX": "rx",
    "RY": "ry",
    "RZ": "rz",
    "Rot": "u",
    "PhaseShift": "p",
    "H": "h",
    "X": "x",
    "Y": "y",
    "Z": "z",
    "S": "s",
    "T": "t",
    "CNOT": "cx",
    "CZ": "cz",
    "CRX": "crx",
    "CRY": "cry",
    "CRZ": "crz",
    "RXX": "rxx",
    "RYY": "ryy",
    "RZZ": "rzz",
    "SWAP": "swap",
}
_ANGLE_ORDER = {"Rot": (1, 2, 0)}  # U(theta, phi, lambda) is RZ(phi) RY(theta) RZ(lambda) times a phase


def to_qiskit(
    circuit: Circuit, inputs: Any = None, weights: Any = None, *, measure: bool = False
) -> qiskit.QuantumCircuit:
    """Return the circuit for one sample: one Qiskit gate per gate of ours, wire i being qubit i, up to a global phase.

    ``inputs`` [n_inputs] and ``weights`` [n_weights] are bound where given; otherwise angles are expressions in the
    parameter vectors ``x`` and ``w``. ``measure`` adds the measurement of a readout of probabilities or samples: bit k
    of the register ``read`` is the k-th of ``circuit.read_wires``, bit k of ``ancillas`` the k-th post-selected wire.
    Qiskit prints bits and basis states in the opposite order to ours: its qubit 0 is the least significant.

    Raises:
        CircuitError: Qiskit is not installed, values of another length or not finite, an amplitude embedding without
            inputs or of zeros only, or ``measure`` for expectations (see ``measurement.settings``).
    """
    qiskit = _import_qiskit()
    start = circuit.start
    if start and inputs is None:
        raise CircuitError("An amplitude embedding cannot be left unbound in Qiskit; give inputs to to_qiskit.")
    if measure and circuit.readout.kind == "expectation":
        raise CircuitError("Expectations are measured setting by setting; export the circuits of measurement.settings.")
    bound_inputs = _bound(qiskit, "x", inputs, circuit.n_inputs, "inputs")
    bound_weights = _bound(qiskit, "w", weights, circuit.n_weights, "weights")
    exported = qiskit.QuantumCircuit(circuit.n_wires)
    if start:
        exported.append(_state_preparation(start, bound_inputs), list(reversed(start.wires)))
    for gate in circuit.gates:
        order = _ANGLE_ORDER.get(gate.name, range(len(gate.angles)))
        angles = [gate.angles[position].value(bound_inputs, bound_weights) for position in order]
        getattr(exported, _METHODS[gate.name])(*angles, *gate.wires)
    if measure:
        _measure(qiskit, exported, "read", circuit.read_wires)
        _measure(qiskit, exported, "ancillas", [wire for wire, _ in circuit.readout.postselect])
    return exported


def to_observables(circuit: Circuit) -> list[SparsePauliOp]:
    """Return one observable per Pauli word of the readout, on the qubits of ``to_qiskit(circuit)``.

    Raises:
        CircuitError: Qiskit is not installed, or the readout has no words.
    """
    _import_qiskit()
    from qiskit.quantum_info import SparsePauliOp

    if circuit.readout.kind != "expectation":
        raise CircuitError(f"A readout of {circuit.readout} has no observables; measure it instead.")
    words = [parse_word(word) for word in circuit.readout.words]
    terms = [("".join(letter for _, letter in word), [wire for wire, _ in word], 1.0) for word in words]
    return [SparsePauliOp.from_sparse_list([term], num_qubits=circuit.n_wires) for term in terms]


def _import_qiskit() -> ModuleType:
    try:
        import qiskit
    except ImportError as error:
        raise CircuitError(missing_package("The export to Qiskit", "qiskit", extra="qiskit")) from error
    return qiskit


def _bound(qiskit: Any, symbol: str, values: Any, length: int, noun: str) -> Sequence[Any]:
    """Return ``values`` as floats, or parameters where there are none."""
    if values is None:
        return list(qiskit.circuit.ParameterVector(symbol, length))
    detached = values.detach().cpu() if hasattr(values, "detach") else values
    array = np.asarray(detached, dtype=float)
    if array.shape != (length,):
        raise CircuitError(f"The circuit takes {noun} of shape [{length}], given {list(array.shape)}.")
    if not np.isfinite(array).all():
        raise CircuitError(f"Not finite among the {noun}: {first_offenders(np.flatnonzero(~np.isfinite(array)))}.")
    return [float(value) for value in array]


def _state_preparation(start: AmplitudeEmbedding, inputs: Sequence[float]) -> Any:
    from qiskit.circuit.library import StatePreparation

    amplitudes = np.zeros(2 ** len(start.wires))
    amplitudes[: start.n_features] = inputs[start.inputs.start : start.inputs.stop]
    norm = np.linalg.norm(amplitudes)
    if norm == 0:
        raise CircuitError("An amplitude embedding of zeros is not a state; give at least one input that is not 0.")
    return StatePreparation(amplitudes / norm)


def _measure(qiskit: Any, exported: Any, name: str, wires: Sequence[int]) -> None:
    if wires:
        register = qiskit.ClassicalRegister(len(wires), name)
        exported.add_register(register)
        exported.measure(list(wires), register)
