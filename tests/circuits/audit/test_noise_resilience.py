from __future__ import annotations

import math

import pytest

from qaugbench.circuits.ansatz import angle_embedding, each_wire, hqconv_layers, qldm_circuit
from qaugbench.circuits.audit.noise_resilience import output_shift, state_fidelity
from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError

NOISE = NoiseModel(one_qubit_error=0.002, two_qubit_error=0.02)


def test_without_noise_the_state_and_its_outputs_stay() -> None:
    circuit = qldm_circuit(3, 1)
    assert state_fidelity(circuit, NoiseModel(), draws=3).value == pytest.approx(1, abs=1e-9)
    assert output_shift(circuit, NoiseModel(), draws=3).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n_wires", [1, 3])
def test_wires_that_do_not_meet_lose_what_the_channel_takes(n_wires: int) -> None:
    """Depolarising of infidelity r shrinks the Bloch vector of a pure state by 1 - 2 r, so each gate leaves 1 - r of 1 wire."""
    gates = (*angle_embedding(n_wires), *each_wire(n_wires, "RY"))
    found = state_fidelity(
        Circuit(n_wires, gates, Readout.each_wire(n_wires)), NoiseModel(one_qubit_error=0.01), draws=4
    )
    assert found.value == pytest.approx(((1 + (1 - 0.02) ** 2) / 2) ** n_wires, abs=1e-9)
    assert found.se < 1e-9


def test_an_output_shrinks_by_the_channel() -> None:
    """<Z> after X is -1 and becomes -(1 - 2 r)."""
    circuit = Circuit(1, (Gate("X", (0,)),), Readout.each_wire(1))
    assert output_shift(circuit, NoiseModel(one_qubit_error=0.01), draws=2).value == pytest.approx(0.02, abs=1e-9)


def test_certain_errors_of_one_qubit_leave_what_chance_leaves() -> None:
    """At r = 1/2 the Bloch vector is gone: a completely mixed state, of fidelity 1 / 2^n."""
    gates = (*angle_embedding(2), *each_wire(2, "RY"))
    found = state_fidelity(Circuit(2, gates, Readout.each_wire(2)), NoiseModel(one_qubit_error=0.5), draws=3)
    assert found.value == pytest.approx(1 / 4, abs=1e-9)


def test_more_noise_leaves_less_and_the_seed_gives_the_same_bits() -> None:
    circuit = Circuit(4, (*angle_embedding(4), *hqconv_layers(4, 1)), Readout.each_wire(4))
    weak, strong, again = (state_fidelity(circuit, one, draws=4) for one in (NOISE, NOISE.scaled(3), NOISE))
    assert weak == again
    assert strong.value < weak.value < 1
    bound = math.prod([1 - 0.02 * 5 / 4] * 8) * (1 - 0.002 * 3 / 2) ** 4  # no error at all
    assert weak.value > bound


def test_a_wide_circuit_is_refused() -> None:
    with pytest.raises(CircuitError, match="13 wires; density matrices are computed for at most 12"):
        state_fidelity(qldm_circuit(13, 1), NOISE)
