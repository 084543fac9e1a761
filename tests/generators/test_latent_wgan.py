"""The latent quantum WGAN and its classical peer: sizes, circuits, updates and noise as published, and what differs as intended."""

from __future__ import annotations

import math

import pytest
import torch

from qaugbench import definitions
from qaugbench.cards import Training, split_settings
from qaugbench.circuits.audit.block import audit_block
from qaugbench.circuits.block import QuantumBlock
from qaugbench.generators.contract import Batch
from qaugbench.generators.latent_wgan import LatentWgan
from qaugbench.generators.qlatent_wgan import QlatentWgan, latent_circuit
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.labelled_wgan import LabelVectors, generator_is_due
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.seeds import torch_generator, torch_seeded
from tests.generators.published import published

CLASSES = 4  # of the paper's data


@pytest.mark.parametrize("track", ["smoke", "full"])
@pytest.mark.parametrize("name", ["qlatent-wgan", "qlatent-wgan:as-released"])
def test_the_quantum_generator_has_1648_parameters_and_16_of_them_in_its_circuit(name: str, track: str) -> None:
    made = published(name, track=track, n_labels=CLASSES)
    assert trainable_parameters(made.generator) == 1648
    assert trainable_parameters(made.generator.block) == 16


@pytest.mark.parametrize("name", ["latent-wgan", "latent-wgan:as-released"])
def test_the_classical_generator_has_1632(name: str) -> None:
    made = published(name, n_labels=CLASSES)
    assert trainable_parameters(made.generator) == 1632
    critic = 4 * 16 + 32 * 128 + 128 + 2 * 128 + 128 * 64 + 64 + 2 * 64 + 64 + 1
    assert trainable_parameters(made.critic) == critic


@pytest.mark.parametrize(("released", "dead"), [(True, 4), (False, 0)])
def test_the_last_rotations_of_the_released_circuit_are_dead(released: bool, dead: int) -> None:
    with torch_seeded(1):
        block = QuantumBlock(latent_circuit(4, 2, released=released), dtype=torch.float64)
    block(math.pi * torch.rand(8, 4, dtype=torch.float64, generator=torch_generator(2))).square().sum().backward()
    assert block.weights.grad is not None
    silent = (block.weights.grad.abs() < 1e-12)[0]
    assert silent.sum() == dead
    assert not released or silent[-4:].all()
    assert audit_block(block, seed=1).is_live is not released


@pytest.mark.parametrize(("images", "updates"), [(482, 160), (964, 240), (2412, 640), (9650, 2400)])
def test_updates_grow_with_the_images_as_released(images: int, updates: int) -> None:
    training = split_settings(definitions.generator_card("qlatent-wgan:as-released").settings("lite"))[0].on(images)
    epoch_steps = training.steps // training.epochs
    batches = (
        Batch(torch.zeros(0), torch.zeros(0), step, training.steps, epoch_steps) for step in range(training.steps)
    )
    assert sum(generator_is_due(batch, 5) for batch in batches) == updates


def test_updates_are_the_same_at_every_fraction_as_intended() -> None:
    training = split_settings(definitions.generator_card("qlatent-wgan").settings("lite"))[0]
    assert training.on(482).steps == training.on(9650).steps == 12_000


def test_the_generator_learns_at_every_fifth_step_alone() -> None:
    made = published("qlatent-wgan")
    optimizers = made.optimizers(Training(learning_rate=1e-3))
    changed = []
    for step in range(6):
        before = [weight.clone() for weight in made.generator.parameters()]
        random = torch_generator(step)
        batch = Batch(torch.randn(8, 16, generator=random), torch.eye(3)[torch.arange(8) % 3], step, 10)
        losses = made.step(batch, optimizers, random)
        changed.append(any(not torch.equal(a, b) for a, b in zip(before, made.generator.parameters(), strict=True)))
        assert set(losses) == {"critic", "penalty", "gap", "generator"}
    assert changed == [True, False, False, False, False, True]


@pytest.mark.parametrize(
    ("name", "largest", "least"), [("latent-wgan", 1.0, -1.0), ("latent-wgan:as-released", 9.0, -9.0)]
)
def test_noise_of_the_classical_generator_has_the_law_that_its_file_says(
    name: str, largest: float, least: float
) -> None:
    made = published(name)
    assert isinstance(made, LatentWgan)
    seen: list[torch.Tensor] = []
    made.generator.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    made.draw(torch.eye(3)[torch.arange(300) % 3], RowRandom(1, range(300)))
    assert least <= float(seen[0].min()) < 0 < float(seen[0].max()) <= largest
    assert (float(seen[0].abs().max()) > 1) is name.endswith("as-released")
    assert float(seen[0].std()) == pytest.approx(1.0 if name.endswith("as-released") else 1 / math.sqrt(3), rel=0.05)


def test_angles_of_the_noise_fill_half_a_turn() -> None:
    made = published("qlatent-wgan")
    assert isinstance(made, QlatentWgan)
    seen: list[torch.Tensor] = []
    made.generator.block.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    made.draw(torch.eye(3)[torch.arange(300) % 3], RowRandom(1, range(300)))
    assert 0 <= float(seen[0].min()) < 0.05
    assert math.pi - 0.05 < float(seen[0].max()) <= math.pi


def test_several_labels_are_no_longer_than_one_and_none_is_the_origin() -> None:
    embedded = LabelVectors(3, 5)
    summed = embedded(torch.tensor([[1.0, 1, 0], [0, 0, 0]]))
    torch.testing.assert_close(summed[0], (embedded.vectors[0] + embedded.vectors[1]) / math.sqrt(2))
    assert not summed[1].any()
