"""The .npz of a MedMNIST set given as it is."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.errors import DataError

CHEST = definitions.task("chestxray").labels
KNEE = definitions.task("kneeoa").labels
BRAIN = definitions.task("brainmri").labels
SIZES = {"train": 6, "val": 3, "test": 4}


def arrays(labels_of, *, shape=(8, 8), **others) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    made = {f"{part}_images": draw.integers(0, 256, (n, *shape), dtype=np.uint8) for part, n in SIZES.items()}
    return {**made, **{f"{part}_labels": labels_of(draw, n) for part, n in SIZES.items()}, **others}


def grades(draw: np.random.Generator, n: int) -> np.ndarray:
    return draw.integers(0, 5, (n, 1), dtype=np.uint8)


def findings(draw: np.random.Generator, n: int) -> np.ndarray:
    return draw.integers(0, 2, (n, 14), dtype=np.uint8)


def saved(path: Path, content: dict[str, np.ndarray]) -> Path:
    np.savez_compressed(path, **content)
    return path


def test_images_findings_and_parts_are_those_of_the_arrays(tmp_path, data_home):
    content = arrays(findings)
    made = own_prepared(saved(tmp_path / "chestmnist.npz", content), CHEST)
    prepared = open_prepared(made, CHEST)
    for part in SIZES:
        rows = np.flatnonzero(prepared.table["split"] == part)
        np.testing.assert_array_equal(load_images(prepared, 8, 1, index=rows)[..., 0], content[f"{part}_images"])
        np.testing.assert_array_equal(prepared.labels[rows], content[f"{part}_labels"])
    assert not prepared.patients_known
    assert "order of the task's findings" in json.loads(prepared.archive.read("manifest.json"))["notes"][0]
    assert own_prepared(tmp_path / "chestmnist.npz", CHEST) == made


def test_grades_and_colour_are_read(tmp_path, data_home):
    content = arrays(grades, shape=(8, 8, 3))
    prepared = open_prepared(own_prepared(saved(tmp_path / "x.npz", content), KNEE), KNEE)
    np.testing.assert_array_equal(
        prepared.labels.argmax(axis=1), np.concatenate([content[f"{p}_labels"][:, 0] for p in SIZES])
    )
    np.testing.assert_array_equal(load_images(prepared, 8, 3, index=[0])[0], content["train_images"][0])


@pytest.mark.parametrize(
    ("labels", "content", "said"),
    [
        (BRAIN, arrays(grades), r"by number alone, and the classes of the task are names \(glioma"),
        (CHEST, arrays(grades), r"train_labels is \[6, 1\], not \[n, 14\]"),
        (CHEST, arrays(findings, test_labels=np.full((4, 14), 2)), r"test_labels is \[4, 14\].* of 0 and 1"),
        (
            KNEE,
            arrays(grades, val_labels=np.array([[1], [-1], [5]])),
            r"val_labels has 2 numbers that are not grades: row 1: -1",
        ),
        (KNEE, arrays(grades, val_labels=np.array([[1.0], [2.0], [3.0]])), "val_labels is float64"),
        (KNEE, arrays(grades, val_labels=np.zeros((2, 1), int)), "val has 3 images but 2 rows"),
        (KNEE, arrays(grades, train_images=np.zeros((6, 8, 8))), "train_images is float64"),
        (KNEE, arrays(grades, train_images=np.zeros((6, 8, 8, 2), np.uint8)), r"train_images is uint8 \[6, 8, 8, 2\]"),
        (KNEE, arrays(grades, test_labels=np.array([[None]] * 4)), "test_labels is object"),
        (KNEE, {"images": np.zeros((2, 8, 8))}, "not of MedMNIST: it has no array train_images, train_labels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_arrays_that_do_not_fit_the_task_are_refused(tmp_path, data_home, labels, content, said):
    with pytest.raises(DataError, match=said):
        own_prepared(saved(tmp_path / "x.npz", content), labels)
    assert not list(data_home.rglob("*.zip"))


def test_damaged_and_swollen_files_are_refused(tmp_path, data_home):
    whole = saved(tmp_path / "x.npz", arrays(grades)).read_bytes()
    (tmp_path / "short.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"not a whole \.npz"):
        own_prepared(tmp_path / "short.npz", KNEE)
    empty = saved(tmp_path / "bomb.npz", arrays(grades, train_images=np.zeros((6, 4000, 4000), np.uint8)))
    with pytest.raises(DataError, match=r"train_images unpacks to 96,000,128 bytes"):
        own_prepared(empty, KNEE)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (6, 8, 8)})
    with zipfile.ZipFile(tmp_path / "cut.npz", "w") as archive, np.load(tmp_path / "x.npz") as arrays_:
        for name in arrays_.files:
            content = io.BytesIO()
            np.save(content, arrays_[name])
            archive.writestr(f"{name}.npy", header.getvalue() if name == "train_images" else content.getvalue())
    with pytest.raises(DataError, match="train_images is cut short"):
        own_prepared(tmp_path / "cut.npz", KNEE)
    assert not list(data_home.rglob("*.zip"))
