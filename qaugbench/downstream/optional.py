"""What optional arms do beyond the locked recipe, by name: a further augmentation of each batch, another loss.

The recipe does not import this module, so that its hash, by which records are compared, does not change with what only optional
arms use; the cells of those arms depend on this module as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from qaugbench.augmentations import Augmentations, Losses
from qaugbench.downstream.elastic import elastic
from qaugbench.downstream.focal import focal_loss
from qaugbench.downstream.intensity import intensity
from qaugbench.downstream.loss import Loss, OtherLoss
from qaugbench.downstream.mixing import cutmix, mixup
from qaugbench.downstream.policies import randaugment, trivialaugment
from qaugbench.downstream.slots import Batch, Further
from qaugbench.recipe import LabelKind

OF_BATCHES: Mapping[str, Callable[[torch.Tensor, torch.Tensor, Any, int], Batch]] = {"mixup": mixup, "cutmix": cutmix}
OF_IMAGES: Mapping[str, Callable[[torch.Tensor, Any, int], torch.Tensor]] = {
    "randaugment": randaugment,
    "trivialaugment": trivialaugment,
    "elastic": elastic,
    "intensity": intensity,
}


def further_augmentation(settings: Augmentations) -> Further | None:
    """Return what is done to a batch after the locked augmentation: every one that ``settings`` holds, mixtures last.

    None where it holds none. Images are float [B, C, H, W] in [0, 1] before and after, labels float [B, K].
    """
    of_images = [(change, own) for name, change in OF_IMAGES.items() if (own := getattr(settings, name)) is not None]
    of_batches = [(change, own) for name, change in OF_BATCHES.items() if (own := getattr(settings, name)) is not None]
    if not of_images and not of_batches:
        return None

    def further(images: torch.Tensor, labels: torch.Tensor, seed: int) -> Batch:
        for change, own in of_images:
            images = change(images, own, seed)
        for mix, own in of_batches:
            images, labels = mix(images, labels, own, seed)
        return images, labels

    return further


def other_loss(settings: Losses) -> OtherLoss | None:
    """Return the loss that ``settings`` hold, or None where they hold none."""
    focal = settings.focal
    if focal is None:
        return None

    def loss(kind: LabelKind, real_labels: np.ndarray, device: str) -> Loss:
        return focal_loss(kind, real_labels, focal, device=device)

    return loss
