"""The adversarial baselines: rare and joint labels, the steps of critic and generator, and the schedules of R3GAN."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from qaugbench.cards import Training
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch, Generator, Stepped
from qaugbench.generators.cwgan_gp import CwganGp
from qaugbench.generators.r3gan import R3gan, ResidualBlock, eased
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.named import new_space
from qaugbench.seeds import numpy_generator, torch_generator, torch_seeded

SIDE = 4
CWGAN = CwganGp.Hyper(noise=8, channels=(16,), critic_channels=(16,), critic_steps=2, output="tanh")
R3 = R3gan.Hyper(noise=8, channels=(16,), penalty=(0.5, 0.05))
BOTH = pytest.mark.parametrize(("kind", "hyper"), [(CwganGp, CWGAN), (R3gan, R3)], ids=["cwgan-gp", "r3gan"])


def rare_labels() -> LabelledImages:
    """Grey images of a brightness that their labels decide: of 100, ten hold label 1, five both labels and ten none."""
    labels = np.array([[1, 0]] * 75 + [[0, 1]] * 10 + [[1, 1]] * 5 + [[0, 0]] * 10, np.float32)
    grey = 60 + labels @ np.array([50, 100])
    images = grey[:, None, None, None] + numpy_generator(3).normal(0, 8, (100, SIDE, SIDE, 1))
    return LabelledImages(images.clip(0, 255).astype(np.uint8), labels, np.arange(100))


def fitted(kind: type[Generator], hyper: object, training: Training) -> Model:
    space, _ = new_space("pixels", (SIDE, SIDE, 1), {})
    model = Model(Recipe(kind, hyper, training), space, n_labels=2)
    model.fit(rare_labels(), seed=1)
    return model


def built(kind: type[Stepped], hyper: object) -> Stepped:
    with torch_seeded(1):
        return kind((1, SIDE, SIDE), 2, hyper, CircuitLayers("none", 1))


def batch(step: int = 0, steps: int = 10) -> Batch:
    random = torch_generator(2)
    return Batch(torch.randn(6, 1, SIDE, SIDE, generator=random), torch.eye(2).repeat(3, 1), step, steps)


@pytest.mark.parametrize(
    ("kind", "hyper", "rate"), [(CwganGp, CWGAN, 2.5e-3), (R3gan, R3, 4e-3)], ids=["cwgan-gp", "r3gan"]
)
def test_labels_of_few_images_and_joint_or_absent_labels_are_learned(
    kind: type[Generator], hyper: object, rate: float
) -> None:
    """The images of each kind of label have a mean grey value of 60, 110, 160 and 210."""
    training = Training(steps=100, batch_size=48, learning_rate=rate, average=0.95, warm_up=0.0, schedule="constant")
    model = fitted(kind, hyper, training)
    wanted = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32).repeat(24, axis=0)
    grey = model.sample(wanted, seed=5).astype(float).mean(axis=(1, 2, 3)).reshape(4, 24).mean(axis=1)
    assert grey[0] < 85
    assert grey[1] == pytest.approx(110, abs=15)
    assert grey[2] > 135
    assert grey[3] > 125


@BOTH
def test_a_step_moves_critic_and_generator_and_tells_the_gap(kind: type[Stepped], hyper: object) -> None:
    model = built(kind, hyper)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    optimizers = model.optimizers(Training(steps=10, batch_size=6, learning_rate=1e-3))
    for step in range(2):  # the last layers of residual blocks start at zero, so the first step moves not all of them
        told = model.step(batch(step), optimizers, torch_generator(step))
    assert set(told) == {"critic", "penalty", "gap", "generator"}
    still = [name for name, weight in model.named_parameters() if torch.equal(weight, before[name])]
    assert all("vectors" in name or "bias" in name for name in still), (
        still
    )  # no image without a label was in the batch


@pytest.mark.parametrize("critic_steps", [1, 3])
def test_a_batch_is_split_into_the_steps_of_the_critic(critic_steps: int) -> None:
    model = built(CwganGp, replace(CWGAN, critic_steps=critic_steps))
    optimizers = model.optimizers(Training(steps=10, batch_size=6, learning_rate=1e-3))
    model.step(batch(), optimizers, torch_generator(1))
    taken = {name: {int(state["step"]) for state in one.state.values()} for name, one in optimizers.items()}
    assert taken == {"critic": {critic_steps}, "generator": {1}}


def test_the_wasserstein_gan_uses_the_optimiser_of_its_paper() -> None:
    training = Training(steps=10, batch_size=6, learning_rate=1e-3)
    optimizers = built(CwganGp, replace(CWGAN, critic_rate=2.0)).optimizers(training)
    assert {one.defaults["betas"] for one in optimizers.values()} == {(0.0, 0.9)}
    assert [optimizers[name].defaults["lr"] for name in ("critic", "generator")] == [2e-3, 1e-3]


@pytest.mark.parametrize(("step", "second_moment"), [(0, 0.9), (25, 0.945), (50, 0.99), (99, 0.99)])
def test_the_second_moment_follows_its_schedule(step: int, second_moment: float) -> None:
    model = built(R3gan, R3)
    optimizers = model.optimizers(Training(steps=100, batch_size=6, learning_rate=1e-3))
    model.step(batch(step, 100), optimizers, torch_generator(1))
    for optimizer in optimizers.values():
        assert optimizer.param_groups[0]["betas"] == pytest.approx((0.0, second_moment))


def test_the_penalty_of_r3gan_is_r1_plus_r2() -> None:
    """At first the critic is the same for one that has no penalty, so the losses differ by the weight times R1 + R2."""
    losses, penalties = [], []
    for weight in (0.0, 3.0):
        model = built(R3gan, replace(R3, penalty=(weight, weight)))
        told = model.step(batch(), model.optimizers(Training(learning_rate=1e-3)), torch_generator(1))
        losses.append(float(told["critic"]))
        penalties.append(float(told["penalty"]))
    model, random = built(R3gan, R3), torch_generator(1)
    drawn = model.generator(torch.randn(6, 8, generator=random), batch().labels).detach()
    slopes = []
    for points in (batch().points, drawn):
        points.requires_grad_()
        (gradient,) = torch.autograd.grad(model.critic(points, batch().labels).sum(), points)
        slopes.append(float(gradient.square().flatten(1).sum(dim=1).mean()))
    assert penalties[0] == pytest.approx(sum(slopes) / 2, rel=1e-4)
    assert losses[1] - losses[0] == pytest.approx(3 * penalties[0], rel=1e-3)


def test_values_between_two_ends_move_along_half_a_cosine() -> None:
    assert [eased((2.0, 0.2), progress) for progress in (0.0, 0.5, 1.0, 3.0)] == pytest.approx([2.0, 1.1, 0.2, 0.2])


def test_a_residual_block_starts_as_the_identity_with_its_groups() -> None:
    block = ResidualBlock(16, replace(R3, expansion=2, group_width=8), 4)
    block.start()
    grid = torch.randn(2, 16, 4, 4)
    assert torch.equal(block(grid), grid)
    assert block.body[2].weight.shape == (32, 8, 3, 3)


def test_r3gan_starts_with_images_and_scores_of_unit_size() -> None:
    model = built(R3gan, replace(R3, channels=(64,), noise=64))
    images = model.generator(torch.randn(64, 64, generator=torch_generator(3)), torch.eye(2).repeat(32, 1))
    scores = model.critic(torch.randn(64, 1, SIDE, SIDE, generator=torch_generator(4)), torch.eye(2).repeat(32, 1))
    assert 0.5 < images.std().item() < 2.0
    assert 0.5 < scores.std().item() < 4.0


@pytest.mark.parametrize("patch", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_r3gan_paints_grey_and_colour_in_patches(patch: int, channels: int) -> None:
    model = R3gan((channels, 16, 16), 2, replace(R3, patch=patch, channels=(8, 16)), CircuitLayers("none", 1))
    drawn = model.generator(torch.randn(3, 8), torch.zeros(3, 2))
    assert drawn.shape == (3, channels, 16, 16)
    assert model.critic(drawn, torch.ones(3, 2)).shape == (3,)
