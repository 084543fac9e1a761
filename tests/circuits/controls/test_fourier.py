from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.controls.fourier import FourierSurrogate
from qaugbench.circuits.controls.output_scale import calibration_inputs, output_spread, spread
from qaugbench.circuits.controls.parameter_counts import parameter_count
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.spectrum import EIGENVALUES, UsedAngle, used_angles
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator, torch_seeded


def uploaded(times: int, n_wires: int = 2) -> Circuit:
    """Return a circuit that reads the same inputs ``times`` times."""
    gates = [
        gate
        for layer in range(times)
        for gate in (
            *strongly_entangling_layers(n_wires, 1, first_weight=3 * n_wires * layer),
            *angle_embedding(n_wires),
        )
    ]
    return Circuit(
        n_wires,
        [*gates, *strongly_entangling_layers(n_wires, 1, first_weight=3 * n_wires * times)],
        Readout.each_wire(2),
    )


def frequencies_of(function: object, period: float, points: int = 32) -> set[float]:
    """Return the angular frequencies, not negative, in a real function of one angle, by its discrete transform."""
    angles = torch.arange(points, dtype=torch.float64) * period / points
    transform = np.fft.rfft(np.asarray(function(angles)))
    return {2 * math.pi * index / period for index in np.flatnonzero(np.abs(transform) > 1e-9 * points)}


@pytest.mark.parametrize("name", [name for name, kind in GATES.items() if kind.n_angles])
def test_eigenvalues_give_the_frequencies_of_each_gate(name: str) -> None:
    n_angles = GATES[name].n_angles
    around = strongly_entangling_layers(2, 1)
    after = strongly_entangling_layers(2, 1, first_weight=6)
    for place in range(n_angles):
        angles = [Angle.input(0) if here == place else Angle.constant(0.7 + here) for here in range(n_angles)]
        gate = Gate(name, list(range(GATES[name].n_wires)), angles)
        circuit = Circuit(2, [*around, gate, *after], Readout("expectation", ["Z0 X1"]))
        weights = torch.rand(1, 12, generator=torch_generator(1), dtype=torch.float64) * 6
        run = StateVector(circuit).double()
        found = frequencies_of(
            lambda x, run=run, weights=weights: run(x[None, :, None], weights).flatten(), 4 * math.pi
        )
        (used,) = (used for used in used_angles(circuit) if used.inputs)
        assert found == {difference for difference in used.differences if difference >= 0}


def test_controlled_rotations_need_four_shifts() -> None:
    needed = {name: UsedAngle(values, (), ()).shift_evaluations for name, values in EIGENVALUES.items()}
    assert {name for name, count in needed.items() if count == 4} == {"CRX", "CRY", "CRZ"}
    assert set(needed.values()) == {2, 4}


@pytest.mark.parametrize("times", [1, 3])
def test_a_surrogate_holds_no_frequency_that_the_circuit_could_not(times: int) -> None:
    with torch_seeded(3):
        surrogate = FourierSurrogate(uploaded(times), dtype=torch.float64)
    for which in range(2):
        fixed = torch.full((32, 2), 0.3, dtype=torch.float64)

        def along(angles: torch.Tensor, which: int = which, fixed: torch.Tensor = fixed) -> torch.Tensor:
            inputs = fixed.clone()
            inputs[:, which] = angles
            return surrogate.values(inputs[None])[0, :, 0].detach()

        assert frequencies_of(along, 2 * math.pi) <= set(map(float, range(times + 1)))
    highest = surrogate.frequencies.abs().amax(dim=0)
    assert (highest <= times).all()
    assert (highest > 0).all()


def test_redundant_frequencies_are_drawn_more_often() -> None:
    """Of two uploads, the differences 0, 1 and 2 come from 6, 4 and 1 of 16 pairs."""
    wires = 40
    gates = [gate for _ in range(2) for gate in angle_embedding(wires)]
    gates += [Gate("RY", [wire % wires], [Angle.weight(wire)]) for wire in range(400)]
    circuit = Circuit(wires, gates, Readout("expectation", ["Z0"]))
    from qaugbench.circuits.controls.fourier import _waves

    with torch_seeded(0):
        frequencies, _ = _waves([400], list(used_angles(circuit)[: 2 * wires]), wires)
    shares = [float((frequencies.abs() == size).double().mean()) for size in (0, 1, 2)]
    assert shares == pytest.approx([6 / 16, 8 / 16, 2 / 16], abs=0.02)


