"""Mixed images and labels are those computed by hand, for exclusive classes and for findings."""

from __future__ import annotations

import pytest
import torch

from qaugbench.augmentations import Cutmix, Mixup
from qaugbench.downstream.mixing import cutmix, mixup

ALWAYS = Mixup(alpha=0.4, probability=1.0)
FLAT = torch.tensor([0.0, 0.25, 1.0]).view(3, 1, 1, 1).expand(3, 1, 8, 8).contiguous()
"""Three images of one grey value each."""
CLASSES = torch.eye(3)
FINDINGS = torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("labels", [CLASSES, FINDINGS], ids=["classes", "findings"])
@pytest.mark.parametrize("seed", range(4))
def test_mixup_mixes_images_and_labels_in_the_same_proportions(labels: torch.Tensor, seed: int) -> None:
    images, mixed = mixup(FLAT, labels, ALWAYS, seed)
    kept = float(images[1, 0, 0, 0]) / 0.25  # the image before the second one is black
    assert 0.0 < kept < 1.0
    before = torch.tensor([2, 0, 1])  # the row before each, the last before the first
    assert torch.allclose(mixed, kept * labels + (1 - kept) * labels[before], atol=1e-6)
    assert torch.allclose(images, kept * FLAT + (1 - kept) * FLAT[before], atol=1e-6)


@pytest.mark.parametrize("labels", [CLASSES, FINDINGS], ids=["classes", "findings"])
@pytest.mark.parametrize("seed", range(4))
def test_cutmix_labels_are_the_shares_of_the_area(labels: torch.Tensor, seed: int) -> None:
    images, mixed = cutmix(FLAT, labels, Cutmix(alpha=1.0, probability=1.0), seed)
    before = torch.tensor([2, 0, 1])
    own = torch.isclose(images, FLAT)
    assert bool((own | torch.isclose(images, FLAT[before])).all())
    share = own.float().mean((1, 2, 3))[:, None]
    assert torch.allclose(mixed, share * labels + (1 - share) * labels[before], atol=1e-6)


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_probability_is_the_share_of_mixed_batches(mix) -> None:  # type: ignore[no-untyped-def]
    settings = (Mixup if mix is mixup else Cutmix)(alpha=1.0, probability=0.3)
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    mixed = [not torch.equal(mix(images, torch.eye(4), settings, seed)[0], images) for seed in range(300)]
    assert 60 < sum(mixed) < 120  # four standard errors of 90 are 32


def test_what_is_mixed_is_left_as_it_was() -> None:
    images, labels = FLAT.clone(), CLASSES.clone()
    mixup(images, labels, ALWAYS, 1)
    cutmix(images, labels, Cutmix(1.0, 1.0), 1)
    assert torch.equal(images, FLAT)
    assert torch.equal(labels, CLASSES)
