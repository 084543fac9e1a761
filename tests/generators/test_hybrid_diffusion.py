"""Diffusion with a circuit in the network: circuits as published, dead weights, where gradient goes, and what stays the same."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pennylane as qml
import pytest
import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.ddpm import Ddpm
from qaugbench.generators.qgate_unet import QgateUnet, gate_circuit
from qaugbench.generators.qlatent_diffusion import QlatentDiffusion, denoising_circuit
from qaugbench.generators.qse_ddpm import ChannelGate, QseDdpm
from qaugbench.generators.qse_ddpm import gate_circuit as squeeze_circuit
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import LEAST_NOISE, VelocityOfClean
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.seeds import torch_generator, torch_seeded

LABELS = torch.tensor([[0, 0], [1, 0], [1, 1]], dtype=torch.float32)
TIMES = torch.tensor([10, 500, 900])


def qgate(shape: tuple[int, int, int] = (1, 8, 8), **hyper: Any) -> Any:
    settings = QgateUnet.Hyper(**{"n_qubits": 4, "widths": (4, 6, 8), **hyper})
    with torch_seeded(1):
        return QgateUnet(shape, 2, settings, CircuitLayers("none", 1))


def as_published(rotation: type, n_qubits: int) -> qml.QNode:
    """The gate of arXiv 2504.00034 with ``rotation`` as trained rotation, called with inputs and weights [layers, n_qubits]."""

    @qml.qnode(qml.device("default.qubit", wires=n_qubits), interface="torch")
    def node(inputs: torch.Tensor, weights: torch.Tensor) -> list[qml.measurements.ExpectationMP]:
        for wire in range(n_qubits):
            qml.RY(inputs[:, wire], wires=wire)
        for layer in weights:
            for wire in range(n_qubits):
                rotation(layer[wire], wires=wire)
            for wire in range(n_qubits - 1):
                qml.CNOT(wires=[wire, wire + 1])
        return [qml.expval(qml.PauliZ(wire)) for wire in range(n_qubits)]

    return node


def angles(n: int) -> torch.Tensor:
    return 3 * torch.randn(3, n, generator=torch_generator(2), dtype=torch.float64)


def block(circuit: object) -> QuantumBlock:
    with torch_seeded(3):
        return QuantumBlock(circuit, dtype=torch.float64)


@pytest.mark.parametrize(("name", "rotation"), [("RY", qml.RY), ("RZ", qml.RZ)])
def test_the_gate_of_the_light_unet_is_that_of_the_code_but_for_its_rotation(name: str, rotation: type) -> None:
    made = block(gate_circuit(5, 3, name))
    expected = torch.stack(as_published(rotation, 5)(angles(5), made.weights[0].view(3, 5)), dim=1)
    torch.testing.assert_close(made(angles(5)), expected, atol=1e-10, rtol=0)


def test_no_weight_of_the_released_circuit_changes_its_outputs_which_are_products_of_cosines() -> None:
    """RZ and CNOT map products of Z to products of Z: three chains leave the wires i - j = 0 or 1 modulo 4 up to the one read."""
    made = block(gate_circuit(16, 3, "RZ"))
    found = made(angles(16))
    read = [[wire for wire in range(last + 1) if (last - wire) % 4 < 2] for last in range(16)]
    expected = torch.stack([angles(16)[:, wires].cos().prod(dim=1) for wires in read], dim=1)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    found.square().sum().backward()
    assert made.weights.numel() == 48
    assert float(made.weights.grad.abs().max()) < 1e-12  # type: ignore[union-attr]


def test_the_light_unet_has_the_parameters_of_the_code_and_a_layer_for_labels() -> None:
    convolutions = (3 * 32 + 32 * 64 + 64 * 128 + 2 * 128 * 128 + 64 * 3) * 9 + 4 * (128 * 64 + 64 * 32)
    biases = 32 + 64 + 128 + 2 * 128 + 64 + 32 + 3
    gate = 128 * 16 + 16 + 48 + 16 * 128 + 128
    time, labels = 128 * 128 + 128, 3 * 128 + 128
    made = qgate((3, 28, 28), n_qubits=16, widths=(32, 64, 128))
    assert trainable_parameters(made) == convolutions + biases + gate + time + labels


@pytest.mark.parametrize("released", [False, True])
def test_gradient_returns_through_the_gate_unless_it_is_as_released(released: bool) -> None:
    gate = qgate(released=released).denoiser.network.gate
    means = torch.rand(3, 8, generator=torch_generator(4)).requires_grad_()
    gate(means).square().sum().backward()
    assert (gate.to_angles.weight.grad is None) is released
    assert (means.grad is None) is released
    assert bool(gate.block.weights.grad.abs().min() > 1e-6) is not released
    assert bool(gate.to_factors.weight.grad.any())


def test_blocks_of_pixels_come_back_as_pixels_in_their_own_units() -> None:
    made = qgate((3, 16, 16), patch=2, sampling_steps=2).eval()
    made.centre.fill_(0.3)
    with torch.no_grad():
        drawn, again = (made.draw(LABELS, RowRandom(1, range(3))) for _ in range(2))
        assert made.grid == (12, 8, 8)
    assert drawn.shape == (3, 3, 16, 16)
    assert torch.equal(drawn, again)


def test_a_side_that_cannot_be_halved_twice_is_refused() -> None:
    with pytest.raises(DefinitionError, match="side of 12 pixels is no multiple of 4"):
        qgate((1, 12, 12), patch=2)


def strongly_entangling(rotation: str, n_qubits: int, made: QuantumBlock) -> torch.Tensor:
    """Outputs of PennyLane's own layers at the weights of a block whose last RZs are left out; here they may be anything."""
    last = made.weights[0, -2 * n_qubits :].view(1, n_qubits, 2)
    whole = torch.cat([last, torch.full_like(last[..., :1], 0.7)], dim=2)
    weights = torch.cat([made.weights[0, : -2 * n_qubits].view(-1, n_qubits, 3), whole])

    @qml.qnode(qml.device("default.qubit", wires=n_qubits), interface="torch")
    def node() -> list[qml.measurements.ExpectationMP]:
        qml.AngleEmbedding(angles(n_qubits), wires=range(n_qubits), rotation=rotation)
        qml.StronglyEntanglingLayers(weights, wires=range(n_qubits))
        return [qml.expval(qml.PauliZ(wire)) for wire in range(n_qubits)]

    return torch.stack(node(), dim=1)


