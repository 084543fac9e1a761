from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from qaugbench.circuits.ansatz import chain
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.noise import budget, transfer_plan
from qaugbench.circuits.noise.executor import DensityMatrix, noisy_executor
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.agreement import gradients

EVERYTHING = NoiseModel(
    one_qubit_error=0.01,
    two_qubit_error=0.03,
    t1_s=1e-5,
    t2_s=8e-6,
    one_qubit_duration_s=1e-7,
    two_qubit_duration_s=3e-7,
    readout_0_to_1=0.02,
    readout_1_to_0=0.05,
    over_rotation=0.03,
    crosstalk_hz=5e4,
)


def answer(circuit: Circuit, executor: torch.nn.Module, batch: int = 5) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return outputs of two copies, and the gradients of a nonlinear function of them."""
    generator = torch_generator(3)
    inputs = torch.randn(2, batch, circuit.n_inputs, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, circuit.n_weights, generator=generator, dtype=torch.float64, requires_grad=True)
    outputs = executor.double()(inputs, weights)
    return outputs.detach(), gradients(outputs.sin().sum(), [inputs, weights])


@pytest.mark.parametrize("seed", range(12))
def test_without_noise_it_is_the_state_vector(seed: int, random_circuit: Callable[..., Circuit]) -> None:
    circuit = random_circuit(300 + seed)
    found = answer(circuit, noisy_executor(circuit, NoiseModel()))
    torch.testing.assert_close(found, answer(circuit, StateVector(circuit)), atol=1e-9, rtol=0)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_depends_on_how_the_memory_is_used(
    seed: int, random_circuit: Callable[..., Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = random_circuit(330 + seed)
    expected = answer(circuit, noisy_executor(circuit, EVERYTHING))
    monkeypatch.setattr(transfer_plan, "TABLE_BYTES", -1)
    untabulated = noisy_executor(circuit, EVERYTHING)
    assert isinstance(untabulated, DensityMatrix)
    assert not untabulated.evolution.plan.is_tabulated
    torch.testing.assert_close(answer(circuit, untabulated), expected, atol=1e-12, rtol=0)
    monkeypatch.setitem(budget.TOGETHER, "cpu", 2 * 2 * 8 * 4**circuit.n_wires)
    monkeypatch.setitem(budget.STORED, "cpu", 0)
    torch.testing.assert_close(answer(circuit, untabulated), expected, atol=1e-12, rtol=0)


def test_what_is_stored_for_a_gradient_can_be_kept_from_growing_with_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    def stored(layers: int) -> int:
        gates = [Gate("RY", [wire], [Angle.input(wire)]) for wire in range(4)] + chain(4)
        executor = noisy_executor(Circuit(4, gates * layers, Readout.each_wire(4)), EVERYTHING).double()
        inputs = torch.ones(1, 3, 4, dtype=torch.float64, requires_grad=True)
        large: list[int] = []

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            large.append(tensor.numel() >= 4**4 * 3)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            executor(inputs, torch.zeros(1, 0, dtype=torch.float64))
        return sum(large)

    few, many = stored(2), stored(8)
    assert many > few + 10
    monkeypatch.setitem(budget.STORED, "cpu", 0)
    assert stored(8) < few


@pytest.mark.parametrize("seed", range(4))
def test_probabilities_are_a_distribution(seed: int, random_circuit: Callable[..., Circuit]) -> None:
    circuit = random_circuit(360 + seed)
    circuit = Circuit(circuit.n_wires, circuit.gates, Readout.probabilities(), circuit.start)
    outputs, _ = answer(circuit, noisy_executor(circuit, EVERYTHING))
    torch.testing.assert_close(outputs.sum(-1), torch.ones(2, 5, dtype=torch.float64), atol=1e-12, rtol=0)
    assert outputs.min() > -1e-12


def test_single_precision_is_close_and_repeats_to_the_bit(random_circuit: Callable[..., Circuit]) -> None:
    circuit = random_circuit(300)
    executor = noisy_executor(circuit, EVERYTHING).float()
    inputs = torch.randn(1, 4, circuit.n_inputs, generator=torch_generator(0))
    weights = torch.randn(1, circuit.n_weights, generator=torch_generator(1))
    first = executor(inputs, weights)
    assert first.dtype == torch.float32
    assert torch.equal(first, executor(inputs, weights))
    exact = noisy_executor(circuit, EVERYTHING).double()(inputs.double(), weights.double())
    torch.testing.assert_close(first.double(), exact, atol=1e-5, rtol=0)


def test_full_depolarising_leaves_nothing() -> None:
    circuit = Circuit(2, [Gate("H", [0]), Gate("CNOT", [0, 1])], Readout("expectation", ["Z0 Z1", "X0 X1"]))
    outputs, _ = answer(circuit, noisy_executor(circuit, NoiseModel(two_qubit_error=3 / 4)))
    assert outputs.abs().max() < 1e-12  # lambda = 1: the mixed state


def test_over_rotation_of_a_run_is_one_draw_a_gate_angle() -> None:
    gates = [Gate("RY", [0], [Angle.input(0)]), Gate("CRY", [1, 0], [Angle.weight(0)])]
    circuit = Circuit(2, [Gate("X", [1]), *gates], Readout("expectation", ["Z0"]))
    executor = noisy_executor(circuit, NoiseModel(over_rotation=0.1, over_rotation_kind="per run")).double()
    inputs, weights = torch.full((1, 50, 1), 0.7, dtype=torch.float64), torch.full((2, 1), 0.4, dtype=torch.float64)
    with pytest.raises(CircuitError, match="Over-rotation 'per run' is drawn at random"):
        executor(inputs, weights)
    draws = torch.cat([executor(inputs, weights, torch_generator(seed)).acos() for seed in range(300)])[..., 0]
    assert torch.equal(draws[:, :1].expand_as(draws), draws)  # all samples alike
    assert not torch.equal(draws[0], draws[1])  # copies not
    expected = 0.1 * (0.7**2 + 0.4**2) ** 0.5
    assert draws[:, 0].std().item() == pytest.approx(expected, rel=0.1)
    assert torch.equal(executor(inputs, weights, torch_generator(5)), executor(inputs, weights, torch_generator(5)))


def test_memory_that_is_not_there_is_refused_with_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget.psutil, "virtual_memory", lambda: type("Free", (), {"available": 10**8}))
    circuit = Circuit(12, [Gate("H", [wire]) for wire in range(12)], Readout.each_wire(12))
    executor = noisy_executor(circuit, NoiseModel(one_qubit_error=0.1))
    message = "needs 536,870,912 bytes for 1 sample.* but cpu has 100,000,000 bytes free; use .* trajectories"
    with pytest.raises(CircuitError, match=message):
        executor.double()(torch.zeros(1, 1, 0, dtype=torch.float64), torch.zeros(1, 0, dtype=torch.float64))
