"""Quantum denoising diffusion: process, circuits and counts as published, and one circuit that equals its steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.circuits.amplitudes import Amplitudes
from qaugbench.circuits.audit.reference_state import final_states
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import NoControlError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.qddm import Qddm, QDense
from qaugbench.generators.qddm_unet import QddmUnet, QuantumConvolution
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.graded_noise import (
    LabelNumber,
    by_degrees,
    drawn_by_degrees,
    noise_shares,
    one_less,
    pairs,
)
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.generators.shared.remapped import normal_start, quarter_start
from qaugbench.generators.shared.single_circuit import SingleCircuit, dense_circuit, first_part, padded
from qaugbench.generators.shared.small_unet import label_mask
from qaugbench.seeds import torch_generator, torch_seeded
from tests.generators.published import published

LABELS = 3
OF_LABELS = LABELS + 1
"""Parameters of the number of a label vector."""
UNET_DEAD = 87
"""One per wire of the 13 circuits."""


def dense(shape: tuple[int, ...] = (1, 2, 3), layers: int = 2) -> QDense:
    with torch_seeded(1):
        return QDense(shape, LABELS, Qddm.Hyper(layers=layers), CircuitLayers(seed=1))


def single(repeats: int = 3, layers: int = 2, control: str = "none", width: int = 2) -> SingleCircuit:
    with torch_seeded(1):
        return SingleCircuit((1, 2, width), LABELS, layers, repeats, CircuitLayers(control, 1))


def images(n: int = 4, *shape: int) -> torch.Tensor:
    return torch.rand(n, *(shape or (1, 2, 3)), generator=torch_generator(2))


def some_labels(n: int = 4) -> torch.Tensor:
    """Return label vectors with none, one, several and all of the labels."""
    return torch.tensor([[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]], dtype=torch.float32)[:n]


def layer_angles(block: Any, layers: int, wires: int) -> np.ndarray:
    """Return pi tanh of the weights of a block, [layers, wires, 3]; the dead ones, which are left out, are any."""
    angles = math.pi * torch.tanh(block.parametrizations.weights.original.detach().double())[0].numpy()
    whole = np.full((layers, wires, 3), 0.7)
    whole[:-1] = angles[: (layers - 1) * 3 * wires].reshape(layers - 1, wires, 3)
    whole[-1, :, :2] = angles[(layers - 1) * 3 * wires :].reshape(wires, 2)
    return whole


def after(step: Any, state: np.ndarray, angle: float, weights: np.ndarray) -> np.ndarray:
    """Return a complex state of three wires after the gates of ``step``."""
    inputs = np.append(np.zeros(4), angle)
    for gate in step.gates:
        values = [a.value(inputs, weights) for a in gate.angles]
        state = qml.matrix(getattr(qml, gate.name)(*values, wires=gate.wires), wire_order=range(3)) @ state
    return state


class TestTheProcess:
    def test_every_degree_mixes_the_image_with_one_noise(self) -> None:
        shares = noise_shares(10, 3.0)
        assert shares.tolist() == pytest.approx([(k / 10) ** 3 for k in range(11)])
        given = images(500, 1, 4, 4)
        graded = by_degrees(given, shares, torch_generator(1))
        noise = graded[:, 10]
        assert float(noise.mean()) == pytest.approx(0.5, abs=0.01)
        assert float(noise.std()) == pytest.approx(0.2, abs=0.01)
        assert (graded.min(), graded.max()) == (0, 1)
        inside = (noise > 0) & (noise < 1)
        torch.testing.assert_close(graded[:, 0], given)
        torch.testing.assert_close(graded[:, 6][inside], (0.784 * given + 0.216 * noise)[inside])

    def test_a_batch_pairs_each_degree_with_the_one_before(self) -> None:
        given, shares = images(3), noise_shares(4, 3.0)
        order = torch.rand(3, 4, generator=torch_generator(5)).argsort(1)
        noisier, labels, cleaner = pairs(given, some_labels(3), shares, torch_generator(5), each=4)
        assert noisier.shape == cleaner.shape == (12, 1, 2, 3)
        assert torch.equal(labels, some_labels(3).repeat_interleave(4, dim=0))
        assert sorted(order[0].tolist()) == [0, 1, 2, 3]
        for image in range(3):
            own, less = noisier[4 * image : 4 * image + 4], cleaner[4 * image : 4 * image + 4]
            in_order = order[image].argsort()
            torch.testing.assert_close(less[in_order][0], given[image])
            torch.testing.assert_close(own[in_order][:-1], less[in_order][1:])

    def test_fewer_degrees_may_be_learned_of_each_image(self) -> None:
        noisier, labels, _ = pairs(images(3), some_labels(3), noise_shares(10, 3.0), torch_generator(5), each=2)
        assert (len(noisier), len(labels)) == (6, 6)

    def test_the_error_of_the_cleaner_image_is_that_of_the_noise(self) -> None:
        """As the code has it: (answer - .5) / 10 is to be the difference of two degrees."""
        noisier, cleaner, answer = images(), images(4).flip(0), images(4).flip(2)
        found = functional.mse_loss(one_less(lambda *_: answer, noisier, some_labels(), "noise"), cleaner)
        assert float(found) == pytest.approx(float((((answer - 0.5) * 0.1) - (noisier - cleaner)).square().mean()))
        assert torch.equal(one_less(lambda *_: answer, noisier, some_labels(), "data"), answer)

    def test_drawing_starts_from_bright_noise_and_stays_within_the_range(self) -> None:
        seen: list[torch.Tensor] = []

        def brightens(given: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            seen.append(given)
            return torch.zeros_like(given)

        found = drawn_by_degrees(brightens, some_labels(), RowRandom(1, range(4)), (1, 8, 8), steps=3, goal="noise")
        assert 0.75 <= float(seen[0].min()) < 0.8 < 1.2 < float(seen[0].max()) <= 1.25
        assert len(seen) == 3
        torch.testing.assert_close(seen[1], (seen[0] + 0.05).clamp(max=1))
        assert float(found.max()) == 1

    def test_one_label_has_the_number_of_the_code_at_first(self) -> None:
        number = LabelNumber(LABELS)
        assert number(torch.eye(LABELS)).tolist() == [0, 0.5, 1]
        assert number(some_labels()).tolist() == [-0.5, 0.5, 1.5, 2.5]
        assert LabelNumber(1)(torch.tensor([[0.0], [1.0]])).tolist() == [-1, 0]


class TestQDense:
    def test_it_has_the_published_weights_with_an_ancilla_and_without_dead_ones(self) -> None:
        """The circuit without labels has 990; see the circuits of papers. An ancilla adds 3 per layer, here 165."""
        with torch_seeded(1):
            found = Qddm((1, 8, 8), LABELS, Qddm.Hyper(layers=55), CircuitLayers(seed=1))
        assert trainable_parameters(found) == 990 + 165 - 7 + OF_LABELS

    def test_it_answers_as_the_released_circuit_in_pennylane(self) -> None:
        found, given, labels = dense().double(), images().double(), some_labels().double()
        weights = layer_angles(found.block, 2, 4)

        @qml.qnode(qml.device("default.qubit"))
        def released(pixels: np.ndarray, label: float) -> Any:
            qml.AmplitudeEmbedding(pixels, wires=range(3), normalize=True, pad_with=0.1)
            qml.RX(label, wires=3)
            qml.StronglyEntanglingLayers(weights, wires=range(4))
            return qml.probs(wires=range(4))

        numbers = [-0.5, 0.5, 1.5, 2.5]
        for image, number, answer in zip(given, numbers, found(given, labels), strict=True):
            expected = np.clip(released(image.numpy().ravel(), number)[::2][:6] * 6, 0, 1)
            np.testing.assert_allclose(answer.detach().numpy().ravel(), expected, atol=1e-6)

    def test_a_black_image_has_an_answer(self) -> None:
        assert dense()(torch.zeros(1, 1, 2, 3), some_labels(1)).isfinite().all()

    @pytest.mark.parametrize("goal", ["noise", "data"])
    def test_a_step_lowers_its_error(self, goal: str) -> None:
        hyper = Qddm.Hyper(layers=3, degrees=3, each=3, goal=goal)  # type: ignore[arg-type]
        with torch_seeded(1):
            found = Qddm((1, 2, 2), LABELS, hyper, CircuitLayers(seed=1))
        optimizers = found.optimizers(Training(learning_rate=0.01))
        batch = Batch(2 * images(4, 1, 2, 2) - 1, some_labels(), 0, 1)
        errors = [float(found.step(batch, optimizers, torch_generator(1))["denoising"]) for _ in range(15)]
        assert errors[-1] < errors[0]


class TestUnitarySingleSampling:
    def test_the_circuit_equals_the_product_of_its_steps(self) -> None:
        """State for state, from every basis state; the unitary of a step is computed apart, gate by gate."""
        circuit, random = dense_circuit(2, 2, repeats=4), np.random.default_rng(1)
        step, label = first_part(circuit, 4), 0.8
        weights = np.tile(random.normal(size=circuit.n_weights), (4, 1))
        inputs = np.hstack([np.eye(4), np.full((4, 1), label)])
        whole = final_states(circuit, inputs, weights)
        assert step.n_weights == circuit.n_weights == 2 * 3 * 3
        unitary = np.stack([after(step, column, label, weights[0]) for column in np.eye(8, dtype=complex)], axis=1)
        expected = np.linalg.matrix_power(unitary, 4)[:, ::2].T
        np.testing.assert_allclose(whole, expected, atol=1e-12)

    def test_what_it_draws_is_what_its_steps_draw(self) -> None:
        """Each step gets the state of the one before, the label's angle on its ancilla anew."""
        found = single(repeats=3).double()
        noise, labels = images(2, 1, 2, 2).double(), some_labels(2).double()
        with torch.no_grad():
            step = first_part(found.block.circuit, 3)
            angles = found.number(labels).numpy()
            weights = found.block.weights.detach().numpy()
            states = final_states(
                step, np.hstack([padded(noise, 2).numpy(), angles[:, None]]), np.tile(weights, (2, 1))
            )
            for _ in range(2):
                states = np.stack([after(step, s, a, weights[0]) for s, a in zip(states, angles, strict=True)])
            kept = np.abs(states[:, ::2])
            drawn = found.repeated(noise, labels).flatten(1).numpy()
        np.testing.assert_allclose(drawn, kept / kept.max(axis=1, keepdims=True), atol=1e-6)

    def test_it_is_trained_on_the_amplitudes_of_one_step(self) -> None:
        found = single().double()
        given, labels = images(2, 1, 2, 2).double(), some_labels(2).double()
        real, imaginary = found(given, labels).detach().chunk(2, dim=1)
        step = first_part(found.block.circuit, 3)
        inputs = np.hstack([padded(given, 2).numpy(), found.number(labels).detach().numpy()[:, None]])
        expected = final_states(step, inputs, np.tile(found.block.weights.detach().numpy(), (2, 1)))
        overlaps = np.abs(np.sum(expected.conj() * (real + 1j * imaginary).numpy(), axis=1))
        np.testing.assert_allclose(overlaps, 1, atol=1e-6)

    def test_its_error_is_the_least_over_the_phase_of_a_state(self) -> None:
        found = single().double()
        given, cleaner, labels = (
            images(1, 1, 2, 2).double(),
            images(1, 1, 2, 2).double().flip(3),
            some_labels(1).double(),
        )
        real, imaginary = found(given, labels).detach().chunk(2, dim=1)
        state = (real + 1j * imaginary)[0].numpy() * float(given.norm())
        wanted = np.zeros(8)
        wanted[::2] = padded(cleaner, 2).numpy()[0]
        phases = np.exp(1j * np.linspace(0, 2 * math.pi, 2001))
        least = min(np.sum(np.abs(phase * state - wanted) ** 2) for phase in phases) / 4
        assert float(found.error(given, labels, cleaner).detach()) == pytest.approx(least, abs=1e-5)

    @pytest.mark.parametrize("control", ["twin", "random", "fourier"])
    def test_a_classical_layer_has_no_state(self, control: str) -> None:
        with pytest.raises(NoControlError, match="has no state"):
            single(layers=1, control=control)

    @pytest.mark.parametrize("control", ["none", "no-entanglement"])
    def test_every_weight_learns(self, control: str) -> None:
        """But one: without entanglement the ancilla's last RZ turns the phase of the whole, up to which states are compared."""
        found, given = single(control=control, width=4), images(4, 1, 2, 4)
        found.error(given, some_labels(), given.flip(3)).backward()
        gradient = found.block.parametrizations.weights.original.grad.flatten().abs()
        phase = gradient[-1:] if control == "no-entanglement" else gradient[:0]
        assert (gradient[: len(gradient) - len(phase)] > 1e-4).all()
        assert (phase < 1e-6).all()

    def test_a_loaded_state_draws_the_same(self) -> None:
        one, other = (single(control="permuted", width=4) for _ in range(2))
        with torch.no_grad():
            for parameter in one.parameters():
                parameter.add_(0.3)
        other.load_state_dict(one.state_dict())
        given = images(2, 1, 2, 4), some_labels(2)
        assert torch.equal(one(*given), other(*given))
        assert torch.equal(one.repeated(*given), other.repeated(*given))

    def test_amplitudes_of_a_real_circuit_have_no_imaginary_part(self) -> None:
        """A final CNOT, which a readout of probabilities would take over, is there."""
        start = dense_circuit(2, 1).start
        circuit = Circuit(2, (Gate("CNOT", (0, 1)),), Readout.probabilities(), start)
        found = Amplitudes(circuit)(torch.tensor([[[0.0, 0.0, 3.0, 4.0]]]), torch.zeros(1, 0))
        assert found.flatten().tolist() == pytest.approx([0, 0, 0.8, 0.6, 0, 0, 0, 0])


