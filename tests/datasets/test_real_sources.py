"""The real sources, where they lie: their known traps are found and their known counts come out."""

from __future__ import annotations

import time

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.datasets.manifest import source_manifest
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.datasets.subsets import nested_subsets, runnable_fraction
from qaugbench.errors import DataError

pytestmark = pytest.mark.realdata

FILES = {
    "brainmri": "brainmri-nickparvar.zip",
    "chestxray": "chestxray-nih14-1000.zip",
    "kneeoa": "kneeoa-chen2018.zip",
    "fundus": "fundus-eyeq-365.zip",
}


def opened(real_data, task_id):
    return open_prepared(real_data / FILES[task_id], definitions.task(task_id).labels)


@pytest.mark.parametrize(
    ("task_id", "parts", "counts"),
    [
        ("brainmri", (4921, 1003, 1095), {"glioma": 1621, "pituitary": 1757}),
        ("chestxray", (700, 155, 145), {"Effusion": 170, "Hernia": 9}),
        ("kneeoa", (5812, 1236, 1212), {"0": 3253, "4": 251}),
        ("fundus", (255, 56, 54), {"Usable": 42, "Reject": 72}),
    ],
)
def test_counts_and_split(real_data, task_id, parts, counts):
    prepared = opened(real_data, task_id)
    split = choose_split(prepared)
    assert (len(split.train), len(split.val), len(split.test)) == parts
    assert not split.leaky
    assert counts.items() <= source_manifest(prepared, task_id)["counts"]["all"].items()


@pytest.mark.parametrize(("task_id", "groups"), [("brainmri", 714), ("chestxray", 30)])
def test_the_published_split_leaks(real_data, task_id, groups):
    prepared = opened(real_data, task_id)
    with pytest.raises(DataError, match=f"{groups} groups"):
        choose_split(prepared, column="split")
    assert choose_split(prepared, column="split", allow_leaky=True).crossing_groups == groups


def test_no_patient_crosses_the_published_split_of_the_knees(real_data):
    split = choose_split(opened(real_data, "kneeoa"), column="split")
    assert (len(split.train), len(split.val), len(split.test)) == (5778, 826, 1656)


@pytest.mark.parametrize("task_id", ["chestxray", "fundus"])
def test_small_sources_end_at_all_their_images_and_say_so(real_data, task_id):
    prepared = opened(real_data, task_id)
    used, reason = runnable_fraction(prepared.labels[choose_split(prepared).train], 0.1)
    assert used == 1.0
    assert "too few for a verdict" in reason


def test_brain_images_are_decoded_in_a_few_seconds(real_data):
    prepared = opened(real_data, "brainmri")
    start = time.process_time()
    images = load_images(prepared, 64, 1)
    assert time.process_time() - start < 10
    assert images.shape == (7019, 64, 64, 1)
    assert 20 < images.mean() < 80


def test_tail_classes_of_the_knees_keep_their_share(real_data):
    prepared = opened(real_data, "kneeoa")
    train = choose_split(prepared).train
    labels, groups = prepared.labels[train], prepared.groups[train]
    for seed in range(3):
        for fraction, rows in nested_subsets(labels, groups, (0.1, 0.25), seed).items():
            np.testing.assert_allclose(labels[rows].sum(0), fraction * labels.sum(0), rtol=0.12)
