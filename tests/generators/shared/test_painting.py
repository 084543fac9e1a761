"""The last layers of a generator of images: their shape, and that they paint no checkerboard."""

from __future__ import annotations

import pytest
import torch

from qaugbench.generators.shared.painting import Smooth, paint


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_every_site_paints_a_patch(patch: int) -> None:
    assert paint(6, 3, patch)(torch.zeros(2, 6, 5, 5)).shape == (2, 3, 5 * patch, 5 * patch)


def test_the_filter_is_binomial_and_keeps_constant_images() -> None:
    point = torch.zeros(1, 1, 5, 5)
    point[0, 0, 2, 2] = 16.0
    kernel = torch.tensor([1.0, 2.0, 1.0])
    assert torch.allclose(Smooth()(point)[0, 0, 1:4, 1:4], torch.outer(kernel, kernel))
    assert torch.allclose(Smooth()(torch.full((1, 2, 4, 4), 0.7)), torch.tensor(0.7))


def test_a_checkerboard_is_not_painted() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    board = (1.0 - 2 * ((rows + columns) % 2))[None, None]
    assert Smooth()(board)[..., 1:-1, 1:-1].abs().max() < 1e-6
