from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import chain
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.noise import budget
from qaugbench.circuits.noise.executor import noisy_executor
from qaugbench.circuits.noise.jumps import Jump
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.trajectories import Trajectories
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.noise.test_density import EVERYTHING

STRONG = replace(EVERYTHING, two_qubit_error=0.1, t1_s=2e-6, t2_s=2e-6)


def sampled(circuit: Circuit, noise: NoiseModel, count: int) -> Trajectories:
    executor = noisy_executor(circuit, replace(noise, trajectories=count)).double()
    assert isinstance(executor, Trajectories)
    return executor


def given(circuit: Circuit, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    inputs = torch.randn(2, batch, circuit.n_inputs, generator=torch_generator(1), dtype=torch.float64)
    return inputs, torch.randn(2, circuit.n_weights, generator=torch_generator(2), dtype=torch.float64)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("together", [2**24, 1], ids=["together", "one by one"])
def test_without_noise_every_trajectory_is_the_exact_one(
    seed: int, together: int, random_circuit: Callable[..., Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(budget.TOGETHER, "cpu", together)
    circuit = random_circuit(400 + seed, max_gates=20)
    exact = noisy_executor(circuit, NoiseModel()).double()(*given(circuit))
    executor = sampled(circuit, NoiseModel(), 2)
    torch.testing.assert_close(executor(*given(circuit), torch_generator(0)), exact, atol=1e-9, rtol=0)
    assert executor.standard_error is not None
    assert executor.standard_error.abs().max() < 1e-6


def test_operators_are_drawn_with_the_probabilities_that_the_state_gives_them() -> None:
    rng = np.random.default_rng(0)
    columns = np.linalg.qr(rng.normal(size=(6, 2)) + 1j * rng.normal(size=(6, 2)))[0]  # an isometry: a channel
    kraus = columns.reshape(3, 2, 2)
    state = np.linalg.qr(rng.normal(size=(2, 1)) + 1j * rng.normal(size=(2, 1)))[0][:, 0]
    density = torch.from_numpy(np.outer(state, state.conj())).expand(40_000, 2, 2)
    operators = Jump(kraus)(density, len(density), torch_generator(0))
    moved = (operators @ torch.from_numpy(state)).abs().square().sum(1)
    torch.testing.assert_close(moved, torch.ones_like(moved))  # normalised
    chances = np.array([np.linalg.norm(k @ state) ** 2 for k in kraus])
    for k, chance in zip(kraus, chances, strict=True):
        hits = (operators - torch.from_numpy(k / np.sqrt(chance))).abs().amax((1, 2)) < 1e-9
        assert hits.double().mean().item() == pytest.approx(chance, abs=0.01)


def test_outputs_lie_within_their_standard_errors(random_circuit: Callable[..., Circuit]) -> None:
    scores = []
    for seed in range(420, 432):
        circuit = random_circuit(seed, max_gates=12)
        exact = noisy_executor(circuit, STRONG).double()(*given(circuit))
        executor = sampled(circuit, STRONG, 600)
        with torch.no_grad():
            found = executor(*given(circuit), torch_generator(seed))
        assert executor.standard_error is not None
        is_random = executor.standard_error > 1e-3  # else some outcomes came too seldom to be judged
        scores.append(((found - exact) / executor.standard_error)[is_random])
    found_scores = torch.cat(scores)
    assert len(found_scores) > 150
    assert found_scores.abs().max() < 5
    assert found_scores.square().mean().sqrt() == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize(
    "readout", [Readout("expectation", ["Z0", "X1"]), Readout.probabilities((1,), {0: 0})], ids=["words", "ratios"]
)
def test_the_standard_error_is_the_spread_over_runs(readout: Readout) -> None:
    circuit = Circuit(2, [Gate("H", [0]), Gate("H", [1]), Gate("CRX", [0, 1], [Angle.weight(0)])], readout)
    executor = sampled(circuit, STRONG, 100)
    inputs, weights = torch.zeros(1, 1, 0, dtype=torch.float64), torch.full((1, 1), 0.9, dtype=torch.float64)
    runs = torch.stack([executor(inputs, weights, torch_generator(seed)) for seed in range(150)])
    assert executor.standard_error is not None
    torch.testing.assert_close(runs.std(0), executor.standard_error, atol=0, rtol=0.3)


def test_gradients_are_unbiased() -> None:
    gates = [
        Gate("RY", [0], [Angle.weight(0)]),
        Gate("RX", [1], [Angle.weight(1)]),
        Gate("RYY", [0, 1], [Angle.weight(2)]),
    ]
    circuit = Circuit(2, [*gates, Gate("RX", [0], [Angle.weight(0)])], Readout("expectation", ["Z0", "X0 Y1"]))
    inputs, weights = torch.zeros(1, 1, 0, dtype=torch.float64), torch.tensor([[0.8, -0.5, 1.1]], dtype=torch.float64)

    def slopes(executor: torch.nn.Module, seed: int = 0) -> torch.Tensor:
        point = weights.clone().requires_grad_()
        return torch.autograd.grad(executor(inputs, point, torch_generator(seed)).sum(), point)[0]

    exact = slopes(noisy_executor(circuit, STRONG).double())
    executor = sampled(circuit, STRONG, 100)
    runs = torch.stack([slopes(executor, seed) for seed in range(100)])
    scores = (runs.mean(0) - exact) / (runs.std(0) / 10)
    assert scores.abs().max() < 4
    assert (runs.std(0) > 1e-4).all()


def test_parts_computed_again_for_the_gradient_draw_the_same_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    gates = [Gate("RY", [0], [Angle.weight(0)]), Gate("CNOT", [0, 1]), Gate("RX", [1], [Angle.weight(1)])]
    circuit = Circuit(2, gates, Readout("expectation", ["Z1"]))
    executor = sampled(circuit, NoiseModel(two_qubit_error=0.3), 40)
    monkeypatch.setitem(budget.TOGETHER, "cpu", 1000)
    inputs = torch.zeros(1, 1, 0, dtype=torch.float64)

    def outputs(weights: torch.Tensor) -> torch.Tensor:
        return executor(inputs, weights, torch_generator(9))

    weights = torch.tensor([[0.4, 1.3]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(outputs, weights)  # the errors do not depend on the weights: exact run by run


def test_wide_circuits_run_as_two_hundred_trajectories() -> None:
    gates = [Gate("RY", [wire], [Angle.input(wire)]) for wire in range(13)]
    circuit = Circuit(13, gates + chain(13), Readout("expectation", ["Z0", "Z12"]))
    noise = NoiseModel(one_qubit_error=0.1, two_qubit_error=0.02)
    executor = noisy_executor(circuit, noise).float()
    assert isinstance(executor, Trajectories)
    assert executor.trajectories == 200
    inputs = torch.full((1, 1, 13), 0.6)
    with pytest.raises(CircuitError, match="13 wires runs as random trajectories"):
        executor(inputs, torch.zeros(1, 0))
    with torch.no_grad():
        found = executor(inputs, torch.zeros(1, 0), torch_generator(0))
    expected = (1 - 2 * 0.1) * (1 - 4 / 3 * 0.02) * torch.tensor(0.6).cos()  # lambda: of RY, of one CZ
    assert executor.standard_error is not None
    assert ((found - expected).abs() < 4 * executor.standard_error).all()
    assert executor.standard_error.max() < 0.06
    assert torch.equal(found, executor(inputs, torch.zeros(1, 0), torch_generator(0)).detach())


def test_a_sample_is_one_trajectory() -> None:
    circuit = Circuit(2, [Gate("RY", [0], [Angle.input(0)]), Gate("CNOT", [0, 1])], Readout.samples())
    executor = sampled(circuit, STRONG, 500)
    assert executor.trajectories == 1
    inputs = torch.full((1, 20_000, 1), 1.0, dtype=torch.float64)
    bits = executor(inputs, torch.zeros(1, 0, dtype=torch.float64), torch_generator(3))[0]
    counts = torch.bincount((2 * bits[:, 0] + bits[:, 1]).long(), minlength=4) / len(bits)
    exact = noisy_executor(replace(circuit, readout=Readout.probabilities()), STRONG).double()
    expected = exact(inputs[:, :1], torch.zeros(1, 0, dtype=torch.float64))[0, 0]
    torch.testing.assert_close(counts.double(), expected, atol=0.015, rtol=0)
