from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
import torch

from qaugbench.circuits.audit.reference_state import final_states, gate_matrices
from qaugbench.circuits.circuit import AmplitudeEmbedding, Circuit, Gate
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector

OTHER_NAMES = {"X": "PauliX", "Y": "PauliY", "Z": "PauliZ", "RXX": "IsingXX", "RYY": "IsingYY", "RZZ": "IsingZZ"}


@pytest.mark.parametrize("name", GATES)
def test_matrices_are_those_of_pennylane(name: str) -> None:
    angles = [0.7, -1.9, 2.6][: GATES[name].n_angles]
    other = getattr(qml, OTHER_NAMES.get(name, name))(*angles, wires=list(range(GATES[name].n_wires)))
    matrix = gate_matrices(name, [np.array([angle]) for angle in angles])[0]
    np.testing.assert_allclose(matrix, other.matrix(), atol=1e-15)


@pytest.mark.parametrize("seed", range(12))
def test_probabilities_are_those_of_the_engine(random_circuit: Callable[[int], Circuit], seed: int) -> None:
    circuit = replace(random_circuit(seed), readout=Readout.probabilities())
    rng = np.random.default_rng(seed)
    inputs, weights = rng.normal(size=(3, circuit.n_inputs)), rng.normal(size=(3, circuit.n_weights))
    expected = StateVector(circuit).double()(torch.from_numpy(inputs)[:, None], torch.from_numpy(weights))[:, 0]
    np.testing.assert_allclose(np.abs(final_states(circuit, inputs, weights)) ** 2, expected.numpy(), atol=1e-12)


def test_features_are_amplitudes_of_the_named_wires() -> None:
    circuit = Circuit(3, (Gate("X", [1]),), Readout.probabilities(), AmplitudeEmbedding((2, 0), 3))
    states = final_states(circuit, np.array([[1.0, 2.0, 2.0]]), np.zeros((1, 0)))
    expected = np.zeros(8)
    expected[[0b010, 0b110, 0b011]] = (
        np.array([1, 2, 2]) / 3
    )  # wire 1 is turned; wire 2 is the more significant feature bit
    np.testing.assert_allclose(states[0], expected, atol=1e-15)
