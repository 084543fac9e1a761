"""Procedural phantoms: drawn images with known labels, for trying the benchmark out. They show no patient.

A phantom has the label space and the class balance of its task and a difficulty that suits a small classifier; it says
nothing about medicine, and its results are never shown beside those on real images. ``<task>.py`` in this folder draws
one patient; this file turns patients into arrays and rows of labels.csv.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from qaugbench.datasets.phantom.shapes import Canvas, DrawnPatient, area_average, canvas_of
from qaugbench.errors import DataError, near_names
from qaugbench.seeds import child_seed

DRAWING_SIZE = 64
"""Smaller pictures are drawn at this size and averaged down, as in a scanner."""


class PhantomModule(Protocol):
    """What the file ``<task>.py`` defines."""

    LABELS: tuple[str, ...]
    CHANNELS: int
    MULTILABEL: bool

    def draw_patient(self, seed: int, canvas: Canvas) -> DrawnPatient: ...


@dataclass(frozen=True)
class PhantomImages:
    """Phantom images in the order of their patients, and the rows of their labels.csv."""

    images: NDArray[np.uint8]
    """[N, size, size, C]"""
    labels: NDArray[np.float32]
    """[N, K], 0/1; one-hot for multiclass and ordinal tasks"""
    patient_ids: list[str]
    label_names: tuple[str, ...]
    rows: list[dict[str, str | int]]
    """filename, patient_id, age, sex and either ``label`` or one 0/1 column per finding"""
    factors: dict[str, NDArray[np.float64]]
    """numbers [N] that the images were drawn by, such as the size of a lesion; NaN for an image that does not have it"""


def phantom_tasks() -> list[str]:
    """Return the ids of the tasks that have a phantom."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [file.stem for file in files if "\ndef draw_patient(" in file.read_text("utf-8")]


def render_phantom(task_id: str, n_patients: int, seed: int, size: int) -> PhantomImages:
    """Return the phantom of ``n_patients`` patients of a task, drawn at ``size`` pixels per side.

    The first k patients of a larger phantom are the phantom of k patients; the same seed gives the same bits.
    Raises DataError for a task without a phantom, no patients, or a size below 8.

    >>> phantom = render_phantom("chestxray", n_patients=3, seed=1, size=32)
    >>> phantom.images.shape[1:], phantom.labels.shape[1], sorted(set(phantom.patient_ids))
    ((32, 32, 1), 14, ['P00000', 'P00001', 'P00002'])
    """
    module = _module_of(task_id)
    if n_patients < 1 or size < 8:
        raise DataError(f"A phantom needs n_patients >= 1 and size >= 8; given {n_patients} and {size}.")
    canvas = canvas_of(max(size, DRAWING_SIZE))
    images, truths, rows, factors = [], [], [], []
    for patient in range(n_patients):
        drawn = module.draw_patient(child_seed(seed, "phantom", task_id, patient), canvas)
        for number, picture in enumerate(drawn.pictures):
            images.append(_eight_bit(picture.value, size))
            truths.append(picture.labels)
            factors.append(picture.factors)
            rows.append(_row(module, f"P{patient:05d}", number, drawn, picture.labels))
    return PhantomImages(
        images=np.stack(images),
        labels=_indicator(truths, len(module.LABELS)),
        patient_ids=[str(row["patient_id"]) for row in rows],
        label_names=module.LABELS,
        rows=rows,
        factors={
            name: np.array([one.get(name, np.nan) for one in factors])
            for name in dict.fromkeys(name for one in factors for name in one)
        },
    )


def phantom_pictures(task_id: str, seed: int, size: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield (image [size, size, C], labels [K]) of one new patient after another, without end.

    They are what ``render_phantom`` draws under the same seed. Raises DataError for a task without a phantom.
    """
    module = _module_of(task_id)
    canvas = canvas_of(max(size, DRAWING_SIZE))
    for patient in count():
        for picture in module.draw_patient(child_seed(seed, "phantom", task_id, patient), canvas).pictures:
            yield _eight_bit(picture.value, size), _indicator([picture.labels], len(module.LABELS))[0]


def _module_of(task_id: str) -> PhantomModule:
    known = phantom_tasks()
    if task_id not in known:
        raise DataError(f"No phantom for task {task_id!r}.{near_names(task_id, known)}")
    return cast(PhantomModule, importlib.import_module(f"qaugbench.datasets.phantom.{task_id}"))


def _eight_bit(value: NDArray[np.floating], size: int) -> NDArray[np.uint8]:
    clipped = np.clip(value, 0.0, 1.0)
    sized = clipped if clipped.shape[0] == size else area_average(clipped, size)
    return (sized * 255.0 + 0.5).astype(np.uint8)


def _indicator(truths: list[tuple[int, ...]], n_labels: int) -> NDArray[np.float32]:
    labels = np.zeros((len(truths), n_labels), dtype=np.float32)
    for row, truth in enumerate(truths):
        labels[row, list(truth)] = 1.0
    return labels


def _row(
    module: PhantomModule, patient_id: str, number: int, drawn: DrawnPatient, truth: tuple[int, ...]
) -> dict[str, str | int]:
    row: dict[str, str | int] = {
        "filename": f"{patient_id}_{number}.png",
        "patient_id": patient_id,
        "age": drawn.age,
        "sex": drawn.sex,
    }
    if module.MULTILABEL:
        return row | {name: int(index in truth) for index, name in enumerate(module.LABELS)}
    return row | {"label": module.LABELS[truth[0]]}
