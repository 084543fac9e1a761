"""Cheng's brain tumours: one MATLAB v7.3 file per slice, 16 bit, with the patient's number and the kind of tumour."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.formats.pictures import MAX_PIXELS
from qaugbench.datasets.raw import Item, Raw, unique
from qaugbench.errors import DataError

LABELS = {1: "meningioma", 2: "glioma", 3: "pituitary"}
FOLDS = "cvind.mat"


def convert(raw: Raw) -> Converted:
    """Return the slices with patient, kind of tumour and published fold (1 to 5).

    Each slice is stretched linearly to 8 bit from its minimum to its maximum.
    """
    found = [item for item, _ in raw.find(r"\d+\.mat")]
    unique([item.file for item in found], raw.source.id)
    folds = _folds(raw)
    if max(int(item.stem) for item in found) > len(folds):
        raise DataError(
            f"figshare-cheng: {FOLDS} has {len(folds)} folds, fewer than the numbers of the slices. Fetch both again."
        )
    facts = [_patient_and_label(item, content) for item, content in zip(found, raw.stream(found), strict=True)]
    rows = [
        {
            "filename": f"{int(item.stem):04d}.png",
            "label": label,
            "patient_id": patient,
            "fold": int(folds[int(item.stem) - 1]),
        }
        for item, (patient, label) in zip(found, facts, strict=True)
    ]
    return Converted(
        rows,
        _named(found, raw),
        picture=_slice,
        notes=(
            "The class notumor has no image here. The column `fold` is the published five-fold split; there is no other.",
        ),
        conversions=("16-bit values were stretched linearly to 8 bit from the minimum to the maximum of each slice.",),
    )


def _named(found: list[Item], raw: Raw) -> Iterator[tuple[str, bytes]]:
    yield from zip((item.file for item in found), raw.stream(found), strict=True)


def _patient_and_label(item: Item, content: bytes) -> tuple[str, str]:
    def read(data: Any) -> tuple[str, str]:
        patient = _dataset(data, "PID", item.file)[()].ravel()
        label = int(_dataset(data, "label", item.file)[()].ravel()[0])
        if label not in LABELS:
            raise DataError(f"figshare-cheng: {item.file} has the label {label}, none of {sorted(LABELS)}.")
        return "".join(chr(int(code)) for code in patient).strip(), LABELS[label]

    return _in_matlab(item.file, content, read)


def _slice(named: tuple[str, bytes]) -> np.ndarray:
    """Return the image uint8 [H, W] of one MATLAB file."""
    name, content = named
    values = _in_matlab(name, content, partial(_pixels, name=name)).astype(np.float64)
    low, high = values.min(), values.max()
    stretched = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    return np.rint(stretched).astype(np.uint8)


def _pixels(data: Any, *, name: str) -> np.ndarray:
    stored = _dataset(data, "image", name)
    if stored.ndim != 2 or stored.size > MAX_PIXELS:
        raise DataError(
            f"figshare-cheng: the image of {name} is {list(stored.shape)}, not two-dimensional of a usable size."
        )
    return np.asarray(stored[()]).T  # MATLAB stores columns first


def _dataset(data: Any, field: str, name: str) -> Any:
    """Return a dataset of ``cjdata`` stored in the file itself: HDF5 can also point at other files."""
    import h5py  # type: ignore[import-untyped]

    for path in ("cjdata", f"cjdata/{field}"):
        link = data.get(path, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise DataError(f"figshare-cheng: {name} does not contain {path} itself. Fetch the archive again.")
    stored = data[f"cjdata/{field}"]
    if not isinstance(stored, h5py.Dataset) or stored.external or stored.is_virtual:
        raise DataError(f"figshare-cheng: {path} of {name} is not stored in it. Fetch the archive again.")
    return stored


def _in_matlab(name: str, content: bytes, read: Any) -> Any:
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as data:
            return read(data)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise DataError(
            f"figshare-cheng: {name} is not a MATLAB v7.3 file ({error}). Fetch the archive again."
        ) from error


def _folds(raw: Raw) -> np.ndarray:
    """Return the fold of each slice, int [n], slice 1 first."""
    content = raw.read(raw.one(FOLDS))
    if content[:10] == b"MATLAB 5.0":
        from scipy.io import loadmat

        arrays = [value for key, value in loadmat(io.BytesIO(content)).items() if not key.startswith("__")]
    else:
        arrays = _in_matlab(
            FOLDS, content, lambda data: [value[()] for value in data.values() if hasattr(value, "dtype")]
        )
    folds = [array for array in arrays if np.ndim(array) == 2 and 1 in np.shape(array)]
    if len(folds) != 1:
        raise DataError(f"figshare-cheng: {FOLDS} holds {len(folds)} lists of folds, not one. Fetch it again.")
    return np.asarray(folds[0]).ravel().astype(np.int64)
