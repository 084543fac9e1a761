from __future__ import annotations

import pytest
from qiskit.quantum_info import average_gate_fidelity
from qiskit_aer.noise import depolarizing_error, pauli_error, thermal_relaxation_error

from qaugbench.circuits.noise import conversions
from qaugbench.circuits.noise.reported_errors import fully_mixed_share

TWO_QUBIT_PAULIS = [a + b for a in "IXYZ" for b in "IXYZ"][1:]


@pytest.mark.parametrize("infidelity", [1e-4, 7.9e-4, 0.03])
@pytest.mark.parametrize("n_qubits", [1, 2])
def test_depolarising_has_the_reported_average_infidelity(infidelity: float, n_qubits: int) -> None:
    mixed = depolarizing_error(conversions.depolarising_parameter(infidelity, n_qubits), n_qubits)
    assert 1 - average_gate_fidelity(mixed) == pytest.approx(infidelity, rel=1e-9)
    p = conversions.pauli_error_probability(infidelity, n_qubits)
    words = list("XYZ") if n_qubits == 1 else TWO_QUBIT_PAULIS
    channel = pauli_error([(word, p / len(words)) for word in words] + [("I" * n_qubits, 1 - p)])
    assert 1 - average_gate_fidelity(channel) == pytest.approx(infidelity, rel=1e-9)
    assert conversions.average_infidelity(p, n_qubits) == pytest.approx(infidelity)


def test_factors_of_the_protocol() -> None:
    found = [conversions.pauli_error_probability(1.0, n) for n in (1, 2)]
    found += [conversions.depolarising_parameter(1.0, n) for n in (1, 2)]
    assert found == pytest.approx([1.5, 1.25, 2.0, 4 / 3])


def test_depolarising_of_each_wire_has_the_reported_average_infidelity() -> None:
    p = conversions.each_wire_pauli_error_probability(0.02)
    single = pauli_error([("X", p / 3), ("Y", p / 3), ("Z", p / 3), ("I", 1 - p)])
    assert 1 - average_gate_fidelity(single.tensor(single)) == pytest.approx(0.02, rel=1e-9)


@pytest.mark.parametrize(("t1", "t2"), [(3e-5, 2e-5), (3e-5, 5.5e-5), (3e-5, 6e-5)])
@pytest.mark.parametrize("n_qubits", [1, 2])
def test_infidelity_of_relaxation(t1: float, t2: float, n_qubits: int) -> None:
    single = thermal_relaxation_error(t1, t2, 7e-7)
    channel = single if n_qubits == 1 else single.tensor(single)
    qubit = (conversions.decay(7e-7, t1), conversions.coherence(7e-7, t1, t2))
    found = conversions.relaxation_infidelity([qubit] * n_qubits)
    assert found == pytest.approx(1 - average_gate_fidelity(channel), rel=1e-9)


def test_depolarising_makes_up_for_the_rest_of_the_reported_infidelity() -> None:
    reported, t1, t2, duration = 5e-3, 1e-4, 8e-5, 2e-7
    single = thermal_relaxation_error(t1, t2, duration)
    qubit = (conversions.decay(duration, t1), conversions.coherence(duration, t1, t2))
    relaxed = conversions.relaxation_infidelity([qubit] * 2)
    rest = conversions.remaining_infidelity(reported, relaxed)
    shares = [conversions.depolarising_parameter(rest, 2), fully_mixed_share(reported, relaxed, 2)]
    found = [1 - average_gate_fidelity(depolarizing_error(s, 2).compose(single.tensor(single))) for s in shares]
    assert found[0] == pytest.approx(reported, abs=2 * rest * relaxed)  # to second order
    assert found[1] == pytest.approx(reported, rel=1e-9)  # exactly
    assert conversions.remaining_infidelity(1e-4, relaxed) == 0.0


def test_no_coherence_beyond_twice_the_decay_time() -> None:
    assert conversions.coherence(1e-6, 1e-5, None) == pytest.approx(conversions.coherence(1e-6, 1e-5, 2e-5))
    assert conversions.coherence(1e-6, None, None) == 1.0
    assert conversions.decay(1e-6, None) == 0.0
