from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch

from qaugbench.circuits.ansatz import chain
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.noise.executor import noisy_executor
from qaugbench.circuits.noise.expected_errors import expected_errors
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.schedule import Idle, Interval, schedule
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector


def outputs(circuit: Circuit, noise: NoiseModel | None = None) -> list[float]:
    executor = (StateVector(circuit) if noise is None else noisy_executor(circuit, noise)).double()
    inputs = torch.linspace(0.2, 0.9, circuit.n_inputs, dtype=torch.float64).reshape(1, 1, -1)
    return executor(inputs, torch.zeros(1, 0, dtype=torch.float64)).flatten().tolist()


def every_word(n_wires: int) -> Readout:
    return Readout(
        "expectation", [f"{a}{w} {b}{v}" for w in range(n_wires) for v in range(w) for a in "XYZ" for b in "XYZ"]
    )


def test_gates_start_as_late_as_they_can() -> None:
    gates = [Gate("H", [0]), Gate("CZ", [0, 1]), Gate("X", [2]), Gate("CZ", [1, 2]), Gate("Z", [0])]
    found = schedule(Circuit(3, gates, Readout.probabilities()), lambda name: 4.0 if name == "CZ" else 1.0)
    starts = [(time.start_s, time.end_s) for time in found.gates]
    assert starts == [(0.0, 1.0), (1.0, 5.0), (4.0, 5.0), (5.0, 9.0), (8.0, 9.0)]
    assert found.idles == (Idle(0, 1, Interval(5.0, 8.0)),)
    assert found.end_s == 9.0


def test_wires_of_an_embedding_wait_from_the_start() -> None:
    gates = [Gate("H", [0]), Gate("H", [0]), Gate("X", [1])]
    start = AmplitudeEmbedding((1,), 2)
    found = schedule(Circuit(3, gates, Readout.probabilities(), start), lambda name: 2.0)
    assert found.idles == (Idle(1, None, Interval(0.0, 2.0)),)


def test_a_waiting_wire_relaxes() -> None:
    noise = NoiseModel(t1_s=1e-5, one_qubit_duration_s=1e-6)
    circuit = Circuit(2, [Gate("X", [0]), Gate("CZ", [0, 1]), *[Gate("Y", [1])] * 4], Readout.each_wire(2))
    assert outputs(circuit, noise)[0] == pytest.approx(1 - 2 * math.exp(-0.5))  # its own gate, then four of the other's


def test_crosstalk_acts_while_one_of_two_neighbours_waits() -> None:
    angle = math.pi * 5e4 * 2e-6
    turned = [Gate("RX", [wire], [Angle.input(wire)]) for wire in range(3)]
    circuit = Circuit(3, [*turned, *chain(3)], every_word(3))
    noise = NoiseModel(crosstalk_hz=5e4, two_qubit_duration_s=2e-6)
    first, second = (Gate("RZZ", wires, [Angle.constant(angle)]) for wires in ((1, 2), (0, 1)))
    by_hand = [*turned[:2], first, Gate("CZ", [0, 1]), turned[2], second, Gate("CZ", [1, 2])]
    assert outputs(circuit, noise) == pytest.approx(outputs(Circuit(3, by_hand, every_word(3))), abs=1e-12)


def test_crosstalk_spares_wires_that_no_gate_joins() -> None:
    gates = [Gate("H", [0]), Gate("H", [1]), *[Gate("X", [0])] * 3]
    noise = NoiseModel(crosstalk_hz=1e5, one_qubit_duration_s=1e-6)
    circuit = Circuit(2, gates, every_word(2))
    assert outputs(circuit, noise) == pytest.approx(outputs(circuit), abs=1e-12)


def test_a_gate_beside_another_one_on_a_neighbour_errs_more() -> None:
    circuit = Circuit(5, [Gate("CZ", [0, 1]), Gate("CZ", [2, 3]), Gate("CZ", [1, 2])], Readout("expectation", ["Z0"]))
    noise = NoiseModel(two_qubit_error=0.01, simultaneous_factor=3.0, two_qubit_duration_s=1e-6)
    assert expected_errors(circuit, noise) == pytest.approx(0.01 * (3 + 3 + 1))
    apart = Circuit(4, circuit.gates[:2], Readout("expectation", ["Z0"]))
    assert expected_errors(apart, noise) == pytest.approx(0.02)


def test_expected_errors_by_hand() -> None:
    gates = [Gate("H", [0]), Gate("RZ", [0], [Angle.constant(0.1)]), Gate("CZ", [0, 1]), Gate("H", [1])]
    noise = NoiseModel(
        one_qubit_error=0.001,
        two_qubit_error=0.01,
        t1_s=1e-4,
        t2_s=5e-5,
        one_qubit_duration_s=1e-6,
        two_qubit_duration_s=3e-6,
        readout_0_to_1=0.02,
        readout_1_to_0=0.04,
        free_gates=("RZ",),
    )
    expected = 2 * 0.001 + 0.01 + 2 * 0.03 + 1e-6 * (1e4 + 2e4) / 2
    assert expected_errors(Circuit(2, gates, Readout.each_wire(2)), noise) == pytest.approx(expected)


@pytest.mark.parametrize("bits", [(0, 1), (1, 0), (1, 1)])
def test_bits_are_misread_each_with_its_own_error(bits: Sequence[int]) -> None:
    gates = [Gate("X", [wire]) for wire, bit in enumerate(bits) if bit]
    noise = NoiseModel(readout_0_to_1=0.1, readout_1_to_0=0.25)
    seen = [[0.9, 0.1] if bit == 0 else [0.25, 0.75] for bit in bits]
    expected = [a * b for a in seen[0] for b in seen[1]]
    assert outputs(Circuit(2, gates, Readout.probabilities()), noise) == pytest.approx(expected)
    z0, z1 = (chances[0] - chances[1] for chances in seen)
    words = Readout("expectation", ["Z0", "Z1", "Z0 Z1"])
    assert outputs(Circuit(2, gates, words), noise) == pytest.approx([z0, z1, z0 * z1])
