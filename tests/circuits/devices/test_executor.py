"""Circuits on Qiskit's own simulator without noise: what comes back must be what the state vector says."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.devices.executor import DeviceExecutor
from qaugbench.circuits.devices.jobs import basis_states
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.measurement import settings
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

GATES = angle_embedding(3) + strongly_entangling_layers(3, 2)
SHOTS = 4000


def on_aer(circuit: Circuit, shots: int = SHOTS) -> DeviceExecutor:
    return DeviceExecutor(circuit, Execution(shots=shots, device=Device.parse("aer")))


def arguments(circuit: Circuit, copies: int = 2, batch: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch_generator(1)
    inputs = torch.randn(copies, batch, circuit.n_inputs, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(copies, circuit.n_weights, generator=generator, dtype=torch.float64)


def standard_scores(outputs: torch.Tensor, exact: torch.Tensor, readout: Readout, kept: torch.Tensor) -> torch.Tensor:
    """Return how many standard errors of their own the outputs lie from the exact values."""
    variance = 1 - exact**2 if readout.kind == "expectation" else exact * (1 - exact)
    return (outputs - exact) / (variance / (SHOTS * kept.unsqueeze(-1)) + 1e-12).sqrt()


@pytest.mark.parametrize(
    "readout",
    [
        Readout("expectation", ["Z0", "X1 Z0", "Y2 X1", "Z2 Y1", "X2 X1 X0"]),
        Readout.probabilities(),
        Readout.probabilities((2, 0)),
        Readout.probabilities(postselect={1: 1}),
        Readout.probabilities((2,), {0: 0, 1: 1}),
    ],
    ids=str,
)
def test_outputs_are_the_exact_ones_within_their_standard_errors(readout: Readout) -> None:
    circuit = Circuit(3, GATES, readout)
    inputs, weights = arguments(circuit)
    measured = on_aer(circuit).measure(inputs, weights, torch_generator(3))
    exact = StateVector(circuit).double()(inputs, weights)
    assert measured.outputs.shape == exact.shape
    assert float(standard_scores(measured.outputs, exact, readout, measured.kept).abs().max()) < 4.5


def test_the_share_that_post_selection_keeps_is_reported() -> None:
    circuit = Circuit(3, GATES, Readout.probabilities((2,), {0: 0, 1: 1}))
    inputs, weights = arguments(circuit)
    kept = on_aer(circuit).measure(inputs, weights, torch_generator(3)).kept
    joint = StateVector(settings(circuit)[0].circuit).double()(inputs, weights)
    expected = joint[..., [0b001, 0b101]].sum(-1)
    assert float(((kept - expected) / (expected * (1 - expected) / SHOTS).sqrt()).abs().max()) < 4.5


def test_samples_take_one_shot_a_sample() -> None:
    circuit = Circuit(2, [*angle_embedding(2), Gate("CNOT", (0, 1))], Readout.samples((1, 0)))
    inputs = torch.tensor([1.0, 0.5], dtype=torch.float64).expand(1, 500, 2)
    executor = on_aer(circuit)
    measured = executor.measure(inputs, torch.zeros(1, 0), torch_generator(3))
    assert executor.shots == 1
    assert set(measured.outputs.unique().tolist()) == {0.0, 1.0}
    expected = StateVector(Circuit(2, circuit.gates, Readout.probabilities((1, 0)))).double()(
        inputs[:, :1], torch.zeros(1, 0).double()
    )[0, 0]
    states = (2 * measured.outputs[0, :, 0] + measured.outputs[0, :, 1]).long()
    frequencies = torch.bincount(states, minlength=4) / 500
    assert float(((frequencies - expected) / (expected * (1 - expected) / 500).sqrt()).abs().max()) < 4


def test_post_selected_samples_are_of_shots_that_are_kept() -> None:
    gates = [Gate("H", (0,)), Gate("CNOT", (0, 1)), Gate("RY", (2,), (Angle.constant(0.3),))]
    circuit = Circuit(3, gates, Readout.samples((1,), {0: 1}))
    executor = on_aer(circuit, shots=4)
    bits = executor(torch.zeros(1, 300, 0), torch.zeros(1, 0), torch_generator(3))
    assert executor.shots == 4
    assert bool((bits[~bits.isnan()] == 1).all())
    assert 4 < int(bits.isnan().sum()) < 40  # 300 / 2^4 expected


def test_embedded_amplitudes_run_on_devices() -> None:
    circuit = Circuit(3, strongly_entangling_layers(3, 1), Readout.each_wire(3, "ZX"), AmplitudeEmbedding((2, 0), 3))
    inputs, weights = arguments(circuit)
    measured = on_aer(circuit).measure(inputs, weights, torch_generator(3))
    exact = StateVector(circuit).double()(inputs, weights)
    assert float(standard_scores(measured.outputs, exact, circuit.readout, measured.kept).abs().max()) < 4.5


def test_equal_samples_and_settings_have_shots_of_their_own() -> None:
    circuit = Circuit(1, [Gate("RY", (0,), (Angle.input(0),))], Readout("expectation", ["Z0", "X0"]))
    inputs = torch.full((1, 300, 1), np.pi / 4, dtype=torch.float64)
    outputs = on_aer(circuit, shots=40)(inputs, torch.zeros(1, 0), torch_generator(3))[0]
    assert float(outputs.var(0)[0]) == pytest.approx(0.5 / 40, rel=0.35)
    assert abs(float(outputs.T.corrcoef()[0, 1])) < 0.23
    open_circuit = Circuit(1, [Gate("H", (0,))], Readout("expectation", ["Z0", "Y0"]))
    outputs = on_aer(open_circuit, shots=40)(torch.zeros(1, 300, 0), torch.zeros(1, 0), torch_generator(3))[0]
    assert float(outputs.var(0)[0]) == pytest.approx(1 / 40, rel=0.35)
    assert abs(float(outputs.T.corrcoef()[0, 1])) < 0.23


def test_calls_follow_the_generator() -> None:
    circuit = Circuit(2, angle_embedding(2), Readout.each_wire(2))
    executor, inputs, weights = on_aer(circuit, 50), torch.ones(1, 4, 2), torch.zeros(1, 0)
    generator = torch_generator(5)
    first, second = executor(inputs, weights, generator), executor(inputs, weights, generator)
    assert torch.equal(first, executor(inputs, weights, torch_generator(5)))
    assert not torch.equal(first, second)


def test_the_generator_runs_on_a_device_like_any_execution() -> None:
    block = QuantumBlock(qldm_circuit(3, 1), copies=2, share_inputs=True)
    inputs = torch.randn(4, 3, generator=torch_generator(0))
    exact = block(inputs).detach()
    block.run_under(Execution(shots=2000, device=Device.parse("aer")), torch_generator(1))
    with torch.no_grad():
        outputs = block(inputs)
    assert outputs.dtype == torch.float32
    assert float((outputs - exact).abs().max()) < 5 / np.sqrt(2000)
    with pytest.raises(CircuitError, match="no gradient"):
        block(inputs)


def test_packed_bits_become_states_with_the_first_wire_most_significant() -> None:
    bits = np.array([[[0b1, 0b00000010], [0b0, 0b00000001]]], dtype=np.uint8)  # bits 8 and 1 are set; bit 0 is
    assert basis_states(bits, 9).tolist() == [[0b010000001, 0b100000000]]


def test_jobs_are_told_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    circuit = Circuit(1, [Gate("H", (0,))], Readout("expectation", ["Z0", "X0"]))
    with caplog.at_level(logging.INFO, logger="qaugbench"):
        on_aer(circuit, 10)(torch.zeros(1, 2, 0), torch.zeros(1, 0), torch_generator(0))
    told = [record.getMessage() for record in caplog.records if record.name.startswith("qaugbench")]
    assert told[0].startswith("job 1 on aer_simulator, setting 1, samples 1 to 2 of 2, 10 shot(s) each: ")
    assert len(told) == 2


def test_bad_calls_are_refused() -> None:
    executor = on_aer(Circuit(1, [Gate("RX", (0,), (Angle.input(0),))], Readout.each_wire(1)))
    with pytest.raises(CircuitError, match=r"give a torch\.Generator"):
        executor(torch.zeros(1, 2, 1), torch.zeros(1, 0))
    with pytest.raises(CircuitError, match="at least one sample"):
        executor(torch.zeros(1, 0, 1), torch.zeros(1, 0), torch_generator(0))
    with pytest.raises(CircuitError, match="no gradient"):
        executor(torch.zeros(1, 2, 1, requires_grad=True), torch.zeros(1, 0), torch_generator(0))
    with pytest.raises(CircuitError, match="needs the device and a number of shots"):
        DeviceExecutor(executor.circuit, Execution(shots=3))
