from __future__ import annotations

import math

import numpy as np
import pytest

from qaugbench.circuits.audit.expressibility import (
    BINS,
    divergence,
    expressibility,
    haar_quantiles,
    log_haar_masses,
)
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from tests.circuits.audit.sim_circuits import EXPRESSIBILITY, sim_circuit


@pytest.mark.parametrize("number", EXPRESSIBILITY)
def test_published_circuits_have_their_published_expressibility(number: int) -> None:
    """Both values come from 5,000 pairs: their difference has sqrt(2) times the error of one."""
    reading = expressibility(sim_circuit(number), pairs=5000).equal_width
    assert reading.nats.value == pytest.approx(EXPRESSIBILITY[number], abs=3 * math.sqrt(2) * reading.nats.se)
    assert reading.nats.n == 5000


@pytest.mark.parametrize("n_wires", [1, 2, 3])
def test_a_state_that_never_changes_is_as_far_from_haar_as_can_be(n_wires: int) -> None:
    gates = (Gate("H", [0]), Gate("S", [0]), Gate("RZ", [0], [Angle.weight(0, 1e-9)]))  # complex amplitudes
    found = expressibility(Circuit(n_wires, gates, Readout.each_wire(n_wires)), pairs=50)
    assert found.equal_width.nats.value == pytest.approx((2**n_wires - 1) * math.log(BINS))
    assert found.equal_probability.nats.value == pytest.approx(math.log(BINS))
    assert found.equal_width.nats.se == 0


def test_a_qubit_turned_uniformly_is_as_haar() -> None:
    """RZ after RY of an angle with uniform cosine is Haar; RY alone of a uniform angle has F = cos^2, the arcsine law."""
    circuit = Circuit(1, (Gate("RY", [0], [Angle.weight(0)]),), Readout.each_wire(1))
    found = expressibility(circuit, pairs=20_000).equal_width
    edges = np.arange(BINS + 1) / BINS
    shares = np.diff(2 / np.pi * np.arcsin(np.sqrt(edges)))
    exact = float(shares @ np.log(shares * BINS))
    assert found.nats.value == pytest.approx(exact, abs=4 * found.nats.se + BINS / 40_000)


def test_haar_fidelities_read_the_floor() -> None:
    n_states, random = 16, np.random.default_rng(0)
    fidelities = 1 - (1 - random.random(4000)) ** (1 / (n_states - 1))
    width = divergence(np.histogram(fidelities, BINS, (0, 1))[0], log_haar_masses(n_states))
    flat = np.histogram(haar_quantiles(fidelities, n_states), BINS, (0, 1))[0]
    probability = divergence(flat, np.full(BINS, -math.log(BINS)))
    found = expressibility(sim_circuit(6), pairs=4000)
    assert width[0] == pytest.approx(found.equal_width.floor, abs=0.003)
    assert probability[0] == pytest.approx(found.equal_probability.floor, abs=0.006)  # four deviations
    assert found.equal_probability.floor == pytest.approx((BINS - 1) / 8000, rel=0.1)  # chi squared over 2 n


def test_quantiles_are_those_of_haar() -> None:
    np.testing.assert_allclose(haar_quantiles(np.array([0.0, 0.5, 1.0]), 4), [0, 1 - 0.5**3, 1])


@pytest.mark.parametrize("n_states", [2, 16, 256, 2**14])
def test_haar_probabilities_sum_to_one_at_any_width(n_states: int) -> None:
    masses = log_haar_masses(n_states)
    assert np.isfinite(masses).all()
    assert np.exp(masses).sum() == pytest.approx(1)


def test_the_error_is_that_of_repetition() -> None:
    repeated = [expressibility(sim_circuit(9), pairs=400, seed=seed).equal_width.nats for seed in range(30)]
    spread = np.std([each.value for each in repeated], ddof=1)
    assert np.mean([each.se for each in repeated]) == pytest.approx(spread, rel=0.4)


def test_a_circuit_without_weights_has_no_ensemble() -> None:
    with pytest.raises(CircuitError, match="no weights"):
        expressibility(Circuit(1, (Gate("H", [0]),), Readout.each_wire(1)))
