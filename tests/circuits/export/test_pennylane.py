from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import torch

from qaugbench.circuits.ansatz import qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.export.pennylane import to_qnode
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.agreement import Answer, Question, assert_same, gradients, torch_answer
from tests.circuits.package_circuits import CIRCUITS, QUANTUM_GENERATORS, generator_circuits

pennylane = pytest.importorskip("pennylane")


def pennylane_answer(question: Question) -> Answer:
    given = [question.inputs.clone().requires_grad_(), question.weights.clone().requires_grad_()]
    raw = to_qnode(question.circuit)(*given)
    if question.circuit.readout.words:
        outputs = torch.stack(
            [torch.as_tensor(value, dtype=torch.float64).expand(question.batch) for value in raw], dim=1
        )
    else:
        outputs = torch.as_tensor(raw).expand(question.cotangent.shape)
    return Answer(outputs.detach(), *gradients((outputs * question.cotangent).sum(), given))


def assert_agrees(circuit: Circuit, seed: int) -> None:
    question = Question(circuit, seed)
    theirs = pennylane_answer(question)
    for dtype in (torch.float64, torch.float32):
        assert_same(torch_answer(question, dtype), theirs)


@pytest.mark.parametrize("seed", range(40))
def test_random_circuits_agree(seed: int, random_circuit: Callable[[int], Circuit]) -> None:
    assert_agrees(random_circuit(seed), seed)


@pytest.mark.parametrize("name", CIRCUITS)
def test_gates_and_circuits_of_the_package_agree(name: str) -> None:
    assert_agrees(CIRCUITS[name], seed=1)


@pytest.mark.parametrize("name", QUANTUM_GENERATORS)
def test_circuits_of_generators_agree(name: str) -> None:
    for circuit in generator_circuits(name):
        assert_agrees(circuit, seed=2)


def test_an_input_may_be_amplitude_and_angle_at_once() -> None:
    gates = [Gate("RY", [0], [Angle.input(1, 0.5)]), Gate("CRX", [0, 1], [Angle(0.2, ((0, 1.0),), ((2, 1.0),))])]
    assert_agrees(Circuit(2, gates, Readout.each_wire(2, "XZ"), AmplitudeEmbedding((1, 0), 3)), seed=3)


@pytest.mark.parametrize(("n_wires", "layers"), [(1, 2), (2, 3), (4, 5)])
def test_strongly_entangling_layers_are_pennylanes(n_wires: int, layers: int) -> None:
    circuit = Circuit(n_wires, strongly_entangling_layers(n_wires, layers), Readout.probabilities())
    weights = torch.randn(layers, n_wires, 3, generator=torch_generator(0), dtype=torch.float64)

    @pennylane.qnode(pennylane.device("default.qubit", wires=n_wires))
    def theirs(weights: torch.Tensor) -> object:
        pennylane.StronglyEntanglingLayers(weights, wires=range(n_wires))
        return pennylane.probs(wires=range(n_wires))

    ours = StateVector(circuit).double()(torch.zeros(1, 1, 0, dtype=torch.float64), weights.reshape(1, -1))
    torch.testing.assert_close(ours.flatten(), theirs(weights), atol=1e-10, rtol=0)


def test_samples_are_the_bits_of_one_shot_in_the_order_asked() -> None:
    gates = [Gate("X", [2]), Gate("RX", [0], [Angle.input(0)])]
    qnode = to_qnode(Circuit(3, gates, Readout.samples((2, 0, 1))))
    inputs = torch.tensor([[0.0], [torch.pi]])
    assert qnode(inputs, torch.zeros(0)).tolist() == [[[1, 0, 0]], [[1, 1, 0]]]


def test_post_selected_samples_point_to_probabilities() -> None:
    with pytest.raises(CircuitError, match="export the probabilities"):
        to_qnode(Circuit(2, [], Readout.samples(postselect={0: 1})))


def test_missing_pennylane_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pennylane", None)
    with pytest.raises(CircuitError, match=r"pip install 'qaugbench\[pennylane\]'"):
        to_qnode(qldm_circuit(2, 1))
