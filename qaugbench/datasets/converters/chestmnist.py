"""ChestMNIST: one .npz of arrays, read image by image so that the largest size never has to fit into memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.formats.containers import DAMAGED
from qaugbench.datasets.formats.npy import npy_entries
from qaugbench.datasets.raw import Raw
from qaugbench.errors import DataError
from qaugbench.task import PARTS

FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
"""The findings in the order of the label columns (medmnist.INFO["chestmnist"]["label"])."""


def convert(raw: Raw) -> Converted:
    """Return the images of train, val and test in this order, with their 14 findings."""
    rows: list[dict[str, object]] = []
    for part in PARTS:
        labels = np.stack(list(_entries(raw, f"{part}_labels")))
        if labels.ndim != 2 or labels.shape[1] != len(FINDINGS) or not np.isin(labels, (0, 1)).all():
            raise DataError(f"chestmnist: {part}_labels is {list(labels.shape)}, not [n, {len(FINDINGS)}] of 0 and 1.")
        for i, present in enumerate(labels.astype(int).tolist()):
            rows.append({"filename": f"{part}-{i:06d}.png", "split": part, **dict(zip(FINDINGS, present, strict=True))})
    images = (image for part in PARTS for image in _entries(raw, f"{part}_images"))
    return Converted(rows, images, picture=_array)


def _array(image: np.ndarray) -> np.ndarray:
    return image


def _entries(raw: Raw, name: str) -> Iterator[np.ndarray]:
    """Yield the entries along the first axis of the uint8 array ``name``, without reading all of it."""
    item = raw.one(f"{name}.npy")
    called = f"chestmnist: {name}"
    try:
        with raw.containers[item.container].open(item.name) as file:
            for entry in npy_entries(file, called):
                if entry.dtype != np.uint8 or entry.ndim < 1:
                    raise DataError(
                        f"{called} is {entry.dtype} {list(entry.shape)}, not uint8. Fetch the archive again."
                    )
                yield entry
    except DAMAGED as error:
        raise DataError(f"{called} cannot be read ({error}). Fetch the archive again.") from error
