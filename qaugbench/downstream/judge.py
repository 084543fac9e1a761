"""The judge: a classifier trained on real images of its own, then frozen, that says what a synthetic image shows.

It grades and never ranks: a generator that draws one perfect prototype per class pleases every judge. Its images are those of
``datasets.judge``: no generator sees their patients, and none is in the test part. Network, loss, augmentation and steps are those
of the recipe; the last checkpoint is kept, with a temperature (Guo et al. 2017, arXiv 1706.04599) fitted on its reference images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from qaugbench import seeds
from qaugbench.downstream.loss import classification_loss
from qaugbench.downstream.network import Standardise, autocast, build_network, predict
from qaugbench.downstream.recipe import ClassifierDiverged, learning_rate_factor, parameter_groups
from qaugbench.downstream.slots import batches, to_unit_range
from qaugbench.errors import DataError
from qaugbench.metrics.temperature import fitted_temperature
from qaugbench.recipe import LabelKind, Recipe

if TYPE_CHECKING:
    from qaugbench.datasets.labelled_images import LabelledImages

BATCH = 256


@dataclass(frozen=True)
class Judge:
    """A frozen classifier of uint8 images [N, H, W, C]; its logits are divided by ``temperature``."""

    classifier: nn.Sequential
    temperature: float
    recipe: Recipe
    label_kind: LabelKind
    device: str = "cpu"

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the calibrated logits float32 [N, K] of images."""
        found = predict(self.classifier, images, precision=self.recipe.precision, device=self.device, batch=BATCH)
        return found / np.float32(self.temperature)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return what the last layer sees, float32 [N, D]."""
        standardise: Any = self.classifier[0]
        network: Any = self.classifier[1]
        parts = []
        self.classifier.eval()
        with torch.inference_mode(), autocast(self.recipe.precision, self.device):
            for start in range(0, len(images), BATCH):
                inputs = standardise(to_unit_range(images[start : start + BATCH], self.device))
                pooled = network.forward_head(network.forward_features(inputs), pre_logits=True)
                parts.append(pooled.flatten(1).float().cpu().numpy())
        return np.concatenate(parts)


def train_judge(
    recipe: Recipe,
    label_kind: LabelKind,
    train: LabelledImages,
    reference: LabelledImages,
    *,
    seed: int,
    device: str = "cpu",
) -> Judge:
    """Return the judge that learned from ``train``, its temperature fitted on ``reference``, which share no patient.

    The same arguments give the same bits on a CPU with one thread. Raises DataError for an empty set or a shared group, and
    ClassifierDiverged for a loss that is not finite.
    """
    _check(train, reference)
    classifier = new_judge(recipe, train.images, n_labels=train.labels.shape[1], seed=seed).to(device)
    with seeds.torch_seeded(seeds.child_seed(seed, "dropout")), torch.backends.cudnn.flags(deterministic=True):
        _fit(classifier, recipe, label_kind, train, seed, device)
    classifier.eval()
    logits = predict(classifier, reference.images, precision=recipe.precision, device=device, batch=BATCH)
    return Judge(classifier, fitted_temperature(logits, reference.labels, label_kind), recipe, label_kind, device)


def new_judge(recipe: Recipe, images: np.ndarray, *, n_labels: int, seed: int) -> nn.Sequential:
    """Return the judge's network before training, standardising as ``images`` uint8 [N, H, W, C] ask for."""
    network = build_network(recipe.model, recipe.pretrained, channels=images.shape[-1], n_labels=n_labels, seed=seed)
    return nn.Sequential(Standardise(images), network.to(memory_format=torch.channels_last))


def _fit(
    classifier: nn.Module, recipe: Recipe, label_kind: LabelKind, train: LabelledImages, seed: int, device: str
) -> None:
    stream = batches(
        train,
        recipe.batch_real,
        order_seed=seeds.child_seed(seed, "order"),
        augment_seed=seeds.child_seed(seed, "augment"),
        augment=recipe.augment,
        device=device,
    )
    loss = classification_loss(label_kind, train.labels, balance=True, device=device)
    optimizer = torch.optim.AdamW(parameter_groups(classifier, recipe.weight_decay), lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(step, steps=recipe.steps, warmup_steps=recipe.warmup_steps)
    )
    classifier.train()
    for step in range(1, recipe.steps + 1):
        images, labels = next(stream)
        with autocast(recipe.precision, device):
            logits = classifier(images.contiguous(memory_format=torch.channels_last))
        value = loss(logits.float(), labels)
        if not torch.isfinite(value):
            raise ClassifierDiverged(f"The judge diverged: its loss is not finite at step {step} of {recipe.steps}.")
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        schedule.step()


def _check(train: LabelledImages, reference: LabelledImages) -> None:
    for name, data in (("training", train), ("reference", reference)):
        if len(data) == 0:
            raise DataError(f"The {name} images of the judge are none; give it at least one.")
    shared = np.intersect1d(train.groups, reference.groups)
    if len(shared):
        raise DataError(
            f"{len(shared)} groups are both among the training and the reference images of the judge; split by group."
        )
