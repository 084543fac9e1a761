"""What every space promises: the way from images to points and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from qaugbench import definitions
from qaugbench.cards import Training
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import DivergedError, InfeasibleError
from qaugbench.generators.shared.model import load_tensors
from qaugbench.generators.spaces.latent import Latents
from qaugbench.generators.spaces.named import SPACES, new_space
from qaugbench.generators.spaces.patches import Patches
from qaugbench.generators.spaces.pca import PrincipalComponents
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.generators.spaces.space import Space
from qaugbench.generators.spaces.vector import Vectors
from qaugbench.generators.training.tensors import tensors_of
from qaugbench.testing.images import bright_quadrants

IMAGES = bright_quadrants(3).images
QUANTUM = {"steps": 2, "batch_size": 8, "channels": [8, 8], "residual_blocks": [0, 1], "layers": 1}
FEW = Training(steps=2, batch_size=8)
SETTINGS: dict[str, dict[str, Any]] = {
    "pixels": {},
    "pixels, smaller": {"side": 16},
    "latent": {"steps": 2, "batch_size": 8},
    "quantum-latent": QUANTUM,
    "quantum-latent, twin": {**QUANTUM, "control": "twin"},
    "vector": {"steps": 2, "batch_size": 8, "size": 6, "channels": [4, 8]},
    "vector, bounded": {"steps": 2, "batch_size": 8, "size": 6, "channels": [4, 8], "bounded": True},
    "pca": {"components": 8},
    "patches": {"side": 8, "patch": 4},
}
SHAPES = {
    "pixels": (3, 32, 32),
    "pixels, smaller": (3, 16, 16),
    "latent": (4, 4, 4),
    "quantum-latent": (4, 8, 8),
    "quantum-latent, twin": (4, 8, 8),
    "vector": (6,),
    "vector, bounded": (6,),
    "pca": (8,),
    "patches": (4, 48),
}


def fitted(case: str, seed: int = 1) -> Space:
    space, training = new_space(case.partition(",")[0], (32, 32, 3), SETTINGS[case])
    space.fit(IMAGES, training=training, seed=seed)
    return space.eval()


@pytest.mark.parametrize("case", SETTINGS)
def test_images_become_points_and_points_images(case: str) -> None:
    space = fitted(case)
    points = space.encode(IMAGES)
    assert points.shape == (len(IMAGES), *SHAPES[case])
    assert points.dtype == torch.float32
    assert 0.05 < float(points.std()) < 3
    images = space.decode(points)
    assert images.shape == IMAGES.shape
    assert images.dtype == np.uint8
    assert np.array_equal(images, IMAGES) == space.is_identity == (case == "pixels")
    assert space.encode(IMAGES[:0]).shape == (0, *SHAPES[case])
    assert space.decode(points[:0]).shape == (0, 32, 32, 3)


@pytest.mark.parametrize("case", SETTINGS)
def test_points_taken_by_row_are_those_of_the_images(case: str) -> None:
    space, rows = fitted(case), np.array([5, 0, 5])
    torch.testing.assert_close(space.points(IMAGES).take(rows), space.encode(IMAGES)[rows], atol=1e-5, rtol=1e-5)
    assert len(space.points(IMAGES)) == len(IMAGES)


@pytest.mark.parametrize("case", SETTINGS)
def test_a_state_gives_the_same_space_and_a_seed_the_same_bits(case: str) -> None:
    space, again = fitted(case), fitted(case)
    copy, _ = new_space(case.partition(",")[0], (32, 32, 3), SETTINGS[case])
    load_tensors(copy, tensors_of(space))
    points = space.encode(IMAGES)
    assert torch.equal(points, again.encode(IMAGES))
    assert torch.equal(points, copy.eval().encode(IMAGES))
    assert np.array_equal(space.decode(points), copy.decode(points))


@pytest.mark.parametrize("case", ["latent", "quantum-latent", "vector", "pca"])
def test_points_that_were_learned_have_unit_variance(case: str) -> None:
    points = fitted(case).encode(IMAGES)
    channels = points.transpose(0, 1).flatten(1)
    torch.testing.assert_close(channels.mean(dim=1), torch.zeros(len(channels)), atol=1e-3, rtol=0)
    torch.testing.assert_close(channels.std(dim=1), torch.ones(len(channels)), atol=2e-2, rtol=0)


def test_principal_components_are_those_of_a_full_decomposition() -> None:
    rows = IMAGES.reshape(len(IMAGES), -1).astype(np.float64) / 127.5 - 1
    values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)[:8]
    space = fitted("pca")
    np.testing.assert_allclose(space.deviations.numpy(), values / np.sqrt(len(rows) - 1), rtol=1e-3)
    gram = space.directions @ space.directions.T
    torch.testing.assert_close(gram, torch.eye(8), atol=1e-4, rtol=0)


def test_principal_components_need_more_images_than_there_are_components() -> None:
    space = PrincipalComponents((32, 32, 3), PrincipalComponents.Hyper(components=8))
    with pytest.raises(InfeasibleError, match="8 principal components need at least 9 images"):
        space.fit(IMAGES[:8], training=FEW, seed=1)


def test_patches_are_read_row_by_row_and_channel_by_channel() -> None:
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    space = Patches((4, 4, 1), Patches.Hyper(side=4, patch=2))
    grey = ((space.encode(image) + 1) * 127.5).round().int()
    assert grey.tolist() == [[[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]]
    assert np.array_equal(space.decode(space.encode(image)), image)


def test_training_lowers_the_reconstruction_error() -> None:
    errors = []
    for steps in (0, 40):
        space = Latents((32, 32, 1), Latents.Hyper())
        grey = bright_quadrants().images
        space.fit(grey, training=Training(steps=steps, batch_size=16, learning_rate=4e-3), seed=1)
        errors.append(np.abs(space.decode(space.encode(grey)) - grey.astype(float)).mean())
    assert errors[1] < 0.7 * errors[0]


def test_images_whose_side_is_no_power_of_two_are_resized_and_back() -> None:
    space = Latents((28, 28, 3), Latents.Hyper())
    cropped = np.ascontiguousarray(IMAGES[:, :28, :28])
    space.fit(cropped, training=FEW, seed=1)
    assert space.shape == (4, 4, 4)
    assert space.decode(space.encode(cropped)).shape == cropped.shape


def test_points_that_are_not_finite_are_refused() -> None:
    with pytest.raises(DivergedError, match="not finite"):
        fitted("pixels").decode(torch.full((1, 3, 32, 32), torch.nan))


def test_bounded_codes_are_between_minus_one_and_one() -> None:
    points = fitted("vector, bounded").encode(IMAGES)
    assert -1 <= float(points.min()) < float(points.max()) <= 1


def test_a_vector_of_images_of_any_size_is_decoded_to_their_size() -> None:
    space = Vectors((28, 28, 3), Vectors.Hyper(size=5, channels=(4, 8)))
    cropped = np.ascontiguousarray(IMAGES[:, :28, :28])
    space.fit(cropped, training=FEW, seed=1)
    assert space.decode(space.encode(cropped)).shape == cropped.shape


def test_a_loss_that_is_not_finite_stops_the_fit() -> None:
    space = Latents((32, 32, 3), Latents.Hyper())
    with pytest.raises(DivergedError, match=r"the loss 'loss' is (nan|inf) at step \d+ of 40"):
        space.fit(IMAGES, training=Training(steps=40, batch_size=4, learning_rate=1e12), seed=1)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("pixels", {"sides": 8}, "unknown key 'sides'. Did you mean 'side'"),
        ("patches", {"side": 10, "patch": 4}, "cannot be cut into patches of 4"),
        ("pixels", {"side": -4}, "at 1 to 32 pixels, but side = -4"),
        ("pixels", {"side": 33}, "at 1 to 32 pixels, but side = 33"),
        ("pca", {"components": 0}, "have 1 to 1024 principal components, but components = 0"),
        ("pca", {"components": 1025}, "have 1 to 1024 principal components, but components = 1025"),
        ("latent", {"steps": 1, "batch_size": 1, "latent_channels": 0}, "must be at least 1, got 0"),
        ("latent", {}, "give 'steps' and 'batch_size'"),
        ("pca", {"steps": 5, "batch_size": 2}, "remove 'steps' and 'batch_size'"),
        ("latent", {"steps": 1, "batch_size": 1, "residual_blocks": [1]}, "3 channels and 1 residual_blocks"),
        ("latent", {"steps": 1, "batch_size": 1, "working_size": 20}, "multiple of 8, but 32x32"),
        ("vector", {"steps": 1, "batch_size": 1, "size": 0}, "size and channels must be at least 1, got 0"),
    ],
)
def test_wrong_settings_are_named(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        new_space(name, (32, 32, 1), settings)


@pytest.mark.parametrize("task", ["brainmri", "chestxray", "fundus", "kneeoa"])
@pytest.mark.parametrize("name", SPACES)
def test_every_space_can_be_made_on_every_track(name: str, task: str) -> None:
    found = definitions.task(task)
    for track in found.tracks.values():
        shape = (track.image_size, track.image_size, found.channels)
        space, _ = new_space(name, shape, definitions.space_settings(name, task, track.name))
        assert space.title.startswith(name)


def test_pixels_at_their_own_size_lose_nothing() -> None:
    assert Pixels((32, 32, 1), Pixels.Hyper()).is_identity
    assert not Pixels((32, 32, 1), Pixels.Hyper(side=8)).is_identity
    assert Pixels((32, 32, 1), Pixels.Hyper(side=8)).title == "pixels-8"
