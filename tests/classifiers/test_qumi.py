"""QuMI: its circuit has the published parameters, agrees with PennyLane, and is live under every control."""

from __future__ import annotations

import math

import pytest
import torch

from qaugbench.circuits.audit.findings import Liveness
from qaugbench.classifier_cards import ALL_CONTROLS, LINEAR
from qaugbench.classifiers.audit import audit_classifier
from qaugbench.classifiers.build import blocks_of, new_classifier, parameter_counts
from qaugbench.classifiers.qumi import QuMI, qumi_circuit
from qaugbench.errors import DefinitionError
from qaugbench.seeds import torch_generator


@pytest.mark.parametrize(("labels", "published"), [(8, 24), (14, 42), (19, 57)])
def test_its_circuit_has_as_many_parameters_as_published(labels: int, published: int) -> None:
    made = new_classifier("qumi", shape=(16,), n_labels=labels)
    counts = parameter_counts(made)
    assert counts["block"] == published
    assert counts["total"] == published + 17 * labels + labels * (labels + 1)


@pytest.mark.parametrize(("labels", "qubits"), [(2, 4), (4, 4), (5, 5)])
def test_it_has_as_many_qubits_as_labels_and_four_at_least(labels: int, qubits: int) -> None:
    made = new_classifier("qumi", shape=(16,), n_labels=labels)
    (block,) = blocks_of(made)
    assert block.circuit.n_wires == qubits
    assert made(torch.zeros(3, 16), torch_generator(0)).shape == (3, labels)


def test_logits_are_those_of_the_published_circuit_in_pennylane() -> None:
    qml = pytest.importorskip("pennylane")
    made = new_classifier("qumi", shape=(6,), n_labels=4, seed=3).double()
    weights = made.block.weights[0].detach().reshape(3, 4)

    @qml.qnode(qml.device("default.qubit", wires=4))
    def circuit(angles: torch.Tensor) -> list[float]:
        for wire in range(4):
            qml.Hadamard(wire)
            qml.RY(angles[wire], wires=wire)
        for layer in weights:
            for wire in range(4):
                qml.RY(layer[wire], wires=wire)
            for wire in range(4):
                qml.CNOT([wire, (wire + 1) % 4])
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    inputs = torch.randn(3, 6, dtype=torch.float64, generator=torch_generator(0))
    with torch.no_grad():
        angles = torch.tanh(made.reduce(inputs)) * math.pi / 2
        theirs = made.combine(torch.stack([torch.stack(circuit(row)) for row in angles]))
        torch.testing.assert_close(made(inputs, torch_generator(0)), theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize("control", ["none", *(name for name in ALL_CONTROLS if name != LINEAR)])
def test_it_is_live_under_every_control(control: str) -> None:
    found: Liveness = audit_classifier(new_classifier("qumi", control=control, shape=(8,)))
    assert found.is_live, found.reasons


def test_the_bottleneck_is_the_same_network_with_the_circuit_left_out() -> None:
    own, other = (new_classifier("qumi", control=control, shape=(8,), seed=2) for control in ("none", "bottleneck"))
    assert torch.equal(own.reduce.weight, other.reduce.weight)
    assert torch.equal(own.combine.weight, other.combine.weight)
    inputs = torch.randn(2, 8, generator=torch_generator(1))
    expected = other.combine(math.pi / 2 * torch.tanh(other.reduce(inputs)))
    assert torch.equal(other(inputs, torch_generator(0)), expected)


def test_settings_that_cannot_be_are_named() -> None:
    with pytest.raises(DefinitionError, match="given 0 and 4"):
        QuMI((8,), 4, QuMI.Hyper(layers=0), None)
    assert qumi_circuit(4, 3).n_weights == 12
