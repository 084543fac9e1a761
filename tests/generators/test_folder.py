"""Images that something else made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qaugbench.errors import DataError
from qaugbench.generators.folder import drawn_from_folder
from qaugbench.task import LabelSpace

FINDINGS = LabelSpace("multilabel", ("mass", "edema"), ("Mass", "Edema"))
GREY = {"a.png": (10, (1, 0)), "b.png": (20, (1, 0)), "c.png": (30, (1, 1))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    rows = [f"{name},{mass},{edema}" for name, (_, (mass, edema)) in GREY.items()]
    (tmp_path / "labels.csv").write_text("filename,mass,edema\n" + "\n".join(rows) + "\n")
    for name, (grey, _) in GREY.items():
        Image.fromarray(np.full((8, 8), grey, np.uint8)).save(tmp_path / "images" / name)
    return tmp_path


def greys(folder: Path, labels: list[list[int]], seed: int = 1) -> list[int]:
    wanted = np.array(labels, np.float32).reshape(-1, 2)
    images = drawn_from_folder(folder, FINDINGS, (8, 8, 1), wanted, seed=seed)
    assert images.shape == (len(labels), 8, 8, 1)
    return [int(image.mean()) for image in images]


def test_images_are_drawn_once_each_and_then_again(folder: Path) -> None:
    drawn = greys(folder, [[1, 0], [1, 1], [1, 0], [1, 0], [1, 1]])
    assert drawn[1] == drawn[4] == 30
    assert sorted([drawn[0], drawn[2]]) == [10, 20]
    assert drawn[3] == drawn[0]


def test_the_seed_sets_the_order(folder: Path) -> None:
    orders = {tuple(greys(folder, [[1, 0], [1, 0]], seed)) for seed in range(20)}
    assert orders == {(10, 20), (20, 10)}


def test_nothing_is_drawn_for_nothing(folder: Path) -> None:
    assert greys(folder, []) == []


def test_label_vectors_that_the_folder_lacks_are_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"2 of the 3 label vectors asked for: no finding, edema\."):
        greys(folder, [[0, 0], [0, 1], [1, 1]])
