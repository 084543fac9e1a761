from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, strongly_entangling_layers
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.measurement import combine, combine_states, first_accepted, settings, yields
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.sampling import draw_states
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

GATES = angle_embedding(3) + strongly_entangling_layers(3, 2)
READOUTS = [
    Readout("expectation", ["X0 Z2", "Z0", "Y1", "Y2", "X0 Y1", "Z1 Z0", "X2 X1 X0", "Z2"]),
    Readout.each_wire(3, "ZXY"),
    Readout.probabilities(),
    Readout.probabilities((2, 0)),
    Readout.probabilities(postselect={1: 1}),
    Readout.probabilities((2,), {0: 0, 1: 1}),
]


def exact(circuit: Circuit) -> torch.Tensor:
    generator = torch_generator(1)
    inputs = torch.randn(2, 5, circuit.n_inputs, generator=generator, dtype=torch.float64)
    weights = torch.randn(2, circuit.n_weights, generator=generator, dtype=torch.float64)
    return StateVector(circuit).double()(inputs, weights)


@pytest.mark.parametrize("readout", READOUTS, ids=str)
def test_settings_read_what_the_circuit_reads(readout: Readout) -> None:
    circuit = Circuit(3, GATES, readout)
    read = settings(circuit)
    outputs = combine(read, [exact(setting.circuit) for setting in read], circuit)
    assert torch.allclose(outputs, exact(circuit), atol=1e-12)


@pytest.mark.parametrize("readout", READOUTS, ids=str)
def test_states_combine_as_their_relative_counts_do(readout: Readout) -> None:
    circuit = Circuit(3, GATES, readout)
    read = settings(circuit)
    shown = [draw_states(exact(setting.circuit), 40, torch_generator(2)) for setting in read]
    counts = [
        (states.unsqueeze(-1) == torch.arange(2 ** len(setting.wires))).double().mean(-2)
        for setting, states in zip(read, shown, strict=True)
    ]
    assert torch.allclose(combine_states(read, shown, circuit), combine(read, counts, circuit), atol=1e-12)


def test_words_that_agree_share_a_setting_and_read_only_their_wires() -> None:
    words = ["Z0", "X1", "Z0 Y2", "X0", "Z3", "Y1 X0"]
    read = settings(Circuit(4, (), Readout("expectation", words)))
    assert [setting.outputs for setting in read] == [(0, 1, 2, 4), (3, 5)]
    assert [setting.wires for setting in read] == [(0, 1, 2, 3), (0, 1)]
    assert [[f"{gate.name}{gate.wires[0]}" for gate in setting.circuit.gates] for setting in read] == [
        ["H1", "PhaseShift2", "H2"],
        ["H0", "PhaseShift1", "H1"],
    ]


def test_signs_of_a_word_follow_the_parity_of_its_bits() -> None:
    (setting,) = settings(Circuit(3, (), Readout("expectation", ["Z2", "Z0 Z2"])))
    assert setting.wires == (0, 2)
    assert setting.linear_map().tolist() == [[1, -1, 1, -1], [1, -1, -1, 1]]


def test_settings_of_a_circuit_keep_its_inputs_and_weights() -> None:
    circuit = Circuit(3, GATES, Readout.each_wire(3, "YX"))
    for setting in settings(circuit):
        assert setting.circuit.gates[: len(GATES)] == tuple(GATES)
        assert (setting.circuit.n_inputs, setting.circuit.n_weights) == (circuit.n_inputs, circuit.n_weights)
        assert hash(setting) == hash(setting)


def test_ancillas_are_read_last_and_divide_out() -> None:
    circuit = Circuit(3, (), Readout.probabilities((2,), {0: 1, 1: 0}))
    (setting,) = settings(circuit)
    assert setting.wires == (2, 0, 1)
    values = torch.tensor([0.1, 0.1, 0.06, 0.2, 0.1, 0.1, 0.18, 0.16])  # |wire 2, wire 0, wire 1>; kept: 010 and 110
    assert combine((setting,), [values], circuit).tolist() == pytest.approx([0.25, 0.75])
    assert float(yields(circuit, values)) == pytest.approx(0.24)
    never = torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0])
    assert bool(combine((setting,), [never], circuit).isnan().all())


def test_first_shot_that_is_kept() -> None:
    circuit = Circuit(3, (), Readout.samples((2,), {0: 1, 1: 0}))
    states = torch.tensor([[0b000, 0b110, 0b010], [0b010, 0b110, 0b110], [0b000, 0b011, -1]])
    assert first_accepted(circuit, states).tolist() == [1, 0, -1]
    both = Circuit(3, (), Readout.samples((2,), {0: 1, 1: 1}))
    assert first_accepted(both, torch.tensor([[-1, 0b111]])).tolist() == [1]
    bits = combine_states(settings(circuit), [states], circuit)
    assert bits[:2].tolist() == [[1], [0]]
    assert bool(bits[2].isnan().all())


def test_a_single_shot_combines_to_its_bits() -> None:
    circuit = Circuit(3, (), Readout.samples())
    one_hot = torch.eye(8)[[6, 1]]
    assert combine(settings(circuit), [one_hot], circuit).tolist() == [[1, 1, 0], [0, 0, 1]]
    assert combine_states(settings(circuit), [torch.tensor([[6, 1]])], circuit).tolist() == [[1, 1, 0]]


def test_values_of_another_number_of_settings_are_refused() -> None:
    circuit = Circuit(2, (), Readout.each_wire(2, "ZX"))
    with pytest.raises(CircuitError, match=r"read in 2 setting\(s\), given values of 1"):
        combine(settings(circuit), [torch.ones(4) / 4], circuit)
