"""The locked recipe: one classifier with the same initial weights and the same real images in the same order for every arm.

Every batch holds ``batch_real`` real images and round(ratio * batch_real) fill images (none without fill).
The number of optimiser steps is fixed. The checkpoint with the best macro-AUROC on real validation images is kept: the
mean over the labels with both positives and negatives there; ties go to the earliest checkpoint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import torch
from torch import nn

from qaugbench import seeds
from qaugbench.downstream.loss import Loss, OtherLoss, classification_loss
from qaugbench.downstream.network import Standardise, autocast, build_network, predict, state_sha256
from qaugbench.downstream.slots import Batch, Further, batches
from qaugbench.downstream.validation import validation_auroc
from qaugbench.errors import DataError, DefinitionError, QaugbenchError
from qaugbench.recipe import LabelKind, Recipe

if TYPE_CHECKING:
    from qaugbench.datasets.labelled_images import LabelledImages

Progress = Callable[[int, int, float], None]


class ClassifierDiverged(QaugbenchError):
    """The training loss or the logits of a classifier are no longer finite."""


class CurvePoint(TypedDict):
    """One checkpoint: mean training loss since the previous one, and macro-AUROC on the validation images."""

    step: int
    train_loss: float
    val_metric: float


@dataclass(frozen=True, eq=False)
class ClassifierResult:
    """The result of one fit: logits of the best checkpoint and the course of training."""

    val_logits: np.ndarray  # float32 [Nv, K]
    test_logits: np.ndarray  # float32 [Nt, K]
    curve: list[CurvePoint]
    best_step: int
    init_sha256: str  # of the initial network: equal for all arms of a replicate
    seconds: float  # wall clock


def train_classifier(
    recipe: Recipe,
    label_kind: LabelKind,
    real: LabelledImages,
    fill: LabelledImages | None,
    val: LabelledImages,
    test: LabelledImages,
    *,
    augment: bool,
    balance: bool,
    ratio: float,
    init_seed: int,
    order_seed: int,
    augment_seed: int,
    fill_order_seed: int,
    fill_augment_seed: int,
    further: Further | None = None,
    other_loss: OtherLoss | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> ClassifierResult:
    """Return the predictions of the recipe's classifier trained on ``real`` and, in the fill slots, ``fill``.

    ``ratio`` is fill slots per real slot and has no effect without fill. ``augment`` and ``balance`` switch the locked
    augmentation (on real and fill alike) and the class-balanced loss; optional arms change the augmented images ``further``,
    the real and the fill slots each on their own, or train by an ``other_loss``. The same arguments give the same bits on a
    CPU with one thread. Raises DataError for sets that do not fit together, ClassifierDiverged for a loss not finite.
    """
    _check_sets(real, fill, val, test)
    started = time.perf_counter()
    network = build_network(
        recipe.model, recipe.pretrained, channels=real.images.shape[-1], n_labels=real.labels.shape[1], seed=init_seed
    )
    init_sha256 = state_sha256(network)
    classifier = nn.Sequential(Standardise(real.images), network.to(memory_format=torch.channels_last)).to(device)
    stream = partial(batches, augment=recipe.augment if augment else None, further=further, device=device)
    streams = [stream(real, recipe.batch_real, order_seed=order_seed, augment_seed=augment_seed)]
    if fill is not None:
        n_fill = _fill_slots(recipe, ratio)
        streams.append(stream(fill, n_fill, order_seed=fill_order_seed, augment_seed=fill_augment_seed))
    if other_loss is None:
        loss = classification_loss(label_kind, real.labels, balance=balance, device=device)
    else:
        loss = other_loss(label_kind, real.labels, device)
    with seeds.torch_seeded(seeds.child_seed(init_seed, "dropout")), torch.backends.cudnn.flags(deterministic=True):
        fit = _fit(classifier, recipe, streams, loss, val, label_kind, device, progress)
    classifier.load_state_dict(fit.best_state)
    test_logits = predict(classifier, test.images, precision=recipe.precision, device=device)
    seconds = time.perf_counter() - started
    return ClassifierResult(fit.val_logits, test_logits, fit.curve, fit.best_step, init_sha256, seconds)


def learning_rate_factor(step: int, *, steps: int, warmup_steps: int) -> float:
    """Return the factor of the learning rate at ``step`` (from 0): linear warm-up, then cosine decay to 0."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup_steps) / (steps - warmup_steps)))


