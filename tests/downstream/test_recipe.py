"""The locked recipe learns, repeats bit for bit, gives every arm the same start and real images, and keeps its best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from qaugbench.downstream import recipe as module
from qaugbench.downstream.network import build_network
from qaugbench.downstream.recipe import (
    ClassifierDiverged,
    ClassifierResult,
    evaluation_steps,
    learning_rate_factor,
    parameter_groups,
    train_classifier,
)
from qaugbench.errors import DataError, DefinitionError
from qaugbench.metrics.discrimination import class_scores, macro_auroc
from tests.downstream.stripes import SEEDS, TINY, striped_images

Train = Callable[..., ClassifierResult]


def test_it_learns_stripes(train_striped: Train) -> None:
    result = train_striped(replace(TINY, steps=40, warmup_steps=4), augment=False)
    scores = class_scores(result.test_logits, "multiclass")
    assert macro_auroc(scores, striped_images(30, seed=2).labels) > 0.95
    assert result.test_logits.shape == (30, 3)
    assert result.test_logits.dtype == result.val_logits.dtype == np.float32


def test_same_arguments_give_the_same_bits(train_striped: Train) -> None:
    first, second = (train_striped(fill=striped_images(12, seed=7)) for _ in range(2))
    assert np.array_equal(first.test_logits, second.test_logits)
    assert np.array_equal(first.val_logits, second.val_logits)
    assert first.curve == second.curve


@pytest.mark.parametrize("seed", [*SEEDS])
def test_every_seed_matters(train_striped: Train, seed: str) -> None:
    fill = striped_images(12, seed=7)
    changed = train_striped(fill=fill, **{seed: 99})
    assert not np.array_equal(train_striped(fill=fill).test_logits, changed.test_logits)


def test_arms_share_start_and_real_slots(train_striped: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[torch.Tensor]] = []
    update = module._update

    def spy(classifier, optimizer, loss, images, labels, *rest):  # type: ignore[no-untyped-def]
        seen[-1].append(images)
        return update(classifier, optimizer, loss, images, labels, *rest)

    monkeypatch.setattr(module, "_update", spy)
    starts = set()
    for fill in (None, striped_images(12, seed=7), striped_images(50, seed=8)):
        seen.append([])
        starts.add(train_striped(fill=fill).init_sha256)
    assert len(starts) == 1
    assert [len(images) for images in (seen[0][0], seen[1][0])] == [8, 16]
    for plain, first, second in zip(*seen, strict=True):
        assert torch.equal(plain, first[:8])
        assert torch.equal(plain, second[:8])
        assert not torch.equal(first[8:], second[8:])


def test_another_seed_starts_another_network(train_striped: Train) -> None:
    assert train_striped().init_sha256 != train_striped(init_seed=2).init_sha256


def test_global_random_state_is_left_alone(train_striped: Train) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    train_striped()
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_best_checkpoint_is_kept(train_striped: Train) -> None:
    result = train_striped(replace(TINY, steps=12, evaluations=6))
    metrics = [point["val_metric"] for point in result.curve]
    assert [point["step"] for point in result.curve] == [2, 4, 6, 8, 10, 12]
    assert result.best_step == result.curve[int(np.argmax(metrics))]["step"]
    labels = striped_images(30, seed=1).labels
    assert macro_auroc(class_scores(result.val_logits, "multiclass"), labels) == pytest.approx(max(metrics))


def test_of_equal_checkpoints_the_earliest_is_kept(train_striped: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[np.ndarray] = []

    def equal_from_the_second(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
        judged.append(logits)
        return 0.6 if len(judged) == 1 else 0.7

    monkeypatch.setattr(module, "validation_auroc", equal_from_the_second)
    result = train_striped(replace(TINY, steps=8, evaluations=4))
    assert [point["val_metric"] for point in result.curve] == [0.6, 0.7, 0.7, 0.7]
    assert result.best_step == 4
    assert np.array_equal(result.val_logits, judged[1])


@pytest.mark.parametrize("model", ["test_resnet", "resnet18", "mobilenetv3_small_050"])
def test_weights_of_convolutions_and_linear_layers_decay_and_nothing_else(model: str) -> None:
    network = build_network(model, None, channels=1, n_labels=4, seed=0)
    decaying = {f"{name}.weight" for name, part in network.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)}
    name_of = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = [
        (group["weight_decay"], {name_of[id(p)] for p in group["params"]}) for group in parameter_groups(network, 0.05)
    ]
    assert groups == [(0.05, decaying), (0.0, set(name_of.values()) - decaying)]


def test_progress_is_told_every_step(train_striped: Train) -> None:
    told: list[tuple[int, int, float]] = []
    train_striped(progress=lambda step, total, loss: told.append((step, total, loss)))
    assert [(step, total) for step, total, _ in told] == [(step, 6) for step in range(1, 7)]


def test_ratio_sets_the_fill_slots(train_striped: Train) -> None:
    fill = striped_images(12, seed=7)
    assert not np.array_equal(train_striped(fill=fill, ratio=0.5).test_logits, train_striped(fill=fill).test_logits)
    with pytest.raises(DefinitionError, match="gives no fill slot"):
        train_striped(fill=fill, ratio=0.01)


def test_a_diverging_fit_says_at_which_step(train_striped: Train) -> None:
    with pytest.raises(ClassifierDiverged, match=r"at step \d+ of 6"):
        train_striped(replace(TINY, learning_rate=1e30))


def test_multilabel_colour_images_and_a_label_absent_from_validation() -> None:
    def colour(n: int, seed: int):  # type: ignore[no-untyped-def]
        data = striped_images(n, seed)
        labels = np.concatenate([data.labels[:, :2], np.zeros((n, 1), np.float32)], axis=1)
        return replace(data, images=np.repeat(data.images, 3, axis=-1), labels=labels)

    sets = [colour(20, 0), None, colour(10, 1), colour(10, 2)]
    result = train_classifier(TINY, "multilabel", *sets, augment=True, balance=True, ratio=1.0, **SEEDS)
    assert result.test_logits.shape == (10, 3)


def test_sets_that_do_not_fit_are_refused(train_striped: Train) -> None:
    with pytest.raises(DataError, match="fill set"):
        train_striped(fill=striped_images(12, seed=7, size=8))
    with pytest.raises(DataError, match="fill set of the classifier is empty"):
        train_striped(fill=striped_images(12, seed=7).subset(np.arange(0)))
    one_class = striped_images(30, seed=1).subset(np.flatnonzero(striped_images(30, seed=1).labels[:, 0]))
    with pytest.raises(DataError, match="positive and a negative"):
        train_striped(val=one_class)


def test_unknown_model_names_near_ones(train_striped: Train) -> None:
    with pytest.raises(DefinitionError, match="resnet18"):
        train_striped(replace(TINY, model="resnet81"))


def test_learning_rate_warms_up_then_decays() -> None:
    factors = [learning_rate_factor(step, steps=100, warmup_steps=9) for step in range(100)]
    assert factors[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert (np.diff(factors[9:]) < 0).all()
    assert 0.0 < factors[-1] < 0.001


@pytest.mark.parametrize(("steps", "evaluations"), [(450, 5), (7, 3), (3, 9)])
def test_the_last_step_is_always_judged(steps: int, evaluations: int) -> None:
    judged = evaluation_steps(steps, evaluations)
    assert judged[-1] == steps
    assert len(judged) == min(steps, evaluations)
