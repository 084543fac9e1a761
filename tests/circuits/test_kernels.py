"""Quantum kernels: equal to overlaps one by one, to PennyLane's, positive semi-definite, and quick at 12 wires."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, ring, stacked
from qaugbench.circuits.audit.reference_state import final_states
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.kernels import bloch_vectors, fidelity_kernel, projected_kernel
from qaugbench.circuits.pure_states import pure_states
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits import papers

WIRES = 3
UPLOADED = stacked(angle_embedding(WIRES, "RY"), ring(WIRES, "CNOT"), angle_embedding(WIRES, "RZ"), ring(WIRES, "CNOT"))
CIRCUIT = Circuit(WIRES, tuple(UPLOADED), Readout.each_wire(WIRES, "XYZ"))
"""Ends in permutations and phases, which a readout of Z would not see."""


def inputs(n: int, seed: int, width: int = WIRES) -> torch.Tensor:
    return torch.randn(n, width, generator=torch_generator(seed), dtype=torch.float64)


@pytest.mark.parametrize("circuit", [CIRCUIT, papers.patch_gan(3, 2), papers.last_qgan(3, 1)])
def test_states_are_those_of_the_gates_one_by_one_up_to_a_phase(circuit: Circuit) -> None:
    rows, weights = inputs(4, 1, circuit.n_inputs), inputs(1, 2, circuit.n_weights)[0]
    ours = pure_states(circuit, rows, weights).numpy()
    theirs = final_states(circuit, rows.numpy(), np.tile(weights.numpy(), (4, 1)))
    np.testing.assert_allclose(np.abs((ours.conj() * theirs).sum(axis=1)), 1, atol=1e-12)


def test_rows_in_many_batches_are_the_same_states(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = inputs(5, 1)
    whole = pure_states(CIRCUIT, rows)
    monkeypatch.setattr("qaugbench.circuits.pure_states.BATCH", 2)
    torch.testing.assert_close(fidelity_kernel(whole, pure_states(CIRCUIT, rows)).diag(), torch.ones(5).double())
    assert pure_states(CIRCUIT, rows[:0]).shape == (0, 8)


def test_fidelities_equal_overlaps_one_by_one() -> None:
    first, second = inputs(4, 1), inputs(3, 2)
    ours = fidelity_kernel(pure_states(CIRCUIT, first), pure_states(CIRCUIT, second))
    for i, one in enumerate(first.numpy()):
        for j, other in enumerate(second.numpy()):
            left, right = (final_states(CIRCUIT, row[None], np.zeros((1, 0)))[0] for row in (one, other))
            assert float(ours[i, j]) == pytest.approx(abs(np.vdot(left, right)) ** 2, abs=1e-12)


def test_kernels_equal_those_of_pennylane() -> None:
    """A circuit per pair: the embedding of one row, then the inverse of that of the other, and the chance to be back in |0>."""
    qml = pytest.importorskip("pennylane")
    first, second = inputs(3, 1), inputs(2, 2)

    def embed(row: np.ndarray) -> None:
        qml.AngleEmbedding(row, wires=range(WIRES), rotation="Y")
        for wire in range(WIRES):
            qml.CNOT([wire, (wire + 1) % WIRES])
        qml.AngleEmbedding(row, wires=range(WIRES), rotation="Z")
        for wire in range(WIRES):
            qml.CNOT([wire, (wire + 1) % WIRES])

    @qml.qnode(qml.device("default.qubit", wires=WIRES))
    def overlap(one: np.ndarray, other: np.ndarray) -> object:
        embed(one)
        qml.adjoint(embed)(other)
        return qml.probs(wires=range(WIRES))

    theirs = qml.kernels.kernel_matrix(first.numpy(), second.numpy(), lambda one, other: overlap(one, other)[0])
    ours = fidelity_kernel(pure_states(CIRCUIT, first), pure_states(CIRCUIT, second))
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-10)


def test_projected_kernels_compare_reduced_density_matrices() -> None:
    first, second = pure_states(CIRCUIT, inputs(3, 1)), pure_states(CIRCUIT, inputs(2, 2))
    ours = projected_kernel(bloch_vectors(first), bloch_vectors(second), gamma=0.7)
    for i, one in enumerate(first.numpy()):
        for j, other in enumerate(second.numpy()):
            distance = sum(
                np.linalg.norm(reduced(one, wire) - reduced(other, wire), "fro") ** 2 for wire in range(WIRES)
            )
            assert float(ours[i, j]) == pytest.approx(np.exp(-0.7 * distance), abs=1e-12)


def reduced(state: np.ndarray, wire: int) -> np.ndarray:
    """Return the density matrix [2, 2] of one wire."""
    halves = state.reshape(2**wire, 2, -1)
    return np.einsum("lar,lbr->ab", halves, halves.conj())


def test_expectations_of_a_block_are_the_same_vectors() -> None:
    rows = inputs(4, 1)
    block = QuantumBlock(CIRCUIT, dtype=torch.float64)
    torch.testing.assert_close(bloch_vectors(pure_states(CIRCUIT, rows)), block(rows))


@pytest.mark.parametrize("kind", ["fidelity", "projected"])
def test_kernels_are_symmetric_and_positive_semi_definite(kind: str) -> None:
    states = pure_states(CIRCUIT, inputs(30, 3))
    vectors = bloch_vectors(states)
    kernel = fidelity_kernel(states, states) if kind == "fidelity" else projected_kernel(vectors, vectors, gamma=1.0)
    torch.testing.assert_close(kernel, kernel.T)
    torch.testing.assert_close(kernel.diag(), torch.ones(30).double())
    assert float(torch.linalg.eigvalsh(kernel).min()) > -1e-10


def test_rows_of_two_widths_are_refused() -> None:
    with pytest.raises(CircuitError, match=r"rows of one width, given \[2, 4\] and \[2, 8\]"):
        fidelity_kernel(torch.zeros(2, 4), torch.zeros(2, 8))
    with pytest.raises(CircuitError, match=r"given \[2, 6\]"):
        bloch_vectors(torch.zeros(2, 6))
