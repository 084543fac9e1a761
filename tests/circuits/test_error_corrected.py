"""Error-corrected needs: counted by hand, by the published formulas, and as qdk's estimator finds them."""

from __future__ import annotations

import math
import sys
from importlib.util import find_spec

import pytest

from qaugbench.circuits.ansatz import (
    angle_embedding,
    driven_by_inputs,
    hardware_efficient_layers,
    qldm_circuit,
    ring,
    stacked,
)
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.iqp.circuit import iqp_circuit
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.meshes import rectangular
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.resources.card import resource_card
from qaugbench.circuits.resources.pauli_rotations import LogicalCounts, logical_counts
from qaugbench.circuits.resources.qdk_estimate import estimated
from qaugbench.circuits.resources.surface_code import (
    Corrected,
    assumed_qubits,
    corrected,
    factories,
    logical_error,
    patches,
    qubits_called,
    synthesis_error,
)
from qaugbench.circuits.resources.text import card_text
from qaugbench.errors import CircuitError, MissingPackageError

LAST = Circuit(
    10,
    driven_by_inputs(
        hardware_efficient_layers(10, 6, ["RY", "RZ", "RY", "RZ"], stacked(ring(10, "CRY"), ring(10, "CRZ")))
    ),
    Readout.each_wire(10, "XZ"),
)
EMBEDDED = Circuit(3, [Gate("CNOT", [0, 1]), Gate("T", [2])], Readout.each_wire(3), AmplitudeEmbedding([0, 1, 2], 8))
CLIFFORD = Circuit(3, [Gate("CNOT", [0, 1]), Gate("H", [0])], Readout.each_wire(3))


def counted(*gates: Gate, wires: int = 2) -> LogicalCounts:
    return logical_counts(Circuit(wires, gates, Readout.each_wire(wires)))


def test_what_counts_as_a_rotation() -> None:
    assert counted(Gate("RX", [0], [Angle.input(0)])) == LogicalCounts(2, 1, 1, 0, 2)
    assert counted(Gate("Rot", [0], [Angle.weight(k) for k in range(3)])).rotation_depth == 3
    assert counted(Gate("CRY", [0, 1], [Angle.weight(0)])) == LogicalCounts(2, 2, 2, 0, 2)
    assert counted(Gate("RZZ", [0, 1], [Angle.weight(0)])) == LogicalCounts(2, 1, 1, 0, 2)
    fixed = [Gate("RX", [0], [Angle.constant(k * math.pi / 4)]) for k in range(8)]
    assert counted(*fixed) == LogicalCounts(2, 0, 0, 4, 2)
    assert counted(Gate("CRZ", [0, 1], [Angle.constant(math.pi / 2)])).t_gates == 2
    assert counted(Gate("RX", [0], [Angle.constant(0.3)])).rotations == 1


def test_clifford_gates_join_the_paths_of_their_qubits() -> None:
    turned = [Gate("RX", [0], [Angle.input(0)]), Gate("RX", [1], [Angle.input(1)])]
    apart = counted(*turned, *[Gate("RZ", [0], [Angle.weight(0)])])
    joined = counted(turned[0], Gate("CNOT", [0, 1]), turned[1])
    assert (apart.rotation_depth, joined.rotation_depth) == (2, 2)
    assert counted(*turned).rotation_depth == 1


def test_states_of_three_qubits_take_seven_rotations() -> None:
    assert logical_counts(EMBEDDED) == LogicalCounts(3, 7, 5, 1, 3)
    phases = logical_counts(iqp_circuit(4))
    assert (phases.rotations, phases.measurements) == (10, 4)


def test_one_rotation_by_hand() -> None:
    """One qubit, one rotation, error 1e-4: 6 patches; k T states, 2 + k steps; (15-to-1) 7,3,3 makes a state in 18.1 rounds."""
    found = corrected(
        logical_counts(Circuit(1, angle_embedding(1), Readout.each_wire(1))), qubits_called("superconducting_4")
    )
    states, distance = found.t_per_rotation, found.distance
    assert patches(1) == found.logical_qubits == 6
    assert found.steps == 2 + states
    assert found.error == pytest.approx(
        2 ** ((4.86 - states) / 0.53) + states * 4.4e-8 + found.steps * 6 * 0.03 * 0.01 ** ((distance + 1) / 2)
    )
    assert found.error <= 1e-3
    assert found.shot_s == pytest.approx(found.steps * distance * (50 + 4 * 50 + 100) * 1e-9)
    batches = int(found.shot_s * 1e9) // math.ceil(350 * 18.1)
    assert found.factories == math.ceil(states / batches)
    assert found.physical_qubits == 6 * (2 * distance**2 - 1) + found.factories * 810


