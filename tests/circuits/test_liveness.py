from __future__ import annotations

import pytest

from qaugbench.circuits.ansatz import (
    angle_embedding,
    nearest_neighbour_layers,
    qldm_circuit,
    strongly_entangling_layers,
)
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.controls import CONTROLS, build_block
from qaugbench.circuits.liveness import audit
from qaugbench.circuits.readout import Readout
from qaugbench.seeds import torch_seeded


@pytest.mark.parametrize(("n_wires", "layers"), [(1, 1), (2, 1), (3, 1), (2, 3), (4, 2), (6, 3), (8, 3)])
def test_every_weight_of_the_latent_diffusion_circuit_is_live(n_wires: int, layers: int) -> None:
    with torch_seeded(0):
        found = audit(QuantumBlock(qldm_circuit(n_wires, layers), copies=2))
    assert found.is_live, str(found)
    assert found.n_weights == 2 * n_wires * (3 * layers - 1)


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_of_the_latent_diffusion_circuit_are_live(control: str) -> None:
    with torch_seeded(0):
        found = audit(build_block(qldm_circuit(6, 3), control, copies=2))
    assert found.is_live, str(found)


def test_last_rotation_about_z_is_dead_and_named() -> None:
    with torch_seeded(0):
        block = QuantumBlock(Circuit(3, angle_embedding(3) + strongly_entangling_layers(3, 2), Readout.each_wire(3)))
    found = audit(block)
    assert [name.split()[0] for name in found.dead_weights] == ["w[11]", "w[14]", "w[17]"]
    assert found.dead_weights[0] == "w[11] (Rot on wire 0, angle 3 of 3)"
    assert "dead: w[11]" in str(found)
    assert not found.is_live


@pytest.mark.parametrize("layers", [strongly_entangling_layers, nearest_neighbour_layers])
def test_two_ways_to_avoid_dead_weights(layers: type[strongly_entangling_layers]) -> None:
    with torch_seeded(0):
        dropped = Circuit(4, angle_embedding(4) + layers(4, 2, drop_dead=True), Readout.each_wire(4))
        read_x_too = Circuit(4, angle_embedding(4) + layers(4, 2), Readout.each_wire(4, "ZX"))
        assert audit(QuantumBlock(dropped)).is_live
        assert audit(QuantumBlock(read_x_too)).is_live


def test_block_without_inputs_to_its_readout_is_found_out() -> None:
    gates = [Gate("RX", [0], [Angle.input(0)]), Gate("RY", [1], [Angle.weight(0)])]
    found = audit(QuantumBlock(Circuit(2, gates, Readout("expectation", ["Z1"]))))
    assert found.dead_weights == ()
    assert not found.output_follows_inputs
    assert not found.gradient_reaches_inputs


def test_dead_weight_of_one_copy_names_the_copy() -> None:
    block = QuantumBlock(Circuit(1, [Gate("RZ", [0], [Angle.weight(0)])], Readout.each_wire(1)), copies=2)
    assert audit(block).dead_weights == ("w[0] (RZ on wire 0) of copy 0", "w[0] (RZ on wire 0) of copy 1")
