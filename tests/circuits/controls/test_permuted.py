"""The permuted control: the same gates and weights, other wires coupled, one relabelling per block, kept in its state."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch import nn

from qaugbench.circuits.ansatz import (
    all_to_all,
    angle_embedding,
    chain,
    each_wire,
    hardware_efficient_layers,
    qldm_circuit,
    ring,
    stacked,
    strongly_entangling_layers,
)
from qaugbench.circuits.audit.block import audit_block
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.controls.build import build_block
from qaugbench.circuits.controls.parameter_counts import control_counts, parameter_count
from qaugbench.circuits.controls.permuted import PermutedBlock
from qaugbench.circuits.controls.relabelling import coupling, draw_relabelling, entangling_layers, relabelled
from qaugbench.circuits.export.qiskit import to_qiskit
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.meshes import drop_dead
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.resources.counts import count_gates
from qaugbench.errors import CircuitError, NoControlError
from qaugbench.seeds import numpy_generator, torch_generator, torch_seeded
from tests.circuits.photonic.running import two_meshes

CIRCUITS = {
    "ring": qldm_circuit(5, 2),
    "chain": Circuit(4, tuple(hardware_efficient_layers(4, 2, ["RY"])), Readout.probabilities()),
    "reaches": Circuit(4, tuple(strongly_entangling_layers(4, 3)), Readout.each_wire(4)),
    "driven pairs": Circuit(
        4, (*each_wire(4, "RY"), Gate("CRX", (0, 1), (Angle.input(0),)), Gate("SWAP", (2, 1))), Readout.each_wire(4)
    ),
}


def permuted(circuit: object, seed: int = 0, **options: object) -> PermutedBlock:
    with torch_seeded(seed):
        block = build_block(circuit, "permuted", dtype=torch.float64, **options)
    assert isinstance(block, PermutedBlock)
    return block


def inputs_of(block: nn.Module) -> torch.Tensor:
    return torch.randn(6, block.in_features, generator=torch_generator(0), dtype=torch.float64)


def test_only_gates_on_several_wires_move() -> None:
    gates = [Gate("RX", [0], [Angle.input(0)]), Gate("CNOT", [0, 1]), Gate("RZZ", [2, 1], [Angle.weight(0)])]
    moved = relabelled(Circuit(3, gates, Readout.each_wire(3)), (1, 2, 0))
    assert [str(gate).split() for gate in moved.gates] == [
        ["RX", "0", "x[0]"],
        ["CNOT", "1", "2"],
        ["RZZ", "0", "2", "w[0]"],
    ]
    assert moved.readout == Readout.each_wire(3)


def test_layers_end_where_a_single_wire_is_turned() -> None:
    assert entangling_layers([]) == ()
    assert entangling_layers([(1, 0), (2, 1), (0,), (1, 0), (0, 1)]) == (((0, 1), (1, 2)), ((0, 1), (0, 1)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", CIRCUITS)
def test_every_wire_gets_a_new_label_and_other_wires_are_coupled(name: str, seed: int) -> None:
    circuit = CIRCUITS[name]
    block = permuted(circuit, seed)
    wires = block.relabelling.tolist()
    assert sorted(wires) == list(range(circuit.n_wires))
    assert all(wire != new for wire, new in enumerate(wires))
    assert block.circuit == relabelled(circuit, wires)
    assert coupling(block.circuit).layers != coupling(circuit).layers


def test_a_ring_is_never_only_turned_or_mirrored() -> None:
    own = {frozenset(gate.wires) for gate in ring(4)}
    for seed in range(20):
        moved = {
            frozenset(gate.wires) for gate in permuted(qldm_circuit(4, 1), seed).circuit.gates if len(gate.wires) > 1
        }
        assert moved != own


@pytest.mark.parametrize("name", CIRCUITS)
def test_counts_inputs_weights_and_readout_stay(name: str) -> None:
    circuit, block = CIRCUITS[name], permuted(CIRCUITS[name], copies=2)
    found = block.circuit
    assert (found.n_inputs, found.n_weights, found.n_outputs) == (
        circuit.n_inputs,
        circuit.n_weights,
        circuit.n_outputs,
    )
    assert (found.readout, found.start) == (circuit.readout, circuit.start)
    assert Counter(gate.name for gate in found.gates) == Counter(gate.name for gate in circuit.gates)
    assert [gate.angles for gate in found.gates] == [gate.angles for gate in circuit.gates]
    own = count_gates(circuit)
    assert replace(count_gates(found), depth=own.depth) == own
    assert parameter_count(block) == parameter_count(build_block(circuit, copies=2))


@pytest.mark.parametrize("name", CIRCUITS)
def test_no_weight_is_cut_off(name: str) -> None:
    for seed in range(3):
        block = permuted(CIRCUITS[name], seed)
        own = audit_block(QuantumBlock(CIRCUITS[name]))
        assert {check.question for check in audit_block(block).failures} <= {check.question for check in own.failures}


def test_gates_that_reached_the_readout_still_do() -> None:
    """Of a tree, only wire 0 is read: a relabelling under which its last gate misses wire 0 would kill all weights."""
    tree = (*each_wire(4, "RY"), *chain(2), Gate("CNOT", (2, 3)), *stacked(each_wire(4, "RY"), first_weight=4))
    circuit = Circuit(4, (*tree, Gate("CNOT", (2, 0))), Readout("expectation", ["X0"]))
    own = coupling(circuit).n_reaching
    drawn = {draw_relabelling(circuit, numpy_generator(seed)) for seed in range(30)}
    assert {coupling(relabelled(circuit, wires)).n_reaching for wires in drawn} == {own}
    assert coupling(relabelled(circuit, (1, 0, 3, 2))).n_reaching < own


def test_the_seed_fixes_the_relabelling_and_leaves_the_weights_alone() -> None:
    circuit = qldm_circuit(6, 1)
    drawn = {tuple(permuted(circuit, seed).relabelling.tolist()) for seed in range(6)}
    assert len(drawn) > 1
    for seed in range(3):
        block, again = permuted(circuit, seed, copies=2), permuted(circuit, seed, copies=2)
        with torch_seeded(seed):
            own = build_block(circuit, copies=2, dtype=torch.float64)
        assert torch.equal(block.relabelling, again.relabelling)
        assert torch.equal(block.weights, again.weights)
        assert torch.equal(block.weights, own.weights)


def test_two_blocks_made_under_one_seed_differ() -> None:
    with torch_seeded(0):
        first, second = (build_block(qldm_circuit(8, 1), "permuted") for _ in range(2))
    assert not torch.equal(first.relabelling, second.relabelling)


def test_copies_share_one_relabelling() -> None:
    block = permuted(CIRCUITS["ring"], copies=2)
    block.weights.data[1] = block.weights.data[0]
    rows = torch.randn(3, 5, generator=torch_generator(1), dtype=torch.float64)
    first, second = block(torch.cat([rows, rows], dim=1)).detach().chunk(2, dim=1)
    assert torch.allclose(first, second, atol=1e-12)


def test_a_loaded_block_runs_the_circuit_that_was_trained() -> None:
    trained, other = permuted(CIRCUITS["ring"], 0, copies=2), permuted(CIRCUITS["ring"], 1, copies=2)
    assert not torch.equal(trained.relabelling, other.relabelling)
    outer = nn.Sequential(other)
    outer.load_state_dict(nn.Sequential(trained).state_dict())
    inputs = inputs_of(trained)
    assert torch.equal(outer(inputs), trained(inputs))
    assert (other.circuit, other.exact.training) == (trained.circuit, trained.exact.training)
    assert torch.equal(copy.deepcopy(other)(inputs), trained(inputs))


def test_a_relabelled_circuit_computes_what_other_software_computes() -> None:
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    block = permuted(CIRCUITS["chain"], 2)
    bound = to_qiskit(block.circuit, inputs=[], weights=block.weights[0].tolist(), measure=False)
    probabilities = quantum_info.Statevector(bound).reverse_qargs().probabilities()
    assert block(torch.zeros(1, 0))[0].tolist() == pytest.approx(list(probabilities), abs=1e-9)


@pytest.mark.parametrize(
    ("circuit", "words"),
    [
        (qldm_circuit(2, 2), "the 2 wires"),
        (qldm_circuit(3, 2), "the 3 wires"),
        (Circuit(5, (*each_wire(5, "RY"), *all_to_all(5)), Readout.each_wire(5)), "couples all wires alike"),
        (Circuit(3, tuple(angle_embedding(3)), Readout.each_wire(3)), "no gate on several wires"),
    ],
    ids=["two wires", "a triangle", "all to all", "no entangler"],
)
def test_where_no_other_structure_exists_the_control_is_refused_and_not_listed(circuit: Circuit, words: str) -> None:
    with pytest.raises(NoControlError, match=words):
        permuted(circuit)
    assert "permuted" not in {row.control for row in control_counts(circuit)}


def test_beam_splitters_move_and_photons_and_phases_stay() -> None:
    whole = two_meshes(4, (1, 0, 1, 0), PhotonicReadout("probabilities"))
    circuit = PhotonicCircuit(4, drop_dead(whole.components, whole.input_state), whole.input_state, whole.readout)
    block = permuted(circuit)
    wires = block.relabelling.tolist()
    for own, moved in zip(circuit.components, block.circuit.components, strict=True):
        assert (moved.name, moved.angle) == (own.name, own.angle)
        assert moved.modes == (own.modes if len(own.modes) == 1 else tuple(wires[mode] for mode in own.modes))
    assert (block.circuit.input_state, block.circuit.readout) == (circuit.input_state, circuit.readout)
    assert audit_block(block).is_live


def test_photons_whose_phases_would_die_are_refused() -> None:
    """Phases on modes 0 and 1 between two splitters of these modes: on any other pair, one phase would meet no interference."""
    splitters = [Component("BS.Ry", (0, 1), Angle.weight(number)) for number in (0, 1)]
    phases = [Component("PS", (mode,), Angle.input(mode)) for mode in (0, 1)]
    parts = [splitters[0], *phases, splitters[1]]
    with pytest.raises(NoControlError):
        permuted(PhotonicCircuit(3, parts, (1, 0, 0), PhotonicReadout("probabilities")))


def test_another_kind_of_circuit_is_refused_in_words() -> None:
    with pytest.raises(CircuitError, match="a dict couples is not known"):
        draw_relabelling({}, numpy_generator(0))