def evaluation_steps(steps: int, evaluations: int) -> list[int]:
    """Return the steps, counted from 1, after which a checkpoint is evaluated: evenly spaced, always including the last.

    >>> evaluation_steps(200, 4)
    [50, 100, 150, 200]
    """
    return sorted({max(1, round(steps * (i + 1) / evaluations)) for i in range(evaluations)})


def parameter_groups(classifier: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Return the optimiser's groups: matrices and filters decay; biases and normalisation constants do not."""
    parameters = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


@dataclass
class _Fit:
    best_state: dict[str, torch.Tensor]
    val_logits: np.ndarray
    best_step: int
    curve: list[CurvePoint]


def _fit(
    classifier: nn.Module,
    recipe: Recipe,
    streams: list[Iterator[Batch]],
    loss: Loss,
    val: LabelledImages,
    label_kind: LabelKind,
    device: str,
    progress: Progress | None,
) -> _Fit:
    optimizer = torch.optim.AdamW(parameter_groups(classifier, recipe.weight_decay), lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(step, steps=recipe.steps, warmup_steps=recipe.warmup_steps)
    )
    fit = _Fit({}, np.empty(0), 0, [])
    best, losses = -math.inf, []
    checkpoints = set(evaluation_steps(recipe.steps, recipe.evaluations))
    for step in range(1, recipe.steps + 1):
        images, labels = _next_batch(streams)
        losses.append(_update(classifier, optimizer, loss, images, labels, recipe, device))
        schedule.step()
        _check_finite(np.array(losses[-1]), step, recipe.steps)
        if progress is not None:
            progress(step, recipe.steps, losses[-1])
        if step not in checkpoints:
            continue
        logits = predict(classifier, val.images, precision=recipe.precision, device=device)
        _check_finite(logits, step, recipe.steps)
        metric = validation_auroc(logits, val.labels, label_kind)
        fit.curve.append({"step": step, "train_loss": float(np.mean(losses)), "val_metric": metric})
        losses = []
        if metric > best:
            best, fit.best_step, fit.val_logits = metric, step, logits
            fit.best_state = {name: tensor.clone() for name, tensor in classifier.state_dict().items()}
    return fit


def _update(
    classifier: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Loss,
    images: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    device: str,
) -> float:
    """Take one optimiser step and return the batch's loss before it."""
    classifier.train()
    with autocast(recipe.precision, device):
        logits = classifier(images)
    value = loss(logits.float(), labels)
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    optimizer.step()
    return value.item()


def _next_batch(streams: list[Iterator[Batch]]) -> Batch:
    parts = [next(stream) for stream in streams]
    images = torch.cat([images for images, _ in parts]).contiguous(memory_format=torch.channels_last)
    return images, torch.cat([labels for _, labels in parts])


def _check_finite(values: np.ndarray, step: int, steps: int) -> None:
    if not np.isfinite(values).all():
        raise ClassifierDiverged(
            f"The classifier diverged: its loss or its validation logits are not finite at step {step} of {steps}. "
            "Lower the recipe's learning rate."
        )


def _fill_slots(recipe: Recipe, ratio: float) -> int:
    n_fill = round(ratio * recipe.batch_real)
    if n_fill < 1:
        raise DefinitionError(
            f"A ratio of {ratio} gives no fill slot beside {recipe.batch_real} real ones. "
            f"Give at least {1 / recipe.batch_real:.3g}, or train without fill."
        )
    return n_fill


def _check_sets(real: LabelledImages, fill: LabelledImages | None, val: LabelledImages, test: LabelledImages) -> None:
    expected = (*real.images.shape[1:], real.labels.shape[1])
    for name, data in {"real": real, "fill": fill, "validation": val, "test": test}.items():
        if data is None:
            continue
        if len(data) == 0:
            raise DataError(f"The {name} set of the classifier is empty. Give at least one image.")
        found = (*data.images.shape[1:], data.labels.shape[1])
        if found != expected:
            raise DataError(
                f"The {name} set has (height, width, channels, labels) = {found}, the real training set {expected}. "
                "Prepare both at the track's image size and with the task's labels."
            )
