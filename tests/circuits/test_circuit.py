from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from qaugbench.circuits.ansatz import angle_embedding, count_weights, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError

Z0 = Readout("expectation", ["Z0"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gate("CNTO", [0, 1]), "Did you mean 'CNOT'"),
        (lambda: Gate("RX", [0]), r"takes 1 angle\(s\), given 0"),
        (lambda: Gate("CNOT", [0]), r"acts on 2 wire\(s\)"),
        (lambda: Gate("CNOT", [1, 1]), "distinct wires"),
        (lambda: Gate("X", [-1]), "distinct wires counted from 0"),
        (lambda: Gate("RX", [0], [0.5]), "Angle objects"),
        (lambda: Gate("RX", 0), "Expected a list for the wires"),
        (lambda: Angle.constant(float("nan")), "finite number"),
        (lambda: Angle(0.0, ((1, 1.0), (1, 2.0))), "names a weight twice"),
        (lambda: Readout("expectation", ["Q0"]), "not a Pauli word"),
        (lambda: Readout("expectation", ["X0 Z0"]), "names a wire twice"),
        (lambda: Readout("expectation"), "cannot have the words"),
        (lambda: Readout("expectatoin", ["Z0"]), "Did you mean 'expectation'"),
        (lambda: Circuit(0, [], Z0), "at least one wire"),
        (lambda: Circuit(2, [Gate("X", [2])], Z0), "wires 0 to 1, but these lie outside: X on"),
        (lambda: Circuit(1, [], Readout("expectation", ["Z1"])), "outside: readout of wire 1"),
        (lambda: Circuit(1, [Gate("RX", [0], [Angle.weight(1)])], Z0), "No gate uses weight index 0"),
        (lambda: Circuit(1, [Gate("RX", [0], [Angle.input(2)])], Z0), "No gate uses input index 0, 1"),
        (lambda: Circuit.from_dict({"format": 1, "n_wire": 1}), "Unknown key 'n_wire'.*'n_wires'"),
        (lambda: qldm_circuit(0, 3), "at least one wire"),
        (lambda: Readout("probabilities", ["Z0"]), "cannot have the words"),
        (lambda: Readout("expectation", ["Z0"], wires=(0,)), "has words only"),
        (lambda: Readout.probabilities((0, 0)), "distinct wires"),
        (lambda: Readout.probabilities((0,), {0: 1}), r"distinct wires.*given \[0\] with ancillas \[0\]"),
        (lambda: Readout.samples((-1,)), "counted from 0"),
        (lambda: Readout.probabilities(postselect={0: 2}), "bit 0 or 1"),
        (lambda: Circuit(1, [], Readout.probabilities(postselect={0: 1})), "leaves none to read"),
        (lambda: Circuit(2, [], Readout.samples((0, 2))), "outside: readout of wire 2"),
        (lambda: Circuit(2, [], Readout.probabilities(postselect={3: 0})), "outside: readout of wire 3"),
        (lambda: AmplitudeEmbedding((), 1), "distinct wires"),
        (lambda: AmplitudeEmbedding((0, 0), 2), "distinct wires"),
        (lambda: AmplitudeEmbedding((0, 1), 5), r"on 2 wire\(s\) takes 1 to 4 features, given 5"),
        (lambda: AmplitudeEmbedding((0,), 2, first_input=-1), "given first_input=-1"),
        (lambda: Circuit(1, [], Z0, AmplitudeEmbedding((1,), 2)), "outside: amplitudes on wire 1"),
        (lambda: Circuit(1, [], Z0, AmplitudeEmbedding((0,), 2, first_input=1)), "No gate uses input index 0"),
        (lambda: Circuit(1, [], Z0, "amplitudes"), "starts in"),
        (
            lambda: Circuit.from_dict({**qldm_circuit(2, 1).to_dict(), "start": {"wires": [0]}}),
            "are missing from an amp",
        ),
    ],
)
def test_bad_circuits_are_refused_with_a_reason(make: Callable[[], object], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        make()


@pytest.mark.parametrize("seed", range(20))
def test_json_round_trip_returns_an_equal_circuit(seed: int, random_circuit: Callable[[int], Circuit]) -> None:
    circuit = random_circuit(seed)
    text = json.dumps(circuit.to_dict(), sort_keys=True)
    again = Circuit.from_dict(json.loads(text))
    assert again == circuit
    assert hash(again) == hash(circuit)
    assert json.dumps(again.to_dict(), sort_keys=True) == text


def test_another_format_is_refused() -> None:
    with pytest.raises(CircuitError, match="format 2"):
        Circuit.from_dict({**qldm_circuit(2, 1).to_dict(), "format": 2})


def test_counts_are_derived_from_the_gates() -> None:
    gates = angle_embedding(3) + strongly_entangling_layers(3, 2)
    circuit = Circuit(3, gates, Readout.each_wire(3, "ZX"))
    assert (circuit.n_inputs, circuit.n_weights, circuit.n_outputs) == (3, 18, 6)
    assert count_weights(gates) == 18
    assert Circuit(3, gates, Readout.probabilities()).n_outputs == 8


def test_text_shows_where_each_angle_comes_from() -> None:
    gates = [Gate("CRX", [1, 0], [Angle(0.5, ((0, 1.0),), ((0, 2.0),))]), Gate("H", [0])]
    lines = str(Circuit(2, gates, Readout("expectation", ["X0 Z1"]))).splitlines()
    assert lines[0] == "2 wires, 2 gates, 1 input, 1 weight, 1 output"
    assert lines[1].split(maxsplit=3) == ["CRX", "1", "0", "0.5 + w[0] + 2*x[0]"]
    assert lines[-1] == "readout: <X0 Z1>"


@pytest.mark.parametrize(
    ("readout", "read_wires", "n_outputs", "text"),
    [
        (Readout.probabilities(), (0, 1, 2), 8, "probabilities of all basis states"),
        (Readout.probabilities((2, 0)), (2, 0), 4, "probabilities of wires 2 0"),
        (Readout.probabilities(postselect={1: 0}), (0, 2), 4, "given that wire 1 is 0"),
        (Readout.probabilities((2,), {1: 0, 0: 1}), (2,), 2, "given that wire 1 is 0, wire 0 is 1"),
        (Readout.samples(), (0, 1, 2), 3, "one sample of all basis states"),
        (Readout.samples((2,), {0: 1}), (2,), 1, "given that wire 0 is 1"),
    ],
    ids=["all", "marginal", "ancilla", "marginal-ancillas", "samples", "samples-ancilla"],
)
def test_what_is_read(readout: Readout, read_wires: tuple[int, ...], n_outputs: int, text: str) -> None:
    circuit = Circuit(3, [], readout)
    assert (circuit.read_wires, circuit.n_outputs) == (read_wires, n_outputs)
    assert text in str(circuit)
    assert Circuit.from_dict(json.loads(json.dumps(circuit.to_dict()))) == circuit


def test_amplitudes_count_as_inputs_and_are_printed() -> None:
    gates = [Gate("RX", [0], [Angle.input(0)])]
    circuit = Circuit(3, gates, Z0, AmplitudeEmbedding((2, 1), 3, first_input=1))
    assert circuit.n_inputs == 4
    assert "  amplitudes 2 1  x[1] to x[3]" in str(circuit).splitlines()


def test_an_angle_is_its_offset_and_scaled_weights_and_inputs() -> None:
    angle = Angle(0.5, weights=((1, 2.0),), inputs=((0, -1.0), (2, 0.25)))
    assert angle.value([3.0, 7.0, 8.0], [9.0, 10.0]) == 0.5 + 20.0 - 3.0 + 2.0
    assert Angle.constant(1.5).value([], []) == 1.5


def test_gates_that_use_a_weight_or_an_input_are_named() -> None:
    shared = Angle(0.0, weights=((0, 1.0),), inputs=((0, 1.0),))
    gates = [Gate("Rot", [1], [Angle.constant(0.1), shared, Angle.weight(1)]), Gate("CRX", [0, 1], [Angle.weight(0)])]
    circuit = Circuit(2, gates, Z0)
    assert circuit.uses("weights", 0) == ["Rot on wire 1, angle 2 of 3", "CRX on wire 0 1"]
    assert circuit.uses("weights", 1) == ["Rot on wire 1, angle 3 of 3"]
    assert circuit.uses("inputs", 0) == ["Rot on wire 1, angle 2 of 3"]
