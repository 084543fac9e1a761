"""StyleGAN2-ADA: whose weights a step moves, when R1 is computed, truncation, and that head and tail labels are learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from qaugbench.cards import Training
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.stylegan import Stylegan
from qaugbench.generators.training.loop import train
from qaugbench.generators.training.points import Encoded
from qaugbench.seeds import torch_generator, torch_seeded

N_LABELS = 3
SIDE = 8


def stylegan(**hyper: Any) -> Stylegan:
    settings = {"channels": (8, 16), "noise_size": 8, "style_size": 16, "mapping_rate": 0.1, **hyper}
    with torch_seeded(1):
        return Stylegan((1, SIDE, SIDE), N_LABELS, Stylegan.Hyper(**settings), CircuitLayers("none", 1))


def batch(step: int) -> Batch:
    points = torch.rand(4, 1, SIDE, SIDE, generator=torch_generator(5)) - 0.5
    return Batch(points, torch.eye(N_LABELS)[[0, 1, 2, 0]], step, 100)


def test_each_optimiser_moves_its_own_weights() -> None:
    model = stylegan()
    optimizers = model.optimizers(Training(learning_rate=0.01))
    for still in optimizers:
        before = {name: weight.clone() for name, weight in model.named_parameters()}
        rates = {name: group["lr"] for name, one in optimizers.items() for group in one.param_groups}
        for group in optimizers[still].param_groups:
            group["lr"] = 0.0
        model.step(batch(1), optimizers, torch_generator(2))
        moved = {
            name.split(".")[0] for name, weight in model.named_parameters() if not torch.equal(weight, before[name])
        }
        assert moved == ({"critic"} if still == "generator" else {"mapping", "synthesis"})
        for group in optimizers[still].param_groups:
            group["lr"] = rates[still]


def test_the_critics_rate_is_relative() -> None:
    optimizers = stylegan(critic_rate=0.5).optimizers(Training(learning_rate=0.01))
    assert [optimizers[name].param_groups[0]["lr"] for name in ("generator", "critic")] == [0.01, 0.005]


def test_r1_is_computed_at_every_kth_step_and_told_at_all() -> None:
    model = stylegan(r1_every=3)
    optimizers = model.optimizers(Training(learning_rate=0.01))
    told = [float(model.step(batch(step), optimizers, torch_generator(step))["r1"]) for step in range(6)]
    assert told[0] == told[1] == told[2] != told[3] == told[4] == told[5]
    assert told[0] > 0


def test_full_truncation_draws_the_mean_style_whatever_the_label() -> None:
    model = stylegan(truncation=0.0).eval()
    labels = torch.eye(N_LABELS)
    with torch.no_grad():
        model.mapping.label_embedding.weight.mul_(3)
        images = model.draw(labels, RowRandom(1, [0, 1, 2]))  # noise inputs have no strength before the first step
        free = stylegan().eval().draw(labels, RowRandom(1, [0, 1, 2]))
    assert torch.allclose(images[0], images[1], atol=1e-5)
    assert not torch.allclose(free[0], free[1], atol=1e-2)


def test_labels_are_learned_in_head_and_tail() -> None:
    """Label k brightens one quadrant; it has 90, 40 or 12 images."""
    labels = np.eye(N_LABELS, dtype=np.float32)[np.repeat([0, 1, 2], [90, 40, 12])]
    random = np.random.default_rng(0)
    images = random.normal(-0.6, 0.1, (len(labels), 1, SIDE, SIDE)).astype(np.float32)
    for image, label in zip(images, labels.argmax(axis=1), strict=True):
        row, column = [(0, 0), (0, 4), (4, 0)][label]
        image[0, row : row + 4, column : column + 4] += 1
    model = stylegan(augment_images=2000)
    training = Training(steps=250, batch_size=16, learning_rate=0.01, average=0.98)
    train(model, Encoded(torch.from_numpy(images)), labels, training=training, seed=1)
    wanted = torch.eye(N_LABELS).repeat_interleave(20, dim=0)
    with torch.no_grad():
        drawn = model.draw(wanted, RowRandom(3, range(60)))
    quadrants = torch.stack(
        [drawn[:, 0, a : a + 4, b : b + 4].mean(dim=(1, 2)) for a, b in [(0, 0), (0, 4), (4, 0)]], 1
    )
    right = (quadrants.argmax(dim=1) == wanted.argmax(dim=1)).view(N_LABELS, 20).float().mean(dim=1)
    assert bool((right > 0.6).all()), right  # chance is a third
