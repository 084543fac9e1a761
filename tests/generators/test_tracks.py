"""Every latent baseline runs at the image size and with the settings of every track, though only for one small step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.cards import Training
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.shared.model import Model
from qaugbench.inspection.build import new_model

SIZES = {name: track.image_size for name, track in definitions.task("brainmri").tracks.items()}


@pytest.mark.parametrize("track", SIZES)
@pytest.mark.parametrize("name", ["ldm", "qldm"])
def test_one_step_at_the_size_of_the_track(name: str, track: str) -> None:
    size = SIZES[track]
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 1), dtype=np.uint8)
    data = LabelledImages(pixels, np.eye(3, 4, dtype=np.float32), np.arange(3))
    model = new_model(name, track=track, image_shape=(size, size, 1))
    model.space.fit(pixels, training=Training(steps=1, batch_size=2), seed=1)
    recipe = replace(model.recipe, hyper=replace(model.recipe.hyper, sampling_steps=2))
    model = Model(recipe, model.space, 4)
    model.fit(data, seed=1, training=replace(recipe.training, steps=1, batch_size=2))
    assert model.sample(data.labels[:2], seed=2).shape == (2, size, size, 1)
