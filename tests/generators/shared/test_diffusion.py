"""Diffusion in latents: widths, sampling, divergence, and that it learns a distribution and its labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from qaugbench.cards import Training
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.ldm import Ldm
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import LabelledUNet, denoising_loss, drawn_by_ddim, guided
from qaugbench.generators.training.loop import train
from qaugbench.generators.training.points import Encoded
from qaugbench.seeds import torch_generator, torch_seeded

SHAPE = (2, 2, 2)


class ExactDenoiser(torch.nn.Module):
    """The velocity that is right when every clean latent equals the first label."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = torch.nn.Parameter(torch.zeros(()))
        steps = torch.arange(1000, dtype=torch.float64) / 1000
        cosine = torch.cos((steps + 0.008) / 1.008 * torch.pi / 2) ** 2
        following = torch.cos((steps + 0.001 + 0.008) / 1.008 * torch.pi / 2) ** 2
        self.kept = torch.cumprod(1 - (1 - following / cosine).clamp(max=0.999), dim=0)

    def forward(
        self, latents: torch.Tensor, timesteps: torch.Tensor, labels: torch.Tensor, dropped: Any = None
    ) -> torch.Tensor:
        kept = self.kept[timesteps][:, None, None, None]
        clean = labels[:, 0, None, None, None]
        noise = (latents - kept.sqrt() * clean) / (1 - kept).sqrt()
        return (kept.sqrt() * noise - (1 - kept).sqrt() * clean).float() + self.anchor


def drawn(network: torch.nn.Module, labels: torch.Tensor, *, steps: int = 50, clip: float = 4.0) -> torch.Tensor:
    with torch.no_grad():
        return drawn_by_ddim(network, labels, RowRandom(1, range(len(labels))), SHAPE, steps=steps, clip=clip)


def test_sampling_with_the_exact_velocity_reaches_the_clean_latent() -> None:
    """The cosine schedule is written out here from its paper (arXiv 2102.09672, equation 17)."""
    labels = torch.tensor([[0.5], [-1.5]])
    torch.testing.assert_close(
        drawn(ExactDenoiser(), labels), labels[:, :, None, None].expand(2, *SHAPE), atol=1e-2, rtol=0
    )


def test_predictions_stay_within_the_clip() -> None:
    assert drawn(ExactDenoiser(), torch.tensor([[3.0]]), clip=2.0).abs().max() <= 2.0 + 1e-4


def test_guidance_pushes_away_from_the_prediction_without_labels() -> None:
    def network(points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: Any = None) -> torch.Tensor:
        return torch.full_like(points, 1.0 if dropped is None else 0.25)

    points, times, labels = torch.zeros(2, *SHAPE), torch.zeros(2), torch.ones(2, 1)
    assert (guided(network, points, times, labels, 1.0) == 1).all()
    assert (guided(network, points, times, labels, 3.0) == 0.25 + 3 * 0.75).all()


def test_no_condition_is_not_the_vector_without_labels() -> None:
    with torch_seeded(1):
        network = LabelledUNet(SHAPE, 2, (16,), 1)  # groups of two channels: one alone would lose what labels add to it
    points, times = torch.randn(3, *SHAPE, generator=torch_generator(1)), torch.tensor([1, 500, 900])
    none, some, dropped = torch.zeros(3, 2), torch.ones(3, 2), torch.ones(3)
    with torch.no_grad():
        assert torch.equal(network(points, times, none, dropped), network(points, times, some, dropped))
        assert not torch.allclose(network(points, times, none), network(points, times, none, dropped))


def test_the_loss_is_that_of_the_velocity() -> None:
    """An exact denoiser of constant points has no loss; one that is off by one everywhere has a loss of 1."""
    labels = torch.linspace(-1, 1, 16)[:, None]
    clean = labels[:, :, None, None].expand(16, *SHAPE)
    network = ExactDenoiser()
    assert float(denoising_loss(network, clean, labels, torch_generator(1))) == pytest.approx(0, abs=1e-4)
    torch.nn.init.ones_(network.anchor)
    assert float(denoising_loss(network, clean, labels, torch_generator(1)).detach()) == pytest.approx(1, abs=1e-3)


def test_training_learns_which_points_a_label_has() -> None:
    random = np.random.default_rng(3)
    labels = np.eye(2, dtype=np.float32)[random.integers(0, 2, 256)]
    values = (labels @ [-1.0, 1.0])[:, None, None, None] + 0.2 * random.standard_normal((256, *SHAPE))
    points = torch.from_numpy(values.astype(np.float32))
    hyper = Ldm.Hyper(channels=(16,), sampling_steps=25)
    with torch_seeded(1):
        model = Ldm(SHAPE, 2, hyper, CircuitLayers())
    training = Training(steps=200, batch_size=32, learning_rate=4e-3, average=0.98)
    train(model, Encoded(points), labels, training=training, seed=1)
    wanted = torch.eye(2).repeat_interleave(64, dim=0)
    with torch.no_grad():
        found = model.draw(wanted, RowRandom(5, range(128)))
    assert float(found[:64].mean()) == pytest.approx(-1.0, abs=0.15)
    assert float(found[64:].mean()) == pytest.approx(1.0, abs=0.15)
    assert max(float(found[:64].std()), float(found[64:].std())) < 0.4  # 0.2 in the data
