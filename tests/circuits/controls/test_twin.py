from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.controls.output_scale import calibration_inputs, output_marginals, output_spread, spread
from qaugbench.circuits.controls.parameter_counts import parameter_count
from qaugbench.circuits.controls.twin import ClassicalTwin, twin_shape
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator, torch_seeded


def layered(n_wires: int, layers: int, readout: Readout | None = None) -> Circuit:
    gates = angle_embedding(n_wires) + strongly_entangling_layers(n_wires, layers)
    return Circuit(n_wires, gates, readout or Readout.each_wire(n_wires))


def of_size(n_inputs: int, n_outputs: int, n_weights: int) -> Circuit:
    """Return a circuit of these numbers, on one wire."""
    gates = [Gate("RX", [0], [Angle.input(index)]) for index in range(n_inputs)]
    gates += [Gate("RY", [0], [Angle.weight(index)]) for index in range(n_weights)]
    return Circuit(1, gates, Readout("expectation", ["Z0"] * n_outputs))


@pytest.mark.parametrize("readout", [None, Readout.probabilities()], ids=["expectations", "probabilities"])
@pytest.mark.parametrize("n_wires", [1, 2, 3, 6, 8])
@pytest.mark.parametrize("layers", [1, 2, 5])
def test_twin_trains_as_many_parameters_within_five_per_cent(
    n_wires: int, layers: int, readout: Readout | None
) -> None:
    circuit = layered(n_wires, layers, readout)
    twin = ClassicalTwin(circuit, copies=2)
    assert parameter_count(twin).trainable == pytest.approx(2 * circuit.n_weights, rel=0.05)
    assert parameter_count(twin).trainable == 2 * twin_shape(circuit).n_parameters
    assert twin(torch.zeros(3, 2 * n_wires)).shape == (3, 2 * circuit.n_outputs)


@pytest.mark.parametrize("n_inputs", [0, 1, 2, 12, 256])
@pytest.mark.parametrize("n_outputs", [1, 2, 8, 256])
def test_every_size_has_a_twin(n_inputs: int, n_outputs: int) -> None:
    for n_weights in (*range(1, 40, 3), 72, 300):
        shape = twin_shape(of_size(n_inputs, n_outputs, n_weights))
        assert shape.n_parameters == pytest.approx(n_weights, rel=0.05)


def test_few_weights_train_behind_a_fixed_map() -> None:
    twin = ClassicalTwin(of_size(12, 1, 5))
    assert (twin.shape.fixed_first, twin.shape.hidden) == (True, 5)
    assert [name for name, weight in twin.named_parameters() if weight.requires_grad and weight.numel()] == ["last"]
    assert twin(torch.randn(8, 12, generator=torch_generator(0))).std() > 0.01


def test_twin_of_a_circuit_without_weights_trains_nothing() -> None:
    twin = ClassicalTwin(Circuit(3, angle_embedding(3), Readout.each_wire(3)))
    assert parameter_count(twin).trainable == 0
    assert twin(torch.randn(8, 3, generator=torch_generator(0))).std(dim=0).min() > 0


@pytest.mark.parametrize("readout", [Readout.each_wire(4), Readout.probabilities()], ids=["Z", "probabilities"])
def test_twin_varies_over_inputs_as_the_circuit_does(readout: Readout) -> None:
    circuit = layered(4, 3, readout)
    with torch_seeded(0):
        twin = ClassicalTwin(circuit, copies=8, dtype=torch.float64)
    probe = calibration_inputs(4)
    with torch.no_grad():
        reached = spread(twin(probe.repeat(1, 8)).unflatten(1, (8, -1)).transpose(0, 1))
    assert reached == pytest.approx(output_spread(circuit), rel=1e-6)


def test_calibration_is_close_to_the_spread_over_many_weights() -> None:
    circuit = qldm_circuit(6, 3)
    weights = 6.2831853 * torch.rand(200, circuit.n_weights, generator=torch_generator(3), dtype=torch.float64)
    inputs = 6.2831853 * torch.rand(1, 200, 6, generator=torch_generator(4), dtype=torch.float64)
    with torch.no_grad():
        outputs = StateVector(circuit).double()(inputs.expand(200, -1, -1), weights)
    assert output_spread(circuit) == pytest.approx(spread(outputs), rel=0.1)


def test_samples_are_calibrated_by_the_chances_of_their_bits() -> None:
    """The chance of a one is (1 - <Z>) / 2, so it varies half as much as <Z> does."""
    bits, expectations = layered(3, 2, Readout.samples()), layered(3, 2)
    assert output_spread(bits) == pytest.approx(output_spread(expectations) / 2, rel=1e-9)


def test_marginals_of_a_rotation_are_those_of_a_cosine() -> None:
    circuit = Circuit(1, angle_embedding(1), Readout.each_wire(1))
    mean, deviation = output_marginals(circuit, torch.zeros(1, 0))
    expected = calibration_inputs(1).cos()
    assert (float(mean), float(deviation)) == pytest.approx((float(expected.mean()), float(expected.std())))


@pytest.mark.parametrize(("n_wires", "inputs"), [(10, 64), (12, 16), (16, 8)])
def test_large_circuits_are_calibrated_on_fewer_inputs(n_wires: int, inputs: int) -> None:
    gates = [*angle_embedding(n_wires), Gate("RY", [0], [Angle.weight(0)])]
    mean, deviation = output_marginals(Circuit(n_wires, gates, Readout("expectation", ["Z1"])), torch.zeros(1, 1))
    expected = calibration_inputs(n_wires)[:inputs, 1].cos()
    assert (float(mean), float(deviation)) == pytest.approx((float(expected.mean()), float(expected.std())))


def test_outputs_that_never_happen_are_refused() -> None:
    circuit = Circuit(2, [*angle_embedding(1), Gate("Z", [1])], Readout.probabilities((0,), {1: 1}))
    with pytest.raises(CircuitError, match="not finite at random inputs and weights"):
        ClassicalTwin(circuit)
