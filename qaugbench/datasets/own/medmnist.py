"""The .npz of a MedMNIST set as images with labels: arrays train_images, train_labels, val_..., test_..., no patients."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from qaugbench.datasets.formats.containers import ALWAYS_ALLOWED_BYTES, DAMAGED, MAX_SWELLING
from qaugbench.datasets.formats.npy import npy_entries, npy_shape
from qaugbench.datasets.own.labels import TitledLabels
from qaugbench.errors import DataError, first_offenders
from qaugbench.task import PARTS

MAX_IMAGES = 2_000_000
MAX_SIDE = 4096


@dataclass(frozen=True)
class MedmnistSource:
    """The ``rows`` of labels.csv, the corresponding ``images`` (uint8 [H, W] or [H, W, 3]), and the ``facts`` of the manifest."""

    rows: list[dict[str, object]]
    images: Iterator[np.ndarray]
    facts: dict[str, Any]


def medmnist_source(path: Path, labels: TitledLabels) -> MedmnistSource:
    """Return the images of a MedMNIST .npz with their labels for a task that they fit.

    MedMNIST labels are numbers without names, so only two kinds fit without guessing: one 0/1 column per finding, in the
    order of the task's findings; and grades of a task whose classes are those numbers. Raises DataError for any other.
    """
    try:
        archive = zipfile.ZipFile(path)
        names = set(archive.namelist())
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise DataError(f"{path} is not a whole .npz file ({error}). Fetch or copy it again.") from error
    missing = [name for part in PARTS for name in (f"{part}_images", f"{part}_labels") if f"{name}.npy" not in names]
    if missing:
        raise DataError(
            f"{path} is not of MedMNIST: it has no array {first_offenders(missing, 6)}. Save images as files and give a folder or "
            "a table."
        )
    rows: list[dict[str, object]] = []
    for part in PARTS:
        values = _labels(archive, f"{part}_labels", path)
        count = _check_images(archive, f"{part}_images", path)
        if count != len(values):
            raise DataError(
                f"{path}: {part} has {count} images but {len(values)} rows of labels. Fetch the file again."
            )
        columns = _columns(values, labels, f"{part}_labels", path)
        rows += [{"filename": f"{part}-{i:06d}.png", "split": part, **said} for i, said in enumerate(columns)]
    images = (image for part in PARTS for image in _entries(archive, f"{part}_images", path))
    how = "columns in the order of the task's findings" if labels.kind == "multilabel" else "grades as numbers"
    notes = [f"MedMNIST file: labels taken as {how}; it names no patients, so none can be kept out of two parts."]
    return MedmnistSource(
        rows, images, {"description": "own images", "notes": notes, "own": {"kinds": {"MedMNIST": len(rows)}}}
    )


@contextmanager
def _opened(archive: zipfile.ZipFile, name: str, path: Path) -> Iterator[IO[bytes]]:
    """Open one array; raise DataError if it is damaged, encrypted, or unpacks to an unreasonable size."""
    try:
        info = archive.getinfo(f"{name}.npy")
        if info.file_size > max(ALWAYS_ALLOWED_BYTES, MAX_SWELLING * info.compress_size):
            raise DataError(
                f"{path}: {name} unpacks to {info.file_size:,} bytes from {info.compress_size:,}: no set of pictures does."
            )
        with archive.open(info) as file:
            yield file
    except (*DAMAGED, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: {name} cannot be read ({error}). Fetch the file again.") from error


def _entries(archive: zipfile.ZipFile, name: str, path: Path) -> Iterator[np.ndarray]:
    with _opened(archive, name, path) as file:
        yield from npy_entries(file, f"{path}: {name}")


def _check_images(archive: zipfile.ZipFile, name: str, path: Path) -> int:
    """Return how many images an array holds; raise DataError if it is not an array of pictures."""
    with _opened(archive, name, path) as file:
        shape, dtype = npy_shape(file, f"{path}: {name}")
    picture = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
    if dtype != np.uint8 or not picture or shape[0] > MAX_IMAGES or max(shape[1:3]) > MAX_SIDE or 0 in shape:
        raise DataError(
            f"{path}: {name} is {dtype} {list(shape)}, not uint8 [n, height, width] or [n, height, width, 3]."
        )
    return int(shape[0])


def _labels(archive: zipfile.ZipFile, name: str, path: Path) -> np.ndarray:
    """Return the labels as int64 [n, columns]."""
    with _opened(archive, name, path) as file:
        shape, dtype = npy_shape(file, f"{path}: {name}")
    if (
        dtype.kind not in "iub"
        or len(shape) > 2
        or shape[0] > MAX_IMAGES
        or int(np.prod(shape[1:])) > 1000
        or 0 in shape
    ):
        raise DataError(f"{path}: {name} is {dtype} {list(shape)}, not whole numbers [n, columns].")
    values = np.stack(list(_entries(archive, name, path))).astype(np.int64)
    return values.reshape(len(values), -1)


def _columns(values: np.ndarray, labels: TitledLabels, name: str, path: Path) -> list[dict[str, object]]:
    """Return the label columns of each image; raise DataError if the numbers are not labels of the task."""
    if labels.kind == "multilabel":
        if values.shape[1] != len(labels.names) or not np.isin(values, (0, 1)).all():
            raise DataError(
                f"{path}: {name} is {list(values.shape)}, not [n, {len(labels.names)}] of 0 and 1, one column per finding of the "
                "task. Give a table that names the finding of each image."
            )
        return [dict(zip(labels.names, row, strict=True)) for row in values.tolist()]
    grades = {str(code) for code in range(len(labels.names))}
    if set(labels.names) != grades or values.shape[1] != 1:
        raise DataError(
            f"{path}: {name} gives classes by number alone, and the classes of the task are names "
            f"({', '.join(labels.names)}). Give a table that names the class of each image."
        )
    wrong = [f"row {row}: {value}" for row, value in enumerate(values[:, 0].tolist()) if str(value) not in grades]
    if wrong:
        raise DataError(f"{path}: {name} has {len(wrong)} numbers that are not grades: {first_offenders(wrong)}.")
    return [{"label": str(value)} for value in values[:, 0].tolist()]
