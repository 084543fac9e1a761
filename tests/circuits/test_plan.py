from __future__ import annotations

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, ring
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.engine.plan import Local, Permutation, Phase, compile_circuit
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


def test_cnots_twice_are_the_identity_permutation() -> None:
    gates = [Gate("X", [0]), Gate("CNOT", [0, 1]), Gate("CNOT", [0, 1]), Gate("H", [0])]
    (permutation,) = [
        s for s in compile_circuit(Circuit(2, gates, Readout.each_wire(2))).steps if isinstance(s, Permutation)
    ]
    assert permutation.source.tolist() == [0, 1, 2, 3]