def test_the_circuits_of_the_other_two_are_strongly_entangling_layers_without_dead_weights() -> None:
    squeeze, denoise = block(squeeze_circuit(4, 3)), block(denoising_circuit(5, 3))
    torch.testing.assert_close(squeeze(angles(4)), strongly_entangling("Y", 4, squeeze), atol=1e-10, rtol=0)
    torch.testing.assert_close(denoise(angles(5)), strongly_entangling("X", 5, denoise), atol=1e-10, rtol=0)
    assert squeeze_circuit(8, 3).n_weights == 8 * 8
    assert denoising_circuit(10, 3).n_weights == 8 * 10


@pytest.fixture
def pair() -> tuple[Any, Any]:
    """A small ``ddpm`` and the same with the gate, made from the same seed."""
    hyper = Ddpm.Hyper(channels=(8, 16), sampling_steps=2, output="clean")
    with torch_seeded(1):
        plain = Ddpm((1, 16, 16), 2, hyper, CircuitLayers("none", 1))
    with torch_seeded(1):
        gated = QseDdpm((1, 16, 16), 2, QseDdpm.Hyper(**asdict(hyper), n_qubits=3), CircuitLayers("none", 1))
    return plain.eval(), gated.eval()


def test_with_an_open_gate_it_is_ddpm_to_the_bit(pair: tuple[Any, Any]) -> None:
    plain, gated = pair
    gate = gated.denoiser.network.unet.mid_block.gate
    assert trainable_parameters(gated) == trainable_parameters(plain) + trainable_parameters(gate)
    points = torch.randn(3, *plain.grid, generator=torch_generator(5))
    with torch.no_grad():
        closed = gated.denoiser(points, TIMES, LABELS)
        gate.excite.weight.zero_()
        gate.excite.bias.fill_(100.0)
        assert torch.equal(gated.denoiser(points, TIMES, LABELS), plain.denoiser(points, TIMES, LABELS))
        assert not torch.equal(closed, plain.denoiser(points, TIMES, LABELS))


def test_a_channel_is_multiplied_by_one_number_that_all_channels_decide() -> None:
    with torch_seeded(1):
        gate = ChannelGate(6, QuantumBlock(squeeze_circuit(3, 2)))
    grid = torch.rand(2, 6, 4, 4, generator=torch_generator(6)) + 0.5
    moved = grid.clone()
    moved[:, 5] += 1
    factors, others = (gate(one) / one for one in (grid, moved))
    assert bool(((factors > 0) & (factors < 1)).all())
    torch.testing.assert_close(factors, factors[:, :, :1, :1].expand_as(factors))
    assert bool(((factors - others).abs().amax(dim=(2, 3)) > 1e-5).all())


def test_the_gate_needs_the_unet_of_diffusers() -> None:
    with pytest.raises(DefinitionError, match="backbone is 'monai'"):
        QseDdpm((1, 16, 16), 2, QseDdpm.Hyper(backbone="monai"), CircuitLayers())


def test_codes_are_denoised_by_the_circuit_alone() -> None:
    """Two linear layers and the circuit: with its outputs fixed, the clean code no longer depends on the noisy one."""
    with torch_seeded(1):
        made: Any = QlatentDiffusion((4,), 2, QlatentDiffusion.Hyper(), CircuitLayers("none", 1))
    network = made.denoiser.network
    assert trainable_parameters(network) == (4 + 16 + 3 + 1) * 4 + 4 * 8 + (4 + 1) * 4
    points = torch.randn(3, 4, generator=torch_generator(7))
    with torch.no_grad():
        assert not torch.equal(network(points, TIMES, LABELS), network(-points, TIMES, LABELS))
        network.block.register_forward_hook(lambda *_: torch.ones(3, 4))
        assert torch.equal(network(points, TIMES, LABELS), network(-points, TIMES, LABELS))


def test_the_velocity_of_a_vector_is_made_of_its_clean_code() -> None:
    velocity = VelocityOfClean(lambda points, *_: torch.zeros_like(points))  # type: ignore[arg-type]
    points = torch.randn(3, 4, generator=torch_generator(8))
    for row, time in enumerate(TIMES.tolist()):
        level = [math.cos((step / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for step in (time + 1, 0)]
        kept = level[0] / level[1]
        expected = math.sqrt(kept) * points[row] / max(math.sqrt(1 - kept), LEAST_NOISE)
        torch.testing.assert_close(velocity(points, TIMES, LABELS)[row], expected, atol=1e-4, rtol=1e-4)
