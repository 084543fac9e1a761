"""MediQ-GAN: its size and circuit as published, what its parts compute, and the skip connection that the released code lacks."""

from __future__ import annotations

import math

import numpy as np
import pennylane
import pytest
import torch
from torch import nn

from qaugbench import definitions
from qaugbench.cards import Training
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.controls.build import CONTROLS, build_block
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.mediq_gan import MediqGan
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.component_circuits import component_circuit
from qaugbench.generators.shared.dual_stream import QuantumStream
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.shared.prototypes import Prototypes
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.inspection.generator_audit import audit_generator, few_images
from qaugbench.seeds import torch_generator, torch_seeded
from tests.circuits.papers import mosaiq

RETINA = MediqGan.Hyper(copies=3, layers=6, quantum_share=0.25, decoder="style2", channels=(128, 96, 64))


def small(**changes: object) -> MediqGan.Hyper:
    """Return settings of a generator that is fitted in no time."""
    sizes = {"noise": 4, "prototype": 6, "copies": 3, "n_qubits": 3, "layers": 2, "channels": (4,)}
    return MediqGan.Hyper(**sizes | {"critic_channels": (4, 8), "critic_steps": 1} | changes)  # type: ignore[arg-type]


def made(hyper: MediqGan.Hyper, side: int = 32, channels: int = 1, n_labels: int = 3) -> MediqGan:
    with torch_seeded(1):
        return MediqGan((channels, side, side), n_labels, hyper, CircuitLayers()).eval()


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("hyper", "n_classes", "generator", "circuits", "prototypes"),
    [(MediqGan.Hyper(), 8, 8_644_275, 640, 731_784), (RETINA, 5, 734_571, 288, 727_941)],
    ids=["ISIC 2019", "RetinaMNIST"],
)
def test_parameters_are_as_many_as_in_the_released_code(
    hyper: MediqGan.Hyper, n_classes: int, generator: int, circuits: int, prototypes: int
) -> None:
    """In colour at 64 pixels; the released generator has no layer for the skip connection."""
    found = made(hyper, 64, 3, n_classes).generator
    assert size(found.quantum.block) == circuits
    assert size(found.prototypes) == prototypes
    assert size(found) - size(found.prototypes) - size(found.skip) == generator


def test_the_circuit_is_the_published_one() -> None:
    assert component_circuit(16, 8) == mosaiq(16, 8)


def test_the_circuit_computes_what_the_released_gates_do() -> None:
    n_qubits, layers = 4, 3
    block = QuantumBlock(component_circuit(n_qubits, layers), dtype=torch.float64)
    inputs = torch.randn(n_qubits, dtype=torch.float64, generator=torch_generator(3))
    weights = block.weights.detach().view(layers, n_qubits)

    @pennylane.qnode(pennylane.device("default.qubit", wires=n_qubits))
    def released() -> list[pennylane.measurements.ExpectationMP]:
        for wire in range(n_qubits):
            pennylane.RY(inputs[wire].item(), wires=wire)
            pennylane.RX(inputs[wire].item(), wires=wire)
        for layer in range(layers):
            for wire in range(n_qubits):
                pennylane.RY(weights[layer, wire].item(), wires=wire)
            for wire in range(n_qubits - 1):
                pennylane.CZ(wires=[wire, wire + 1])
        return [pennylane.expval(pennylane.PauliX(wire)) for wire in range(n_qubits)]

    assert block(inputs[None])[0].tolist() == pytest.approx([float(value) for value in released()], abs=1e-9)


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_of_the_circuit_exists(control: str) -> None:
    with torch_seeded(0):
        block = build_block(component_circuit(6, 4), control, copies=5)
    assert block(torch.zeros(2, 30)).shape == (2, 30)


def test_a_circuit_reads_its_own_site_and_returns_one_number() -> None:
    """Of five circuits the third reads site 8 of the 4x4 grid: two rows and columns of features from row 4, column 0."""
    with torch_seeded(2):
        stream = QuantumStream(16, QuantumBlock(component_circuit(3, 2), copies=5))
        features = torch.randn(4, 32, 8, 8)
    moved = features.clone()
    moved[:, :, 4:6, 0:2] += 1
    assert stream.sites == [0, 4, 8, 11, 15]
    changes = (stream.numbers(features) - stream.numbers(moved)).abs().amax(dim=0)
    assert (changes > 1e-4).tolist() == [False, False, True, False, False]
    assert stream(features).shape == (4, 16, 8, 8)


