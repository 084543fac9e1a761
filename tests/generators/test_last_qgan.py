"""LaSt-QGAN: circuit and parameters as published, and codes within the bounds of its space."""

from __future__ import annotations

import pytest
import torch

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.last_qgan import LastQgan, last_circuit
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.model import trainable_parameters
from tests.circuits import papers
from tests.generators.published import published


def test_it_has_3960_parameters_beside_the_vectors_of_labels() -> None:
    found = published("last-qgan", track="lite").generator
    assert trainable_parameters(found) - trainable_parameters(found.labels) == 3960
    assert (found.block.circuit.n_wires, found.block.circuit.n_weights) == (10, 360)


def test_the_circuit_is_the_published_one() -> None:
    """With the bias of each angle as a weight, where the paper's circuit is driven by the whole angle."""
    ours, theirs = last_circuit(10, 6), papers.last_qgan()
    assert [(gate.name, gate.wires) for gate in ours.gates] == [(gate.name, gate.wires) for gate in theirs.gates]
    assert ours.readout == theirs.readout
    assert ours.n_inputs == ours.n_weights == theirs.n_inputs


def test_angles_start_small() -> None:
    generator = published("last-qgan").generator
    for weights in (generator.block.weights, generator.style.weight, generator.labels.vectors):
        assert 0.009 < float(weights.detach().abs().max()) <= 0.01


def test_labels_and_noise_move_the_angles() -> None:
    generator = published("last-qgan").generator
    seen: list[torch.Tensor] = []
    generator.block.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach()))
    noise, labels = torch.randn(2, 10), torch.eye(3)[:2]
    generator(noise, labels)
    torch.testing.assert_close(seen[0], (noise @ generator.style.weight.T + labels @ generator.labels.vectors).detach())


def test_codes_are_the_expectations_of_ten_qubits() -> None:
    """X and Z of one qubit lie in the unit disk; the space's codes lie between -1 and 1."""
    assert definitions.space_of(definitions.generator_card("last-qgan"), "brainmri", "lite")["bounded"]
    with torch.no_grad():
        codes = published("last-qgan").draw(torch.eye(3)[torch.arange(30) % 3], RowRandom(1, range(30)))
    assert codes.shape == (30, 20)
    assert float((codes[:, :10].square() + codes[:, 10:].square()).max()) <= 1 + 1e-5


def test_an_odd_code_is_refused() -> None:
    with pytest.raises(DefinitionError, match="which has 7; choose an even size"):
        LastQgan((7,), 2, LastQgan.Hyper(), CircuitLayers())
