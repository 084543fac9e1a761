from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.seeds import torch_generator


def run(circuit: Circuit, seed: int = 0, batch: int = 3, copies: int = 2) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return outputs and the gradients of a random linear function of them, in double precision."""
    outputs, inputs, weights = evaluate(StateVector(circuit).double(), circuit, seed, batch, copies)
    cotangent = torch.randn(outputs.shape, generator=torch_generator(seed + 1), dtype=torch.float64)
    sources = [source for source in (inputs, weights) if source.numel()]
    return outputs.detach(), gradients((outputs * cotangent).sum(), sources)


def evaluate(
    state_vector: StateVector, circuit: Circuit, seed: int, batch: int, copies: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch_generator(seed)
    inputs = torch.randn(copies, batch, circuit.n_inputs, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(copies, circuit.n_weights, generator=generator, dtype=torch.float64, requires_grad=True)
    return state_vector(inputs, weights), inputs, weights


def gradients(loss: torch.Tensor, sources: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    if not sources or not loss.requires_grad:
        return [torch.zeros_like(source) for source in sources]
    found = torch.autograd.grad(loss, sources, allow_unused=True)
    return [torch.zeros_like(s) if g is None else g for s, g in zip(sources, found, strict=True)]


def amplitudes_squared(n_wires: int, gates: Sequence[Gate]) -> list[float]:
    outputs, _ = run(Circuit(n_wires, gates, Readout.probabilities()), batch=1, copies=1)
    return outputs.flatten().tolist()


def test_embedded_wire_reads_cosine_of_its_input() -> None:
    circuit = Circuit(2, angle_embedding(2), Readout.each_wire(2, "ZY"))
    inputs = torch.tensor([[[0.3, -1.1]]], dtype=torch.float64)
    outputs = StateVector(circuit).double()(inputs, torch.zeros(1, 0, dtype=torch.float64)).flatten()
    expected = [math.cos(0.3), math.cos(1.1), -math.sin(0.3), math.sin(1.1)]
    assert outputs.tolist() == pytest.approx(expected, abs=1e-12)


def test_wire_zero_is_the_most_significant_bit() -> None:
    assert amplitudes_squared(3, [Gate("X", [0])]) == pytest.approx([0, 0, 0, 0, 1, 0, 0, 0])
    assert amplitudes_squared(3, [Gate("X", [0]), Gate("CNOT", [0, 2])]) == pytest.approx([0, 0, 0, 0, 0, 1, 0, 0])


def test_bell_state() -> None:
    bell = [Gate("H", [0]), Gate("CNOT", [0, 1])]
    outputs, _ = run(Circuit(2, bell, Readout("expectation", ["Z0", "Z0 Z1", "X0 X1", "Y0 Y1"])), batch=1, copies=1)
    assert outputs.flatten().tolist() == pytest.approx([0, 1, 1, -1])


@pytest.mark.parametrize("seed", range(12))
def test_probabilities_of_random_circuits_sum_to_one(seed: int, random_circuit: Callable[[int], Circuit]) -> None:
    circuit = random_circuit(seed)
    outputs, _ = run(Circuit(circuit.n_wires, circuit.gates, Readout.probabilities()), seed)
    torch.testing.assert_close(outputs.sum(dim=2), torch.ones(2, 3, dtype=torch.float64), atol=1e-12, rtol=0)
    assert outputs.min() >= 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("CZ 0 1", "H 1; CNOT 0 1; H 1"),
        ("SWAP 0 1", "CNOT 0 1; CNOT 1 0; CNOT 0 1"),
        ("Z 0", "S 0; S 0"),
        ("S 1", "T 1; T 1"),
        ("Y 0", "Z 0; X 0"),
        ("RZZ 0 1", "CNOT 0 1; RZ 1; CNOT 0 1"),
        ("RXX 0 1", "H 0; H 1; RZZ 0 1; H 0; H 1"),
        ("CRY 0 1", "S 1; S 1; S 1; CRX 0 1; S 1"),
    ],
)
def test_gate_identities(left: str, right: str) -> None:
    def with_angles(text: str) -> list[Gate]:
        return [
            Gate(name, [int(wire) for wire in wires], [Angle.constant(0.7)] if "R" in name else [])
            for name, *wires in (part.split() for part in text.split(";"))
        ]

    before = (
        angle_embedding(2, "RX") + angle_embedding(2, "RY", first_input=2) + [Gate("CRX", [0, 1], [Angle.input(4)])]
    )
    readout = Readout("expectation", ["X0", "Y0", "Z0", "X1", "Y1", "Z1", "X0 Y1", "Z0 X1", "Y0 Z1"])
    first, _ = run(Circuit(2, before + with_angles(left), readout))
    second, _ = run(Circuit(2, before + with_angles(right), readout))
    torch.testing.assert_close(first, second, atol=1e-12, rtol=0)


@pytest.mark.parametrize("seed", range(15))
def test_reversible_gradients_equal_those_of_plain_autograd(
    seed: int, random_circuit: Callable[[int], Circuit]
) -> None:
    circuit = random_circuit(100 + seed)
    plain = StateVector(circuit).double()
    plain.reversible = False
    found = []
    for state_vector in (plain, StateVector(circuit).double()):
        outputs, *sources = evaluate(state_vector, circuit, seed, batch=3, copies=2)
        found.append(gradients(outputs.sin().sum(), [source for source in sources if source.numel()]))
    torch.testing.assert_close(found[0], found[1], atol=1e-12, rtol=0)


def test_second_derivatives_without_reversible_evolution() -> None:
    circuit = qldm_circuit(3, 2)
    state_vector = StateVector(circuit).double()
    state_vector.reversible = False
    inputs = torch.randn(1, 2, 3, generator=torch_generator(0), dtype=torch.float64, requires_grad=True)
    weights = torch.randn(1, circuit.n_weights, generator=torch_generator(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(state_vector, (inputs, weights))


def test_weights_follow_the_parameter_shift_rule() -> None:
    circuit = qldm_circuit(4, 2)
    state_vector = StateVector(circuit).double()
    inputs = torch.randn(1, 5, 4, generator=torch_generator(0), dtype=torch.float64)
    weights = torch.randn(1, circuit.n_weights, generator=torch_generator(1), dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(state_vector(inputs, weights).sum(), weights)
    shifts = torch.eye(circuit.n_weights, dtype=torch.float64) * (math.pi / 2)
    expected = [
        (state_vector(inputs, weights + shift).sum() - state_vector(inputs, weights - shift).sum()) / 2
        for shift in shifts
    ]
    torch.testing.assert_close(found.flatten(), torch.stack(expected), atol=1e-12, rtol=0)


def test_backward_stores_no_more_states_for_a_deeper_circuit() -> None:
    def stored(layers: int) -> int:
        circuit = Circuit(6, angle_embedding(6) + strongly_entangling_layers(6, layers), Readout.each_wire(6))
        large: list[torch.Tensor] = []

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            large.extend([tensor] * (tensor.numel() >= 64 * 600))
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            evaluate(StateVector(circuit).double(), circuit, 0, batch=600, copies=1)
        return len(large)

    assert stored(8) == stored(2) > 0


def test_same_bits_on_every_call() -> None:
    circuit = qldm_circuit(6, 3)
    first, second = run(circuit, batch=16), run(circuit, batch=16)
    assert torch.equal(first[0], second[0])
    assert all(torch.equal(a, b) for a, b in zip(first[1], second[1], strict=True))


def test_deep_circuit_stays_accurate_in_single_precision() -> None:
    circuit = qldm_circuit(6, 30)
    inputs = torch.randn(1, 8, 6, generator=torch_generator(0), dtype=torch.float64)
    weights = torch.randn(1, circuit.n_weights, generator=torch_generator(1), dtype=torch.float64)
    results = []
    for dtype in (torch.float64, torch.float32):
        given = weights.to(dtype).requires_grad_()
        outputs = StateVector(circuit).to(dtype)(inputs.to(dtype), given)
        results.append((outputs.detach().double(), torch.autograd.grad(outputs.sum(), given)[0].double()))
    torch.testing.assert_close(results[1], results[0], atol=2e-5, rtol=0)
