"""Every baseline runs at the image size and with the hyper-parameters of every track, though only for one small step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Budget
from qaugbench.generators.shared.autoencoder import LatentAutoencoder
from qaugbench.generators.shared.discovery import generator_class

SIZES = {name: track.image_size for name, track in definitions.task("brainmri").tracks.items()}
ONE_STEP = Budget(steps=1, batch_size=2)


def _hyper(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in ("steps", "batch_size")}


@pytest.mark.parametrize("track", SIZES)
@pytest.mark.parametrize("name", ["ddpm", "qldm"])
def test_one_step_at_the_size_of_the_track(name: str, track: str) -> None:
    size = SIZES[track]
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 1), dtype=np.uint8)
    data = LabelledImages(pixels, np.eye(3, 4, dtype=np.float32), np.arange(3))
    autoencoder = LatentAutoencoder((size, size, 1), **_hyper(definitions.autoencoder_settings(track)))
    autoencoder.fit(data, ONE_STEP, 1)
    card = definitions.generator_card(name)
    hyper = {**_hyper(card.settings(track)), "sampling_steps": 2}
    generator = generator_class(name)((size, size, 1), 4, **hyper)
    generator.attach_autoencoder(autoencoder)
    generator.fit(data, budget=ONE_STEP, seed=1)
    assert generator.sample(data.labels[:2], seed=2).shape == (2, size, size, 1)
