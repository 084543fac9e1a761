from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.controls import CONTROLS, build_block, parameter_count, without_entanglement
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.circuits.twin import ClassicalTwin, calibration_inputs, output_spread, spread, twin_shape
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator, torch_seeded


def layered(n_wires: int, layers: int, readout: Readout | None = None) -> Circuit:
    gates = angle_embedding(n_wires) + strongly_entangling_layers(n_wires, layers)
    return Circuit(n_wires, gates, readout or Readout.each_wire(n_wires))


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_keeps_the_widths_and_passes_gradients(control: str) -> None:
    block = build_block(qldm_circuit(4, 2), control, copies=3)
    inputs = torch.randn(5, 12, generator=torch_generator(0), requires_grad=True)
    outputs = block(inputs)
    outputs.square().sum().backward()
    assert outputs.shape == (5, 12)
    assert outputs.abs().max() <= 1
    assert (inputs.grad.abs().sum(dim=0) > 0).all()


def test_unknown_control_lists_near_names() -> None:
    with pytest.raises(CircuitError, match="Did you mean 'twin'"):
        build_block(qldm_circuit(2, 1), "twinn")


def test_frozen_has_the_circuits_weights_and_trains_none() -> None:
    count = parameter_count(build_block(qldm_circuit(4, 2), "frozen", copies=2))
    assert (count.trainable, count.total) == (0, 2 * 20)
    assert parameter_count(build_block(qldm_circuit(4, 2), copies=2)).trainable == 2 * 20


@pytest.mark.parametrize("readout", [None, Readout.probabilities()], ids=["expectations", "probabilities"])
@pytest.mark.parametrize("n_wires", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_twin_trains_as_many_parameters_within_five_per_cent(
    n_wires: int, layers: int, readout: Readout | None
) -> None:
    circuit = layered(n_wires, layers, readout)
    twin = build_block(circuit, "twin", copies=2)
    assert parameter_count(twin).trainable == pytest.approx(2 * circuit.n_weights, rel=0.05)
    assert twin(torch.zeros(3, 2 * n_wires)).shape == (3, 2 * circuit.n_outputs)


def test_twin_that_cannot_match_is_refused() -> None:
    gates = [*angle_embedding(12), *(Gate("RY", [wire], [Angle.weight(wire)]) for wire in range(5))]
    with pytest.raises(CircuitError, match=r"circuit's 5 weights for 12 inputs and 1 outputs \(nearest: \[2, 1, 0\]\)"):
        build_block(Circuit(12, gates, Readout("expectation", ["Z0"])), "twin")


def test_twin_of_a_circuit_without_weights_trains_nothing() -> None:
    twin = build_block(Circuit(3, angle_embedding(3), Readout.each_wire(3)), "twin")
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


@pytest.mark.parametrize(
    "circuit", [qldm_circuit(12, 6), layered(4, 3), layered(3, 1, Readout.probabilities())], ids=["12", "4", "probs"]
)
def test_twin_shape_counts_what_the_twin_trains(circuit: Circuit) -> None:
    assert parameter_count(ClassicalTwin(circuit)).trainable == twin_shape(circuit).n_parameters


def test_no_entanglement_leaves_each_output_to_its_own_wire() -> None:
    block = build_block(qldm_circuit(4, 3), "no-entanglement", dtype=torch.float64)
    inputs = torch.randn(4, generator=torch_generator(0), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: block(x[None])[0], inputs)
    assert (jacobian.diagonal().abs() > 1e-6).all()
    assert jacobian.fill_diagonal_(0).abs().max() < 1e-12


def test_no_entanglement_keeps_the_weights_of_removed_gates() -> None:
    gates = [*angle_embedding(3), Gate("CRZ", [0, 1], [Angle.weight(0)]), Gate("RXX", [1, 2], [Angle.weight(1, 0.5)])]
    circuit = without_entanglement(Circuit(3, [*gates, Gate("CZ", [0, 2])], Readout.each_wire(3)))
    assert [str(gate).split() for gate in circuit.gates[3:]] == [["RY", "1", "w[0]"], ["RY", "2", "0.5*w[1]"]]
    assert (circuit.n_inputs, circuit.n_weights, circuit.n_outputs) == (3, 2, 3)
