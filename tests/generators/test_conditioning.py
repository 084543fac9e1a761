"""Conditioning is real: a judge that saw other images of a phantom tells the drawn classes apart, the rarest one as well."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from qaugbench import definitions
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.generators.shared.binding import bound
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.generators.shared.model import Model
from qaugbench.generators.spaces.named import new_space

TASK, SIZE, PATIENTS, PER_CLASS = "kneeoa", 32, 250, 80
SPACES = {"gmm": "pca", "kde": "pca", "smote": "pca"}  # no time for an autoencoder


def knees(seed: int) -> LabelledImages:
    phantom = render_phantom(TASK, PATIENTS, seed, SIZE)
    return LabelledImages(phantom.images, phantom.labels, np.arange(len(phantom.images)))


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / 255


@pytest.fixture(scope="module")
def training() -> LabelledImages:
    return knees(1)


@pytest.fixture(scope="module")
def judge() -> LinearDiscriminantAnalysis:
    other = knees(2)
    equal = np.full(other.labels.shape[1], 1 / other.labels.shape[1])
    found = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5, priors=equal)
    return found.fit(flat(other.images), other.labels.argmax(axis=1))


@pytest.fixture
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.usefixtures("one_thread")
def test_every_class_is_recognised_among_the_drawn_images(
    name: str, training: LabelledImages, judge: LinearDiscriminantAnalysis
) -> None:
    """For each class, the judge ranks its images above those of the other classes; the rarest has some 30 training images."""
    card = definitions.generator_card(name)
    recipe = bound(card, generator_class(name), "smoke")
    space, how = new_space(
        SPACES[name], training.images.shape[1:], definitions.space_settings(SPACES[name], TASK, "smoke")
    )
    space.fit(training.images, training=how, seed=1)
    model = Model(recipe, space.eval(), training.labels.shape[1])
    model.fit(training, seed=2)
    wanted = np.repeat(np.eye(training.labels.shape[1], dtype=np.float32), PER_CLASS, axis=0)
    scores = judge.predict_proba(flat(model.sample(wanted, seed=3)))
    areas = [roc_auc_score(wanted[:, k], scores[:, k]) for k in range(wanted.shape[1])]
    assert min(areas) > 0.55, areas
