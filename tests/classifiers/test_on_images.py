"""What every classifier promises, by name: live circuits, controls, a training that resumes to the bit, colour, findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from qaugbench.circuits.block import Block
from qaugbench.classifier_cards import classifier_card
from qaugbench.classifiers.audit import audit_classifier
from qaugbench.classifiers.build import Bound, bound
from qaugbench.classifiers.contract import Classifier, Solved
from qaugbench.classifiers.training import Outcome, Seeds, Sets, train
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DefinitionError
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.recipe import LabelKind
from tests.downstream.stripes import SEEDS, TINY, striped_images

NAMES = ("hqcnn", "daqcnn", "qcbnn", "qkernel")
VARIANTS = ("daqcnn:trained", "qcbnn:gaussian", "qkernel:projected", "qkernel:gaussian", "qkernel:linear-kernel")
IMAGES, FEATURES = (1, 8, 8), (16,)


CHEAP = {"qcbnn": {"draws": 2, "sample": 4}, "qkernel": {"qubits": 4, "bandwidths": (0.4,), "penalties": (1.0,)}}
"""Settings that keep these tests short."""


def cheap(name: str, control: str = "none") -> Bound:
    found = bound(classifier_card(name), "smoke", control)
    changes = CHEAP.get(name.partition(":")[0], {}) if control != "linear" else {}
    return replace(found, hyper=replace(found.hyper, **changes), training=replace(found.training, steps=4))


def new(name: str, control: str = "none") -> Classifier:
    what = cheap(name, control)
    return what.new(IMAGES if what.kind.reads == "images" else FEATURES, 4, 0)


@pytest.mark.parametrize("name", [*NAMES, "qkernel:projected"])
def test_circuits_are_live(name: str) -> None:
    found = audit_classifier(new(name))
    assert [str(check) for check in found.checks if check.state == "fails"] == []


@pytest.mark.parametrize(
    ("name", "control"),
    [(name, control) for name in NAMES for control in classifier_card(name).controls if control != "linear"],
)
def test_controls_take_the_places_of_all_circuits(name: str, control: str) -> None:
    own, other = (
        [module for module in new(name, one).modules() if isinstance(module, Block)] for one in ("none", control)
    )
    assert [(block.in_features, block.out_features) for block in own] == [
        (block.in_features, block.out_features) for block in other
    ]
    assert own


def trained(name: str, checkpoint: Checkpoint | None = None, stop_at: int = 0, **given: object) -> Outcome:
    """Return what a few steps on stripes lead to, or stop as a killed process does."""

    def stop(step: int, steps: int, loss: float) -> None:
        if stop_at and step > stop_at:
            raise KeyboardInterrupt

    kind: LabelKind = given.pop("kind", "multiclass")  # type: ignore[assignment]
    images = given.pop("images", lambda seed: striped_images(24, seed))
    what, below = cheap(name), None
    if issubclass(what.kind, Solved):
        below = train(cheap(name, "linear"), TINY, kind, sets(images), seeds=Seeds(**SEEDS)).state
    return train(
        what, TINY, kind, sets(images), seeds=Seeds(**SEEDS), below=below, progress=stop, checkpoint=checkpoint
    )  # fmt: skip


def sets(images: object) -> Sets:
    return Sets(images(0), None, images(1), images(2))  # type: ignore[operator]


@pytest.mark.parametrize("name", ["hqcnn", "daqcnn", "qcbnn"])
def test_a_training_that_was_killed_resumes_to_the_same_bits(name: str, tmp_path: Path) -> None:
    whole = trained(name)
    with pytest.raises(KeyboardInterrupt):
        trained(name, Checkpoint(tmp_path, every_s=0.0), stop_at=2)
    resumed = trained(name, Checkpoint(tmp_path, every_s=0.0))
    assert np.array_equal(resumed.test_logits, whole.test_logits)
    assert all(torch.equal(whole.state[key], resumed.state[key]) for key in whole.state)


@pytest.mark.parametrize("name", ["qkernel", *VARIANTS])
def test_equal_seeds_give_equal_predictions(name: str) -> None:
    first, second = trained(name), trained(name)
    assert np.isfinite(first.test_logits).all()
    assert np.array_equal(first.test_logits, second.test_logits)


@pytest.mark.parametrize("name", NAMES)
def test_colour_images_with_several_findings_one_of_them_never_seen(name: str) -> None:
    def images(seed: int) -> LabelledImages:
        grey = striped_images(24, seed)
        several = np.stack([grey.labels[:, 0] + grey.labels[:, 1], grey.labels[:, 1], 0 * grey.labels[:, 2]], axis=1)
        return LabelledImages(grey.images.repeat(3, axis=3), several.astype(np.float32), grey.groups)

    found = trained(name, kind="multilabel", images=images)
    assert found.test_logits.shape == (24, 3)
    assert np.isfinite(found.test_logits).all()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("hqcnn", {"layers": 0}, "layers >= 1"),
        ("daqcnn", {"steps_of_evolution": 0}, "steps_of_evolution >= 1"),
        ("qcbnn", {"sample": 1}, "sample >= 2"),
        ("qkernel", {"penalties": ()}, "penalties and rows above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, changes: dict[str, object], message: str) -> None:
    what = cheap(name)
    with pytest.raises(DefinitionError, match=message):
        replace(what, hyper=replace(what.hyper, **changes)).new(
            IMAGES if what.kind.reads == "images" else FEATURES, 4, 0
        )


def test_two_classes_are_told_apart_by_the_kernel() -> None:
    def images(seed: int) -> LabelledImages:
        found = striped_images(36, seed)
        kept = found.labels[:, 2] == 0
        return LabelledImages(found.images[kept], found.labels[kept][:, :2], np.arange(kept.sum()))

    assert trained("qkernel", images=images).looks[0]["val_metric"] > 0.5
