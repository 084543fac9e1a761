"""The focal loss is its formula, for exclusive classes and for findings, and cross-entropy where nothing is focused or weighed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from qaugbench.augmentations import Focal
from qaugbench.downstream.focal import effective_weights, focal_loss

PLAIN = Focal(gamma=0.0, beta=0.0)
GENERATOR = torch.Generator().manual_seed(0)
LOGITS = 2 * torch.randn(6, 3, generator=GENERATOR)
CLASSES = torch.eye(3)[[0, 0, 0, 1, 1, 2]]
FINDINGS = (torch.rand(6, 3, generator=GENERATOR) < 0.5).float()


def test_without_focus_and_weights_it_is_cross_entropy() -> None:
    exclusive = focal_loss("multiclass", CLASSES.numpy(), PLAIN)
    assert torch.allclose(exclusive(LOGITS, CLASSES), F.cross_entropy(LOGITS, CLASSES))
    several = focal_loss("multilabel", FINDINGS.numpy(), PLAIN)
    assert torch.allclose(several(LOGITS, FINDINGS), F.binary_cross_entropy_with_logits(LOGITS, FINDINGS))


def test_a_recognised_image_counts_by_its_error_to_the_power_of_gamma() -> None:
    """Two classes, p = 0.75 for the right one: (1 - p)^2 times -log p, by hand."""
    loss = focal_loss("multiclass", np.eye(2), Focal(gamma=2.0, beta=0.0))
    logits = torch.tensor([[math.log(3.0), 0.0]])
    assert loss(logits, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(-0.0625 * math.log(0.75), rel=1e-5)


def test_several_findings_agree_with_torchvision() -> None:
    loss = focal_loss("multilabel", FINDINGS.numpy(), Focal(gamma=1.5, beta=0.0))
    expected = sigmoid_focal_loss(LOGITS, FINDINGS, alpha=-1, gamma=1.5, reduction="mean")
    assert torch.allclose(loss(LOGITS, FINDINGS), expected)


def test_weights_are_inverse_effective_numbers_of_mean_one() -> None:
    """beta 0.5 and 3, 2, 1 images: 1/1.75, 1/1.5, 1 before scaling, times 6 / (3/1.75 + 2/1.5 + 1)."""
    assert effective_weights(np.array([3, 2, 1, 0]), 0.5) == pytest.approx([0.5 / 0.875, 0.5 / 0.75, 1.0, 1.0])
    loss = focal_loss("ordinal", CLASSES.numpy(), Focal(gamma=0.0, beta=0.5))
    scale = 6 / (3 / 1.75 + 2 / 1.5 + 1)
    by_class = [loss(torch.zeros(1, 3), torch.eye(3)[k : k + 1]).item() for k in range(3)]
    assert by_class == pytest.approx([math.log(3) * scale * weight for weight in (1 / 1.75, 1 / 1.5, 1.0)], rel=1e-5)


def test_a_finding_and_its_absence_are_two_classes() -> None:
    """One image with and three without: 1 and 1/1.75 before scaling, times 4 / (1 + 3/1.75)."""
    real = np.array([[1.0], [0.0], [0.0], [0.0]])
    loss = focal_loss("multilabel", real, Focal(gamma=0.0, beta=0.5))
    scale = math.log(2) * 4 / (1 + 3 / 1.75)
    assert loss(torch.zeros(1, 1), torch.ones(1, 1)).item() == pytest.approx(scale, rel=1e-5)
    assert loss(torch.zeros(1, 1), torch.zeros(1, 1)).item() == pytest.approx(scale / 1.75, rel=1e-5)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_gradients_stay_finite_for_certain_logits(kind) -> None:  # type: ignore[no-untyped-def]
    logits = torch.tensor([[200.0, -200.0, 0.0]], requires_grad=True)
    focal_loss(kind, CLASSES.numpy(), Focal(2.0, 0.99))(logits, torch.tensor([[1.0, 0.0, 0.0]])).backward()
    assert bool(torch.isfinite(logits.grad).all())
