"""Slots are filled in seeded epochs, with the images and labels of the same rows."""

from __future__ import annotations

from itertools import islice

import numpy as np
import torch

from qaugbench.downstream.slots import batches, shuffled_indices, to_unit_range
from tests.downstream.stripes import LIVELY, striped_images


def test_every_epoch_is_a_permutation_of_all_images() -> None:
    drawn = np.concatenate(list(islice(shuffled_indices(10, 4, seed=3), 5)))
    assert sorted(drawn[:10]) == sorted(drawn[10:20]) == list(range(10))
    assert drawn[:10].tolist() != drawn[10:20].tolist()


def test_more_slots_than_images_repeat_whole_epochs() -> None:
    batch = next(shuffled_indices(3, 7, seed=0))
    assert sorted(batch[:3]) == sorted(batch[3:6]) == [0, 1, 2]


def test_labels_stay_with_their_images() -> None:
    data = striped_images(9, seed=0)
    images, labels = next(batches(data, 9, order_seed=1, augment_seed=2, augment=None, device="cpu"))
    order = next(shuffled_indices(9, 9, seed=1))
    assert torch.equal(images, to_unit_range(data.images[order], "cpu"))
    assert np.array_equal(labels.numpy(), data.labels[order])


def test_augmentation_does_not_touch_the_order() -> None:
    data = striped_images(20, seed=0)
    with_changes = batches(data, 8, order_seed=1, augment_seed=2, augment=LIVELY, device="cpu")
    without = batches(data, 8, order_seed=1, augment_seed=9, augment=None, device="cpu")
    for (_, labels), (_, expected) in islice(zip(with_changes, without, strict=False), 4):
        assert torch.equal(labels, expected)


def test_unit_range_puts_channels_first() -> None:
    images = np.array([[[[0, 51, 255]]]], dtype=np.uint8)
    assert to_unit_range(images, "cpu")[0, :, 0, 0].tolist() == [0.0, np.float32(0.2), 1.0]
