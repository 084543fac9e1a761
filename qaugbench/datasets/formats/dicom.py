"""A DICOM file as the 8-bit images that a viewer would show, and the header facts that may be kept.

1. Stored values become modality values (rescale slope and intercept, or the modality LUT).
2. Grey values become [0, 1] by the file's first VOI LUT, else its first window, else, with up to 8 bits, by the full
range of the bits stored, else by the 0.5 and 99.5 percentiles of the file's values. MONOCHROME1 is inverted afterwards.
3. Padding (PixelPaddingValue, to PixelPaddingRangeLimit) is ignored in percentiles and becomes black.
4. Colour of any kind becomes RGB; it is neither rescaled nor windowed.
5. Every frame of a multi-frame file becomes an image.

Source: DICOM PS3.3, C.7.6.3.1.2 (photometric interpretation), C.11.1 (modality LUT) and C.11.2.1.2 (window).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qaugbench.datasets.formats.dicom_file import read_dataset, stored_values
from qaugbench.datasets.formats.pictures import MAX_PIXELS
from qaugbench.errors import DataError

MAX_VALUES = 2 * 1024**3
PERCENTILES = (0.5, 99.5)
UNREADABLE = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What pydicom raises for damaged files, besides EOFError, struct.error and its own errors."""


@dataclass(frozen=True)
class DicomImages:
    """``frames`` uint8 [F, H, W] or [F, H, W, 3]; ``facts`` may be stored; ``patient`` and ``uid`` only as hashes."""

    frames: np.ndarray
    facts: Mapping[str, Any]
    patient: str
    uid: str


def read_dicom(content: bytes) -> DicomImages | None:
    """Return the images of a DICOM file, or None if it has none (a report, a contour, a directory).

    Raises DataError for a damaged file, one that is too large, an unknown photometric interpretation, and a compressed
    transfer syntax that no installed package decodes, naming the syntax and packages that do.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but readable values, one line per file
            dataset, bare = read_dataset(content)
            if _has_no_pixels(dataset):
                return None
            _check_size(dataset)
            frames, facts = _shown(dataset)
            facts = {**facts, **_about(dataset), "bare": bare}
            return DicomImages(frames, facts, _text(dataset, "PatientID"), _text(dataset, "SOPInstanceUID"))
    except (*UNREADABLE, EOFError, struct.error, BytesLengthException, InvalidDicomError) as error:
        raise DataError(f"is a damaged or unusual DICOM file: {type(error).__name__}: {error}") from error


def windowed(values: np.ndarray, centre: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """Return float64 in [0, 1]: ``values`` after DICOM windowing, PS3.3 C.11.2.1.2.

    ``function`` is LINEAR, LINEAR_EXACT or SIGMOID. Raises DataError for another one, or a width the function forbids.

    >>> windowed(np.array([0.0, 127.5, 255.0]), 128, 256).tolist()
    [0.0, 0.5, 1.0]
    """
    if not np.isfinite([centre, width]).all() or width <= 0 or (function == "LINEAR" and width < 1):
        raise DataError(
            f"has a window of width {width:g} about {centre:g}, which its function {function} does not allow"
        )
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1)
    if function != "LINEAR":
        raise DataError(f"has the unknown VOI LUT function {function!r}")
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def stretched(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return float64 in [0, 1]: ``values`` between the 0.5 and 99.5 percentiles of those that are ``inside`` (bool)."""
    if not inside.any():
        return np.zeros(values.shape)
    low, high = np.percentile(values[inside], PERCENTILES)
    return np.clip((values - low) / (high - low), 0, 1) if high > low else np.zeros(values.shape)


def eight_bit(unit: np.ndarray) -> np.ndarray:
    """Return uint8 of values in [0, 1], rounded half up."""
    return np.floor(unit * 255 + 0.5).astype(np.uint8)


