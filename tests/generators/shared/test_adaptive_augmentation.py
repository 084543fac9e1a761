"""Adaptive augmentation: the rule of its probability, and what the changes do to images."""

from __future__ import annotations

import math

import pytest
import torch

from qaugbench.generators.shared.adaptive_augmentation import (
    LIMIT,
    AdaptiveAugmentation,
    augmented,
    coloured,
    followed,
    hue_turn,
    moved,
    turn,
)
from qaugbench.seeds import torch_generator


def images(n: int, channels: int = 1, side: int = 8) -> torch.Tensor:
    return torch.rand(n, channels, side, side, generator=torch_generator(3)) * 2 - 1


def test_the_probability_rises_only_while_real_scores_are_too_often_positive() -> None:
    augment = AdaptiveAugmentation(target=0.6, images_to_one=400)
    confident, unsure = torch.ones(10), torch.tensor([1.0] * 6 + [-1.0] * 4)
    for _ in range(8):
        augment.observe(confident)
    assert float(augment.probability) == pytest.approx(0.2)  # 80 images of the 400 from 0 to 1
    for _ in range(4):
        augment.observe(unsure)  # a mean sign of 0.2
    assert float(augment.probability) == pytest.approx(0.1)


def test_the_probability_changes_after_every_fourth_step_by_their_mean_sign() -> None:
    augment = AdaptiveAugmentation(target=0.6, images_to_one=80)
    for scores in (torch.ones(10), torch.ones(10), torch.ones(10), -torch.ones(10)):
        assert float(augment.probability) == 0
        augment.observe(scores)  # together a mean sign of 0.5, below the target
    assert float(augment.probability) == 0


@pytest.mark.parametrize(("before", "sign", "after"), [(0.0, 0.2, 0.0), (LIMIT, 1.0, LIMIT), (0.3, 0.61, 0.4)])
def test_the_probability_stays_between_0_and_its_limit(before: float, sign: float, after: float) -> None:
    assert followed(before, sign, 0.6, 0.1) == pytest.approx(after)


def test_the_probability_is_part_of_the_state() -> None:
    augment, copy = AdaptiveAugmentation(0.6, 100), AdaptiveAugmentation(0.6, 100)
    for _ in range(5):
        augment.observe(torch.ones(10))
    copy.load_state_dict(augment.state_dict())
    for _ in range(3):
        augment.observe(torch.ones(10))
        copy.observe(torch.ones(10))
    assert float(copy.probability) == float(augment.probability) == pytest.approx(0.8)


def test_nothing_changes_with_probability_0() -> None:
    assert torch.allclose(augmented(images(4, 3), 0.0, torch_generator(1)), images(4, 3), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_about_the_right_share_of_images_stays_as_it_is(channels: int) -> None:
    given = images(1, channels).expand(2000, -1, -1, -1)
    changed = augmented(given, 0.05, torch_generator(1))
    kept = (changed - given).abs().amax(dim=(1, 2, 3)) < 1e-4
    # A change can leave an image as it is: a quarter turn by 0, a flip that is not, and a shift by less than half a pixel.
    blit = (1 - 0.05 / 2) * (1 - 0.05 / 4) * (1 - 0.05 / 2) ** 2
    others = 0.95 ** (5 + (2 if channels == 1 else 4))
    assert float(kept.float().mean()) == pytest.approx(blit * others, abs=0.05)


def test_a_quarter_turn_moves_pixels_exactly() -> None:
    given = images(2)
    quarter = turn(torch.full((2,), math.pi / 2))
    result = moved(given, quarter)
    turned = [torch.rot90(given, k, dims=(2, 3)) for k in (1, 3)]
    assert any(torch.allclose(result, one, atol=1e-5) for one in turned)
    assert torch.allclose(moved(result, turn(torch.full((2,), -math.pi / 2))), given, atol=1e-5)


def test_a_turn_of_hue_keeps_greys_and_a_third_of_it_exchanges_the_colours() -> None:
    third = hue_turn(torch.tensor([2 * math.pi / 3]))[0]
    assert torch.allclose(third @ torch.ones(3), torch.ones(3), atol=1e-6)
    assert torch.allclose(third @ torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]), atol=1e-6)


def test_contrast_and_brightness_by_hand() -> None:
    grey = torch.full((1, 1, 2, 2), 0.5)
    result = coloured(grey, torch.full((1, 1, 1), 2.0), torch.tensor([-0.25]))
    assert torch.equal(result, torch.full((1, 1, 2, 2), 0.75))


def test_gradients_flow_to_the_images() -> None:
    given = images(4, 3).requires_grad_()
    augmented(given, 0.8, torch_generator(2)).sum().backward()
    assert given.grad is not None
    assert bool((given.grad.abs().sum(dim=(1, 2, 3)) > 0).all())
