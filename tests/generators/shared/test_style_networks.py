"""Style-based networks: modulated convolutions against the paper's equations, sizes, and what each part depends on."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from qaugbench.errors import DefinitionError
from qaugbench.generators.shared.style_layers import GAIN, ModulatedConv, doubled
from qaugbench.generators.shared.style_networks import (
    GridNoise,
    Mapping,
    StyleCritic,
    Synthesis,
    batch_deviation,
    coarsest_side,
)
from qaugbench.seeds import torch_generator, torch_seeded

N_LABELS = 3


def normal(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch_generator(seed))


def silent(n: int) -> GridNoise:
    return lambda side: torch.zeros(n, 1, side, side)


@pytest.mark.parametrize(("side", "coarsest"), [(8, 4), (32, 4), (28, 7), (224, 7), (256, 4)])
def test_the_coarsest_grid_has_four_to_seven_sites_per_side(side: int, coarsest: int) -> None:
    assert coarsest_side(side) == coarsest


@pytest.mark.parametrize("side", [4, 7, 18, 100])
def test_a_side_that_cannot_be_halved_to_a_small_grid_is_refused_with_advice(side: int) -> None:
    with pytest.raises(DefinitionError, match=f"it is {side}; set 'side'"):
        coarsest_side(side)


def test_a_modulated_convolution_is_that_of_the_papers_weights() -> None:
    with torch_seeded(1):
        layer = ModulatedConv(3, 5, 3, style_size=4)
    grid, style = normal(2, 3, 6, 6), normal(2, 4, seed=2)
    result = layer(grid, style)
    for image, factors, expected in zip(grid, layer.style(style), result, strict=True):
        modulated = factors[None, :, None, None] * layer.weight * layer.scale  # equation 1
        size = modulated.square().sum(dim=(1, 2, 3), keepdim=True).add(1e-8).sqrt()  # equation 3
        by_hand = functional.conv2d(image[None], GAIN * modulated / size, padding=1)[0]
        assert torch.allclose(expected, by_hand, atol=1e-5)


def test_doubling_is_the_papers_filter() -> None:
    impulse = torch.zeros(1, 1, 4, 4)
    impulse[0, 0, 1, 1] = 1
    line = torch.tensor([0, 1, 3, 3, 1, 0, 0, 0]) / 4
    assert torch.allclose(doubled(impulse)[0, 0], torch.outer(line, line), atol=1e-6)


@pytest.mark.parametrize(("channels", "side"), [(1, 32), (3, 8), (1, 28)])
def test_images_have_the_shape_asked_for_and_critics_give_one_score_each(channels: int, side: int) -> None:
    shape = (channels, side, side)
    with torch_seeded(1):
        synthesis, critic = Synthesis(shape, (4, 8), 6), StyleCritic(shape, (4, 8), N_LABELS)
    images = synthesis(normal(5, synthesis.n_styles, 6), silent(5))
    assert images.shape == (5, channels, side, side)
    assert critic(images, torch.zeros(5, N_LABELS)).shape == (5,)


def changed_rows(one: torch.Tensor, other: torch.Tensor) -> list[bool]:
    """Return for each row whether it differs by more than rounding."""
    return ((one - other).abs().amax(dim=(1, 2, 3)) > 1e-5).tolist()


def test_every_style_and_every_noise_input_changes_the_image_of_its_row_alone() -> None:
    with torch_seeded(1):
        synthesis = Synthesis((1, 16, 16), (4,), 6)
    for layer in [*synthesis.grow, *synthesis.refine]:
        torch.nn.init.ones_(layer.noise_strength)  # type: ignore[arg-type]
    styles = normal(2, synthesis.n_styles, 6)
    plain = synthesis(styles, silent(2))
    for number in range(synthesis.n_styles):
        other = styles.clone()
        other[0, number] += 1
        assert changed_rows(synthesis(other, silent(2)), plain) == [True, False], number
    for noisy in (4, 8, 16):

        def noise(side: int, noisy: int = noisy) -> torch.Tensor:
            return torch.stack([normal(1, side, side) * (side == noisy), torch.zeros(1, side, side)])

        assert changed_rows(synthesis(styles, noise), plain) == [True, False], noisy


def test_style_and_score_follow_every_label_of_a_vector() -> None:
    with torch_seeded(1):
        mapping = Mapping(4, N_LABELS, 6, layers=2, rate=0.1)
        critic = StyleCritic((1, 8, 8), (4,), N_LABELS)
        torch.nn.init.normal_(mapping.label_embedding.bias)
    vectors = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]])
    noise, image = normal(1, 4).expand(5, -1), normal(1, 1, 8, 8).expand(5, -1, -1, -1)
    assert len(torch.unique(mapping(noise, vectors), dim=0)) == 5
    assert len(torch.unique(critic(image, vectors))) == 5


def test_batch_deviation_is_that_of_groups_of_four() -> None:
    grid = normal(8, 3, 2, 2)
    groups = [grid[first::2] for first in (0, 1)]
    expected = [group.std(dim=0, correction=0).mean() for group in groups] * 4
    assert torch.allclose(batch_deviation(grid)[:, 0, 0, 0], torch.stack(expected), atol=1e-5)


@pytest.mark.parametrize("n", [1, 3, 5, 6])
def test_batch_deviation_of_any_batch_is_finite_and_zero_for_equal_images(n: int) -> None:
    plane = batch_deviation(normal(1, 3, 2, 2).expand(n, -1, -1, -1))
    assert plane.shape == (n, 1, 2, 2)
    assert float(plane.abs().max()) < 1e-3
