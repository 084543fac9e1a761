"""How far circuits reach the images: toys for which the answer is known, and qldm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from qaugbench.cards import Training
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import QaugbenchError
from qaugbench.generators.contract import Batch, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.block_influence import InfluenceDifferences, influence_differences
from qaugbench.generators.shared.image_difference import mean_difference
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.quantum_latent import QuantumLatents
from qaugbench.inspection.trial_fit import tried
from qaugbench.kinds import Kind
from qaugbench.record import hardly_reaches_images
from qaugbench.seeds import torch_seeded
from tests.generators.shared.toy_hybrid import LABELS, toy


class Noise(Solved):
    """Points of noise, of any shape."""

    @dataclass(frozen=True)
    class Hyper:
        """Nothing to set."""

    kind: ClassVar[Kind] = "classical"

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        """Learn nothing."""

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return random.normal(*self.shape)


def shares(found: InfluenceDifferences) -> tuple[float | None, float | None]:
    return found.relative(found.mean_replaced), found.relative(found.noise_replaced)


def test_a_circuit_whose_output_is_dropped_changes_nothing_at_all() -> None:
    found = influence_differences(toy(reach=0), LABELS, seed=3)
    assert (found.mean_replaced, found.noise_replaced) == (0, 0)
    assert found.other_seed > 10
    assert hardly_reaches_images(*shares(found))


def test_a_circuit_with_a_tiny_weight_hardly_reaches_the_images() -> None:
    found = influence_differences(toy(reach=0.01), LABELS, seed=3)
    assert 0 < found.mean_replaced < found.noise_replaced
    assert hardly_reaches_images(*shares(found))


def test_images_that_are_the_circuits_output_change_as_much_as_with_another_seed() -> None:
    found = influence_differences(toy(reach=1), LABELS, seed=3)
    mean, noise = shares(found)
    assert mean == pytest.approx(1 / math.sqrt(2), abs=0.15)  # to the mean is nearer than to another draw
    assert noise == pytest.approx(1, abs=0.25)
    assert not hardly_reaches_images(mean, noise)


def test_the_mean_leaves_what_mean_images_would() -> None:
    """Where an image is 127.5 + 120 times the circuit's output, replacing it by its mean gives the mean image."""
    generator = toy(reach=1)
    images = generator.sample(LABELS, seed=3).astype(float)
    found = influence_differences(generator, LABELS, seed=3)
    assert found.mean_replaced == pytest.approx(np.abs(images - images.mean(axis=0)).mean(), abs=1)


def test_identical_variants_under_equal_seeds_do_not_differ() -> None:
    one, other = (toy(reach=0.5).sample(LABELS, seed=3) for _ in range(2))
    assert mean_difference(one, other) == 0


def test_measuring_gives_the_same_bits_twice_and_leaves_the_generator_as_it_was() -> None:
    generator = toy(reach=0.5)
    before = generator.sample(LABELS, seed=9)
    first, second = (influence_differences(generator, LABELS, seed=3) for _ in range(2))
    assert first == second
    assert influence_differences(generator, LABELS, seed=4) != first
    assert not generator.blocks[0]._forward_hooks
    assert np.array_equal(generator.sample(LABELS, seed=9), before)


def test_where_no_circuit_runs_in_sampling_nothing_is_said() -> None:
    found = influence_differences(toy(reach=1, asks_circuit=False), LABELS, seed=3)
    assert (found.mean_replaced, found.noise_replaced) == (None, None)
    assert not hardly_reaches_images(*shares(found))


@pytest.mark.parametrize(("control", "runs"), [("none", True), ("twin", False)])
def test_the_circuits_of_a_space_are_replaced_while_the_same_points_are_decoded(control: str, runs: bool) -> None:
    hyper = QuantumLatents.Hyper(channels=(8, 8), residual_blocks=(0, 1), layers=1, control=control)
    with torch_seeded(1):
        space = QuantumLatents((16, 16, 1), hyper).eval()
    model = Model(Recipe(Noise, Noise.Hyper(), Training()), space, 2)
    model.fit(LabelledImages(np.zeros((40, 16, 16, 1), np.uint8), LABELS, np.arange(40)), seed=1)
    found = influence_differences(model, LABELS[:8], seed=3)
    assert (found.mean_replaced, found.noise_replaced) == (None, None)
    changes = (found.space_mean_replaced, found.space_noise_replaced)
    assert all(change is not None and change > 0 for change in changes) if runs else changes == (None, None)


@pytest.mark.parametrize("name", ["iqp-qcbm", "qlatents", "qlatents-flow"])
def test_nothing_is_said_of_probabilities_that_images_are_drawn_from(name: str) -> None:
    generator = tried(name, track="smoke", steps=2)
    found = influence_differences(generator, np.eye(generator.n_labels, dtype=np.float32), seed=3)
    assert found.other_seed > 1
    assert shares(found) == (None, None)


def test_nothing_is_relative_to_two_equal_samples() -> None:
    found = influence_differences(toy(reach=1, follows_seed=False), LABELS, seed=3)
    assert found.other_seed == 0
    assert found.mean_replaced > 0
    assert shares(found) == (None, None)


def test_only_images_of_one_shape_are_compared() -> None:
    images = np.array([[[[250]], [[3]]]], np.uint8)
    assert mean_difference(images, images[:, ::-1]) == 247  # no wrap-around of unsigned bytes
    with pytest.raises(QaugbenchError, match="one by one"):
        mean_difference(images, images[:, :1])
    with pytest.raises(QaugbenchError, match="one by one"):
        mean_difference(images[:0], images[:0])


def test_qldm_is_measured() -> None:
    generator = tried("qldm", track="smoke", steps=2)
    labels = np.eye(generator.n_labels, dtype=np.float32)
    found = influence_differences(generator, labels, seed=3)
    assert found.n_images == generator.n_labels
    assert found.other_seed > 1
    assert all(0 <= share < 10 for share in shares(found))