class TestQuNet:
    def test_it_has_the_published_number_of_parameters(self) -> None:
        """1,103 without labels, 783 of them in circuits; the last RZ of each wire is left out, and labels take four."""
        released = published("qddm-unet:as-released", track="lite", n_labels=LABELS)
        blocks = [module for module in released.modules() if isinstance(module, QuantumBlock)]
        assert sum(trainable_parameters(block) for block in blocks) == 783
        assert trainable_parameters(released) == 1103 + OF_LABELS
        assert (
            trainable_parameters(published("qddm-unet", track="lite", n_labels=LABELS)) == 1103 + OF_LABELS - UNET_DEAD
        )

    def test_the_classical_one_has_25_times_as_many(self) -> None:
        assert (
            trainable_parameters(published("qddm-unet:classical", track="lite", n_labels=LABELS)) == 27_721 + OF_LABELS
        )

    def test_a_convolution_is_the_released_circuit_on_every_patch_in_pennylane(self) -> None:
        with torch_seeded(1):
            found = QuantumConvolution(2, 3, 3, 2, CircuitLayers(seed=1)).double()
        grid, wires = images(2, 2, 3, 2).double(), 5
        weights = layer_angles(found.block, 2, wires)

        @qml.qnode(qml.device("default.qubit"))
        def released(patches: np.ndarray) -> Any:
            qml.AmplitudeEmbedding(patches, wires=range(wires), normalize=True, pad_with=0.5)
            qml.StronglyEntanglingLayers(weights, wires=range(wires))
            return qml.probs(wires=range(wires))

        patches = functional.unfold(grid, 3, padding=1).transpose(1, 2) + 0.1
        probabilities = released(patches.flatten(0, 1).numpy()).reshape(2, 6, 32)
        expected = np.clip(probabilities * 16, 0, 1)[..., ::2][..., :3].transpose(0, 2, 1).reshape(2, 3, 3, 2)
        np.testing.assert_allclose(found(grid).detach().numpy(), expected, atol=1e-6)

    def test_as_released_answers_are_the_same_for_every_image(self) -> None:
        """A patch plus .1, times half its size, is past 1 wherever it has 20 values or more: all of it is clipped."""
        with torch_seeded(1):
            hyper = QddmUnet.Hyper(depth=2, start=4, released=True)
            found = QddmUnet((1, 8, 8), LABELS, hyper, CircuitLayers(seed=1)).eval().unet
        answers = found(images(4, 1, 8, 8), some_labels()).detach()
        assert float(answers.std(dim=0).max()) == 0

    def test_a_label_s_mask_is_that_of_the_code(self) -> None:
        mask = label_mask(torch.tensor([0.0, 0.5]), 8)
        assert mask.shape == (2, 1, 8, 1)
        assert mask[1, 0, 3, 0].item() == pytest.approx(0.1 * math.sin(0.5 + 3 / 20))

    @pytest.mark.parametrize("convolutions", ["quantum", "classical"])
    @pytest.mark.parametrize("side", [8, 6])
    def test_any_side_fits(self, convolutions: Any, side: int) -> None:
        hyper = QddmUnet.Hyper(depth=3, start=2, sampling_steps=1, convolutions=convolutions)
        with torch_seeded(1):
            found = QddmUnet((3, side, side), LABELS, hyper, CircuitLayers(seed=1))
        points = found.eval().draw(some_labels(), RowRandom(1, range(4)))
        assert points.shape == (4, 3, side, side)


def test_weights_start_as_in_the_code() -> None:
    uniform = torch.linspace(0.001, 0.999, 999)
    assert float(normal_start(uniform).std()) == pytest.approx(0.4, abs=0.01)
    assert quarter_start(uniform)[[0, -1]].tolist() == pytest.approx([-math.pi / 2, math.pi / 2], abs=0.01)
    found = dense(layers=30).block.parametrizations.weights.original.detach()
    assert float(found.std()) == pytest.approx(0.4, abs=0.05)
