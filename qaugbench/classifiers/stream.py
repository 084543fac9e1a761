"""The recipe's streams of training images, which can begin at any batch: a training that resumes gets the very same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from qaugbench import seeds
from qaugbench.downstream.augment import DRAWS_PER_IMAGE, augment_batch
from qaugbench.downstream.slots import Batch, shuffled_indices, to_unit_range
from qaugbench.recipe import Augment

if TYPE_CHECKING:
    from qaugbench.datasets.labelled_images import LabelledImages


def batches_from(
    first: int,
    data: LabelledImages,
    n_slots: int,
    *,
    order_seed: int,
    augment_seed: int,
    augment: Augment | None,
    device: str,
) -> Iterator[Batch]:
    """Yield what ``downstream.slots.batches`` yields, from batch ``first`` on; earlier ones pass without their images."""
    generator = seeds.torch_generator(augment_seed)
    for number, index in enumerate(shuffled_indices(len(data), n_slots, order_seed)):
        if number < first:
            if augment is not None:
                torch.rand(n_slots, DRAWS_PER_IMAGE, generator=generator)
            continue
        images = to_unit_range(data.images[index], device)
        labels = torch.from_numpy(np.asarray(data.labels[index], dtype=np.float32)).to(device)
        yield (images if augment is None else augment_batch(images, augment, generator)), labels
