from __future__ import annotations

import json

import pytest

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.noise.backend import snapshot
from qaugbench.circuits.noise.presets import names, preset
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.resources.card import ResourceCard, resource_card, simulability
from qaugbench.circuits.resources.counts import count_gates
from qaugbench.circuits.resources.prices import offers, prices
from qaugbench.circuits.resources.routing import routed_counts
from qaugbench.circuits.resources.text import card_text
from qaugbench.circuits.resources.training import Training, training_cost
from qaugbench.errors import CircuitError

SAMPLER = Circuit(8, strongly_entangling_layers(8, 2), Readout.samples())


def price_of(card: ResourceCard, offer: str) -> float | None:
    return {price.offer: price.amount for price in card.prices}[offer]


def test_gates_and_depth_as_written() -> None:
    gates = [Gate("H", [0]), Gate("H", [1]), Gate("CNOT", [0, 1]), Gate("RY", [2], [Angle.weight(0)])]
    gates += [Gate("CNOT", [1, 2]), Gate("H", [0])]
    counts = count_gates(Circuit(4, gates, Readout.each_wire(4)))
    assert (counts.depth, counts.one_qubit, counts.two_qubit) == (3, 4, 2)
    assert counts.by_name == {"H": 3, "CNOT": 2, "RY": 1}
    assert count_gates(Circuit(1, (), Readout.each_wire(1))).depth == 0


def test_worked_example_of_expectations() -> None:
    """One circuit an image, 1,024 shots; 250 us between shots, about 3 us of gates and readout."""
    card = resource_card(qldm_circuit(4, 1), preset="ibm_heron_r2")
    assert (card.programs, card.shots, card.settings) == (1000, 1024, 1)
    assert card.device_s == pytest.approx(259, abs=1)
    assert price_of(card, "braket-iqm-garnet") == pytest.approx(1_785, abs=0.5)
    assert price_of(card, "braket-rigetti-ankaa") == pytest.approx(1_222, abs=0.5)
    assert price_of(card, "braket-ionq-forte") == pytest.approx(82_220)
    assert price_of(card, "scaleway-aqt-ibex") == pytest.approx(21_804)
    assert price_of(card, "ibm-pay-as-you-go") is None
    assert resource_card(qldm_circuit(8, 2), preset="aqt_ibex").device_s / 3600 == pytest.approx(52, abs=0.5)


def test_worked_example_of_samples() -> None:
    """One shot is one latent: three orders of magnitude less."""
    card = resource_card(SAMPLER, preset="ibm_heron_r2")
    assert (card.programs, card.shots, card.readout_mode) == (1, 1000, "samples: 1 shot per latent")
    assert card.device_s == pytest.approx(0.25, abs=0.015)
    assert price_of(card, "braket-ionq-forte") == pytest.approx(80.30)


def test_samples_of_inputs_are_a_program_each() -> None:
    circuit = Circuit(2, angle_embedding(2), Readout.samples())
    card = resource_card(circuit, copies=3, images=10, shots=500)
    assert (card.programs, card.shots) == (30, 1)


def test_circuits_and_settings_multiply() -> None:
    circuit = Circuit(2, qldm_circuit(2, 1).gates, Readout("expectation", ["Z0", "X0", "X1", "Y1"]))
    card = resource_card(circuit, copies=4, circuits_per_image=200, images=1000, shots=100)
    assert (card.settings, card.programs, card.shots) == (2, 400_000, 100)
    assert price_of(card, "braket-ionq-forte") == pytest.approx(400_000 * (0.30 + 100 * 0.08))
    assert card.parameters == 4 * circuit.n_weights


def test_gates_are_charged_where_the_offer_does() -> None:
    counts = count_gates(qldm_circuit(2, 1))  # 6 on one wire, 2 on two
    listed = {price.offer: price for price in prices(3, 1000, 2, counts)}
    assert listed["azure-ionq"].amount == pytest.approx(3 * (12.4166 + 1000 * (6 * 0.000220 + 2 * 0.000975)))
    assert listed["azure-ionq"].date == "2024-12-05"


