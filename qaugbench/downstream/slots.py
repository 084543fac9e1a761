"""Streams of training images: an endless, shuffled, augmented supply for a fixed number of slots of every batch.

The real and the fill slots of a batch each have their own stream, with its own generators, so the real images of a
step, their order and their augmentation are bit for bit the same in every arm, whatever fills the other slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from qaugbench import seeds
from qaugbench.downstream.augment import augment_batch
from qaugbench.recipe import Augment

if TYPE_CHECKING:
    from qaugbench.datasets.labelled_images import LabelledImages


def shuffled_indices(n_images: int, n_slots: int, seed: int) -> Iterator[np.ndarray]:
    """Yield index arrays [n_slots] endlessly: one random permutation of all images after another."""
    generator = seeds.torch_generator(seed)
    pending = torch.empty(0, dtype=torch.int64)
    while True:
        while len(pending) < n_slots:
            pending = torch.cat([pending, torch.randperm(n_images, generator=generator)])
        yield pending[:n_slots].numpy()
        pending = pending[n_slots:]


def batches(
    data: LabelledImages, n_slots: int, *, order_seed: int, augment_seed: int, augment: Augment | None, device: str
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield (images float32 [n_slots, C, H, W] in [0, 1], labels float32 [n_slots, K]) on ``device`` endlessly.

    ``augment`` None leaves the images as they are.
    """
    generator = seeds.torch_generator(augment_seed)
    for index in shuffled_indices(len(data), n_slots, order_seed):
        images = to_unit_range(data.images[index], device)
        if augment is not None:
            images = augment_batch(images, augment, generator)
        yield images, torch.from_numpy(np.asarray(data.labels[index], dtype=np.float32)).to(device)


def to_unit_range(images: np.ndarray, device: str) -> torch.Tensor:
    """Return uint8 images [N, H, W, C] as float32 [N, C, H, W] in [0, 1] on ``device``, channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2).float().div_(255.0)
