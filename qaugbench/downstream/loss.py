"""The training loss of the recipe, plain or class-balanced."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from qaugbench.recipe import LabelKind

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
OtherLoss = Callable[[LabelKind, np.ndarray, str], Loss]
"""The loss of an optional arm: (kind, real training labels [N, K], device) -> loss."""

MAX_WEIGHT_RATIO = 10.0


def classification_loss(kind: LabelKind, real_labels: np.ndarray, *, balance: bool, device: str = "cpu") -> Loss:
    """Return the loss (logits [B, K], labels [B, K]) -> scalar mean over the images of a batch.

    Multilabel: binary cross-entropy, mean over labels. Multiclass and ordinal: cross-entropy. With ``balance`` the
    weights depend on ``real_labels`` [N, K], the real training subset, alone: they are the same in every arm.
    """
    if kind == "multilabel":
        weights = positive_weights(real_labels) if balance else np.ones(real_labels.shape[1])
        return _binary_cross_entropy(torch.tensor(weights, dtype=torch.float32, device=device))
    weights = class_weights(real_labels) if balance else np.ones(real_labels.shape[1])
    tensor = torch.tensor(weights, dtype=torch.float32, device=device)
    return lambda logits, labels: F.cross_entropy(logits, labels, weight=tensor)


def class_weights(labels: np.ndarray) -> np.ndarray:
    """Return one weight per class [K], of mean 1 over ``labels`` [N, K]: inverse frequency, ratios capped at ten.

    >>> class_weights(np.eye(2)[[0, 0, 0, 1]]).round(3).tolist()
    [0.667, 2.0]
    """
    counts = np.maximum(labels.sum(axis=0, dtype=np.float64), 1.0)
    ratios = np.minimum(counts.max() / counts, MAX_WEIGHT_RATIO)
    return ratios * labels.sum() / (labels.sum(axis=0) @ ratios)


def positive_weights(labels: np.ndarray) -> np.ndarray:
    """Return the weight of a positive against a negative [K]: negatives / positives, between 1 and 10."""
    positives = np.maximum(labels.sum(axis=0, dtype=np.float64), 1.0)
    return np.clip((len(labels) - positives) / positives, 1.0, MAX_WEIGHT_RATIO)


def _binary_cross_entropy(positive_weight: torch.Tensor) -> Loss:
    return lambda logits, labels: F.binary_cross_entropy_with_logits(logits, labels, pos_weight=positive_weight)
