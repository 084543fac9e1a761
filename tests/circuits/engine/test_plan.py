from __future__ import annotations

import itertools

import numpy as np

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, ring
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.engine.basis_states import linear_table, sources
from qaugbench.circuits.engine.compile import compile_circuit
from qaugbench.circuits.engine.plan import Local, Operation, Phase
from qaugbench.circuits.readout import Readout


def kinds(circuit: Circuit) -> list[str]:
    return [type(step).__name__ for step in compile_circuit(circuit).steps]


def test_layers_of_the_latent_diffusion_circuit_fuse() -> None:
    # Embedding and first layer are one local step, each ring one gather, and the last ring is left to the readout.
    assert kinds(qldm_circuit(8, 3)) == ["Local", "Permutation", "Local", "Permutation", "Local"]


def test_a_ring_of_diagonal_gates_is_one_phase() -> None:
    gates = angle_embedding(5, "RY") + [Gate("RXX", [w, (w + 1) % 5], [Angle.weight(w)]) for w in range(5)]
    steps = compile_circuit(Circuit(5, gates, Readout.each_wire(5))).steps
    assert [type(step) for step in steps] == [Local, Phase, Local]
    assert len(steps[1].operations) == 5


def test_final_phases_are_dropped_only_where_nothing_can_see_them() -> None:
    gates = angle_embedding(3, "RY") + ring(3, "CZ")
    assert kinds(Circuit(3, gates, Readout.each_wire(3, "Z"))) == ["Local"]
    assert kinds(Circuit(3, gates, Readout.each_wire(3, "X"))) == ["Local", "Phase"]


def test_a_phase_rotation_before_final_cnots_and_z_is_dropped() -> None:
    gates = [Gate("RY", [0], [Angle.weight(0)]), Gate("RZ", [0], [Angle.weight(1)]), Gate("CNOT", [0, 1])]
    (step,) = compile_circuit(Circuit(2, gates, Readout.each_wire(2))).steps
    assert [operation.name for operation in step.operations] == ["RY"]


def test_cnots_twice_are_no_step() -> None:
    gates = [Gate("X", [0]), Gate("CNOT", [0, 1]), Gate("CNOT", [0, 1]), Gate("H", [0])]
    assert "Permutation" not in kinds(Circuit(2, gates, Readout.each_wire(2)))


def test_rotations_about_one_axis_add_their_angles() -> None:
    gates = [Gate("RY", [0], [Angle.input(0, 2.0, 0.5)]), Gate("RY", [0], [Angle(0.25, ((0, 1.0),), ((0, -3.0),))])]
    (step,) = compile_circuit(Circuit(1, gates, Readout.each_wire(1))).steps
    (operation,) = step.operations
    assert operation.angle == Angle(0.75, ((0, 1.0),), ((0, -1.0),))


def test_sampled_phase_rotations_leave_a_real_step_behind() -> None:
    gates = [gate for layer in range(2) for gate in _layer(layer)]
    steps = compile_circuit(Circuit(3, gates, Readout.each_wire(3, "X"))).steps
    assert [type(step) for step in steps] == [Local, Phase, Local, Phase]
    assert {operation.name for step in steps[0::2] for operation in step.operations} == {"RY"}


def _layer(layer: int) -> list[Gate]:
    first = 6 * layer
    rotations = angle_embedding(3, "RY", first_input=first) + angle_embedding(3, "RZ", first_input=first + 3)
    return rotations + ring(3, "CZ")


def test_phase_rotations_before_cnots_stay_in_the_local_step() -> None:
    gates = [*_layer(0)[:6], *ring(3, "CNOT"), *angle_embedding(3, "RY", first_input=6)]
    assert kinds(Circuit(3, gates, Readout.each_wire(3))) == ["Local", "Permutation", "Local"]


def test_phases_of_zero_are_dropped_but_not_those_of_amplitudes() -> None:
    gates = [Gate("RZ", [0], [Angle.weight(0)]), Gate("H", [0])]
    (step,) = compile_circuit(Circuit(1, gates, Readout.each_wire(1, "Z"))).steps
    assert [operation.name for operation in step.operations] == ["H"]
    embedded = Circuit(1, gates, Readout.each_wire(1, "Z"), AmplitudeEmbedding([0], 2))
    assert [o.name for step in compile_circuit(embedded).steps for o in step.operations] == ["RZ", "H"]


def test_controlled_ry_stays_real_in_a_real_circuit_alone() -> None:
    real = [Gate("H", [0]), Gate("CRY", [0, 1], [Angle.weight(0)]), Gate("CNOT", [0, 1]), Gate("H", [1])]
    names = {o.name for step in compile_circuit(Circuit(2, real, Readout.each_wire(2))).steps for o in step.operations}
    assert names <= {"H", "RY", "CZ", "CNOT"}
    steps = compile_circuit(Circuit(2, [*real, Gate("S", [1]), Gate("H", [1])], Readout.each_wire(2))).steps
    assert "CRZ" in {operation.name for step in steps for operation in step.operations}


def test_table_of_cnots_and_swaps_moves_basis_states_as_their_truth_tables_do() -> None:
    operations = [Operation("CNOT", (0, 2)), Operation("SWAP", (1, 2)), Operation("CNOT", (2, 1))]
    table = linear_table(sources(operations, 3))
    for bits in itertools.product((0, 1), repeat=3):
        a, b, c = bits
        c ^= a
        b, c = c, b
        b ^= c
        assert table[4 * a + 2 * b + c] == int("".join(map(str, bits)), 2)
    assert np.array_equal(linear_table(sources(operations[::-1], 3))[table], np.arange(8))