def test_a_device_that_is_too_small_has_no_price() -> None:
    listed = {price.offer: price for price in prices(1, 1, 30, count_gates(qldm_circuit(2, 1)))}
    assert (listed["scaleway-aqt-ibex"].amount, listed["scaleway-aqt-ibex"].reason) == (
        None,
        "it has 12 qubits, 30 are needed",
    )
    assert listed["braket-ionq-forte"].amount == pytest.approx(0.38)


def test_every_offer_has_a_source_and_a_date_or_says_why_not() -> None:
    assert len({offer.id for offer in offers()}) == len(offers())
    for offer in offers():
        assert bool(offer.source and offer.date and offer.per_task) != bool(offer.unknown)


def test_routing_uses_native_gates_and_is_repeatable() -> None:
    """RX by a bound angle is RZ SX RZ SX RZ; a ring of three has to be swapped on couplings without triangles."""
    ring = Circuit(3, [Gate("CNOT", [a, (a + 1) % 3]) for a in range(3)], Readout.each_wire(3))
    counts = routed_counts(ring, "fake:fez")
    assert set(counts.gates.by_name) <= {"cz", "rz", "sx", "x"}
    assert counts.gates.two_qubit > 3
    assert counts.two_qubit_depth <= counts.gates.depth
    assert routed_counts(ring, "fake:fez") == counts
    one = routed_counts(Circuit(1, angle_embedding(1), Readout.each_wire(1)), "fake:fez")
    assert (one.gates.by_name["sx"], one.gates.two_qubit, one.two_qubit_depth) == (2, 0, 0)
    assert one.duration_s == pytest.approx(2 * 24e-9 + 1.56e-6, rel=0.02)  # two SX and the readout; RZ takes no time


def test_an_embedding_of_amplitudes_is_routed_too() -> None:
    circuit = Circuit(3, [Gate("CNOT", [0, 1])], Readout.each_wire(3), AmplitudeEmbedding([0, 1, 2], 8))
    card = resource_card(circuit, preset="ibm_heron_r2")
    assert card.preparation.startswith("amplitudes 0 1 2")
    assert card.gates.two_qubit == 1
    assert card.routed.gates.two_qubit >= 4


def test_unknown_presets_and_numbers_are_refused() -> None:
    with pytest.raises(CircuitError, match="Unknown device preset 'ibm_heron'"):
        resource_card(qldm_circuit(2, 1), preset="ibm_heron")
    with pytest.raises(CircuitError, match="at least one of shots, given 0"):
        resource_card(qldm_circuit(2, 1), shots=0)


def test_what_cannot_be_routed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = resource_card(Circuit(200, angle_embedding(200), Readout.each_wire(200)), preset="ibm_heron_r2")
    assert wide.routed is None
    assert "200 wires" in wide.routed_reason
    assert "156" in wide.routed_reason
    assert "200 wires" in wide.device_reason
    assert wide.device_s is None
    monkeypatch.setattr("qaugbench.circuits.devices.device.find_spec", lambda name: None)
    snapshot.cache_clear()
    without = resource_card(qldm_circuit(2, 1), preset="ibm_heron_r2")
    assert without.routed is None
    assert "pip install 'qaugbench[qiskit]'" in without.routed_reason
    assert price_of(without, "braket-ionq-forte") is not None


@pytest.mark.parametrize("name", names())
def test_every_preset_gives_a_card_that_says_what_is_missing(name: str) -> None:
    card = resource_card(Circuit(1, (), Readout.each_wire(1)), preset=name)
    known = preset(name)
    assert (card.routed is None) == (known.backend is None) == bool(card.routed_reason)
    assert (card.device_s is None) == bool(card.device_reason)
    assert (card.device_s is None) == (known.rep_delay_s is None and known.shots_per_s is None)


MIXED = Circuit(
    2,
    [
        Gate("RX", [0], [Angle.input(0)]),
        Gate("Rot", [0], [Angle.weight(0), Angle.weight(1), Angle.weight(0, 2.0)]),
        Gate("CRY", [0, 1], [Angle.weight(2)]),
        Gate("RZZ", [0, 1], [Angle(weights=[(3, 1.0)], inputs=[(1, 1.0)])]),
        Gate("PhaseShift", [1], [Angle.weight(1)]),
        Gate("RY", [0], [Angle.constant(0.3)]),
    ],
    Readout.each_wire(2),
)


