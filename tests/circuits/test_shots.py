from __future__ import annotations

import math

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.shots import FiniteShots
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

BATCH = 4000


def on_copies_of(sample: list[float], circuit: Circuit, shots: int, seed: int = 0) -> torch.Tensor:
    """Return outputs [BATCH, n_outputs] of the same inputs, each with shots of its own."""
    inputs = torch.tensor(sample, dtype=torch.float64).expand(1, BATCH, -1)
    return FiniteShots(circuit, shots).double()(inputs, torch.zeros(1, 0), torch_generator(seed))[0]


def exactly(sample: list[float], circuit: Circuit) -> torch.Tensor:
    inputs = torch.tensor([[sample]], dtype=torch.float64)
    return StateVector(circuit).double()(inputs, torch.zeros(1, 0, dtype=torch.float64))[0, 0]


def test_expectations_have_the_mean_and_variance_of_counted_signs() -> None:
    circuit = Circuit(3, [*angle_embedding(3), Gate("CNOT", (0, 1))], Readout("expectation", ["Z0", "Z0 Z1", "Y2"]))
    sample, shots = [0.4, 1.3, -0.8], 64
    outputs, expected = on_copies_of(sample, circuit, shots), exactly(sample, circuit)
    variance = (1 - expected**2) / shots
    assert float(((outputs.mean(0) - expected) / (variance / BATCH).sqrt()).abs().max()) < 4
    assert torch.allclose(outputs.var(0), variance, rtol=5 * math.sqrt(2 / BATCH))


def test_words_of_other_settings_have_shots_of_their_own() -> None:
    circuit = Circuit(1, [Gate("RY", (0,), (Angle.input(0),))], Readout("expectation", ["Z0", "X0"]))
    outputs = on_copies_of([math.pi / 4], circuit, 32)
    assert abs(float(outputs.T.corrcoef()[0, 1])) < 4 / math.sqrt(BATCH)


def test_probabilities_are_relative_counts_without_bias() -> None:
    circuit = Circuit(3, angle_embedding(3), Readout.probabilities((2, 0)))
    outputs, expected = on_copies_of([0.4, 1.3, -0.8], circuit, 50), exactly([0.4, 1.3, -0.8], circuit)
    assert bool(((50 * outputs).round() - 50 * outputs).abs().max() < 1e-9)
    z = (outputs.mean(0) - expected) / (expected * (1 - expected) / 50 / BATCH).sqrt()
    assert float(z.abs().max()) < 4


def test_post_selected_probabilities_come_from_the_shots_that_are_kept() -> None:
    circuit = Circuit(2, [*angle_embedding(2), Gate("CRX", (0, 1), (Angle.constant(0.7),))], Readout.probabilities())
    given = Circuit(2, circuit.gates, Readout.probabilities(postselect={0: 1}))
    sample, shots = [1.0, 0.5], 20
    outputs, expected = on_copies_of(sample, given, shots)[:, 1], exactly(sample, given)[1]
    kept = exactly(sample, circuit)[2:].sum()
    empty = float(outputs.isnan().double().mean())
    chance = float((1 - kept) ** shots)
    assert abs(empty - chance) < 4 * math.sqrt(chance * (1 - chance) / BATCH)
    answered = outputs[~outputs.isnan()]
    assert abs(float(answered.mean() - expected)) < 4 * float(answered.std()) / math.sqrt(len(answered))


def test_a_sample_is_one_shot() -> None:
    circuit = Circuit(2, [*angle_embedding(2), Gate("CNOT", (0, 1))], Readout.samples())
    bits, again = on_copies_of([1.0, 0.5], circuit, 1), on_copies_of([1.0, 0.5], circuit, 100)
    assert torch.equal(bits, again)
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    expected = exactly([1.0, 0.5], Circuit(2, circuit.gates, Readout.probabilities()))
    frequencies = torch.bincount((2 * bits[:, 0] + bits[:, 1]).long(), minlength=4) / BATCH
    assert float(((frequencies - expected) / (expected * (1 - expected) / BATCH).sqrt()).abs().max()) < 4


def test_a_post_selected_sample_is_the_first_shot_that_is_kept_if_any() -> None:
    gates = [*angle_embedding(2), Gate("CRX", (0, 1), (Angle.constant(0.7),))]
    joint = exactly([0.6, 0.5], Circuit(2, gates, Readout.probabilities()))
    bits = on_copies_of([0.6, 0.5], Circuit(2, gates, Readout.samples(postselect={0: 1})), 4)[:, 0]
    none, one = float((1 - joint[2:].sum()) ** 4), float(joint[3] / joint[2:].sum())
    assert abs(float(bits.isnan().double().mean()) - none) < 4 * math.sqrt(none * (1 - none) / BATCH)
    kept = bits[~bits.isnan()]
    assert abs(float(kept.mean()) - one) < 4 * math.sqrt(one * (1 - one) / len(kept))
    never = Circuit(2, [], Readout.samples(postselect={0: 1}))
    assert bool(
        FiniteShots(never, 5).float()(torch.zeros(1, 3, 0), torch.zeros(1, 0), torch_generator(0)).isnan().all()
    )


def test_samples_without_inputs_have_shots_of_their_own() -> None:
    circuit = Circuit(1, [Gate("H", (0,))], Readout.each_wire(1))
    outputs = FiniteShots(circuit, 100).float()(torch.zeros(1, 50, 0), torch.zeros(2, 0), torch_generator(0))
    assert outputs.shape == (2, 50, 1)
    assert len(outputs[0].unique()) > 5
    assert not torch.equal(outputs[0], outputs[1])


def test_the_same_generator_state_gives_the_same_shots() -> None:
    circuit = Circuit(2, angle_embedding(2), Readout.each_wire(2, "ZX"))
    assert torch.equal(on_copies_of([1, 2], circuit, 9), on_copies_of([1, 2], circuit, 9))
    assert not torch.equal(on_copies_of([1, 2], circuit, 9), on_copies_of([1, 2], circuit, 9, seed=1))


def test_a_gradient_is_refused_rather_than_missing() -> None:
    circuit = Circuit(1, [Gate("RX", (0,), (Angle.weight(0),))], Readout.each_wire(1))
    counted, weights = FiniteShots(circuit, 5).float(), torch.zeros(1, 1, requires_grad=True)
    with pytest.raises(CircuitError, match=r"no gradient.*torch\.no_grad"):
        counted(torch.zeros(1, 2, 0), weights, torch_generator(0))
    with torch.no_grad():
        assert counted(torch.zeros(1, 2, 0), weights, torch_generator(0)).tolist() == [[[1.0], [1.0]]]


def test_shots_without_a_generator_are_refused() -> None:
    with pytest.raises(CircuitError, match=r"give a torch\.Generator"):
        FiniteShots(Circuit(1, [], Readout.each_wire(1)), 5)(torch.zeros(1, 2, 0), torch.zeros(1, 0))
