"""What is trained: the recipe's network without its last layer and a classifier on top, or a classifier of images alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.execution import IDEAL
from qaugbench.classifiers.build import Bound, blocks_of
from qaugbench.classifiers.contract import Classifier
from qaugbench.downstream.network import Standardise, autocast, build_network
from qaugbench.downstream.slots import to_unit_range
from qaugbench.errors import ContractError
from qaugbench.metrics.discrimination import probabilities
from qaugbench.recipe import LabelKind, Recipe
from qaugbench.seeds import child_seed, torch_generator

BATCH = 64  # of 19 qubits, a batch takes a third of a gigabyte


class Backbone(nn.Module):
    """Images [n, channels, side, side] in [0, 1] to the pooled features [n, ``width``] of the recipe's network.

    Under the same seed it starts with the very weights that the recipe starts with, and standardises images as the recipe does.
    """

    def __init__(self, recipe: Recipe, images: np.ndarray, n_labels: int, seed: int) -> None:
        """``images`` uint8 [N, height, width, channels] are the real training images."""
        super().__init__()
        network: Any = build_network(
            recipe.model, recipe.pretrained, channels=images.shape[-1], n_labels=n_labels, seed=seed
        )
        network.reset_classifier(0)
        self.standardise = Standardise(images)
        self.network = network.to(memory_format=torch.channels_last)
        self.width = _width(self, images)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.network(self.standardise(images))
        return features.flatten(1)


class WholeNetwork(nn.Module):
    """Images [n, channels, side, side] in [0, 1] to logits [n, n_labels], by a backbone where the classifier reads features."""

    def __init__(self, bound: Bound, recipe: Recipe, images: np.ndarray, n_labels: int, seed: int) -> None:
        super().__init__()
        reads_features = bound.kind.reads == "features"
        self.backbone = Backbone(recipe, images, n_labels, seed) if reads_features else None
        shape = (images.shape[-1], *images.shape[1:3]) if self.backbone is None else (self.backbone.width,)
        self.classifier: Classifier = bound.new(shape, n_labels, seed)

    def inputs(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the classifier reads of ``images``."""
        return images if self.backbone is None else self.backbone(images)

    def forward(self, images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        return checked_logits(self.classifier, self.inputs(images), random)


def checked_logits(classifier: Classifier, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Return the classifier's logits of ``inputs``; ContractError where they have not the shape [n, n_labels]."""
    logits = classifier(inputs, random)
    expected = [len(inputs), classifier.n_labels]
    if not isinstance(logits, torch.Tensor) or list(logits.shape) != expected:
        found = list(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise ContractError(
            f"{type(classifier).__name__}.forward returns {found}; it has to return logits of the shape {expected}."
        )
    return logits


def predicted(
    network: WholeNetwork, images: np.ndarray, *, label_kind: LabelKind, recipe: Recipe, seed: int, device: str
) -> np.ndarray:
    """Return logits float32 [N, K] of uint8 ``images`` [N, H, W, C], in evaluation mode.

    Where a prediction averages several ``draws``, the probabilities are averaged, and these are the logits that have that mean.
    What a control draws depends on ``seed`` alone.
    """
    network.eval()
    classifier = network.classifier
    blocks = blocks_of(classifier)
    passes = []
    with torch.inference_mode(), autocast(recipe.precision, device):
        read = _read(network, images, device)
        held = list(read) if classifier.draws > 1 else read  # what is below the classifier runs once, whatever it draws
        for draw in range(classifier.draws):
            for number, block in enumerate(blocks):
                block.run_under(IDEAL, torch_generator(child_seed(seed, "shots", draw, number)))
            parts = []
            for inputs in held:
                random = torch_generator(child_seed(seed, "draw", draw), device)
                parts.append(checked_logits(classifier, inputs, random).float().cpu().numpy())
            passes.append(np.concatenate(parts))
    for block in blocks:
        block.run_under(IDEAL)
    return passes[0] if len(passes) == 1 else averaged(np.stack(passes), label_kind)


def _read(network: WholeNetwork, images: np.ndarray, device: str) -> Iterator[torch.Tensor]:
    """Yield what the classifier reads of uint8 ``images``, in batches."""
    for start in range(0, len(images), BATCH):
        yield network.inputs(to_unit_range(images[start : start + BATCH], device))


def averaged(passes: np.ndarray, label_kind: LabelKind) -> np.ndarray:
    """Return the logits float32 [N, K] whose probabilities are the means of those of ``passes`` [D, N, K].

    >>> averaged(np.array([[[0.0, 0.0]], [[0.0, 0.0]]]), "multilabel").tolist()
    [[0.0, 0.0]]
    """
    smallest = np.finfo(np.float64).tiny
    mean = probabilities(passes.astype(np.float64), label_kind).mean(axis=0)
    logits = np.log(np.maximum(mean, smallest))
    if label_kind == "multilabel":
        logits = logits - np.log(np.maximum(1.0 - mean, smallest))
    return logits.astype(np.float32)


def _width(backbone: Backbone, images: np.ndarray) -> int:
    """Return how many features come out, by looking: networks differ in how they name it."""
    was_training = backbone.training
    backbone.eval()
    with torch.inference_mode():
        width = backbone(to_unit_range(images[:1], "cpu")).shape[1]
    backbone.train(was_training)
    return int(width)
