"""The class-balanced focal loss: images that are already recognised and classes that are common count less.

The focusing factor is that of Lin et al. 2017 (arXiv 1708.02002), eq. 4, on the softmax where classes exclude each other and on
each sigmoid where they do not. A class of n images weighs (1 - beta) / (1 - beta^n), the inverse of its effective number of
images (Cui et al. 2019, arXiv 1901.05555, eq. 9). Weights are scaled to mean 1 over the real training images, so that learning
rates keep their meaning.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from qaugbench.augmentations import Focal
from qaugbench.downstream.loss import Loss
from qaugbench.recipe import LabelKind


def focal_loss(kind: LabelKind, real_labels: np.ndarray, settings: Focal, *, device: str = "cpu") -> Loss:
    """Return the loss (logits [B, K], labels [B, K] in [0, 1]) -> scalar mean over the images, and over findings if several.

    Each finding of a multilabel task has two classes, with and without it, and weights of its own.
    """
    labels = np.asarray(real_labels, dtype=np.float64)
    if kind != "multilabel":
        weights = _mean_one(effective_weights(labels.sum(axis=0), settings.beta), labels.sum(axis=0))
        return _softmax_focal(_tensor(weights, device), settings.gamma)
    counts = np.stack([labels.sum(axis=0), len(labels) - labels.sum(axis=0)])
    with_finding, without = (
        _tensor(row, device) for row in _mean_one(effective_weights(counts, settings.beta), counts)
    )
    return _sigmoid_focal(with_finding, without, settings.gamma)


def effective_weights(counts: np.ndarray, beta: float) -> np.ndarray:
    """Return (1 - beta) / (1 - beta^n) for each number of images; a class without any counts as one of one image.

    >>> effective_weights(np.array([1, 2]), 0.5).round(3).tolist()
    [1.0, 0.667]
    """
    return np.asarray((1.0 - beta) / (1.0 - beta ** np.maximum(counts, 1.0)))


def _mean_one(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return ``weights`` scaled to mean 1 over the images; the classes are the first axis."""
    return np.asarray(weights * counts.sum(axis=0) / (weights * counts).sum(axis=0))


def _softmax_focal(weights: torch.Tensor, gamma: float) -> Loss:
    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        log_p = F.log_softmax(logits, dim=1)
        return -(weights * labels * (1.0 - log_p.exp()) ** gamma * log_p).sum(dim=1).mean()

    return loss


def _sigmoid_focal(with_finding: torch.Tensor, without: torch.Tensor, gamma: float) -> Loss:
    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        log_p, log_q = F.logsigmoid(logits), F.logsigmoid(-logits)
        present = with_finding * labels * log_q.exp() ** gamma * log_p
        absent = without * (1.0 - labels) * log_p.exp() ** gamma * log_q
        return -(present + absent).mean()

    return loss


def _tensor(values: np.ndarray, device: str) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device)
