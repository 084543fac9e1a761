from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.audit.meters import measure
from qaugbench.circuits.audit.monte_carlo import Estimate
from qaugbench.circuits.audit.trainability import Width, gradient_variance, halvings, trainability
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.readout import Readout


def turned(n_wires: int, *words: str, scale: float = 1.0) -> Circuit:
    gates = [Gate("RY", [wire], [Angle.weight(wire, scale)]) for wire in range(n_wires)]
    return Circuit(n_wires, tuple(gates), Readout("expectation", words))


@pytest.mark.parametrize(
    ("circuit", "variance"),
    [
        (turned(1, "Z0"), 1 / 2),  # d cos w / dw = -sin w
        (turned(1, "Z0", scale=2.0), 2.0),
        (turned(3, "Z0 Z1 Z2"), 1 / 8),  # sin^2 cos^2 cos^2: a global observable
        (turned(3, "Z0", "Z1", "Z2"), 1 / 2),  # each weight moves one of three local ones
        (turned(2, "Z0"), 1 / 4),  # the mean of 1/2 and of a weight that does nothing
        (
            Circuit(1, (Gate("RY", [0], [Angle.weight(0)]),), Readout.probabilities()),
            1 / 4,
        ),  # both are (1 +- cos w) / 2
        (Circuit(1, (Gate("RY", [0], [Angle.weight(0)]),), Readout.samples()), 1 / 4),  # the probabilities behind them
    ],
    ids=["sine", "scaled", "global", "local", "half dead", "probabilities", "samples"],
)
def test_variances_known_by_hand(circuit: Circuit, variance: float) -> None:
    found = gradient_variance(circuit, draws=4000)
    assert found.value == pytest.approx(variance, abs=4 * found.se)
    assert 0 < found.se < 0.1 * variance


def test_a_global_observable_of_a_product_state_halves_with_every_wire() -> None:
    widths = []
    for n_wires in (1, 2, 3, 4, 5):
        circuit = turned(n_wires, " ".join(f"Z{wire}" for wire in range(n_wires)))
        widths.append(Width(n_wires, 1, n_wires, gradient_variance(circuit, draws=2000)))
    rate = halvings(widths, seed=0)
    assert rate is not None
    assert rate.value == pytest.approx(1, abs=4 * rate.se)
    assert rate.se < 0.05


def test_local_observables_of_a_product_state_do_not_decay() -> None:
    found = trainability(turned(7, *(f"Z{wire}" for wire in range(7))), draws=1000)
    assert [each.n_wires for each in found.by_width] == [2, 4, 6, 7]
    assert found.halvings_per_wire is not None
    assert found.halvings_per_wire.value == pytest.approx(0, abs=4 * found.halvings_per_wire.se)


def test_the_rate_is_the_slope_of_the_logarithm() -> None:
    widths = [Width(n, 1, 1, Estimate(2.0 ** (-0.7 * n), 2.0 ** (-0.7 * n) / 10, 10, 0)) for n in (2, 4, 6, 8)]
    rate = halvings(widths, seed=0)
    assert rate is not None
    assert rate.value == pytest.approx(0.7)
    assert rate.se == pytest.approx(0.1 / math.log(2) / math.sqrt(20))  # sum of squared distances from the mean is 20
    assert halvings(widths[:2], seed=0) is None


def test_relatives_of_the_latent_diffusion_circuit() -> None:
    found = trainability(qldm_circuit(6, 3), draws=100)
    assert [(each.n_wires, each.n_weights) for each in found.by_width] == [(2, 16), (4, 32), (6, 48)]
    assert [each.depth for each in found.by_depth] == [5, 11, 45]
    assert found.by_depth[-1].n_weights == 96
    assert found.own.value < found.by_width[0].variance.value
    assert found.by_width[-1].variance == found.own
    assert found.own == gradient_variance(qldm_circuit(6, 3), draws=100)


@pytest.mark.parametrize("n_wires", [2, 4])
def test_a_weight_amid_deep_random_circuits_has_the_variance_of_two_designs(n_wires: int) -> None:
    """For Z0 between unitary 2-designs of N states: N^2 / (2 (N + 1)^2 (N - 1)). All other angles are random inputs."""
    layers = strongly_entangling_layers(n_wires, 8)
    gates = [replace(gate, angles=tuple(Angle.input(index) for index, _ in _terms(gate))) for gate in layers]
    gates[len(gates) // 2 : len(gates) // 2] = [Gate("RX", [n_wires - 1], [Angle.weight(0)])]
    found = gradient_variance(Circuit(n_wires, tuple(gates), Readout("expectation", ["Z0"])), draws=2000)
    n_states = 2**n_wires
    expected = n_states**2 / (2 * (n_states + 1) ** 2 * (n_states - 1))
    assert found.value == pytest.approx(expected, abs=4 * found.se)
    assert found.se < 0.06 * expected


def _terms(gate: Gate) -> list[tuple[int, float]]:
    return [term for angle in gate.angles for term in angle.weights]


def test_draws_in_parts_are_the_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = qldm_circuit(3, 1)
    at_once = gradient_variance(circuit, draws=50)
    monkeypatch.setattr("qaugbench.circuits.audit.trainability.AMPLITUDES", 2**3 * 7)
    assert gradient_variance(circuit, draws=50).value == pytest.approx(at_once.value, rel=1e-12)


def test_inputs_vary_too() -> None:
    """RX(x) RX(w): d cos(x + w) has variance 1/2 whatever w is, since x is drawn."""
    gates = (*angle_embedding(1), Gate("RX", [0], [Angle.weight(0, 1e-9)]))
    found = gradient_variance(Circuit(1, gates, Readout.each_wire(1)), draws=2000)
    assert found.value == pytest.approx(0.5e-18, abs=4 * found.se)


def test_photons_have_gradients_but_neither_states_nor_relatives() -> None:
    components = (Component("BS.Rx", [0, 1], Angle.weight(0)),)
    meters = measure(PhotonicCircuit(2, components, (1, 0), PhotonicReadout("probabilities")))
    assert meters.gradients is not None
    assert meters.gradients.own.value == pytest.approx(1 / 4, abs=4 * meters.gradients.own.se)
    assert meters.gradients.by_width == ()
    assert meters.expressibility is None
    assert meters.entanglement is None


def test_a_circuit_without_weights_has_only_its_entanglement() -> None:
    meters = measure(Circuit(2, (Gate("H", [0]), Gate("CNOT", [0, 1])), Readout.each_wire(2)))
    assert str(meters).startswith("Meyer-Wallach           1 ± ")
    assert meters.gradients is None
    assert np.isclose(meters.entanglement_of_haar or 0, 0.4)
