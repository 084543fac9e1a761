"""The final states of a circuit, computed gate by gate: plain, slow and independent of the engine that training uses."""

from __future__ import annotations

import numpy as np

from qaugbench.circuits.circuit import Angle, Circuit, Gate

_I, _X, _Y, _Z = (
    np.array(rows, complex) for rows in ([[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
)
_FIXED = {
    "H": (_X + _Z) / np.sqrt(2),
    "X": _X,
    "Y": _Y,
    "Z": _Z,
    "S": np.diag([1, 1j]),
    "T": np.diag([1, np.exp(0.25j * np.pi)]),
    "SWAP": (np.eye(4) + sum(np.kron(pauli, pauli) for pauli in (_X, _Y, _Z))) / 2,
}
_GENERATORS = {"RX": _X, "RY": _Y, "RZ": _Z}
_GENERATORS |= {f"R{name}{name}": np.kron(p, p) for name, p in zip("XYZ", (_X, _Y, _Z), strict=True)}
_CONTROLLED = {"CNOT": "X", "CZ": "Z", "CRX": "RX", "CRY": "RY", "CRZ": "RZ"}


def final_states(circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the states before the readout, complex [draws, 2^n_wires].

    ``inputs`` are [draws, n_inputs], ``weights`` [draws, n_weights].

    >>> from qaugbench.circuits.readout import Readout
    >>> bell = Circuit(2, [Gate("H", [0]), Gate("CNOT", [0, 1])], Readout.each_wire(2))
    >>> final_states(bell, np.zeros((1, 0)), np.zeros((1, 0))).real.round(3)
    array([[0.707, 0.   , 0.   , 0.707]])
    """
    states = _first_states(circuit, inputs)
    for gate in circuit.gates:
        angles = [_values(angle, inputs, weights) for angle in gate.angles]
        states = _applied(gate_matrices(gate.name, angles), gate, states)
    return states.reshape(len(inputs), -1)


def gate_matrices(name: str, angles: list[np.ndarray]) -> np.ndarray:
    """Return the matrix of a gate for each draw of its ``angles`` [draws], complex [draws or 1, d, d]."""
    if name in _FIXED:
        return _FIXED[name][None]
    if name in _GENERATORS:
        half, pauli = angles[0][:, None, None] / 2, _GENERATORS[name]
        return np.cos(half) * np.eye(len(pauli)) - 1j * np.sin(half) * pauli
    if name in _CONTROLLED:
        inner = gate_matrices(_CONTROLLED[name], angles)
        matrices = np.tile(np.eye(4, dtype=complex), (len(inner), 1, 1))
        matrices[:, 2:, 2:] = inner
        return matrices
    if name == "PhaseShift":
        phase = np.exp(1j * angles[0])[:, None, None]
        return (_I + _Z) / 2 + phase * (_I - _Z) / 2
    if name == "Rot":
        first, second, third = (gate_matrices(kind, [a]) for kind, a in zip(("RZ", "RY", "RZ"), angles, strict=True))
        return third @ second @ first
    raise NotImplementedError(f"The matrix of gate {name} is missing.")


def _first_states(circuit: Circuit, inputs: np.ndarray) -> np.ndarray:
    shape = (len(inputs),) + (2,) * circuit.n_wires
    states = np.zeros(shape, complex)
    if circuit.start is None:
        states.reshape(len(inputs), -1)[:, 0] = 1
        return states
    features = inputs[:, list(circuit.start.inputs)]
    places = [_state_number(number, circuit.start.wires, circuit.n_wires) for number in range(features.shape[1])]
    states.reshape(len(inputs), -1)[:, places] = features / np.linalg.norm(features, axis=1, keepdims=True)
    return states


def _state_number(number: int, wires: tuple[int, ...], n_wires: int) -> int:
    """Return the basis state of ``n_wires`` in which ``wires``, the first being the most significant, hold ``number``."""
    bits = ((number >> place) & 1 for place in reversed(range(len(wires))))
    return sum(bit << (n_wires - 1 - wire) for wire, bit in zip(wires, bits, strict=True))


def _values(angle: Angle, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    values = np.full(len(inputs), angle.offset)
    for terms, source in ((angle.weights, weights), (angle.inputs, inputs)):
        for index, scale in terms:
            values = values + scale * source[:, index]
    return values


def _applied(matrices: np.ndarray, gate: Gate, states: np.ndarray) -> np.ndarray:
    axes = [wire + 1 for wire in gate.wires]
    front = list(range(1, len(axes) + 1))
    moved = np.moveaxis(states, axes, front)
    turned = matrices @ moved.reshape(len(states), matrices.shape[-1], -1)
    return np.moveaxis(turned.reshape(moved.shape), front, axes)
