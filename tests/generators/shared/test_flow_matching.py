"""Flow matching: the loss against a hand computation, and transport with exact velocities."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import label_inputs
from qaugbench.generators.shared.flow_matching import drawn_by_flow, flow_loss
from qaugbench.seeds import torch_generator

SHAPE = (2, 4, 4)
LABELS = torch.tensor([[0, 0], [1, 0], [1, 1]], dtype=torch.float32)
LEVELS = torch.tensor([1.0, 10.0, 100.0])


class Network(nn.Module):
    """Its prediction is a sum of what it is given."""

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        return 0.1 * points + (label_inputs(labels, dropped) @ LEVELS + 0.001 * times).view(-1, 1, 1, 1)


class Exact(nn.Module):
    """The velocity that is right when every clean point equals the first label; without labels, when it is 0."""

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        clean = label_inputs(labels, dropped)[:, 0].view(-1, 1, 1, 1)
        levels = (times / 1000).view(-1, 1, 1, 1)
        return (points - clean) / levels  # x = (1 - s) clean + s noise, so noise - clean = (x - clean) / s


def test_the_loss_is_the_error_of_the_velocity_on_the_straight_path() -> None:
    clean = torch.randn(3, *SHAPE, generator=torch_generator(1))
    random = torch_generator(2)
    levels = torch.rand(3, generator=random)
    noise = torch.randn(3, *SHAPE, generator=random)
    dropped = torch.rand(3, generator=random) < 0.5
    total = torch.tensor(0.0)
    for k in range(3):
        on_path = clean[k] + levels[k] * (noise[k] - clean[k])
        seen = LEVELS[2] if dropped[k] else LABELS[k] @ LEVELS[:2]
        total += (0.1 * on_path + seen + levels[k] - (noise[k] - clean[k])).square().mean() / 3
    loss = flow_loss(Network(), clean, LABELS, torch_generator(2), label_dropout=0.5)
    assert float(loss) == pytest.approx(float(total), rel=1e-5)


@pytest.mark.parametrize("steps", [1, 4, 30])
def test_straight_paths_are_followed_exactly_in_any_number_of_steps(steps: int) -> None:
    labels = torch.tensor([[0.5], [-1.5]])
    points = drawn_by_flow(Exact(), labels, RowRandom(1, range(2)), SHAPE, steps=steps, clip=4.0)
    assert torch.allclose(points, labels.view(2, 1, 1, 1).expand_as(points), atol=1e-5)


def test_guidance_carries_beyond_the_label_and_1_is_plain() -> None:
    labels = torch.tensor([[1.0], [0.5]])
    plain, strong = (
        drawn_by_flow(Exact(), labels, RowRandom(1, range(2)), SHAPE, steps=4, clip=4.0, guidance=guidance)
        for guidance in (1.0, 2.0)
    )
    assert torch.allclose(plain[:, 0, 0, 0], torch.tensor([1.0, 0.5]), atol=1e-5)
    assert torch.allclose(strong[:, 0, 0, 0], torch.tensor([2.0, 1.0]), atol=1e-5)


def test_drawing_is_deterministic_clipped_and_row_by_row() -> None:
    labels = torch.tensor([[3.0], [0.1], [-3.0]])
    first, again = (drawn_by_flow(Exact(), labels, RowRandom(1, range(3)), SHAPE, steps=5, clip=2.0) for _ in range(2))
    assert torch.equal(first, again)
    assert float(first.abs().max()) == 2.0
    alone = drawn_by_flow(Exact(), labels[1:2], RowRandom(1, [1]), SHAPE, steps=5, clip=2.0)
    assert torch.allclose(first[1:2], alone, atol=1e-5)
