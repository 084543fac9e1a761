"""Random operations from one list, drawn image by image: RandAugment, and TrivialAugment in RandAugment's space."""

from __future__ import annotations

from functools import cache

import torch
from torchvision.transforms import v2

from qaugbench import seeds
from qaugbench.augmentations import POLICY_BINS, Randaugment, Trivialaugment


def randaugment(images: torch.Tensor, settings: Randaugment, seed: int) -> torch.Tensor:
    """Return ``images`` (float [B, C, H, W] in [0, 1]), each after its own random operations, in [0, 1]."""
    with seeds.torch_seeded(seed):
        return _by_image(images, [_policy(settings.operations, settings.magnitude)] * len(images))


def trivialaugment(images: torch.Tensor, settings: Trivialaugment, seed: int) -> torch.Tensor:
    """Return ``images`` (float [B, C, H, W] in [0, 1]), each after one random operation of random magnitude, in [0, 1]."""
    with seeds.torch_seeded(seed):
        magnitudes = torch.randint(settings.largest + 1, (len(images),)).tolist()
        return _by_image(images, [_policy(1, magnitude) for magnitude in magnitudes])


@cache
def _policy(operations: int, magnitude: int) -> v2.RandAugment:
    return v2.RandAugment(operations, magnitude, POLICY_BINS, interpolation=v2.InterpolationMode.BILINEAR)


def _by_image(images: torch.Tensor, policies: list[v2.RandAugment]) -> torch.Tensor:
    """Apply one policy per image: on a whole batch torchvision would draw one operation for all images."""
    changed = [policy(image) for policy, image in zip(policies, images, strict=True)]
    return torch.stack(changed).clamp(0.0, 1.0)
