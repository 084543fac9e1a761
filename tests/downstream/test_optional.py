"""What optional arms do to a batch: the same under one seed whatever torch's state is, within range, and beside the same images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import islice

import pytest
import torch

from qaugbench.augmentations import (
    FURTHER,
    Augmentations,
    Cutmix,
    Elastic,
    Focal,
    Intensity,
    Losses,
    Mixup,
    Randaugment,
    Trivialaugment,
)
from qaugbench.downstream.elastic import displacements
from qaugbench.downstream.intensity import bias_field, intensity
from qaugbench.downstream.optional import further_augmentation, other_loss
from qaugbench.downstream.recipe import ClassifierResult
from qaugbench.downstream.slots import Batch, Further, batches
from qaugbench.seeds import torch_generator
from tests.downstream.stripes import LIVELY, striped_images

ALL = Augmentations(
    mixup=Mixup(alpha=0.4, probability=1.0),
    cutmix=Cutmix(alpha=1.0, probability=1.0),
    randaugment=Randaugment(operations=2, magnitude=9),
    trivialaugment=Trivialaugment(largest=30),
    elastic=Elastic(displacement=0.03, smoothness=0.1, probability=1.0),
    intensity=Intensity(gamma=0.4, bias_field=0.3, noise=0.05, probability=1.0),
)


def only(name: str) -> Further:
    """Return the augmentation ``name`` alone."""
    found = further_augmentation(Augmentations(**{name: getattr(ALL, name)}))
    assert found is not None
    return found


def a_batch(channels: int = 1, n: int = 6) -> Batch:
    images = torch.rand(n, channels, 32, 32, generator=torch_generator(0))
    return images, torch.eye(3)[torch.arange(n) % 3]


def stream(further: Further | None) -> Iterator[Batch]:
    return batches(
        striped_images(20, seed=0), 8, order_seed=1, augment_seed=2, augment=LIVELY, device="cpu", further=further
    )


def test_every_setting_has_an_augmentation_and_every_augmentation_a_setting() -> None:
    assert {field.name for field in fields(Augmentations)} == set(FURTHER)
    assert all(only(name) for name in FURTHER)
    assert further_augmentation(Augmentations()) is None
    assert other_loss(Losses()) is None


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", FURTHER)
def test_shape_type_and_range_are_kept_and_something_changes(name: str, channels: int) -> None:
    images, labels = a_batch(channels)
    for seed in range(8):
        changed, mixed = only(name)(images, labels, seed)
        assert (changed.shape, changed.dtype, mixed.shape) == (images.shape, torch.float32, labels.shape)
        assert 0.0 <= float(changed.min()) <= float(changed.max()) <= 1.0
        assert torch.allclose(mixed.sum(dim=1), torch.ones(len(labels)))
        assert not torch.equal(changed, images)


@pytest.mark.parametrize("name", FURTHER)
def test_the_seed_alone_decides_and_the_global_state_is_left_alone(name: str) -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = only(name)(*a_batch(), 5)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(2)
    second, other = only(name)(*a_batch(), 5), only(name)(*a_batch(), 6)
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("name", ["randaugment", "trivialaugment", "elastic", "intensity"])
def test_images_of_a_batch_are_changed_differently(name: str) -> None:
    image, labels = a_batch(n=1)
    changed, _ = only(name)(image.expand(8, -1, -1, -1).contiguous(), labels.expand(8, -1), 0)
    assert len({tuple(one.flatten().tolist()) for one in changed}) > 4


@pytest.mark.parametrize("name", FURTHER)
def test_order_and_locked_augmentation_of_the_images_are_those_of_every_other_arm(name: str) -> None:
    """What a further augmentation receives is, step by step, bit for bit what an arm without one trains on."""
    received: list[Batch] = []
    seeds: list[int] = []

    def spy(images: torch.Tensor, labels: torch.Tensor, seed: int) -> Batch:
        received.append((images.clone(), labels.clone()))
        seeds.append(seed)
        return only(name)(images, labels, seed)

    changed = list(islice(stream(spy), 4))
    for one, other in zip(received, islice(stream(None), 4), strict=True):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])
    assert len(set(seeds)) == 4
    assert all(torch.equal(one[0], other[0]) for one, other in zip(changed, islice(stream(only(name)), 4), strict=True))


def test_mixtures_stay_within_the_real_slots(
    train_striped: Callable[..., ClassifierResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real slots of an arm that mixes are the same bits whatever fills the others."""
    from qaugbench.downstream import recipe as module

    seen: list[list[torch.Tensor]] = []
    update = module._update

    def spy(classifier, optimizer, loss, images, labels, *rest):  # type: ignore[no-untyped-def]
        seen[-1] += [images[:8], labels[:8]]
        return update(classifier, optimizer, loss, images, labels, *rest)

    monkeypatch.setattr(module, "_update", spy)
    for fill in (None, striped_images(12, seed=7), striped_images(50, seed=8)):
        seen.append([])
        train_striped(fill=fill, further=only("mixup"))
    for plain, first, second in zip(*seen, strict=True):
        assert torch.equal(plain, first)
        assert torch.equal(plain, second)