@pytest.mark.parametrize(
    "circuit",
    [qldm_circuit(8, 3), qldm_circuit(4, 2), uploaded(2), Circuit(5, uploaded(2, 5).gates, Readout.probabilities())],
    ids=["qldm", "small", "uploaded", "more outputs than weights"],
)
def test_as_many_coefficients_as_weights_and_the_same_spread(circuit: Circuit) -> None:
    with torch_seeded(1):
        surrogate = FourierSurrogate(circuit, copies=8, dtype=torch.float64)
    assert parameter_count(surrogate).trainable == 8 * circuit.n_weights
    with torch.no_grad():
        outputs = surrogate(calibration_inputs(circuit.n_inputs).repeat(1, 8))
    reached = spread(outputs.unflatten(1, (8, -1)).transpose(0, 1))
    assert reached == pytest.approx(output_spread(circuit), rel=1e-6)


def test_outputs_have_waves_of_their_own_and_each_is_trained() -> None:
    with torch_seeded(1):
        surrogate = FourierSurrogate(qldm_circuit(4, 2), dtype=torch.float64)  # 20 weights, 5 an output
    assert torch.equal(surrogate.shares.sum(0), torch.full((4,), 5.0, dtype=torch.float64))
    for output in range(4):
        own = surrogate.frequencies[surrogate.shares[:, output] == 1]
        assert torch.equal(own[0], own[1])  # a cosine and a sine
        assert own[4].abs().sum() == 0  # a constant
        assert not torch.equal(own[0].abs(), own[2].abs())


@pytest.mark.parametrize(("times", "distinct"), [(1, 4), (2, 12)], ids=["more than there are", "fewer"])
def test_frequencies_differ_as_long_as_the_spectrum_has_others(times: int, distinct: int) -> None:
    """Two inputs read once have (3^2 - 1) / 2 = 4 frequencies up to sign; read twice, (5^2 - 1) / 2 = 12."""
    gates = [gate for _ in range(times) for gate in angle_embedding(2)]
    circuit = Circuit(2, [*gates, *strongly_entangling_layers(2, 8)], Readout("expectation", ["Z0"]))
    for seed in range(3):
        with torch_seeded(seed):
            surrogate = FourierSurrogate(circuit)  # 48 weights: 24 frequencies wanted
        found = {max((a, b), (-a, -b)) for a, b in surrogate.frequencies.tolist()}
        assert len(found) == distinct


def test_every_input_is_in_a_frequency_however_few_there_are() -> None:
    gates = [*angle_embedding(12), *(Gate("RY", [0], [Angle.weight(index)]) for index in range(2))]
    for seed in range(3):
        with torch_seeded(seed):
            surrogate = FourierSurrogate(Circuit(12, gates, Readout("expectation", ["Z0"])))
        assert (surrogate.frequencies.abs() == 1).all()  # a cosine and a sine of one frequency, within the spectrum


def test_a_surrogate_learns_what_its_frequencies_span() -> None:
    circuit = Circuit(
        1, [*angle_embedding(1), Gate("Rot", [0], [Angle.weight(i) for i in range(3)])], Readout.each_wire(1)
    )
    surrogate = FourierSurrogate(circuit, dtype=torch.float64)
    angles = torch.linspace(-3, 3, 50, dtype=torch.float64)[:, None]
    with torch.no_grad():
        waves = torch.cos(angles @ surrogate.frequencies.T + surrogate.phases)
        wanted = 0.2 + 0.3 * torch.cos(angles) - 0.4 * torch.sin(angles)
        surrogate.coefficients.copy_(torch.linalg.lstsq(waves, torch.atanh(wanted)).solution.T[None])
        assert (surrogate(angles) - wanted).abs().max() < 0.05  # tanh of a first-order series is nearly one
        surrogate.coefficients.copy_(torch.linalg.lstsq(waves, wanted).solution.T[None])
        assert (surrogate.values(angles[None])[0] - wanted).abs().max() < 1e-12


def test_what_no_one_registered_is_refused() -> None:
    with pytest.raises(CircuitError, match="angles of a dict are not known"):
        used_angles({})