def _shown(dataset: Any) -> tuple[np.ndarray, dict[str, Any]]:
    from pydicom.pixels import apply_color_lut

    stored = stored_values(dataset)
    kind = str(dataset.PhotometricInterpretation)
    several = int(dataset.get("NumberOfFrames") or 1) > 1
    if kind in ("MONOCHROME1", "MONOCHROME2"):
        return _grey(dataset, stored if several else stored[None])
    if kind == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)
    frames = stored if several else stored[None]
    if frames.ndim != 4 or frames.shape[-1] != 3:
        raise DataError(
            f"has the photometric interpretation {kind!r} with shape {list(frames.shape)}, which is not an image"
        )
    if frames.dtype != np.uint8:
        frames = eight_bit(frames / np.iinfo(frames.dtype).max)
    return frames, {"window": "colour", "inverted": False, "padded": False}


def _grey(dataset: Any, stored: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    from pydicom.pixels import apply_modality_lut

    padding = _padding(dataset, stored)
    values = np.asarray(apply_modality_lut(stored, dataset), dtype=np.float64)
    unit, window = _window(dataset, values, ~padding & np.isfinite(values))
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    unit = 1 - unit if inverted else unit
    unit[padding | ~np.isfinite(values)] = 0
    return eight_bit(unit), {"window": window, "inverted": bool(inverted), "padded": bool(padding.any())}


def _window(dataset: Any, values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, str]:
    """Return grey values in [0, 1] and the rule that was applied."""
    from pydicom.pixels import apply_voi

    if dataset.get("VOILUTSequence"):
        bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        shown = np.asarray(apply_voi(values.astype(np.int64), dataset), dtype=np.float64)
        return np.clip(shown / (2**bits - 1), 0, 1), "VOI LUT of the file"
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if centre is not None and width is not None:
        return windowed(values, centre, width, str(dataset.get("VOILUTFunction") or "LINEAR")), "window of the file"
    bits = int(dataset.get("BitsStored") or 64)
    if bits <= 8 and not dataset.get("PixelRepresentation") and values.min() >= 0 and values.max() < 2**bits:
        return values / (2**bits - 1), "full range"
    return stretched(values, inside), "percentiles 0.5 to 99.5"


def _padding(dataset: Any, stored: np.ndarray) -> np.ndarray:
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = (int(value), int(value if limit is None else limit))
    return (stored >= min(ends)) & (stored <= max(ends))


def _about(dataset: Any) -> dict[str, Any]:
    device = " ".join(filter(None, (_text(dataset, "Manufacturer"), _text(dataset, "ManufacturerModelName"))))
    return {
        "modality": _text(dataset, "Modality"),
        "device": device,
        "sex": _text(dataset, "PatientSex"),
        "age": _years(_text(dataset, "PatientAge")),
        "burnt_in": _text(dataset, "BurnedInAnnotation").upper() == "YES",
    }


def _years(age: str) -> str:
    """Return an age such as "063Y" in whole years, at most 90 (higher ages could identify a person), "" in any other form."""
    return str(min(int(age[:3]), 90)) if len(age) == 4 and age[:3].isdigit() and age[3] == "Y" else ""


def _text(dataset: Any, name: str) -> str:
    return str(dataset.get(name) or "").strip()


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value if isinstance(value, str | int | float) else value[0])


def _has_no_pixels(dataset: Any) -> bool:
    """Return whether this is an object without an image; raise DataError if the image is truncated."""
    if any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return False
    if "Rows" in dataset or "SOPClassUID" not in dataset:
        raise DataError("is a damaged DICOM file: it ends before its pixels")
    return True


def _check_size(dataset: Any) -> None:
    height, width, frames = int(dataset.Rows), int(dataset.Columns), int(dataset.get("NumberOfFrames") or 1)
    if height * width > MAX_PIXELS:
        raise DataError(f"{width} x {height} pixels are more than the {MAX_PIXELS:,} that are decoded")
    if height * width * frames * int(dataset.SamplesPerPixel) > MAX_VALUES:
        raise DataError(f"{frames} frames of {width} x {height} pixels are too many for one file; split it")
