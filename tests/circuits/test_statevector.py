from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, chain, qldm_circuit, ring, strongly_entangling_layers
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.engine import plain

EVOLUTION = "qaugbench.circuits.engine.reversible.STORED_BYTES"
WAYS = ["stored", "recomputed", "plain autograd"]


def given(
    circuit: Circuit, seed: int, *, batch: int = 3, copies: int = 2, shared: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs and weights that want gradients, in double precision."""
    generator = torch_generator(seed)
    sizes = (1 if shared else copies, batch, circuit.n_inputs), (copies, circuit.n_weights)
    inputs, weights = (torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes)
    return inputs.requires_grad_(), weights.requires_grad_()


def answer(outputs: torch.Tensor, sources: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return outputs and the gradients of a random linear function of them, zero where there is none."""
    cotangent = torch.randn(outputs.shape, generator=torch_generator(99), dtype=torch.float64)
    found: Sequence[torch.Tensor | None] = [None, None]
    if outputs.requires_grad:
        found = torch.autograd.grad((outputs * cotangent).sum(), sources, allow_unused=True)
    of_inputs, of_weights = (torch.zeros_like(s) if g is None else g for s, g in zip(sources, found, strict=True))
    return outputs.detach(), of_inputs, of_weights


def state_vector(circuit: Circuit, way: str, monkeypatch: pytest.MonkeyPatch) -> StateVector:
    """Return the executor in double precision, its gradients found in one of three ways."""
    monkeypatch.setattr(EVOLUTION, {"stored": 2**40}.get(way, 0))
    found = StateVector(circuit).double()
    found.reversible = way != "plain autograd"
    return found


def assert_as_plain(circuit: Circuit, way: str, monkeypatch: pytest.MonkeyPatch, seed: int, **sizes: int) -> None:
    sources = given(circuit, seed, **sizes)
    expected = answer(plain.outputs(circuit, *sources), sources)
    found = answer(state_vector(circuit, way, monkeypatch)(*sources), sources)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)


def real_circuit(seed: int) -> Circuit:
    """Return a random circuit of gates with real matrices, on two to four wires."""
    rng = np.random.default_rng(seed)
    n_wires = int(rng.integers(2, 5))
    gates = angle_embedding(n_wires, "RY")
    n_inputs, n_weights = n_wires, 0
    for _ in range(25):
        name = str(rng.choice(["RY", "RY", "RY", "H", "X", "Y", "Z", "CZ", "CNOT", "SWAP", "CRY", "CRY"]))
        angles = []
        if name in ("RY", "CRY"):
            angles = [Angle.weight(n_weights) if rng.random() < 0.6 else Angle.input(n_inputs, 0.7, 0.2)]
            n_weights, n_inputs = n_weights + len(angles[0].weights), n_inputs + len(angles[0].inputs)
        wires = rng.permutation(n_wires)[: 2 if name in ("CZ", "CNOT", "SWAP", "CRY") else 1]
        gates.append(Gate(name, wires.tolist(), angles))
    readout = Readout.probabilities() if seed % 3 else Readout("expectation", ["X0", "Z1", "Y0 Y1", "Z0 X1"])
    return Circuit(n_wires, gates, readout)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(14))
