from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import nearest_neighbour_layers, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.audit.jacobian import jacobian_rank, participation_ratio, singular_values
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector

SUM = Angle(0.0, ((0, 1.0), (1, 2.0)))


@pytest.mark.parametrize(
    ("gates", "rank"),
    [
        ([Gate("RY", [0], [Angle.weight(0)]), Gate("RY", [1], [Angle.weight(1)])], 2),
        ([Gate("RY", [0], [Angle.weight(0)]), Gate("RY", [0], [Angle.weight(1)])], 1),  # one turn in two gates
        ([Gate("RY", [0], [SUM])], 1),
        ([Gate("RZ", [0], [Angle.weight(0)]), Gate("RY", [0], [Angle.weight(1)])], 1),  # RZ of |0> does nothing
    ],
    ids=["two wires", "one turn in two gates", "a sum", "a phase"],
)
def test_ranks_known_by_hand(gates: list[Gate], rank: int) -> None:
    found = jacobian_rank(Circuit(2, tuple(gates), Readout.each_wire(2, "ZX")))
    assert (found.rank, found.n_weights) == (rank, 2)


def test_singular_values_of_a_product_state_are_sines() -> None:
    gates = tuple(Gate("RY", [wire], [Angle.weight(wire)]) for wire in range(3))
    weights = np.array([0.3, 1.2, -2.0])
    found = singular_values(Circuit(3, gates, Readout.each_wire(3)), np.zeros((1, 0)), weights)
    np.testing.assert_allclose(np.sort(found), np.sort(np.abs(np.sin(weights))), atol=1e-14)


def test_singular_values_are_those_of_autograd_over_all_inputs() -> None:
    circuit, random = qldm_circuit(3, 2), np.random.default_rng(0)
    inputs, weights = random.normal(size=(4, 3)), random.normal(size=circuit.n_weights)
    engine = StateVector(circuit).double()
    engine.reversible = False
    jacobian = torch.autograd.functional.jacobian(
        lambda w: engine(torch.from_numpy(inputs)[None], w[None]).flatten(), torch.from_numpy(weights)
    )
    expected = np.linalg.svd(jacobian.numpy(), compute_uv=False)
    np.testing.assert_allclose(singular_values(circuit, inputs, weights), expected, atol=1e-12)


def test_dead_weights_lower_the_rank() -> None:
    """Under a readout of Z, the last RZ of each wire does nothing; so says the audit, and so does the rank."""
    for layers, missing in ((strongly_entangling_layers, 3), (nearest_neighbour_layers, 3)):
        gates = [Gate("RX", [wire], [Angle.input(wire)]) for wire in range(3)] + layers(3, 2)
        found = jacobian_rank(Circuit(3, tuple(gates), Readout.each_wire(3)))
        assert found.rank == found.n_weights - missing


def test_the_latent_diffusion_circuit_uses_all_its_weights() -> None:
    found = jacobian_rank(qldm_circuit(4, 3))
    assert found.rank == found.most == found.n_weights == 32
    assert 1 < found.participation.value < 32
    assert found.n_inputs == 16


def test_outputs_limit_the_rank_where_there_is_no_input() -> None:
    gates = [Gate(name, [0], [Angle.weight(k)]) for k, name in enumerate(("RY", "RY", "RY", "RX"))]
    found = jacobian_rank(Circuit(1, tuple(gates), Readout.each_wire(1, "ZX")))
    assert (found.rank, found.most, found.n_inputs) == (2, 2, 1)


def test_participation_counts_equal_directions() -> None:
    assert participation_ratio(np.array([2.0, 2.0, 2.0, 0.0])) == pytest.approx(3)
    assert participation_ratio(np.array([3.0, 4.0])) == pytest.approx(25**2 / (81 + 256))
    assert participation_ratio(np.zeros(3)) == 0
