"""The augmentation's locked outputs: which cases there are, and ``python -m tests.downstream.locked_augmentation`` to lock anew.

An entry is comparable with another only if both classifiers saw the same augmentation, so its outputs are part of the
protocol: lock them anew only together with new versions of the tasks.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from qaugbench import definitions
from qaugbench.downstream.augment import augment_batch
from qaugbench.downstream.slots import to_unit_range
from qaugbench.recipe import Augment
from qaugbench.seeds import torch_generator
from tests.downstream.stripes import LIVELY

FILE = Path(__file__).with_suffix(".npz")
SEEDS = (1, 2)


def cases() -> dict[str, tuple[Augment, int]]:
    """Return settings and channels by name: every task's own (its tracks share them), and one case that uses everything."""
    tasks = [definitions.task(name) for name in definitions.names("tasks")]
    found = {task.id: (task.tracks["lite"].recipe.augment, task.channels) for task in tasks}
    return found | {"everything": (replace(LIVELY, rotate_degrees=25, scale=0.2, erase=1.0), 1)}


def locked_images(channels: int) -> np.ndarray:
    """Return three uint8 images [3, 10, 10, channels] that need no generator of random numbers."""
    pixel = np.arange(3 * 10 * 10 * channels).reshape(3, 10, 10, channels)
    return ((pixel * pixel * 7 + pixel * 13) % 251).astype(np.uint8)


def augmented(settings: Augment, channels: int, seed: int) -> np.ndarray:
    """Return what the augmentation makes of the locked images: float32 [3, channels, 10, 10]."""
    images: torch.Tensor = to_unit_range(locked_images(channels), "cpu")
    return augment_batch(images, settings, torch_generator(seed)).numpy()


if __name__ == "__main__":
    arrays = {
        f"{name}-{seed}": augmented(settings, channels, seed)
        for name, (settings, channels) in cases().items()
        for seed in SEEDS
    }
    np.savez_compressed(FILE, **arrays)  # type: ignore[arg-type]