def test_another_loss_replaces_the_recipe_s(train_striped: Callable[..., ClassifierResult]) -> None:
    balanced, focal = train_striped(), train_striped(other_loss=other_loss(Losses(Focal(gamma=2.0, beta=0.9))))
    assert balanced.init_sha256 == focal.init_sha256
    assert balanced.curve[0]["train_loss"] > focal.curve[0]["train_loss"]  # every term is at most that of cross-entropy


@pytest.mark.parametrize("size", [(32, 32), (64, 48)])
def test_displacements_have_the_stated_size_and_are_smooth(size: tuple[int, int]) -> None:
    field = displacements(5, *size, Elastic(displacement=0.02, smoothness=0.1, probability=1.0), torch_generator(0))
    assert field.shape == (5, *size, 2)
    assert torch.allclose(field.std(dim=(1, 2), correction=0), torch.full((5, 2), 0.04), atol=1e-5)
    assert torch.allclose(field.mean(dim=(1, 2)), torch.zeros(5, 2), atol=1e-6)
    assert float((field[:, 1:] - field[:, :-1]).abs().max()) < 0.04  # a pixel's neighbour moves almost as it does


def test_elastic_deforms_its_share_of_the_images() -> None:
    images, labels = a_batch(n=200)
    further = further_augmentation(Augmentations(elastic=Elastic(displacement=0.03, smoothness=0.1, probability=0.25)))
    assert further is not None
    changed = (further(images, labels, 0)[0] != images).flatten(1).any(dim=1)
    assert 26 < int(changed.sum()) < 74  # four standard errors of 50


def test_a_contrast_curve_alone_is_a_power_of_the_image() -> None:
    images, _ = a_batch()
    changed = intensity(images, Intensity(gamma=0.5, bias_field=0.0, noise=0.0, probability=1.0), 3)
    exponents = torch.log(changed) / torch.log(images)
    assert torch.allclose(exponents, exponents[:, :, :1, :1].expand_as(exponents), atol=1e-3)
    assert 0.6 < float(exponents.min()) < float(exponents.max()) < 1.65  # exp(-0.5) to exp(0.5)


def test_gains_stay_within_their_bounds_and_reach_them_at_the_corners() -> None:
    draws = torch.full((1, 1, 4, 4), 0.5)
    draws[0, 0, 0, 0], draws[0, 0, 3, 3] = 1.0, 0.0
    gain = bias_field(draws, 0.3, (20, 30))[0, 0]
    assert gain.shape == (20, 30)
    assert float(gain[0, 0]) == pytest.approx(float(torch.tensor(0.3).exp()))
    assert float(gain[-1, -1]) == pytest.approx(float(torch.tensor(-0.3).exp()))
    assert float(gain[0, -1]) == pytest.approx(1.0)
