"""Diffusion in latents: widths, sampling, divergence, and that it learns a distribution and its labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Budget, DivergedError
from qaugbench.generators.shared.diffusion import LabelledUNet, draw_latents, level_widths, train_denoiser
from qaugbench.seeds import torch_seeded

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

    def forward(self, latents: torch.Tensor, timesteps: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        kept = self.kept[timesteps][:, None, None, None]
        clean = labels[:, 0, None, None, None]
        noise = (latents - kept.sqrt() * clean) / (1 - kept).sqrt()
        return (kept.sqrt() * noise - (1 - kept).sqrt() * clean).float() + self.anchor


@pytest.mark.parametrize(("grid", "widths"), [(2, (8,)), (4, (8, 16)), (8, (8, 16, 24)), (32, (8, 16, 24, 24, 24))])
def test_one_width_a_level_down_to_2x2(grid: int, widths: tuple[int, ...]) -> None:
    assert level_widths(grid, (8, 16, 24)) == widths


@pytest.mark.parametrize("grid", [1, 3, 6, 28])
def test_a_grid_that_does_not_halve_to_2x2_is_refused(grid: int) -> None:
    with pytest.raises(DefinitionError, match="power of two"):
        level_widths(grid, (8, 16))


def test_sampling_with_the_exact_velocity_reaches_the_clean_latent() -> None:
    """The cosine schedule is written out here from its paper (arXiv 2102.09672, equation 17)."""
    labels = np.array([[0.5], [-1.5]], np.float32)
    latents = draw_latents(ExactDenoiser(), labels, SHAPE, seed=1, sampling_steps=50, clip=4.0)
    assert np.allclose(latents, labels[:, :, None, None], atol=1e-2)


def test_predictions_stay_within_the_clip() -> None:
    labels = np.array([[3.0]], np.float32)
    latents = draw_latents(ExactDenoiser(), labels, SHAPE, seed=1, sampling_steps=50, clip=2.0)
    assert np.abs(latents).max() <= 2.0 + 1e-4


def test_a_denoiser_that_is_not_finite_is_reported() -> None:
    denoiser = ExactDenoiser()
    torch.nn.init.constant_(denoiser.anchor, float("nan"))
    with pytest.raises(DivergedError, match="not finite"):
        draw_latents(denoiser, np.zeros((1, 1), np.float32), SHAPE, seed=1, sampling_steps=2, clip=4.0)


def test_training_learns_which_latents_a_label_has() -> None:
    random = np.random.default_rng(3)
    labels = np.eye(2, dtype=np.float32)[random.integers(0, 2, 256)]
    latents = (labels @ [-1.0, 1.0])[:, None, None, None] + 0.2 * random.standard_normal((256, *SHAPE))
    with torch_seeded(1):
        network = LabelledUNet(SHAPE, 2, (16,), 1)
    trained = train_denoiser(
        network,
        latents.astype(np.float32),
        labels,
        budget=Budget(200, 32),
        learning_rate=4e-3,
        weight_decay=0.0,
        ema_decay=0.98,
        seed=1,
        progress=None,
    )
    drawn = draw_latents(
        trained, np.repeat(np.eye(2, dtype=np.float32), 64, axis=0), SHAPE, seed=5, sampling_steps=25, clip=4.0
    )
    assert drawn[:64].mean() == pytest.approx(-1.0, abs=0.15)
    assert drawn[64:].mean() == pytest.approx(1.0, abs=0.15)
    assert max(drawn[:64].std(), drawn[64:].std()) < 0.4  # 0.2 in the data; noise prediction reaches 1.7
