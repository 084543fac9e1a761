"""The shared autoencoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from qaugbench import definitions
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Budget, DivergedError, NotFittedError
from qaugbench.generators.shared.autoencoder import LatentAutoencoder
from qaugbench.generators.shared.diffusion import level_widths
from qaugbench.testing.images import bright_quadrants


@pytest.fixture(scope="module")
def images() -> LabelledImages:
    return bright_quadrants(n=32)


@pytest.fixture(scope="module")
def fitted(images: LabelledImages) -> LatentAutoencoder:
    autoencoder = LatentAutoencoder((32, 32, 1))
    autoencoder.fit(images, Budget(40, 16), seed=1)
    return autoencoder


def test_latents_of_the_training_images_are_standardised(fitted: LatentAutoencoder, images: LabelledImages) -> None:
    latents = fitted.encode(images.images)
    assert latents.dtype == np.float32
    assert latents.shape == (32, 4, 4, 4)
    assert np.allclose(latents.mean(axis=(0, 2, 3)), 0, atol=1e-4)
    assert np.allclose(latents.std(axis=(0, 2, 3)), 1, atol=1e-2)


def test_reconstructions_beat_the_mean_image(fitted: LatentAutoencoder, images: LabelledImages) -> None:
    decoded = fitted.decode(fitted.encode(images.images))
    mean_image = images.images.mean(axis=0)
    assert decoded.dtype == np.uint8
    assert decoded.shape == images.images.shape
    assert np.abs(decoded - images.images.astype(float)).mean() < 0.8 * np.abs(mean_image - images.images).mean()


def test_the_same_seed_gives_the_same_bits(fitted: LatentAutoencoder, images: LabelledImages) -> None:
    again = LatentAutoencoder((32, 32, 1))
    again.fit(images, Budget(40, 16), seed=1)
    state = fitted.state()
    assert all(torch.equal(state[name], tensor) for name, tensor in again.state().items())


def test_the_state_tells_the_shape(images: LabelledImages) -> None:
    odd = LatentAutoencoder((32, 32, 1), latent_channels=2, channels=(8, 16), residual_blocks=(0, 1), working_size=16)
    odd.fit(images, Budget(2, 4), seed=1)
    copy = LatentAutoencoder.from_state((32, 32, 1), load(save(odd.state())))
    assert copy.latent_shape == odd.latent_shape == (2, 4, 4)
    assert np.array_equal(copy.decode(copy.encode(images.images)), odd.decode(odd.encode(images.images)))


def test_images_whose_side_is_no_power_of_two_are_resized_and_back(images: LabelledImages) -> None:
    cropped = LabelledImages(images.images[:, :28, :28], images.labels, images.groups)
    autoencoder = LatentAutoencoder((28, 28, 1))
    autoencoder.fit(cropped, Budget(2, 4), seed=1)
    assert autoencoder.latent_shape == (4, 4, 4)
    assert autoencoder.decode(autoencoder.encode(cropped.images)).shape == cropped.images.shape


def test_latents_that_are_not_finite_are_refused(fitted: LatentAutoencoder) -> None:
    with pytest.raises(DivergedError, match="not finite"):
        fitted.decode(np.full((1, *fitted.latent_shape), np.nan, np.float32))


def test_a_loss_that_is_not_finite_stops_the_fit(images: LabelledImages) -> None:
    with pytest.raises(DivergedError, match=r"autoencoder diverged: the loss at step \d+ of 40"):
        LatentAutoencoder((32, 32, 1), learning_rate=1e12).fit(images, Budget(40, 4), seed=1)


def test_nothing_works_before_a_fit(images: LabelledImages) -> None:
    with pytest.raises(NotFittedError):
        LatentAutoencoder((32, 32, 1)).encode(images.images)


def test_images_must_be_square() -> None:
    with pytest.raises(DefinitionError, match="32x48"):
        LatentAutoencoder((32, 48, 1))


@pytest.mark.parametrize(("track", "size"), [("smoke", 32), ("lite", 64), ("standard", 128), ("full", 224)])
def test_every_track_ends_in_a_grid_that_halves_down_to_2x2(track: str, size: int) -> None:
    settings = definitions.autoencoder_settings(track)
    hyper = {key: value for key, value in settings.items() if key not in ("steps", "batch_size")}
    grid = LatentAutoencoder((size, size, 1), **hyper).latent_shape[-1]
    for name in ("ddpm", "qldm"):
        widths = level_widths(grid, tuple(definitions.generator_card(name).settings(track)["channels"]))
        assert grid / 2 ** (len(widths) - 1) == 2
