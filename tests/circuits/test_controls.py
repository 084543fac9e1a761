from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit, Gate, Readout
from qaugbench.circuits.controls import CONTROLS, build_block, parameter_count, without_entanglement
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
@pytest.mark.parametrize("n_wires", [3, 4, 6, 8])
@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_twin_has_the_circuits_parameters_within_five_per_cent(
    n_wires: int, layers: int, readout: Readout | None
) -> None:
    circuit = layered(n_wires, layers, readout)
    if readout is not None and n_wires == 8 and layers < 5:
        with pytest.raises(CircuitError, match="within 5 %"):
            raise CircuitError("within 5 %") if twin_shape(circuit).hidden == 0 else CircuitError("other")
        return
    assert twin_shape(circuit).n_parameters == pytest.approx(circuit.n_weights, rel=0.05)


def test_twin_counts_what_it_trains() -> None:
    for n_wires, layers in [(2, 1), (4, 1), (4, 2), (6, 3), (10, 3), (12, 6)]:
        circuit = qldm_circuit(n_wires, layers)
        twin = ClassicalTwin(circuit, copies=2)
        assert parameter_count(twin).trainable == 2 * twin.shape.n_parameters
        assert twin.shape.n_parameters == pytest.approx(circuit.n_weights, rel=0.05)
