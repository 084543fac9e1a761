"""Diffusion conditional on labels: the loss, guidance, and both samplers, against hand computations and exact denoisers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import (
    VelocityOfClean,
    denoising_loss,
    drawn_by_ddim,
    drawn_by_dpm_solver,
    guided,
    label_inputs,
)
from qaugbench.seeds import torch_generator

SHAPE = (2, 4, 4)
LABELS = torch.tensor([[0, 0], [1, 0], [1, 1]], dtype=torch.float32)
SEED = 4  # drops the labels of some of three rows, not of all
SAMPLERS = [drawn_by_ddim, drawn_by_dpm_solver]


def kept() -> torch.Tensor:
    """The share of signal at each of 1,000 times: cosine schedule, arXiv 2102.09672, equation 17."""
    times = torch.arange(1001, dtype=torch.float64) / 1000
    level = torch.cos((times + 0.008) / 1.008 * torch.pi / 2) ** 2
    return torch.cumprod(1 - (1 - level[1:] / level[:-1]).clamp(max=0.999), dim=0)


class Network(nn.Module):
    """Its prediction is a sum of what it is given, so that a test can follow every part."""

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        level = (label_inputs(labels, dropped) @ torch.tensor([1.0, 10.0, 100.0])).view(-1, 1, 1, 1)
        return 0.1 * points + level + 0.001 * times.view(-1, 1, 1, 1)


class Exact(nn.Module):
    """The velocity that is right when clean points are normal with deviation ``spread`` around the first label."""

    def __init__(self, spread: float = 0.0) -> None:
        super().__init__()
        self.spread = spread

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        share = kept()[times].view(-1, 1, 1, 1)
        signal, noise, mean = share.sqrt(), (1 - share).sqrt(), labels[:, 0].view(-1, 1, 1, 1)
        variance = signal**2 * self.spread**2 + noise**2
        clean = mean + signal * self.spread**2 / variance * (points - signal * mean)
        return ((signal * points - clean) / noise).float()


def test_the_loss_is_the_error_of_the_velocity() -> None:
    clean = torch.randn(3, *SHAPE, generator=torch_generator(1))
    random = torch_generator(SEED)
    times = torch.randint(1000, (3,), generator=random)
    noise = torch.randn(3, *SHAPE, generator=random)
    dropped = torch.rand(3, generator=random) < 0.5
    assert 0 < dropped.sum() < 3
    share = kept()[times].view(-1, 1, 1, 1)
    noisy = share.sqrt() * clean + (1 - share).sqrt() * noise
    velocity = share.sqrt() * noise - (1 - share).sqrt() * clean
    level = torch.where(dropped, 100.0, LABELS @ torch.tensor([1.0, 10.0])).view(-1, 1, 1, 1)
    expected = (0.1 * noisy + level + 0.001 * times.view(-1, 1, 1, 1) - velocity).square().mean()
    loss = denoising_loss(Network(), clean, LABELS, torch_generator(SEED), label_dropout=0.5)
    assert float(loss) == pytest.approx(float(expected), rel=1e-4)


class Clean(nn.Module):
    """Predicts that every clean point is the first label."""

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        return label_inputs(labels, dropped)[:, 0].view(-1, 1, 1, 1).expand_as(points)


def test_the_velocity_of_a_clean_prediction_is_that_of_its_point() -> None:
    """Where clean points are as predicted, it is the true velocity (down to a noise level of .2, where it is damped)."""
    clean, noise = LABELS[:, 0].view(3, 1, 1, 1).expand(3, *SHAPE), torch.randn(3, *SHAPE, generator=torch_generator(1))
    times = torch.tensor([200, 500, 999])
    share = kept()[times].view(-1, 1, 1, 1)
    noisy = (share.sqrt() * clean + (1 - share).sqrt() * noise).float()
    expected = (share.sqrt() * noise - (1 - share).sqrt() * clean).float()
    assert torch.allclose(VelocityOfClean(Clean())(noisy, times, LABELS), expected, atol=1e-5)
    least = VelocityOfClean(Clean())(noisy, torch.zeros(3, dtype=torch.int64), LABELS)
    assert torch.allclose(least, (kept()[0].sqrt() * noisy - clean).float() / 0.2, atol=1e-4)


@pytest.mark.parametrize("draw", SAMPLERS)
def test_a_clean_prediction_is_what_is_drawn(draw: Callable[..., torch.Tensor]) -> None:
    labels = torch.tensor([[0.5], [-1.5]])
    points = draw(VelocityOfClean(Clean()), labels, RowRandom(1, range(2)), SHAPE, steps=20, clip=4.0)
    left = points - labels.view(2, 1, 1, 1)  # of the noise of .08 at the last step, (1 - .08 / .2) is left
    assert float(left.std()) == pytest.approx(0.08 * 0.6, abs=0.02)


def test_no_condition_is_not_the_vector_without_labels() -> None:
    assert label_inputs(LABELS, None).tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert label_inputs(LABELS, torch.tensor([True, False, True])).tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]


def test_guidance_moves_along_the_difference_that_all_labels_make() -> None:
    points, times = torch.zeros(3, *SHAPE), torch.zeros(3)
    plain = guided(Network(), points, times, LABELS, 1.0)
    assert torch.equal(plain, Network()(points, times, LABELS))
    strong = guided(Network(), points, times, LABELS, 3.0)  # 100 + 3 (labels - 100)
    assert torch.allclose(strong[:, 0, 0, 0], torch.tensor([-200.0, -197.0, -167.0]))


@pytest.mark.parametrize("draw", SAMPLERS)
def test_one_clean_point_per_label_is_reached(draw: Callable[..., torch.Tensor]) -> None:
    labels = torch.tensor([[0.5], [-1.5]])
    points = draw(Exact(), labels, RowRandom(1, range(2)), SHAPE, steps=20, clip=4.0)
    assert torch.allclose(points, labels.view(2, 1, 1, 1).expand_as(points), atol=1e-2)


@pytest.mark.parametrize("draw", SAMPLERS)
def test_a_normal_distribution_is_reached(draw: Callable[..., torch.Tensor]) -> None:
    labels = torch.full((400, 1), 0.3)
    points = draw(Exact(0.5), labels, RowRandom(1, range(400)), (1, 1, 1), steps=25, clip=4.0).numpy().ravel()
    assert points.mean() == pytest.approx(0.3, abs=0.08)  # three standard errors of 400 draws
    assert points.std() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("draw", SAMPLERS)
def test_drawing_is_deterministic_clipped_and_row_by_row(draw: Callable[..., torch.Tensor]) -> None:
    labels = torch.tensor([[3.0], [0.1], [-3.0]])
    first, again = (draw(Exact(), labels, RowRandom(1, range(3)), SHAPE, steps=8, clip=2.0) for _ in range(2))
    assert torch.equal(first, again)
    assert float(first.abs().max()) <= 2.0 + 1e-4
    alone = draw(Exact(), labels[2:], RowRandom(1, [2]), SHAPE, steps=8, clip=2.0)
    assert np.allclose(first[2:], alone, atol=1e-5)
