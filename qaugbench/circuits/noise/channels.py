"""Unitaries and Kraus operators of gates and errors, as complex arrays; the first wire is the most significant bit."""

from __future__ import annotations

import itertools
import math

import numpy as np

from qaugbench.circuits.noise.conversions import coherence, decay

PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])  # I X Y Z
_R = math.sqrt(0.5)
HADAMARD = np.array([[_R, _R], [_R, -_R]], dtype=complex)
# The rotation that takes Z to Y: a turn about Z between it and its inverse is a turn about Y.
Z_TO_Y = np.array([[_R, 1j * _R], [1j * _R, _R]])
ONE_QUBIT = {
    "H": HADAMARD,
    "X": PAULIS[1],
    "Y": PAULIS[2],
    "Z": PAULIS[3],
    "S": np.diag([1, 1j]),
    "T": np.diag([1, np.exp(0.25j * np.pi)]),
}
TWO_QUBIT = {
    "CZ": np.diag([1, 1, 1, -1]).astype(complex),
    "CNOT": np.eye(4, dtype=complex)[[0, 1, 3, 2]],
    "SWAP": np.eye(4, dtype=complex)[[0, 2, 1, 3]],
}


def turn_about_z(angle: float) -> np.ndarray:
    """Return exp(-i angle Z / 2)."""
    return np.diag(np.exp([-0.5j * angle, 0.5j * angle]))


def zz_turn(angle: float) -> np.ndarray:
    """Return exp(-i angle ZZ / 2)."""
    return np.diag(np.exp(-0.5j * angle * np.array([1, -1, -1, 1])))


def pauli_words(n_wires: int) -> np.ndarray:
    """Return the 4^n Pauli words as matrices, in the order II.., IX.., IY.., ..., complex [4^n, 2^n, 2^n]."""
    words = [np.eye(1, dtype=complex)]
    for _ in range(n_wires):
        words = [np.kron(word, pauli) for word, pauli in itertools.product(words, PAULIS)]
    return np.stack(words)


def depolarising(pauli_error_probability: float, n_wires: int) -> np.ndarray:
    """Return Kraus operators: with this probability a Pauli word other than the identity, each equally likely."""
    n_words = 4**n_wires
    weights = np.full(n_words, pauli_error_probability / (n_words - 1))
    weights[0] = 1.0 - pauli_error_probability
    return np.sqrt(np.maximum(weights, 0.0))[:, None, None] * pauli_words(n_wires)


def relaxation(duration_s: float, t1_s: float | None, t2_s: float | None) -> np.ndarray:
    """Return Kraus operators of the decay to 0 with T1 and the loss of coherence with T2 over a time."""
    lost, left = decay(duration_s, t1_s), coherence(duration_s, t1_s, t2_s)
    dephased = math.sqrt(max(0.0, 1.0 - lost - left**2))
    return np.array([np.diag([1, left]), [[0, math.sqrt(lost)], [0, 0]], np.diag([0, dephased])], dtype=complex)


def transfer_matrix(kraus: np.ndarray) -> np.ndarray:
    """Return the Pauli transfer matrix of a channel, real [4^n, 4^n]: entry (P, Q) is tr(P channel(Q)) / 2^n.

    ``kraus`` is [operators, 2^n, 2^n]; a unitary is one operator.
    """
    words = pauli_words(int(np.log2(kraus.shape[-1])))
    images = np.einsum("kab,qbc,kdc->qad", kraus, words, kraus.conj(), optimize=True)
    matrix = np.einsum("pda,qad->pq", words, images, optimize=True).real / kraus.shape[-1]
    return np.where(np.isclose(matrix, np.round(matrix), rtol=0, atol=1e-14), np.round(matrix), matrix)


def swapped(matrix: np.ndarray) -> np.ndarray:
    """Return a matrix on two wires (unitaries or transfer matrices, the last two axes) with the wires exchanged."""
    side = math.isqrt(matrix.shape[-1])
    parts = matrix.reshape(*matrix.shape[:-2], side, side, side, side)
    return np.moveaxis(parts, (-3, -4, -1, -2), (-4, -3, -2, -1)).reshape(matrix.shape)
