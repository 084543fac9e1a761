"""Fresh pictures of a phantom's own distribution: new patients, drawn as the phantom is, with the wanted labels."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.datasets.phantom.images import phantom_pictures, phantom_tasks, render_phantom
from qaugbench.errors import QaugbenchError
from qaugbench.experiment.true_oracle import fresh_pictures, matching_pictures


def picture(label: int, level: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((2, 2, 1), level, np.uint8), np.eye(3, dtype=np.float32)[label]


@pytest.mark.parametrize("task", ["kneeoa", "fundus"])
def test_pictures_one_by_one_are_those_of_the_whole_phantom(task: str) -> None:
    whole = render_phantom(task, n_patients=2, seed=7, size=64)
    found = list(islice(phantom_pictures(task, 7, 64), len(whole.images)))
    assert (np.stack([image for image, _ in found]) == whole.images).all()
    assert (np.stack([labels for _, labels in found]) == whole.labels).all()


@pytest.mark.parametrize("task", phantom_tasks())
def test_a_phantom_has_its_task_s_labels_in_their_order(task: str) -> None:
    assert render_phantom(task, 1, 0, 8).label_names == definitions.task(task).labels.names


def test_fresh_pictures_have_the_size_and_channels_of_the_run() -> None:
    image, labels = next(fresh_pictures("fundus", 1, drawn_at=64, size=16, channels=3))
    assert (image.shape, image.dtype, labels.dtype) == ((16, 16, 3), np.uint8, np.float32)


def test_as_many_of_each_class_are_taken_as_are_wanted_in_the_order_in_which_they_come() -> None:
    stream = [picture(label, level) for level, label in enumerate([0, 0, 1, 0, 2, 1, 0, 2])]
    wanted = np.eye(3, dtype=np.float32)[[2, 0, 0, 1]]
    images, labels = matching_pictures(stream, wanted, counts=np.array([5, 3, 1]))
    assert images[:, 0, 0, 0].tolist() == [0, 1, 2, 4]
    assert sorted(map(tuple, labels)) == sorted(map(tuple, wanted))


def test_several_findings_are_matched_by_the_rarest_of_them_and_keep_their_own_labels() -> None:
    stream = [(np.zeros((1, 1, 1), np.uint8), np.array(v, np.float32)) for v in ([1, 0], [0, 0], [1, 1])]
    _, labels = matching_pictures(stream, np.array([[0, 1], [0, 0]], np.float32), counts=np.array([9, 2]))
    assert labels.tolist() == [[0, 0], [1, 1]]


def test_a_label_that_never_comes_is_an_error_and_no_endless_loop() -> None:
    def one_class():
        while True:
            yield picture(0, 0)

    with pytest.raises(QaugbenchError, match="1 of 2 are missing"):
        matching_pictures(one_class(), np.eye(3, dtype=np.float32)[[0, 2]], counts=np.ones(3))
