"""The audit of a block alone: circuits, controls, every kind of output."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import pytest
import torch

from qaugbench.circuits.ansatz import (
    angle_embedding,
    chain,
    hardware_efficient_layers,
    nearest_neighbour_layers,
    qldm_circuit,
    strongly_entangling_layers,
)
from qaugbench.circuits.audit.block import EACH_INPUT, ENTANGLES, audit_block, entanglers_matter
from qaugbench.circuits.audit.findings import Check, Liveness
from qaugbench.circuits.audit.network import INPUTS_USED, PASSES_BACK
from qaugbench.circuits.audit.weights import FOLLOWED, RECEIVE
from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.controls.build import CONTROLS, build_block
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.readout import Readout
from qaugbench.seeds import torch_seeded

LAYERS = tuple(angle_embedding(3, "RY") + strongly_entangling_layers(3, 2))
READOUTS = {
    "words": Readout("expectation", ["Z0", "X1 Z2", "Y0 Y1"]),
    "post-selected": Readout.probabilities((1,), postselect={0: 0}),
    "samples": Readout.samples(),
}


def seeded(build: Callable[[], Block]) -> Block:
    with torch_seeded(0):
        return build()


def found_of(circuit: Circuit, **options: int) -> Liveness:
    return audit_block(seeded(lambda: QuantumBlock(circuit, **options)))


def failure(found: Liveness, question: str) -> Check:
    (check,) = [check for check in found.failures if check.question == question]
    return check


@pytest.mark.parametrize(("n_wires", "layers"), [(1, 1), (2, 1), (3, 1), (2, 3), (6, 3), (8, 3)])
def test_every_weight_of_the_latent_diffusion_circuit_is_live(n_wires: int, layers: int) -> None:
    found = found_of(qldm_circuit(n_wires, layers), copies=2)
    assert found.is_live, str(found)
    assert f"fine   {RECEIVE}: {2 * n_wires * (3 * layers - 1)} weights" in str(found).splitlines()


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("readout", READOUTS)
def test_circuit_and_controls_are_live_under_every_readout(control: str, readout: str) -> None:
    gates = angle_embedding(3, "RY") + nearest_neighbour_layers(3, 2, drop_dead=True)
    circuit = Circuit(3, tuple(gates), READOUTS[readout])
    if control == "permuted":  # three wires in a ring are coupled alike; in a chain they are not
        gates = angle_embedding(3, "RY") + hardware_efficient_layers(3, 2, ["RY"], chain(3, "CNOT"))
        circuit = Circuit(3, tuple(gates), READOUTS[readout])
    found = audit_block(seeded(lambda: build_block(circuit, control, copies=2)))
    if control == "no-entanglement":  # a product state: a weight that reaches only wires that are not read is dead
        assert {check.question for check in found.failures} <= {RECEIVE, EACH_INPUT}
    else:
        assert found.is_live, str(found)
        assert found.state(RECEIVE) == ("note" if control == "frozen" else "fine")
    no_gradient = readout == "samples" or control == "random"
    assert found.state(PASSES_BACK) == ("none" if no_gradient else "fine")


def test_samples_are_said_to_pass_no_gradient_and_their_dead_weights_are_named() -> None:
    found = found_of(
        Circuit(1, [Gate("RY", [0], [Angle.input(0)]), Gate("RZ", [0], [Angle.weight(0)])], Readout.samples())
    )
    assert "drawn samples pass no gradient" in str(found)
    assert "w[0] (RZ on wire 0)" in failure(found, RECEIVE).detail or "all 1" in failure(found, RECEIVE).detail


def test_the_last_rotation_about_z_is_dead_and_named() -> None:
    found = found_of(Circuit(3, LAYERS, Readout.each_wire(3)))
    detail = failure(found, RECEIVE).detail
    assert detail.startswith(
        "3 of 18 receive none, and they change nothing: w[11] (Rot on wire 0, angle 3 of 3), w[14]"
    )
    assert [check.question for check in found.failures] == [RECEIVE]


def test_a_dead_weight_of_one_copy_names_the_copy() -> None:
    gates = [Gate("RY", [0], [Angle.weight(0)]), Gate("RZ", [0], [Angle.weight(1)])]
    detail = failure(found_of(Circuit(1, gates, Readout.each_wire(1)), copies=2), RECEIVE).detail
    assert "w[1] (RZ on wire 0) of copy 0, w[1] (RZ on wire 0) of copy 1. Leave these gates out" in detail


def test_weights_that_start_at_zero_are_not_dead() -> None:
    block = QuantumBlock(qldm_circuit(3, 2))
    with torch.no_grad():
        block.weights.zero_()
    assert audit_block(block).is_live


def test_a_readout_that_no_input_reaches_is_found_out() -> None:
    gates = [Gate("RX", [0], [Angle.input(0)]), Gate("RY", [1], [Angle.weight(0)]), Gate("RX", [1], [Angle.input(1)])]
    found = found_of(Circuit(2, gates, Readout("expectation", ["Z1"])))
    assert failure(found, EACH_INPUT).detail == "1 of 2 do not: x[0] (RX on wire 0)"
    found = found_of(Circuit(2, gates[:2], Readout("expectation", ["Z1"])))
    assert {check.question for check in found.failures} == {PASSES_BACK, INPUTS_USED, EACH_INPUT}


def test_weights_that_no_output_follows_are_found_out() -> None:
    gates = [Gate("RX", [0], [Angle.input(0)]), Gate("RY", [1], [Angle.weight(0)])]
    found = found_of(Circuit(2, gates, Readout("expectation", ["Z0"])))
    assert {check.question for check in found.failures} == {RECEIVE, FOLLOWED}


def test_entanglers_that_change_nothing_are_found_out() -> None:
    """CZ after the last turn of a wire commutes with a readout of Z."""
    gates = [Gate("RY", [wire], [Angle(0.0, ((wire, 1.0),), ((wire, 1.0),))]) for wire in range(2)]
    idle = found_of(Circuit(2, [*gates, Gate("CZ", [0, 1])], Readout.each_wire(2)))
    assert [check.question for check in idle.failures] == [ENTANGLES]
    assert found_of(Circuit(2, [*gates, Gate("CZ", [0, 1])], Readout.each_wire(2, "X"))).is_live


def test_entanglers_are_compared_at_the_same_weights_and_elsewhere_if_they_are_idle_there() -> None:
    gates = [Gate("RY", [wire], [Angle(0.0, ((wire, 1.0),), ((0, 0.0),))]) for wire in range(2)]
    circuit = Circuit(2, (*gates, Gate("CNOT", [0, 1])), Readout.each_wire(2))
    block = seeded(lambda: QuantumBlock(circuit))
    with torch.no_grad():
        block.weights.copy_(torch.tensor([[0.5, 0.25]]))
    difference = math.cos(0.25) * (1 - math.cos(0.5))  # <Z1> is cos w1, times cos w0 after the CNOT
    assert f"outputs differ by up to {difference:.2g}" in str(entanglers_matter(block, torch.zeros(1, 1).double()))
    with torch.no_grad():
        block.weights.zero_()
    assert entanglers_matter(block, torch.zeros(1, 1).double()).state == "fine"


def test_a_circuit_without_entanglers_has_none_to_try() -> None:
    gates = [Gate("RY", [wire], [Angle(0.0, ((wire, 1.0),), ((wire, 1.0),))]) for wire in range(2)]
    found = found_of(Circuit(2, gates, Readout.each_wire(2)))
    assert found.is_live
    assert found.state(ENTANGLES) == "none"


def test_a_circuit_without_inputs_has_none_to_try() -> None:
    found = found_of(Circuit(2, [Gate("RY", [0], [Angle.weight(0)]), Gate("CNOT", [0, 1])], Readout.each_wire(2)))
    assert found.is_live, str(found)
    assert found.state(PASSES_BACK) == found.state(EACH_INPUT) == "none"


def test_amplitudes_and_shared_inputs_are_live() -> None:
    start = AmplitudeEmbedding((0, 1), 3)
    circuit = Circuit(2, tuple(nearest_neighbour_layers(2, 2, drop_dead=True)), Readout.each_wire(2), start)
    found = audit_block(seeded(lambda: QuantumBlock(circuit, copies=3, share_inputs=True)))
    assert found.is_live, str(found)


@pytest.mark.parametrize("kind", ["probabilities", "counts", "samples"])
def test_photons_are_live_and_their_weights_named(kind: str) -> None:
    components = [Component("BS.Rx", [0, 1], Angle.weight(0)), Component("PS", [0], Angle.input(0))]
    components += [Component("BS.Rx", [0, 1], Angle.weight(1)), Component("PS", [0], Angle.weight(2))]
    circuit = PhotonicCircuit(2, tuple(components), (2, 0), PhotonicReadout(kind))
    detail = failure(audit_block(seeded(lambda: QuantumBlock(circuit))), RECEIVE).detail
    assert detail.startswith("1 of 3 receive none, and they change nothing: w[2] (PS on mode 0). Leave these gates out")


def test_the_audit_changes_neither_the_block_nor_global_randomness() -> None:
    block = seeded(lambda: build_block(qldm_circuit(3, 2), "random"))
    before, state = copy.deepcopy(block.state_dict()), torch.get_rng_state()
    audit_block(block)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
    assert all(parameter.grad is None for parameter in block.parameters())
    assert not block._forward_hooks


def test_the_same_seed_finds_the_same() -> None:
    block = seeded(lambda: QuantumBlock(qldm_circuit(3, 2)))
    assert audit_block(block, seed=3) == audit_block(block, seed=3)
