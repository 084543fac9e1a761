"""Losses of scores and penalties of gradients, against values and gradients worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from qaugbench.generators.shared.adversarial import (
    between,
    constant,
    gap,
    gradient_penalty,
    relativistic_loss,
    scores_and_slopes,
    wasserstein_loss,
    zero_centred_penalty,
)
from qaugbench.seeds import torch_generator

POINTS = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])


class Quadratic(nn.Module):
    """a·x² summed over a row: its gradient by the row is 2·a·x."""

    def __init__(self, a: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.a * points.square().sum(dim=1)


def test_the_slopes_of_a_quadratic_are_its_gradients() -> None:
    critic = Quadratic(0.5)
    scores, slopes = scores_and_slopes(critic, POINTS)
    assert torch.allclose(scores, 0.5 * POINTS.square().sum(dim=1))
    assert torch.allclose(slopes, POINTS.square().sum(dim=1))  # |2·0.5·x|²
    assert not POINTS.requires_grad


def test_a_zero_centred_penalty_and_its_gradient_by_the_weights() -> None:
    """Half the mean of 4·a²·|x|², whose derivative by a is 4·a times the mean of |x|²."""
    critic = Quadratic(0.7)
    penalty = zero_centred_penalty(critic, POINTS)
    penalty.backward()
    mean_square = float(POINTS.square().sum(dim=1).mean())
    assert penalty.item() == pytest.approx(2 * 0.49 * mean_square)
    assert float(critic.a.grad) == pytest.approx(4 * 0.7 * mean_square)  # type: ignore[arg-type]


def test_a_gradient_penalty_and_its_gradient_by_the_weights() -> None:
    """The mean of (2·a·|x| - 1)², whose derivative by a is the mean of 2·(2·a·|x| - 1)·2·|x|."""
    critic = Quadratic(0.7)
    penalty = gradient_penalty(critic, POINTS)
    penalty.backward()
    norms = POINTS.norm(dim=1)
    assert penalty.item() == pytest.approx(float((1.4 * norms - 1).square().mean()))
    assert float(critic.a.grad) == pytest.approx(float((4 * (1.4 * norms - 1) * norms).mean()))  # type: ignore[arg-type]


def test_a_gradient_penalty_is_zero_for_a_slope_of_one_and_finite_for_a_flat_critic() -> None:
    direction = torch.tensor([0.6, 0.8])
    assert float(gradient_penalty(lambda points: points @ direction, POINTS)) == pytest.approx(0.0, abs=1e-10)
    flat = Quadratic(0.0)
    gradient_penalty(flat, POINTS).backward()
    assert math.isfinite(float(flat.a.grad))  # type: ignore[arg-type]


def test_points_between_are_on_the_line_of_their_row() -> None:
    real, drawn = torch.zeros(200, 1, 2, 2), torch.ones(200, 1, 2, 2)
    shares = between(real, drawn, torch_generator(1)).flatten(1)
    assert torch.equal(shares, shares[:, :1].expand(-1, 4))
    assert 0 <= float(shares.min()) < 0.05
    assert 0.95 < float(shares.max()) <= 1
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.1)


def test_losses_of_scores() -> None:
    real, drawn = torch.tensor([2.0, 0.0]), torch.tensor([1.0, 1.5])
    assert float(wasserstein_loss(real, drawn)) == pytest.approx(0.25)
    assert float(gap(real, drawn)) == pytest.approx(-0.25)
    expected = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(1.5))) / 2
    assert float(relativistic_loss(real, drawn)) == pytest.approx(expected)


def test_a_relativistic_loss_sees_differences_of_pairs_only() -> None:
    real, drawn = torch.tensor([2.0, -1.0]), torch.tensor([1.0, 0.5])
    shift = torch.tensor([10.0, -4.0])
    assert torch.allclose(relativistic_loss(real + shift, drawn + shift), relativistic_loss(real, drawn))
    assert float(relativistic_loss(real, real)) == pytest.approx(math.log(2))


def test_a_constant_critic_passes_gradients_on_and_keeps_none() -> None:
    critic = Quadratic(0.5)
    fixed = nn.Parameter(torch.zeros(()), requires_grad=False)
    critic.register_parameter("fixed", fixed)
    points = POINTS.clone().requires_grad_()
    with constant(critic):
        critic(points).sum().backward()
    assert torch.allclose(points.grad, POINTS)  # type: ignore[arg-type]
    assert critic.a.grad is None
    assert critic.a.requires_grad
    assert not fixed.requires_grad
