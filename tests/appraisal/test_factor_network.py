"""The network that reads factors off pictures learns what can be seen, says nothing of what cannot, and gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.appraisal.factor_network import FactorNetwork, factor_estimates, fit_factor_network
from qaugbench.appraisal.factors import estimation_skill


def spots(n: int, seed: int, side: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of one spot each; its height, its brightness if it is on the left (else NaN), and a number not shown."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    height, column, bright = rng.uniform(0.2, 0.8, n), rng.uniform(0.2, 0.8, n), rng.uniform(80, 220, n)
    squares = (y - height[:, None, None]) ** 2 + (x - column[:, None, None]) ** 2
    grey = 20 + bright[:, None, None] * np.exp(-squares / 0.02) + rng.normal(0, 4, (n, side, side))
    factors = np.stack([height, np.where(column < 0.5, bright, np.nan), rng.normal(size=n)], axis=1)
    return np.clip(grey, 0, 255).astype(np.uint8)[..., None], factors


@pytest.fixture(scope="module")
def network() -> FactorNetwork:
    return fit_factor_network(*spots(400, 1), steps=150, seed=3)


def test_what_can_be_seen_is_learned_and_what_cannot_is_not(network: FactorNetwork) -> None:
    images, factors = spots(200, 2)
    found = factor_estimates(network, images)
    skills = [estimation_skill(*pair) for pair in zip(factors.T, found.T, strict=True)]
    assert skills[0] > 0.8
    assert skills[1] > 0.6
    assert skills[2] < 0.3


def test_the_same_arguments_give_the_same_bits(network: FactorNetwork) -> None:
    again = fit_factor_network(*spots(400, 1), steps=150, seed=3)
    images, _ = spots(70, 2)
    assert (factor_estimates(again, images) == factor_estimates(network, images)).all()


def test_a_loaded_network_gives_the_same_estimates(network: FactorNetwork) -> None:
    other = FactorNetwork(1, 3)
    other.load_state_dict(network.state_dict())
    images, _ = spots(5, 2)
    assert (factor_estimates(other, images) == factor_estimates(network, images)).all()


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (28, 3), (130, 1)])
def test_pictures_of_any_size_and_colour_are_read(side: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, side, side, channels), dtype=np.uint8)
    found = factor_estimates(FactorNetwork(channels, 2), images)
    assert found.shape == (3, 2)
    assert np.isfinite(found).all()


def test_large_pictures_are_averaged_over_squares() -> None:
    network = FactorNetwork(1, 2)
    with torch.no_grad():
        network.head[2].bias.copy_(torch.tensor([1.0, -1.0]))  # type: ignore[union-attr, operator]
    small = np.random.default_rng(0).integers(0, 256, (3, 60, 60, 1), dtype=np.uint8)
    large = small.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(factor_estimates(network, large), factor_estimates(network, small), rtol=1e-4, atol=1e-5)
