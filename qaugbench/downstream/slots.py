"""Streams of training images: an endless, shuffled, augmented supply for a fixed number of slots of every batch.

The real and the fill slots of a batch each have their own stream, with its own generators, so the real images of a
step, their order and their augmentation are bit for bit the same in every arm, whatever fills the other slots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from qaugbench import seeds
from qaugbench.downstream.augment import augment_batch
from qaugbench.recipe import Augment

if TYPE_CHECKING:
    from qaugbench.datasets.labelled_images import LabelledImages

Batch = tuple[torch.Tensor, torch.Tensor]
Further = Callable[[torch.Tensor, torch.Tensor, int], Batch]
"""What an optional arm does to the slots of one stream: (images, labels, seed) -> (images, labels), with equal bits for
equal arguments, whatever torch's global state is."""


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
    data: LabelledImages,
    n_slots: int,
    *,
    order_seed: int,
    augment_seed: int,
    augment: Augment | None,
    device: str,
    further: Further | None = None,
) -> Iterator[Batch]:
    """Yield (images float32 [n_slots, C, H, W] in [0, 1], labels float32 [n_slots, K]) on ``device`` endlessly.

    ``augment`` None leaves the images as they are. ``further`` changes them after it, within the slots of this stream, under
    a seed of its own for each batch: with and without it the order and the draws of ``augment`` are the same.
    """
    generator = seeds.torch_generator(augment_seed)
    for number, index in enumerate(shuffled_indices(len(data), n_slots, order_seed)):
        images = to_unit_range(data.images[index], device)
        labels = torch.from_numpy(np.asarray(data.labels[index], dtype=np.float32)).to(device)
        if augment is not None:
            images = augment_batch(images, augment, generator)
        if further is not None:
            images, labels = further(images, labels, seeds.child_seed(augment_seed, "further", number))
        yield images, labels


def to_unit_range(images: np.ndarray, device: str) -> torch.Tensor:
    """Return uint8 images [N, H, W, C] as float32 [N, C, H, W] in [0, 1] on ``device``, channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2).float().div_(255.0)
