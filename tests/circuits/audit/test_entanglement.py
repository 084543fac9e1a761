from __future__ import annotations

import numpy as np
import pytest

from qaugbench.circuits.ansatz import angle_embedding
from qaugbench.circuits.audit.entanglement import entanglement, haar_entanglement, meyer_wallach
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from tests.circuits.audit.sim_circuits import sim_circuit


def test_known_states() -> None:
    ghz = np.zeros(8)
    ghz[[0, 7]] = np.sqrt(1 / 2)
    w = np.zeros(8)
    w[[1, 2, 4]] = np.sqrt(1 / 3)
    bell_and_one = np.kron([1, 0, 0, 1], [0, 1]) / np.sqrt(2)
    product = np.kron(np.kron([0.6, 0.8j], [1, 0]), [np.sqrt(0.5), -np.sqrt(0.5)])
    measured = meyer_wallach(np.stack([ghz, w, bell_and_one, product]))
    np.testing.assert_allclose(measured, [1, 8 / 9, 2 / 3, 0], atol=1e-14)  # W: 4 (n - 1) / n^2


@pytest.mark.parametrize("n_wires", [1, 2, 5])
def test_the_mean_over_haar_states_is_the_known_one(n_wires: int) -> None:
    random = np.random.default_rng(0)
    raw = random.normal(size=(2, 4000, 2**n_wires))
    states = raw[0] + 1j * raw[1]
    measured = meyer_wallach(states / np.linalg.norm(states, axis=1, keepdims=True))
    assert measured.mean() == pytest.approx(haar_entanglement(n_wires), abs=4 * measured.std() / np.sqrt(4000) + 1e-12)


@pytest.mark.parametrize(("number", "mean"), [(1, 0), (3, 11 / 64), (9, 1), (10, 3 / 8)])
def test_means_of_circuits_that_can_be_computed_by_hand(number: int, mean: float) -> None:
    """CZ between equators is maximal (9). A neighbour joined by CZ shrinks a wire's coherence by the cosine of its angle,
    by CRZ by 1 - sin^2 sin^2 in square: of means 1/2 (10, two neighbours a wire) and 3/4 (3, a chain)."""
    estimate = entanglement(sim_circuit(number), draws=4000)
    assert estimate.value == pytest.approx(mean, abs=4 * estimate.se + 1e-12)
    assert (estimate.se > 1e-4) == (number in (3, 10))


def test_inputs_are_drawn_as_well() -> None:
    """Three wires turned by an input each and joined by CNOTs: entangled at random inputs, not at zero."""
    from qaugbench.circuits.ansatz import chain

    gates = tuple(angle_embedding(3, "RY") + chain(3, "CNOT"))
    estimate = entanglement(Circuit(3, gates, Readout.each_wire(3)), draws=500, seed=3)
    assert estimate.value > 0.2
    assert (estimate.n, estimate.seed) == (500, 3)
