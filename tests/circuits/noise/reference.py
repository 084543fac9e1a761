"""The same noise written independently: channels from PennyLane, and readout by projectors."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import product
from math import sqrt

import numpy as np
import pennylane as qml
import torch

from qaugbench.circuits.circuit import Angle, Circuit
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import parse_word

_NAMES = {"H": "Hadamard", "X": "PauliX", "Y": "PauliY", "Z": "PauliZ", "RXX": "IsingXX", "RYY": "IsingYY"}
_NAMES |= {"RZZ": "IsingZZ"}
_PAULIS = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}


def default_mixed(circuit: Circuit, noise: NoiseModel) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return a function of inputs [n_inputs] and weights [n_weights] to outputs, by PennyLane's density matrices.

    Gates, their depolarising and relaxation, fixed over-rotation and readout errors; waits and crosstalk are not here.
    """
    device = qml.device("default.mixed", wires=circuit.n_wires)

    @qml.qnode(device, interface="torch", diff_method="backprop")
    def density(inputs: torch.Tensor, weights: torch.Tensor) -> object:
        if circuit.start:
            features = inputs[circuit.start.inputs.start : circuit.start.inputs.stop]
            qml.AmplitudeEmbedding(features, wires=list(circuit.start.wires), pad_with=0.0, normalize=True)
        for gate in circuit.gates:
            angles = [(1 + noise.over_rotation) * _value(angle, inputs, weights) for angle in gate.angles]
            getattr(qml, _NAMES.get(gate.name, gate.name))(*angles, wires=list(gate.wires))
            _errors(gate.wires, gate.name, noise)
        return qml.state()

    return lambda inputs, weights: read(circuit, density(inputs, weights), misread(circuit, noise))


def _value(angle: Angle, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    value = torch.tensor(angle.offset, dtype=weights.dtype)
    value = value + sum((scale * weights[index] for index, scale in angle.weights), start=torch.zeros(()))
    return value + sum((scale * inputs[index] for index, scale in angle.inputs), start=torch.zeros(()))


def _errors(wires: tuple[int, ...], name: str, noise: NoiseModel) -> None:
    if name in noise.free_gates:
        return
    reported = noise.one_qubit_error if len(wires) == 1 else noise.two_qubit_error
    duration = noise.one_qubit_duration_s if len(wires) == 1 else noise.two_qubit_duration_s
    relaxes = noise.t1_s is not None and duration > 0
    left = max(0.0, reported - (relaxation_infidelity(noise, duration, len(wires)) if relaxes else 0.0))
    if len(wires) == 1:
        qml.DepolarizingChannel(1.5 * left, wires=wires[0])
    elif noise.two_qubit_channel == "each wire":
        for wire in wires:
            qml.DepolarizingChannel(1 - sqrt(1 - 1.25 * left), wires=wire)
    else:
        words = [np.kron(a, b) for a, b in product(_PAULIS.values(), repeat=2)]
        chances = [1 - 1.25 * left, *[1.25 * left / 15] * 15]
        qml.QubitChannel([sqrt(p) * word for p, word in zip(chances, words, strict=True)], wires=list(wires))
    for wire in wires if relaxes else ():
        t2 = 2 * noise.t1_s if noise.t2_s is None else noise.t2_s
        qml.ThermalRelaxationError(0.0, noise.t1_s, t2, duration, wires=wire)


def relaxation_infidelity(noise: NoiseModel, duration: float, n_wires: int) -> float:
    """Return 1 - the average fidelity, by Nielsen's formula over PennyLane's own Kraus operators."""
    t2 = 2 * noise.t1_s if noise.t2_s is None else noise.t2_s
    kraus = qml.ThermalRelaxationError.compute_kraus_matrices(0.0, noise.t1_s, t2, duration)
    process = (sum(abs(np.trace(k)) ** 2 for k in kraus) / 4) ** n_wires
    d = 2**n_wires
    return 1 - (d * process + 1) / (d + 1)


def misread(circuit: Circuit, noise: NoiseModel) -> list[tuple[float, float]]:
    """Return the readout errors of each wire."""
    return [(noise.readout_0_to_1, noise.readout_1_to_0)] * circuit.n_wires


def read(circuit: Circuit, density: torch.Tensor, errors: list[tuple[float, float]]) -> torch.Tensor:
    """Return the outputs of a circuit from its density matrix [2^n, 2^n], each wire's bit misread with its own errors."""
    meanings = [(np.diag([1 - a, b]), np.diag([a, 1 - b])) for a, b in errors]  # of reading 0 and of reading 1
    if circuit.readout.words:
        found = []
        for word in circuit.readout.words:
            factors = [np.eye(2)] * circuit.n_wires
            for wire, letter in parse_word(word):
                turn = _eigenvectors(letter)
                factors[wire] = turn @ (meanings[wire][0] - meanings[wire][1]) @ turn.conj().T
            found.append(torch.trace(_tensor(factors) @ density).real)
        return torch.stack(found)
    ancillas = dict(circuit.readout.postselect)
    joint = []
    for state in product((0, 1), repeat=len(circuit.read_wires)):
        wanted = {**ancillas, **dict(zip(circuit.read_wires, state, strict=True))}
        factors = [meanings[wire][wanted[wire]] if wire in wanted else np.eye(2) for wire in range(circuit.n_wires)]
        joint.append(torch.trace(_tensor(factors) @ density).real)
    return torch.stack(joint) / (sum(joint) if ancillas else 1.0)


def _eigenvectors(letter: str) -> np.ndarray:
    """Return the unitary whose columns are the eigenvectors of a Pauli letter to +1 and -1."""
    values, vectors = np.linalg.eigh(_PAULIS[letter])
    return vectors[:, np.argsort(-values)]


def _tensor(factors: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(reduce(np.kron, factors).astype(complex))