def test_the_distance_is_the_smallest_within_the_target() -> None:
    counts, qubits = logical_counts(qldm_circuit(8, 3)), qubits_called("superconducting_3")
    found = corrected(counts, qubits)
    spent = found.error - found.steps * patches(8) * logical_error(qubits, found.distance)
    assert spent + found.steps * patches(8) * logical_error(qubits, found.distance - 2) > 1e-3
    assert corrected(counts, qubits, 1e-6).distance > found.distance
    assert synthesis_error(5) > synthesis_error(20)


def test_clifford_circuits_need_no_factory() -> None:
    found = corrected(logical_counts(CLIFFORD), qubits_called("superconducting_3"))
    assert (found.factories, found.t_states, found.steps, found.factory) == (0, 0, 3, "")
    assert found.physical_qubits == patches(3) * (2 * 7**2 - 1)


QDK = {  # physical qubits, ns, distance, T states, factories that qdk 1.33.1 found for a target of 1e-3
    ("qldm", "superconducting_3"): (98_425, 793_100, 11, 1_008, 20),
    ("qldm", "superconducting_4"): (15_805, 360_500, 5, 1_008, 18),
    ("last", "superconducting_3"): (51_690, 12_785_500, 13, 7_680, 9),
    ("last", "superconducting_4"): (10_960, 6_529_250, 7, 7_200, 7),
    ("embedded", "superconducting_3"): (29_652, 223_650, 9, 85, 6),
    ("embedded", "ions_4"): (4_638, 213_000_000, 5, 85, 5),
    ("clifford", "superconducting_3"): (1_164, 7_350, 7, 0, 0),
}
CIRCUITS = {"qldm": qldm_circuit(8, 3), "last": LAST, "embedded": EMBEDDED, "clifford": CLIFFORD}


@pytest.mark.parametrize(("circuit", "qubits"), QDK)
def test_our_formulas_find_what_qdk_found(circuit: str, qubits: str) -> None:
    found = corrected(logical_counts(CIRCUITS[circuit]), qubits_called(qubits))
    physical, nanoseconds, distance, states, copies = QDK[circuit, qubits]
    assert (found.physical_qubits, found.distance) == (physical, distance)
    assert found.shot_s * 1e9 == pytest.approx(nanoseconds)
    assert (found.t_states, found.factories) == (states, copies)


@pytest.mark.skipif(find_spec("qdk") is None, reason="qdk is not installed: pip install 'qaugbench[resources]'")
@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("target", [1e-2, 1e-3])
def test_qdk_finds_the_same(circuit: str, target: float) -> None:
    for qubits in assumed_qubits().values():
        ours = corrected(logical_counts(CIRCUITS[circuit]), qubits, target)
        theirs = estimated(CIRCUITS[circuit], qubits, target)
        assert theirs.route.startswith("qdk 1")
        for what in (
            "physical_qubits",
            "distance",
            "logical_qubits",
            "steps",
            "t_per_rotation",
            "t_states",
            "factories",
        ):
            assert getattr(ours, what) == getattr(theirs, what), what
        assert theirs.shot_s == pytest.approx(ours.shot_s)
        assert theirs.error == pytest.approx(ours.error)


def test_without_qdk_the_command_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qaugbench.errors.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"needs the package qdk.*pip install 'qaugbench\[resources\]'"):
        resource_card(CLIFFORD, with_qdk=True)
    assert "qdk" not in sys.modules or find_spec("qdk")


def test_a_target_is_a_probability_that_can_be_reached() -> None:
    for target in (0.0, 1.0, -1.0):
        with pytest.raises(CircuitError, match="between 0 and 1"):
            resource_card(CLIFFORD, target_error=target)
    with pytest.raises(CircuitError, match="reaches an error of 1e-30"):
        corrected(logical_counts(CLIFFORD), qubits_called("superconducting_3"), 1e-30)
    with pytest.raises(CircuitError, match="Did you mean 'superconducting_"):
        qubits_called("superconducting_5")


def test_factories_and_qubits_are_those_of_the_table() -> None:
    assert {factory.at for factory in factories()} == {1e-3, 1e-4} == {each.error for each in assumed_qubits().values()}
    assert all(factory.error < factory.at for factory in factories())


def test_the_card_says_what_error_correction_takes() -> None:
    card = resource_card(qldm_circuit(8, 3), copies=4, images=10, shots=100)
    assert [way.qubits for way in card.corrected] == list(assumed_qubits())
    assert all(isinstance(way, Corrected) and way.route == "formula" for way in card.corrected)
    text = card_text(card)
    states = "98,425 physical qubits for 25 logical ones at distance 11 and 20 T factories"
    assert f"{states}, 793 us per run, 3.17 s in all" in text
    assert "no device has these qubits today" in text
    photonic = PhotonicCircuit(3, tuple(rectangular(3)), (1, 0, 1), PhotonicReadout("probabilities"))
    assert "photons are not the qubits of a surface code" in card_text(resource_card(photonic))
