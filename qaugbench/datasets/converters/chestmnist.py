"""ChestMNIST: one .npz of arrays, read image by image so that the largest size needs no memory for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.formats.containers import DAMAGED
from qaugbench.datasets.raw import Raw
from qaugbench.errors import DataError

PARTS = ("train", "val", "test")
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
    try:
        with raw.containers[item.container].open(item.name) as file:
            shape, dtype = _header(file)
            length = int(np.prod(shape[1:], dtype=np.int64))
            for _ in range(shape[0]):
                content = file.read(length)
                if len(content) != length:
                    raise DataError(f"chestmnist: {name} is cut short. Fetch the archive again.")
                yield np.frombuffer(content, dtype).reshape(shape[1:])
    except (*DAMAGED, ValueError) as error:
        raise DataError(f"chestmnist: {name} cannot be read ({error}). Fetch the archive again.") from error


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], Any]:
    version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, columns_first, dtype = read(file)  # type: ignore[no-untyped-call]
    if dtype != np.uint8 or columns_first or len(shape) < 2:
        raise DataError(f"chestmnist: an array is {dtype} {list(shape)}, not uint8 [n, ...]. Fetch the archive again.")
    return shape, dtype