def cost_of(circuit: Circuit, **facts: object) -> object:
    training = Training(**{"steps": 1, "batch_size": 1, **facts})
    return training_cost(circuit, training, settings=1, shots=100, shot_s=1e-3, unknown_time="")


def test_shifts_are_those_that_pennylane_runs() -> None:
    """Its parameter shift is by gate argument, as ours is by angle: 2 for a rotation and 4 for a controlled one."""
    import pennylane as qml
    from pennylane import numpy as pnp

    def trained(*values: object) -> object:
        qml.RX(values[0], 0)
        qml.Rot(*values[1:4], 0)
        qml.CRY(values[4], [0, 1])
        qml.IsingZZ(values[5], [0, 1])
        qml.PhaseShift(values[6], 1)
        qml.RY(0.3, 0)
        return qml.expval(qml.Z(0) @ qml.X(1))

    tape = qml.workflow.construct_tape(qml.QNode(trained, qml.device("default.qubit")))(
        *(pnp.array(0.1 * k, requires_grad=True) for k in range(7))
    )
    tape.trainable_params = list(range(7))
    tapes, _ = qml.gradients.param_shift(tape)
    assert len(tapes) == cost_of(MIXED, differentiates_inputs=True).shifts == 16
    assert cost_of(MIXED).shifts == 14


def test_the_usual_circuit_costs_two_evaluations_a_weight() -> None:
    """2 x parameters x batch x steps; and one run for the output itself."""
    circuit = qldm_circuit(4, 2)
    cost = cost_of(circuit, steps=10, batch_size=8)
    assert cost.evaluations == 2 * circuit.n_weights * 8 * 10 + 8 * 10
    with_inputs = cost_of(circuit, steps=10, batch_size=8, differentiates_inputs=True)
    assert with_inputs.evaluations == 2 * (circuit.n_weights + circuit.n_inputs) * 8 * 10 + 8 * 10


def test_runs_without_gradients_are_not_shifted() -> None:
    cost = cost_of(qldm_circuit(2, 1), steps=10, batch_size=8, circuits_per_sample=6, shifted_per_sample=1)
    assert cost.evaluations == 80 * (6 + 2 * 4)
    assert "6 runs + 1 x 8 shifted runs" in cost.formula


@pytest.mark.parametrize(("steps", "feasible"), [(100, True), (200_000, False)])
def test_training_is_feasible_within_a_day(steps: int, feasible: bool) -> None:
    cost = cost_of(qldm_circuit(2, 1), steps=steps)
    assert cost.device_s == pytest.approx(9 * steps * 100 * 1e-3)
    assert cost.feasible is feasible


def test_training_says_what_it_cannot() -> None:
    samples = cost_of(SAMPLER)
    assert samples.evaluations is None
    assert "no derivative" in samples.reason
    embedded = Circuit(1, [Gate("RY", [0], [Angle.weight(0)])], Readout.each_wire(1), AmplitudeEmbedding([0], 2))
    assert "embedded amplitudes" in cost_of(embedded, differentiates_inputs=True).reason
    assert cost_of(embedded).reason == ""


@pytest.mark.parametrize(("n_wires", "simulable"), [(1, True), (30, True), (31, False)])
def test_thirty_qubits_are_classically_simulable(n_wires: int, simulable: bool) -> None:
    said = simulability(Circuit(n_wires, (), Readout.each_wire(n_wires)))
    assert ("classically simulable; model-quality claim only, not computational advantage" in said) is simulable


def test_the_card_is_json_and_text() -> None:
    card = resource_card(qldm_circuit(8, 3), name="qldm", copies=4, training=Training(10, 2), preset="ibm_heron_r2")
    data = json.loads(json.dumps(card.to_dict()))
    assert data["routed"]["backend"] == "fake:fez"
    assert data["gates"]["by_name"]["CNOT"] == 24
    text = card_text(card)
    for line in (
        "qldm: 8 qubits",
        "readout mode",
        "1,024 shots per value",
        "4,000 programs x 1,024 shots",
        "328,880 USD",
    ):
        assert line in text
    assert "classically simulable" in text
    assert "feasible on hardware: yes, within 24 h" in text
