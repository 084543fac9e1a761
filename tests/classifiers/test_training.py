"""A classifier is trained on the recipe's batches, resumes to the same bits, and refuses what the recipe refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from qaugbench.classifier_cards import ClassifierTraining, classifier_card
from qaugbench.classifiers import training
from qaugbench.classifiers.build import Bound, bound
from qaugbench.classifiers.contract import Known, Solved, Trained
from qaugbench.classifiers.controls import PlainHead
from qaugbench.classifiers.network import averaged
from qaugbench.classifiers.stream import batches_from
from qaugbench.classifiers.training import Outcome, Seeds, Sets, train
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.downstream.recipe import ClassifierDiverged, train_classifier
from qaugbench.downstream.slots import batches
from qaugbench.errors import DataError
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.metrics.discrimination import probabilities
from tests.downstream.stripes import LIVELY, SEEDS, TINY, striped_images

REAL, FILL, VAL, TEST = (striped_images(n, seed=seed) for n, seed in ((12, 0), (9, 1), (12, 2), (6, 3)))
SETS = Sets(REAL, None, VAL, TEST)
QUMI = bound(classifier_card("qumi"), "lite")


def trained(of: Bound = QUMI, sets: Sets = SETS, **options: Any) -> Outcome:
    return train(of, TINY, "multiclass", sets, seeds=Seeds(**SEEDS), **options)


class Interrupted(Exception):
    """Raised in the middle of a training."""


def stop_after(step: int) -> Any:
    def progress(done: int, steps: int, loss: float) -> None:
        if done == step:
            raise Interrupted

    return progress


@pytest.mark.parametrize("augment", [LIVELY, None])
def test_its_batches_are_the_recipe_s_from_any_on(augment: Any) -> None:
    options = {"order_seed": 1, "augment_seed": 2, "augment": augment, "device": "cpu"}
    expected = list(islice(batches(REAL, 5, **options), 5))[3:]
    for (images, labels), (as_recipe, of_recipe) in zip(
        islice(batches_from(3, REAL, 5, **options), 2), expected, strict=True
    ):
        assert torch.equal(images, as_recipe)
        assert torch.equal(labels, of_recipe)


def test_a_training_resumes_to_the_same_bits_after_any_step(tmp_path: Path) -> None:
    sets = replace(SETS, fill=FILL)
    whole = trained(sets=sets)
    for step in (2, 3):
        checkpoint = Checkpoint(tmp_path / str(step), every_s=0)
        with pytest.raises(Interrupted):
            trained(sets=sets, checkpoint=checkpoint, progress=stop_after(step))
        resumed = trained(sets=sets, checkpoint=Checkpoint(tmp_path / str(step), every_s=0))
        assert np.array_equal(resumed.test_logits, whole.test_logits)
        assert resumed.looks == whole.looks
        assert resumed.best_step == whole.best_step


def test_a_noisy_control_resumes_to_the_same_bits_too(tmp_path: Path) -> None:
    noisy = replace(QUMI, control="random")
    whole = trained(noisy)
    with pytest.raises(Interrupted):
        trained(noisy, checkpoint=Checkpoint(tmp_path, every_s=0), progress=stop_after(3))
    assert np.array_equal(trained(noisy, checkpoint=Checkpoint(tmp_path, every_s=0)).val_logits, whole.val_logits)


def test_the_network_below_starts_as_the_recipe_s_does() -> None:
    from qaugbench.classifiers.network import Backbone
    from qaugbench.downstream.network import build_network

    own = Backbone(TINY, REAL.images, 3, SEEDS["init_seed"]).network.state_dict()
    recipe_s = build_network(TINY.model, None, channels=1, n_labels=3, seed=SEEDS["init_seed"]).state_dict()
    assert len(own) == len(recipe_s) - 2  # but for the last layer
    assert all(torch.equal(tensor, recipe_s[name]) for name, tensor in own.items())


def test_the_result_is_the_best_of_the_recipe_s_checkpoints_and_looks_at_others_choose_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = trained()
    assert [look["step"] for look in found.looks] == [1, 2, 3, 4, 5, 6]
    checkpoints = [look for look in found.looks if look["checkpoint"]]
    assert [look["step"] for look in checkpoints] == [3, 6]
    best = max(checkpoints, key=lambda look: (look["val_metric"], -look["step"]))
    assert found.best_step == best["step"]
    monkeypatch.setattr(training, "LOOKS", 2)
    assert np.array_equal(trained().test_logits, found.test_logits)


def test_frozen_weights_do_not_move_and_others_do() -> None:
    assert (trained().block_movement or 0.0) > 0
    assert trained(replace(QUMI, control="frozen")).block_movement is None
    assert trained(Bound(PlainHead, PlainHead.Hyper(), QUMI.training, "linear")).parameters["block"] == 0


@pytest.mark.parametrize("n_labels", [2, 3])
def test_findings_with_a_class_missing_and_two_classes_are_trained(n_labels: int) -> None:
    def several(data: LabelledImages) -> LabelledImages:
        labels = data.labels[:, :n_labels].copy()
        labels[:, -1] = 0 if n_labels == 3 else 1 - labels[:, 0]
        return LabelledImages(data.images, labels, data.groups)

    sets = Sets(several(REAL), None, several(VAL), several(TEST))
    kind = "multilabel" if n_labels == 3 else "multiclass"
    found = train(QUMI, TINY, kind, sets, seeds=Seeds(**SEEDS))
    assert found.test_logits.shape == (6, n_labels)
    assert np.isfinite(found.test_logits).all()


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (replace(SETS, test=striped_images(6, seed=3, size=8)), "test set"),
        (replace(SETS, val=LabelledImages(VAL.images[:0], VAL.labels[:0], VAL.groups[:0])), "validation set"),
        (replace(SETS, val=LabelledImages(VAL.images, VAL.labels * 0, VAL.groups)), "no checkpoint can be chosen"),
    ],
)
def test_what_the_recipe_refuses_is_refused(sets: Sets, message: str) -> None:
    with pytest.raises(DataError, match=message):
        trained(sets=sets)
    with pytest.raises(DataError, match=message):
        train_classifier(
            TINY, "multiclass", sets.real, None, sets.val, sets.test, augment=True, balance=True, ratio=1.0, **SEEDS
        )


def test_a_diverged_training_says_so() -> None:
    with pytest.raises(ClassifierDiverged, match=r"not finite at step \d of 6"):
        trained(replace(QUMI, training=ClassifierTraining(learning_rate=1e30)))


class Drawing(Trained):
    """A dense layer whose weights are drawn in every pass."""

    kind: ClassVar[Any] = "classical"
    draws: ClassVar[Any] = 3  # type: ignore[assignment]

    @dataclass(frozen=True)
    class Hyper:
        """Nothing."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.spread = nn.Parameter(torch.ones(self.shape[0], self.n_labels))
        self.seen: list[int] = []

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        return inputs @ (self.spread * torch.randn(self.spread.shape, generator=random))

    def penalty(self, n_images: int) -> torch.Tensor:
        self.seen.append(n_images)
        return self.spread.square().sum() / n_images


