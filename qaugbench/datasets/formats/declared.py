"""The total size to which the images of a source unpack, by their headers, before any of them is decoded.

A PNG can unpack to a thousand times its own length. A single such image is harmless; a folder of them fills a disk. So
the excess over ``VALUES_PER_BYTE`` times each file's length is summed over the source, and limited.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from qaugbench.datasets.formats.pictures import opened_picture
from qaugbench.errors import DataError, shown

VALUES_PER_BYTE = 200
"""Values (pixels times channels) that a byte of a file may unpack to; real photographs stay far below."""
MAX_EXCESS = 2_000_000_000
"""Values beyond that which all images of a source may unpack to together."""
DICOM_TAGS = ("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel")
NOT_READ = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
"""What a damaged header raises; whoever decodes the file says what is wrong with it."""


def refuse_swelling(where: Path | str, files: Iterable[tuple[str, int | None, Callable[[], IO[bytes]]]]) -> None:
    """Raise DataError if the images of ``where`` would unpack to an unreasonable size.

    ``files`` yields (name, length in bytes or None if unreadable, function that opens it). Only headers are read.
    """
    excess, total, length = 0, 0, 0
    worst, worst_excess = "", 0
    for name, size, opened in files:
        if size is None:
            continue
        values = declared_values(name, opened)
        beyond = max(0, values - VALUES_PER_BYTE * size)
        excess, total, length = excess + beyond, total + values, length + size
        if beyond > worst_excess:
            worst, worst_excess = name, beyond
    if excess > MAX_EXCESS:
        raise DataError(
            f"The images of {where} would unpack to {total:,} values from {length:,} bytes, {excess:,} of them beyond "
            f"{VALUES_PER_BYTE} per byte, where {MAX_EXCESS:,} are allowed in all (most in {shown(worst)}). Nothing was decoded. "
            "Real images do not swell like this: remove these files, or save them at the size at which they are used."
        )


def declared_values(name: str, opened: Callable[[], IO[bytes]]) -> int:
    """Return how many values (pixels times channels) the header of a picture, DICOM or NIfTI file declares, 0 for other files."""
    try:
        with opened() as file:
            start = file.read(132)
            if start[128:] == b"DICM":
                return _dicom(opened)
            if name.lower().endswith((".nii", ".nii.gz")):
                return _nifti(opened)
        with opened() as file, opened_picture(file) as image:
            return image.width * image.height * len(image.getbands())
    except (DataError, *NOT_READ):
        return 0


def _dicom(opened: Callable[[], IO[bytes]]) -> int:
    import pydicom

    with opened() as file:
        said: Any = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(DICOM_TAGS))
    values = 1
    for tag in DICOM_TAGS:
        values *= int(said.get(tag) or 1)
    return values


def _nifti(opened: Callable[[], IO[bytes]]) -> int:
    """Return the product of the sizes that a NIfTI-1 or NIfTI-2 header declares."""
    with opened() as file:
        raw = file.read(1024)
    start = zlib.decompressobj(wbits=31).decompress(raw, 352) if raw[:2] == b"\x1f\x8b" else raw[:352]
    order = "<" if int.from_bytes(start[:4], "little") in (348, 540) else ">"
    (kind,) = struct.unpack_from(f"{order}i", start)
    dims = struct.unpack_from(f"{order}8q", start, 16) if kind == 540 else struct.unpack_from(f"{order}8h", start, 40)
    values = 1
    for size in dims[1 : 1 + dims[0]]:
        values *= max(1, size)
    return int(values)
