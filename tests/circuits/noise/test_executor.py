from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.executor import noisy_executor
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

NOISE = NoiseModel(one_qubit_error=0.02, two_qubit_error=0.05, readout_0_to_1=0.03, readout_1_to_0=0.1)
GATES = [
    Gate("RX", [0], [Angle.input(0)]),
    Gate("H", [1]),
    Gate("CRZ", [0, 1], [Angle.weight(0)]),
    Gate("RXX", [1, 2], [Angle.weight(1)]),
]


def run(readout: Readout, shots: int | None = None, seed: int | None = None, batch: int = 2) -> torch.Tensor:
    executor = noisy_executor(Circuit(3, GATES, readout), NOISE, shots).double()
    inputs = torch.tensor([[[0.4], [1.9]]], dtype=torch.float64).repeat(1, batch // 2, 1)
    weights = torch.tensor([[0.8, -1.1]], dtype=torch.float64)
    return executor(inputs, weights, None if seed is None else torch_generator(seed))


@pytest.mark.parametrize(
    "readout",
    [
        Readout("expectation", ["X0", "Y1 Z2", "Z0 Z1", "X1"]),
        Readout.probabilities((2, 0)),
        Readout.probabilities((1,), {0: 1}),
    ],
    ids=["words", "marginal", "post-selected"],
)
def test_shots_scatter_around_the_exact_outputs(readout: Readout) -> None:
    exact, counted = run(readout), run(readout, shots=200_000, seed=1)
    assert not torch.equal(exact, counted)
    torch.testing.assert_close(counted, exact, atol=0.015, rtol=0)
    torch.testing.assert_close(run(readout, shots=50, seed=2), run(readout, shots=50, seed=2))
    with pytest.raises(CircuitError, match="drawn at random"):
        run(readout, shots=50)


@pytest.mark.parametrize("postselect", [{}, {0: 1}], ids=["all", "post-selected"])
def test_samples_follow_the_exact_probabilities(postselect: dict[int, int]) -> None:
    exact = run(Readout.probabilities((2, 1), postselect)).mean(1)[0]
    bits = run(Readout.samples((2, 1), postselect), seed=4, batch=20_000)[0]
    found = torch.bincount((2 * bits[:, 0] + bits[:, 1]).long(), minlength=4) / len(bits)
    torch.testing.assert_close(found.double(), exact, atol=0.02, rtol=0)


def test_a_block_runs_under_noise_and_trains() -> None:
    torch.manual_seed(0)
    block = QuantumBlock(Circuit(3, GATES, Readout("expectation", ["Z1", "Y1", "X1 Z2"])))
    inputs = torch.tensor([[0.3], [1.2]])
    ideal = block(inputs)
    block.run_under(Execution(noise=NOISE))
    noisy = block(inputs)
    assert (noisy - ideal).abs().max() > 0.01
    noisy.sum().backward()
    assert block.weights.grad is not None
    assert block.weights.grad.abs().min() > 1e-3


@pytest.mark.parametrize("trajectories", [None, 30])
def test_copies_share_inputs_or_have_their_own(trajectories: int | None) -> None:
    noise = replace(NOISE, trajectories=trajectories)
    executor = noisy_executor(Circuit(3, GATES, Readout.each_wire(3)), noise).double()
    inputs = torch.randn(1, 4, 1, generator=torch_generator(0), dtype=torch.float64)
    weights = torch.randn(3, 2, generator=torch_generator(1), dtype=torch.float64)
    shared = executor(inputs, weights, torch_generator(2))
    assert shared.shape == (3, 4, 3)
    torch.testing.assert_close(executor(inputs.repeat(3, 1, 1), weights, torch_generator(2)), shared)
    alone = noisy_executor(Circuit(3, GATES, Readout.each_wire(3)), NOISE).double()(inputs, weights[2:])
    torch.testing.assert_close(shared[2:], alone, atol=1e-12 if trajectories is None else 0.9, rtol=0)


def test_a_circuit_without_gates_reads_the_start() -> None:
    circuit = Circuit(2, [], Readout("expectation", ["Z0", "X1"]))
    for trajectories in (None, 2):
        executor = noisy_executor(circuit, NoiseModel(readout_1_to_0=0.2, trajectories=trajectories)).double()
        outputs = executor(torch.zeros(1, 2, 0), torch.zeros(1, 0, dtype=torch.float64), torch_generator(0))
        assert outputs.flatten().tolist() == pytest.approx([1.0, 0.2] * 2)


@pytest.mark.parametrize("trajectories", [None, 2])
def test_no_samples_give_no_outputs(trajectories: int | None) -> None:
    executor = noisy_executor(Circuit(3, GATES, Readout.each_wire(3)), replace(NOISE, trajectories=trajectories))
    assert executor.float()(torch.zeros(1, 0, 1), torch.zeros(2, 2), torch_generator(0)).shape == (2, 0, 3)


def test_counted_shots_refuse_a_gradient() -> None:
    circuit = Circuit(3, GATES, Readout.each_wire(3))
    weights = torch.zeros(1, 2, requires_grad=True)
    with pytest.raises(CircuitError, match="no gradient"):
        noisy_executor(circuit, NOISE, shots=5).float()(torch.zeros(1, 1, 1), weights, torch_generator(0))