class TestPrototypes:
    @pytest.fixture
    def prototypes(self) -> Prototypes:
        with torch_seeded(4):
            return Prototypes(3, 5, 2)

    def test_several_labels_have_the_mean_prototype_and_none_the_origin(self, prototypes: Prototypes) -> None:
        means, deviations = prototypes(torch.tensor([[1.0, 0, 1], [0, 0, 0]]))
        vectors = torch.stack([(prototypes.vectors[0] + prototypes.vectors[2]) / 2, torch.zeros(5)])
        torch.testing.assert_close(means, prototypes.reduce(vectors))
        assert deviations.flatten().tolist() == pytest.approx([math.log(2)] * 2)

    def test_deviations_stay_in_their_range(self, prototypes: Prototypes) -> None:
        prototypes.scales.data = torch.tensor([-9.0, 0.0, 9.0])
        _, deviations = prototypes(torch.eye(3))
        assert deviations.flatten().tolist() == pytest.approx([0.2, math.log(2), 0.8])

    def test_crowding_is_that_of_pairs_at_a_distance_below_one(self, prototypes: Prototypes) -> None:
        """Of three pairs, one has the distance 0 and two that of a right angle."""
        prototypes.vectors.data = torch.tensor([[2.0, 0, 0, 0, 0], [5.0, 0, 0, 0, 0], [0, 3.0, 0, 0, 0]])
        assert prototypes.crowding().item() == pytest.approx(1 / 3)
        assert Prototypes(1, 5, 2).crowding().item() == 0.0


@pytest.mark.parametrize("decoder", ["vanilla", "style2"])
@pytest.mark.parametrize(("side", "channels"), [(32, 1), (64, 3), (128, 1), (224, 3)])
def test_images_have_the_size_of_every_track(side: int, channels: int, decoder: str) -> None:
    found = made(small(decoder=decoder), side, channels)
    images = found.draw(torch.eye(3)[:2], RowRandom(1, range(2)))
    assert images.shape == (2, channels, side, side)
    assert found.critic(images, torch.eye(3)[:2]).shape == (2,)


def test_other_sizes_are_refused() -> None:
    with pytest.raises(DefinitionError, match="it is 30 pixels; choose another image size"):
        made(small(), side=30)


@pytest.mark.parametrize("decoder", ["vanilla", "style2"])
def test_images_are_drawn_in_parts(decoder: str) -> None:
    found, labels = made(small(decoder=decoder)), torch.eye(3)[torch.arange(20) % 3]
    with torch.no_grad():
        for strength in getattr(found.generator.decoder, "strengths", ()):
            strength.fill_(0.5)
        together = found.draw(labels, RowRandom(1, range(20)))
        last = found.draw(labels[18:], RowRandom(1, range(18, 20)))
    torch.testing.assert_close(together[18:], last, atol=1e-5, rtol=1e-5)
    assert len(together) == 20


def test_circuits_and_critic_learn_at_rates_of_their_own() -> None:
    found = made(small(circuit_rate=30.0, critic_rate=2.0))
    optimizers = found.optimizers(Training(learning_rate=1e-3))
    others, circuits = optimizers["generator"].param_groups
    assert (others["lr"], circuits["lr"]) == (1e-3, pytest.approx(0.03))
    assert [tuple(parameter.shape) for parameter in circuits["params"]] == [(3, 6)]
    assert optimizers["critic"].param_groups[0]["lr"] == 2e-3
    assert sum(parameter.numel() for parameter in others["params"]) + 18 == size(found.generator)


def audited(*, released: bool) -> list[str]:
    """Return the questions that the audit of circuits answers with a failure."""
    model = Model(
        Recipe(MediqGan, small(released=released), Training(steps=6, batch_size=4)),
        Pixels((32, 32, 1), Pixels.Hyper()),
        3,
    )
    return [check.question for check in audit_generator(model, few_images((32, 32, 1), 3)).failures]


def test_the_intended_generator_is_live_and_the_released_one_fails_as_its_file_says() -> None:
    assert audited(released=False) == []
    assert audited(released=True) == list(definitions.generator_card("mediq-gan:as-released").fails)


def test_the_skip_connection_paints_the_prototype_s_sketch() -> None:
    """Two noises give images that differ; a change of the sketch moves both, and only where it is not released."""
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32))
    labels = torch.eye(3)[[0, 0]]
    for released, expected in ((False, True), (True, False)):
        generator = made(small(released=released)).generator
        before = generator(labels, noise)
        generator.skip.bias.data += 4.0
        raised = torch.atanh(generator(labels, noise)) - torch.atanh(before)
        assert bool((raised > 0.19).all()) is expected
        assert bool((raised < 0.21).all())
