"""Mixtures of the images of a batch, and of their labels in the same proportions."""

from __future__ import annotations

import torch
from torchvision.transforms import v2

from qaugbench import seeds
from qaugbench.augmentations import Cutmix, Mixup
from qaugbench.downstream.slots import Batch


def mixup(images: torch.Tensor, labels: torch.Tensor, settings: Mixup, seed: int) -> Batch:
    """Return ``images`` [B, C, H, W] and ``labels`` [B, K], each row mixed with the one before it by one share per batch.

    Labels of any kind become numbers in [0, 1]: rows of one-hot labels still sum to 1, and binary cross-entropy is linear in
    each finding, so a mixed target is the mixture of both losses.
    """
    return _sometimes(v2.MixUp(alpha=settings.alpha), images, labels, settings.probability, seed)


def cutmix(images: torch.Tensor, labels: torch.Tensor, settings: Cutmix, seed: int) -> Batch:
    """Return ``images`` and ``labels``, one rectangle of each image taken from the one before it; labels mix by area."""
    return _sometimes(v2.CutMix(alpha=settings.alpha), images, labels, settings.probability, seed)


def _sometimes(
    mix: v2.MixUp | v2.CutMix, images: torch.Tensor, labels: torch.Tensor, probability: float, seed: int
) -> Batch:
    with seeds.torch_seeded(seed):
        if float(torch.rand(())) >= probability:
            return images, labels
        mixed_images, mixed_labels = mix(images, labels)
    return mixed_images, mixed_labels