def test_random_circuits_are_as_their_dense_matrices_say(
    seed: int, way: str, random_circuit: Callable[..., Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = random_circuit(300 + seed)
    if circuit.n_wires > 5:
        circuit = random_circuit(400 + seed, max_gates=8)
    assert_as_plain(circuit, way, monkeypatch, seed, batch=2 + 2 * (seed % 2), shared=seed % 3 == 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(6))
def test_real_circuits_run_in_real_numbers(seed: int, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = real_circuit(seed)
    assert not any(stage.is_complex for stage in StateVector(circuit).stages)
    assert_as_plain(circuit, way, monkeypatch, seed, batch=4)


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
@pytest.mark.parametrize("copies", [1, 3])
def test_every_shape_of_batch(batch: int, copies: int, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = strongly_entangling_layers(3, 2) + angle_embedding(3, "RZ", first_input=3) + ring(3, "CZ")
    gates = angle_embedding(3, "RY") + blocks + angle_embedding(3, "RX", first_input=6) + ring(3, "CNOT")
    circuit = Circuit(3, gates, Readout.each_wire(3, "XZ"))
    for way in WAYS:
        assert_as_plain(circuit, way, monkeypatch, batch, batch=batch, copies=copies)


def test_copies_that_share_inputs_compute_once_what_does_not_differ() -> None:
    gates = [*angle_embedding(2, "RX"), *ring(2, "CNOT"), *angle_embedding(2, "RY", first_input=2)]
    gates += [Gate("RXX", [0, 1], [Angle.weight(0)]), Gate("RY", [0], [Angle.weight(1)])]
    found = StateVector(Circuit(2, gates, Readout.each_wire(2, "ZX"))).double()
    inputs, weights = given(found.circuit, 0, batch=4, copies=5, shared=True)
    sizes: list[torch.Size] = []
    for stage in found.stages:
        stage.register_forward_hook(lambda module, args, state: sizes.append(state.shape))
    outputs = found(inputs, weights)
    assert [size[0] for size in sizes] == [1, 5]
    torch.testing.assert_close(outputs, found(inputs.expand(5, -1, -1), weights), atol=1e-12, rtol=0)


@pytest.mark.parametrize("way", WAYS)
def test_inputs_that_copies_share_collect_the_gradients_of_all(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = [*strongly_entangling_layers(2, 1), *ring(2, "CZ")]  # tells copies apart before inputs come
    gates = [*trained, *angle_embedding(2, "RX"), Gate("RZZ", [0, 1], [Angle.input(2)]), *angle_embedding(2, "RY")]
    circuit = Circuit(2, [*gates, *ring(2, "CNOT")], Readout.each_wire(2, "ZX"))
    assert_as_plain(circuit, way, monkeypatch, 0, batch=4, copies=3, shared=True)


@pytest.mark.parametrize("way", WAYS)
def test_backward_leaves_everything_as_it_was(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = Circuit(3, [*angle_embedding(3), *strongly_entangling_layers(3, 3)], Readout.probabilities())
    sources = given(circuit, 0, batch=5)
    outputs = state_vector(circuit, way, monkeypatch)(*sources)
    before = outputs.detach().clone()
    first, second = (torch.autograd.grad(outputs.square().sum(), sources, retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert torch.equal(outputs, before)


@pytest.mark.parametrize("gate", ["CZ", "CNOT"])
@pytest.mark.parametrize("rotation", ["RY", "RX"])
@pytest.mark.parametrize("first", [True, False], ids=["embedded once", "re-uploaded"])
def test_shared_steps_at_the_end_run_as_one_unitary(
    gate: str, rotation: str, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [[Gate(rotation, [w], [Angle.weight(2 * layer + w)]) for w in range(2)] for layer in range(5)]
    gates = [gate_ for layer in layers for gate_ in [*layer, *chain(2, gate)]]
    middle = [] if first else [Gate("CRX", [0, 1], [Angle.input(2)]), *angle_embedding(2, "RY", first_input=3)]
    circuit = Circuit(2, [*angle_embedding(2, "RY"), *ring(2, "CZ"), *middle, *gates], Readout.probabilities())
    sizes: list[tuple[int, ...]] = []
    found = state_vector(circuit, "stored", monkeypatch)
    found.stages[-1].register_forward_hook(lambda module, args, state: sizes.append(tuple(state.shape)))
    sources = given(circuit, 1, batch=10, shared=True)
    torch.testing.assert_close(
        answer(found(*sources), sources), answer(plain.outputs(circuit, *sources), sources), atol=1e-11, rtol=0
    )
    assert sorted(sizes[0]) == [1, 2, 4, 4]  # two copies of four basis states, not of ten samples


def test_embedded_wire_reads_cosine_of_its_input() -> None:
    circuit = Circuit(2, angle_embedding(2), Readout.each_wire(2, "ZY"))
    inputs = torch.tensor([[[0.3, -1.1]]], dtype=torch.float64)
    outputs = StateVector(circuit).double()(inputs, torch.zeros(1, 0, dtype=torch.float64)).flatten()
    expected = [math.cos(0.3), math.cos(1.1), -math.sin(0.3), math.sin(1.1)]
    assert outputs.tolist() == pytest.approx(expected, abs=1e-12)


def probabilities(n_wires: int, gates: Sequence[Gate], readout: Readout | None = None) -> list[float]:
    circuit = Circuit(n_wires, gates, readout or Readout.probabilities())
    outputs: torch.Tensor = StateVector(circuit).double()(*given(circuit, 0, batch=1, copies=1))
    return outputs.flatten().tolist()


def test_wire_zero_is_the_most_significant_bit() -> None:
    assert probabilities(3, [Gate("X", [0])]) == pytest.approx([0, 0, 0, 0, 1, 0, 0, 0])
    assert probabilities(3, [Gate("X", [0]), Gate("CNOT", [0, 2])]) == pytest.approx([0, 0, 0, 0, 0, 1, 0, 0])


def test_marginals_and_post_selection_by_hand() -> None:
    third = Angle.constant(2 * math.asin(math.sqrt(1 / 3)))  # P(1) = 1/3
    gates = [Gate("RY", [0], [third]), Gate("X", [1]), Gate("CNOT", [0, 2])]
    assert probabilities(3, gates, Readout.probabilities((1,))) == pytest.approx([0, 1])
    assert probabilities(3, gates, Readout.probabilities((2, 1))) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert probabilities(3, gates, Readout.probabilities((0,), {2: 1})) == pytest.approx([0, 1])
    assert probabilities(3, gates, Readout.probabilities((), {1: 1})) == pytest.approx([2 / 3, 0, 0, 1 / 3])
    assert all(map(math.isnan, probabilities(3, gates, Readout.probabilities((0,), {1: 0}))))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_an_ancilla_that_only_rounding_lets_pass_gives_nan(dtype: torch.dtype) -> None:
    half = [Gate("RX", [0], [Angle.constant(0.7)])]
    back = [Gate("RZ", [0], [Angle.constant(math.pi)]), *half, Gate("RZ", [0], [Angle.constant(-math.pi)])]
    circuit = Circuit(2, [*half, *back], Readout.probabilities((1,), {0: 1}))
    outputs = StateVector(circuit).to(dtype)(torch.zeros(1, 1, 0, dtype=dtype), torch.zeros(1, 0, dtype=dtype))
    assert outputs.isnan().all()


def test_bell_state() -> None:
    bell = [Gate("H", [0]), Gate("CNOT", [0, 1])]
    words = Readout("expectation", ["Z0", "Z0 Z1", "X0 X1", "Y0 Y1"])
    assert probabilities(2, bell, words) == pytest.approx([0, 1, 1, -1])


@pytest.mark.parametrize("seed", range(8))
def test_probabilities_of_random_circuits_sum_to_one(seed: int, random_circuit: Callable[..., Circuit]) -> None:
    circuit = replace(random_circuit(seed), readout=Readout.probabilities())
    outputs = StateVector(circuit).double()(*given(circuit, seed))
    torch.testing.assert_close(outputs.sum(dim=2), torch.ones(2, 3, dtype=torch.float64), atol=1e-12, rtol=0)
    assert outputs.min() >= 0


def test_final_permutations_parted_by_phases_are_read_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    gates = [*angle_embedding(3, "RY"), Gate("CNOT", [0, 1]), Gate("CZ", [0, 2]), Gate("CNOT", [1, 2])]
    for readout in (Readout.probabilities(), Readout.each_wire(3)):
        assert_as_plain(Circuit(3, gates, readout), "stored", monkeypatch, 0)


def test_amplitudes_are_normalised_inputs_in_basis_order() -> None:
    circuit = Circuit(3, [Gate("CNOT", [2, 1])], Readout.probabilities(), AmplitudeEmbedding((2, 0), 3))
    inputs = torch.tensor([[[3.0, 0.0, 4.0], [0.0, -2.0, 0.0], [0.0, 0.0, 0.0]]], dtype=torch.float64)
    found = StateVector(circuit).double()(inputs, torch.zeros(1, 0, dtype=torch.float64))[0]
    # |wire 2, wire 0> is 00, 01, 10 in turn; a one on wire 2 flips wire 1.
    expected = torch.zeros(2, 8, dtype=torch.float64)
    expected[0, 0], expected[0, 0b011], expected[1, 0b100] = 0.36, 0.64, 1
    torch.testing.assert_close(found[:2], expected, atol=1e-12, rtol=0)
    assert found[2].isnan().all()


def samples(circuit: Circuit, batch: int, seed: int | None) -> torch.Tensor:
    generator = None if seed is None else torch_generator(seed)
    inputs = torch.zeros(1, batch, circuit.n_inputs)
    outputs: torch.Tensor = StateVector(circuit).float()(inputs, torch.zeros(1, circuit.n_weights), generator)
    return outputs[0]


def test_samples_are_independent_bits_with_the_right_frequencies() -> None:
    gates = [Gate("H", [0]), Gate("CNOT", [0, 2]), Gate("X", [1])]
    drawn = samples(Circuit(3, gates, Readout.samples((2, 1, 0))), 4000, seed=3)
    assert torch.equal(drawn[:, 0], drawn[:, 2])
    assert (drawn[:, 1] == 1).all()
    assert abs(drawn[:, 0].mean() - 0.5) < 4 * 0.5 / math.sqrt(4000)
    given_one = samples(Circuit(3, gates, Readout.samples((0,), {2: 1})), 50, seed=3)
    assert (given_one == 1).all()


def test_samples_repeat_with_the_generator_and_need_one() -> None:
    circuit = Circuit(2, [Gate("H", [0]), Gate("H", [1])], Readout.samples())
    assert torch.equal(samples(circuit, 64, seed=1), samples(circuit, 64, seed=1))
    assert not torch.equal(samples(circuit, 64, seed=1), samples(circuit, 64, seed=2))
    with pytest.raises(CircuitError, match="generator"):
        samples(circuit, 64, seed=None)


@pytest.mark.parametrize("n_wires", [11, 16, 20])
def test_many_wires_by_closed_form(n_wires: int) -> None:
    # RX as H RZ H on each wire, then a chain of CNOTs: <Z_w> is the product of the cosines up to w. RZZ between H on
    # the first wire turns it by the weight, too.
    h = [Gate("H", [w]) for w in range(n_wires)]
    far = [Gate("H", [0]), Gate("RZZ", [0, n_wires - 1], [Angle.weight(0)]), Gate("H", [0])]
    gates = [*far, *h, *angle_embedding(n_wires, "RZ"), *h, *chain(n_wires, "CNOT"), *ring(n_wires, "CZ")]
    circuit = Circuit(n_wires, gates, Readout.each_wire(n_wires))
    sources = given(circuit, 0, batch=2, copies=1)
    angles = torch.cat([sources[0][:, :, :1] + sources[1][:, :, None], sources[0][:, :, 1:]], dim=2)
    expected = answer(angles.cos().cumprod(2), sources)
    torch.testing.assert_close(answer(StateVector(circuit).double()(*sources), sources), expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("seed", range(4))
def test_tables_of_high_and_low_wires_give_the_same(
    seed: int, random_circuit: Callable[..., Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = random_circuit(500 + seed)
    sources = given(circuit, seed, batch=3 + seed % 2)
    expected = answer(StateVector(circuit).double()(*sources), sources)
    monkeypatch.setattr("qaugbench.circuits.engine.products.WHOLE_WIRES", 1)
    for way in WAYS:
        found = answer(state_vector(circuit, way, monkeypatch)(*sources), sources)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_twenty_wires_and_hundreds_of_gates_need_small_tables() -> None:
    phases = [Gate("CRZ", [w, (w + reach) % 20], [Angle.weight(w)]) for w in range(20) for reach in (1, 3, 7)]
    layer = [Gate("H", [w]) for w in range(20)] + phases + ring(20, "CNOT")
    found = StateVector(Circuit(20, 5 * layer, Readout.each_wire(20))).float()
    assert sum(table.numel() * table.element_size() for table in found.buffers()) < 4 * 8 * 2**20  # four states


def test_a_weight_without_effect_has_gradient_zero() -> None:
    circuit = Circuit(1, [Gate("RX", [0], [Angle.input(0)]), Gate("RZ", [0], [Angle.weight(0)])], Readout.each_wire(1))
    inputs, weights = given(circuit, 0)
    (found,) = torch.autograd.grad(StateVector(circuit).double()(inputs, weights).sum(), weights)
    assert torch.equal(found, torch.zeros_like(weights))


def test_frozen_weights_leave_the_gradient_for_inputs_as_it_is() -> None:
    circuit = qldm_circuit(3, 2)
    inputs, weights = given(circuit, 0)
    found = StateVector(circuit).double()
    (expected,) = torch.autograd.grad(found(inputs, weights).sum(), inputs)
    assert torch.equal(torch.autograd.grad(found(inputs, weights.detach()).sum(), inputs)[0], expected)


def test_second_derivatives_without_reversible_evolution() -> None:
    circuit = qldm_circuit(3, 2)
    found = StateVector(circuit).double()
    sources = given(circuit, 0, batch=2, copies=1)
    (first,) = torch.autograd.grad(found(*sources).sin().sum(), sources[0], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
    found.reversible = False
    assert torch.autograd.gradgradcheck(found, sources)


def test_function_transforms_without_reversible_evolution() -> None:
    gates = [*angle_embedding(2, "RY"), *strongly_entangling_layers(2, 1), *angle_embedding(2, "RZ", first_input=2)]
    circuit = Circuit(2, gates, Readout.each_wire(2, "XZ"))
    found = StateVector(circuit).double()
    inputs, weights = (tensor.detach() for tensor in given(circuit, 0, batch=2, copies=1))
    expected = torch.autograd.functional.jacobian(lambda w: found(inputs, w), weights)
    found.reversible = False
    torch.testing.assert_close(torch.func.jacrev(lambda w: found(inputs, w))(weights), expected)
    many = torch.stack([weights, weights + 0.3])
    by_vmap = torch.func.vmap(lambda w: found(inputs, w))(many)
    torch.testing.assert_close(by_vmap, torch.stack([found(inputs, w) for w in many]))


def test_weights_follow_the_parameter_shift_rule() -> None:
    circuit = qldm_circuit(4, 2)
    found = StateVector(circuit).double()
    inputs, weights = given(circuit, 0, batch=5, copies=1)
    (slopes,) = torch.autograd.grad(found(inputs, weights).sum(), weights)
    shifts = torch.eye(circuit.n_weights, dtype=torch.float64) * (math.pi / 2)
    expected = [(found(inputs, weights + s).sum() - found(inputs, weights - s).sum()) / 2 for s in shifts]
    torch.testing.assert_close(slopes.flatten(), torch.stack(expected), atol=1e-12, rtol=0)


@pytest.mark.parametrize("sampled", [False, True], ids=["shared layers", "re-uploading"])
def test_backward_stores_no_more_for_a_deeper_circuit(sampled: bool) -> None:
    def stored_bytes(layers: int) -> int:
        gates = angle_embedding(12) + strongly_entangling_layers(12, 1 if sampled else layers)
        gates += [g for _ in range(layers) for g in angle_embedding(12, "RY") + ring(12, "CZ")] * sampled
        circuit = Circuit(12, gates, Readout.each_wire(12))
        seen: dict[int, int] = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            large = tensor.numel() >= 2**12 * 256
            seen[tensor.data_ptr()] = tensor.numel() * tensor.element_size() * large
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            StateVector(circuit).float()(torch.zeros(1, 256, 12), torch.ones(1, circuit.n_weights, requires_grad=True))
        return sum(seen.values())

    assert stored_bytes(20) == stored_bytes(5) > 0


def test_same_bits_on_every_call() -> None:
    circuit = qldm_circuit(6, 3)
    sources = given(circuit, 0, batch=16)
    first, second = (answer(StateVector(circuit).double()(*sources), sources) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_single_precision_is_close(seed: int, random_circuit: Callable[..., Circuit]) -> None:
    circuit = random_circuit(600 + seed)
    inputs, weights = given(circuit, seed)
    expected = answer(StateVector(circuit).double()(inputs, weights), (inputs, weights))
    singles = [tensor.detach().float().requires_grad_() for tensor in (inputs, weights)]
    outputs = StateVector(circuit).float()(*singles)
    assert outputs.dtype == torch.float32
    found = answer(outputs.double(), singles)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.double(), theirs, atol=1e-4, rtol=1e-4)


def test_deep_circuit_stays_accurate_in_single_precision() -> None:
    circuit = qldm_circuit(6, 30)
    inputs, weights = (tensor.detach() for tensor in given(circuit, 0, batch=8, copies=1))
    results = []
    for dtype in (torch.float64, torch.float32):
        own = weights.to(dtype).requires_grad_()
        outputs = StateVector(circuit).to(dtype)(inputs.to(dtype), own)
        results.append((outputs.detach().double(), torch.autograd.grad(outputs.sum(), own)[0].double()))
    torch.testing.assert_close(results[1], results[0], atol=2e-5, rtol=0)


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

    before = angle_embedding(2, "RX") + angle_embedding(2, "RY", first_input=2)
    before.append(Gate("CRX", [0, 1], [Angle.input(4)]))
    readout = Readout("expectation", ["X0", "Y0", "Z0", "X1", "Y1", "Z1", "X0 Y1", "Z0 X1", "Y0 Z1"])
    circuits = [Circuit(2, before + with_angles(text), readout) for text in (left, right)]
    first, second = (StateVector(circuit).double()(*given(circuit, 0)) for circuit in circuits)
    torch.testing.assert_close(first, second, atol=1e-12, rtol=0)
