"""The judge learns, repeats bit for bit, is calibrated on its reference images, and shares no patient with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qaugbench.downstream.judge import train_judge
from qaugbench.errors import DataError
from qaugbench.metrics.calibration import log_loss
from qaugbench.metrics.discrimination import class_scores, macro_auroc
from tests.downstream.stripes import TINY, striped_images

RECIPE = replace(TINY, steps=40, warmup_steps=4)
OTHER = replace(RECIPE, steps=2, warmup_steps=1)


def others(n: int, seed: int):  # type: ignore[no-untyped-def]
    found = striped_images(n, seed=seed)
    return replace(found, groups=found.groups + 10_000)


def test_it_learns_and_its_features_tell_classes_apart() -> None:
    judge = train_judge(RECIPE, "multiclass", striped_images(60, seed=1), others(30, seed=2), seed=5)
    unseen = striped_images(30, seed=3)
    assert macro_auroc(class_scores(judge.logits(unseen.images), "multiclass"), unseen.labels) > 0.95
    features, classes = judge.features(unseen.images), unseen.labels.argmax(1)
    centres = np.stack([features[classes == k].mean(axis=0) for k in range(3)])
    nearest = np.linalg.norm(features[:, None] - centres, axis=2).argmin(1)
    assert (nearest == classes).mean() > 0.9


def test_same_arguments_give_the_same_bits_and_another_seed_others() -> None:
    train, reference = striped_images(30, seed=1), others(30, seed=2)
    first, second, third = (train_judge(OTHER, "multiclass", train, reference, seed=seed) for seed in (5, 5, 6))
    assert (first.logits(reference.images) == second.logits(reference.images)).all()
    assert first.temperature == second.temperature
    assert (first.features(reference.images) == second.features(reference.images)).all()
    assert not (first.logits(reference.images) == third.logits(reference.images)).all()


def test_its_temperature_is_the_best_one_on_the_reference() -> None:
    reference = others(60, seed=2)
    wrong = np.roll(reference.labels, 1, axis=1)  # some labels are wrong, so that no confidence is too low
    reference = replace(reference, labels=np.where(np.arange(60)[:, None] % 5 == 0, wrong, reference.labels))
    judge = train_judge(RECIPE, "multiclass", striped_images(60, seed=1), reference, seed=5)
    logits = judge.logits(reference.images)
    least = log_loss(logits, reference.labels, "multiclass")
    assert all(log_loss(logits * factor, reference.labels, "multiclass") >= least for factor in (0.8, 1.25))


def test_a_shared_patient_or_no_image_is_refused() -> None:
    images = striped_images(6, seed=1)
    with pytest.raises(DataError, match="split by group"):
        train_judge(OTHER, "multiclass", images, images, seed=1)
    with pytest.raises(DataError, match="reference images of the judge are none"):
        train_judge(OTHER, "multiclass", images, images.subset(np.zeros(0, dtype=np.int64)), seed=1)
