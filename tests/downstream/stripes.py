"""A small learnable set of images, and the smallest recipe that trains on it."""

from __future__ import annotations

import numpy as np

from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.recipe import Augment, Recipe
from qaugbench.seeds import numpy_generator

STILL = Augment(flip=False, rotate_degrees=0, translate=0, scale=0, brightness=0, contrast=0, erase=0)
LIVELY = Augment(flip=True, rotate_degrees=10, translate=0.1, scale=0.1, brightness=0.1, contrast=0.2, erase=0.5)
TINY = Recipe(
    model="test_resnet", steps=6, batch_real=8, learning_rate=2e-3, augment=LIVELY, warmup_steps=2, evaluations=2
)
SEEDS = {"init_seed": 1, "order_seed": 2, "augment_seed": 3, "fill_order_seed": 4, "fill_augment_seed": 5}


def striped_images(n: int, seed: int, size: int = 16) -> LabelledImages:
    """Return noisy horizontal stripes (class 0), vertical stripes (class 1) and neither (class 2), equally often."""
    rng = numpy_generator(seed)
    classes = rng.permutation(np.arange(n) % 3)
    wave = np.sin(np.arange(size) * np.pi / 2)
    patterns = np.stack([np.tile(wave[:, None], (1, size)), np.tile(wave, (size, 1)), np.zeros((size, size))])
    images = 128 + 40 * patterns[classes] + rng.normal(0, 25, (n, size, size))
    return LabelledImages(
        images.clip(0, 255).astype(np.uint8)[..., None], np.eye(3, dtype=np.float32)[classes], np.arange(n)
    )
