from __future__ import annotations

from collections.abc import Callable

import pytest

from qaugbench.circuits.ansatz import angle_embedding, chain, qldm_circuit
from qaugbench.circuits.audit.scaled_circuits import moments, narrowed, repeated, shallowed
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout


@pytest.mark.parametrize("n_wires", [2, 3, 5, 7])
def test_a_narrowed_ring_is_the_smaller_ring(n_wires: int) -> None:
    assert narrowed(qldm_circuit(8, 3), n_wires) == qldm_circuit(n_wires, 3)


def test_a_narrowed_chain_stays_a_chain() -> None:
    def circuit(n_wires: int) -> Circuit:
        return Circuit(n_wires, tuple(angle_embedding(n_wires) + chain(n_wires)), Readout.each_wire(n_wires, "ZX"))

    assert narrowed(circuit(6), 3) == circuit(3)


def test_words_and_wires_outside_are_left_out_and_numbers_close_up() -> None:
    gates = (Gate("RY", [2], [Angle.weight(0)]), Gate("RX", [0], [Angle(1.0, ((1, 0.5),), ((1, 2.0),))]))
    gates += (Gate("RX", [2], [Angle.input(0)]),)
    narrow = narrowed(Circuit(3, gates, Readout("expectation", ["Z0", "Z0 Z2", "X1"])), 2)
    assert narrow is not None
    assert narrow.gates == (Gate("RX", [0], [Angle(1.0, ((0, 0.5),), ((0, 2.0),))]),)
    assert narrow.readout.words == ("Z0", "X1")


@pytest.mark.parametrize(
    ("readout", "start"),
    [
        (Readout("expectation", ["Z2"]), None),
        (Readout.probabilities((2,)), None),
        (Readout.probabilities(postselect={0: 0, 1: 1}), None),
        (Readout.each_wire(3), AmplitudeEmbedding((0, 1, 2), 8)),
    ],
    ids=["word", "wire", "all post-selected", "amplitudes"],
)
def test_nothing_is_left_where_nothing_can_be_read(readout: Readout, start: AmplitudeEmbedding | None) -> None:
    assert narrowed(Circuit(3, (Gate("H", [0]),), readout, start), 2) is None


def test_moments_are_as_few_rows_as_can_be() -> None:
    pairs = [(0, 1), (2, 3), (1, 2), (0, 1)]
    circuit = Circuit(4, (Gate("H", [1]), *(Gate("CZ", pair) for pair in pairs)), Readout.each_wire(4))
    rows = [[gate.wires for gate in row] for row in moments(circuit)]
    assert rows == [[(1,), (2, 3)], [(0, 1)], [(1, 2)], [(0, 1)]]


def test_shallowed_keeps_the_first_rows() -> None:
    shallow = shallowed(qldm_circuit(3, 2), 2)
    assert [gate.name for gate in shallow.gates] == ["RX"] * 3 + ["Rot"] * 3
    assert shallowed(qldm_circuit(3, 2), 100).n_weights == qldm_circuit(3, 2).n_weights


def test_repetition_has_weights_of_its_own_and_embeds_once() -> None:
    circuit = qldm_circuit(3, 1)
    twice = repeated(circuit, 2)
    assert twice.n_weights == 2 * circuit.n_weights
    assert twice.n_inputs == circuit.n_inputs
    assert len(twice.gates) == 2 * len(circuit.gates) - 3
    assert repeated(circuit, 1) == circuit


@pytest.mark.parametrize("seed", range(8))
def test_relatives_of_any_circuit_are_circuits(random_circuit: Callable[[int], Circuit], seed: int) -> None:
    circuit = random_circuit(seed)
    for relative in (repeated(circuit, 3), *(shallowed(circuit, d) for d in (0, 1, 5)), narrowed(circuit, 1)):
        assert relative is None or relative == Circuit.from_dict(relative.to_dict())
