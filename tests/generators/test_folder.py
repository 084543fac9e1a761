"""Images that something else made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load, save

from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DataError, DefinitionError
from qaugbench.generators.contract import Budget, NotFittedError
from qaugbench.generators.folder import FolderGenerator
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.task import LabelSpace

FINDINGS = LabelSpace("multilabel", ("mass", "edema"), ("Mass", "Edema"))
GREY = {"a.png": (10, (1, 0)), "b.png": (20, (1, 0)), "c.png": (30, (1, 1))}
UNUSED = LabelledImages(np.zeros((1, 8, 8, 1), np.uint8), np.zeros((1, 2), np.float32), np.zeros(1, np.int64))


@pytest.fixture
def folder(tmp_path: Path) -> FolderGenerator:
    (tmp_path / "images").mkdir()
    rows = [f"{name},{mass},{edema}" for name, (_, (mass, edema)) in GREY.items()]
    (tmp_path / "labels.csv").write_text("filename,mass,edema\n" + "\n".join(rows) + "\n")
    for name, (grey, _) in GREY.items():
        Image.fromarray(np.full((8, 8), grey, np.uint8)).save(tmp_path / "images" / name)
    return FolderGenerator((8, 8, 1), 2, path=tmp_path, label_space=FINDINGS)


def greys(generator: FolderGenerator, labels: list[list[int]], seed: int = 1) -> list[int]:
    images = generator.sample(np.array(labels, np.float32), seed=seed)
    assert images.shape == (len(labels), 8, 8, 1)
    return [int(image.mean()) for image in images]


def fit(generator: FolderGenerator) -> FolderGenerator:
    generator.fit(UNUSED, budget=Budget(0, 1), seed=0)
    return generator


def test_images_are_drawn_once_each_and_then_again(folder: FolderGenerator) -> None:
    drawn = greys(fit(folder), [[1, 0], [1, 1], [1, 0], [1, 0], [1, 1]])
    assert drawn[1] == drawn[4] == 30
    assert sorted([drawn[0], drawn[2]]) == [10, 20]
    assert drawn[3] == drawn[0]


def test_the_seed_sets_the_order(folder: FolderGenerator) -> None:
    orders = {tuple(greys(fit(folder), [[1, 0], [1, 0]], seed)) for seed in range(20)}
    assert orders == {(10, 20), (20, 10)}


def test_label_vectors_that_the_folder_lacks_are_named(folder: FolderGenerator) -> None:
    with pytest.raises(DataError, match=r"2 of the 3 label vectors asked for: no finding, edema\."):
        greys(fit(folder), [[0, 0], [0, 1], [1, 1]])


def test_the_state_carries_the_images(folder: FolderGenerator, tmp_path: Path) -> None:
    copy = FolderGenerator((8, 8, 1), 2, path=tmp_path / "gone", label_space=FINDINGS)
    copy.load(load(save(fit(folder).state())))
    assert greys(copy, [[1, 0], [1, 1]]) == greys(folder, [[1, 0], [1, 1]])


def test_it_is_found_by_name_and_must_be_read_first(folder: FolderGenerator) -> None:
    assert generator_class("folder") is FolderGenerator
    with pytest.raises(NotFittedError):
        greys(folder, [[1, 0]])


def test_label_space_and_width_must_agree(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="2 names, but the generator was asked for 3"):
        FolderGenerator((8, 8, 1), 3, path=tmp_path, label_space=FINDINGS)
