"""MosaiQ and QIGL: circuits and parameters as published, the order of components, adaptive noise, and the released generator."""

from __future__ import annotations

import math

import pytest
import torch

from qaugbench.cards import Training
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.mosaiq import Mosaiq
from qaugbench.generators.shared.component_circuits import ComponentCircuits, SeenRange, redistribution
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.seeds import torch_generator
from tests.circuits import papers
from tests.generators.published import published

NAMES = ("mosaiq", "mosaiq:as-released", "qigl")


@pytest.mark.parametrize("name", NAMES)
def test_circuits_and_parameters_are_those_of_mosaiq(name: str) -> None:
    made = published(name)
    assert made.generator.block.circuit == papers.mosaiq()
    assert trainable_parameters(made.generator) == 240
    assert trainable_parameters(made.critic) == 40 * 64 + 64 + 64 * 16 + 16 + 16 + 1


def test_each_circuit_writes_one_leading_component_and_four_weak_ones() -> None:
    """The order in the published code, for 40 components and 8 circuits."""
    expected = [[i, 39 - 4 * i, 38 - 4 * i, 37 - 4 * i, 36 - 4 * i] for i in range(8)]
    placed = redistribution(40, 8)
    assert [placed[5 * i : 5 * i + 5] for i in range(8)] == expected
    assert sorted(placed) == list(range(40))


@pytest.mark.parametrize("redistributed", [True, False])
def test_components_are_written_by_the_wires_that_the_order_says(redistributed: bool) -> None:
    made = ComponentCircuits(12, 3, 2, CircuitLayers(), redistributed=redistributed)
    noise = torch.rand(2, 4)
    places = redistribution(12, 3) if redistributed else list(range(12))
    torch.testing.assert_close(made(noise)[:, places], made.block(noise))


def test_circuits_that_cannot_share_the_components_are_refused() -> None:
    with pytest.raises(DefinitionError, match="8 circuits cannot write 36 components"):
        ComponentCircuits(36, 8, 1, CircuitLayers())


def test_a_range_follows_what_was_seen_and_scales_it_to_one() -> None:
    seen = SeenRange()
    seen.follow(torch.tensor([[0.5, 0.2]]), anew=True)
    seen.follow(torch.tensor([[0.4, -0.5], [1.5, 0.0]]), anew=False)
    points = torch.tensor([[-0.5, 0.5, 1.5]])
    torch.testing.assert_close(seen.scaled(points), torch.tensor([[-1.0, 0.0, 1.0]]))
    torch.testing.assert_close(seen.unscaled(seen.scaled(points)), points)


def test_a_range_of_equal_points_stays_finite() -> None:
    seen = SeenRange()
    seen.follow(torch.full((2, 3), 0.25), anew=True)
    assert seen.scaled(torch.full((1, 3), 0.25)).isfinite().all()


def one_step(made: Mosaiq, step: int) -> dict[str, torch.Tensor]:
    random = torch_generator(step)
    batch = Batch(torch.randn(8, 40, generator=random), torch.ones(8, 3), step, 10)
    return made.step(batch, made.optimizers(Training(learning_rate=0.3)), random)


def test_noise_widens_with_the_ratio_of_losses_as_in_the_published_code() -> None:
    made = published("mosaiq")
    told = [one_step(made, step) for step in range(2)]
    ratios = [float(one["critic"] / one["generator"]) for one in told]
    assert made.first_ratio.item() == pytest.approx(ratios[0])
    for rise, angle in ((0.0, math.pi / 8), (-1.0, math.pi / 8), (0.5, math.pi / 8 * (1 + 5 * math.tanh(0.5)))):
        made._adapt_noise(made.first_ratio + rise, anew=False)
        assert made.widest.item() == pytest.approx(angle, rel=1e-5)


@pytest.mark.parametrize(("name", "learns"), [("mosaiq", True), ("mosaiq:as-released", False)])
def test_the_released_generator_never_changes(name: str, learns: bool) -> None:
    made = published(name)
    weights, critic = made.generator.block.weights.clone(), made.critic[0].weight.clone()
    for step in range(3):
        one_step(made, step)
    assert (not torch.equal(made.generator.block.weights, weights)) is learns
    assert not torch.equal(made.critic[0].weight, critic)