def test_a_classifier_that_draws_its_weights_predicts_each_image_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = Bound(Drawing, Drawing.Hyper(), ClassifierTraining())
    whole = trained(drawing)
    monkeypatch.setattr("qaugbench.classifiers.network.BATCH", 5)
    assert np.allclose(trained(drawing).test_logits, whole.test_logits, atol=1e-5)


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_averaged_logits_have_the_mean_of_the_probabilities(kind: Any) -> None:
    passes = np.random.default_rng(0).normal(size=(4, 5, 3))
    mean = probabilities(passes, kind).mean(axis=0)
    assert np.allclose(probabilities(averaged(passes, kind), kind), mean, atol=1e-6)


class Nearest(Solved):
    """The class whose mean features are nearest."""

    kind: ClassVar[Any] = "classical"

    @dataclass(frozen=True)
    class Hyper:
        """Nothing."""

    means: torch.Tensor

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.register_buffer("means", torch.zeros(self.n_labels, *self.shape))

    def solve(self, train: Known, val: Known, random: torch.Generator) -> None:
        self.means = train.labels.T @ train.inputs / train.labels.sum(dim=0)[:, None]

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        return -torch.cdist(inputs, self.means)


def test_a_solved_classifier_stands_on_the_network_that_learned_with_the_plain_last_layer() -> None:
    plain = trained(Bound(PlainHead, PlainHead.Hyper(), ClassifierTraining(), "linear"))
    solved = Bound(Nearest, Nearest.Hyper(), ClassifierTraining())
    found = trained(solved, below=plain.state)
    assert found.test_logits.shape == (6, 3)
    below = {name: tensor for name, tensor in found.state.items() if name.startswith("backbone.")}
    assert below
    assert all(torch.equal(tensor, plain.state[name]) for name, tensor in below.items())
