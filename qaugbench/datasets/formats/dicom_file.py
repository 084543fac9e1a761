"""A DICOM file, opened with or without preamble, and its decoded pixels; errors name the package that a file needs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from qaugbench.errors import DataError

MAGIC = b"DICM"
PREAMBLE = 128
DEFLATED = "1.2.840.10008.1.2.1.99"
VALUE_TYPES = frozenset(
    {b"AE", b"CS", b"DA", b"DT", b"IS", b"LO", b"OB", b"PN", b"SH", b"SQ", b"TM", b"UI", b"UL", b"US"}
)
"""The value representations that the first element of a data set may have."""
PACKAGES = {
    "JPEG 2000": "pylibjpeg pylibjpeg-openjpeg",
    "JPEG": "pylibjpeg pylibjpeg-libjpeg",
    "RLE": "pylibjpeg pylibjpeg-rle",
}
"""The packages to install for a transfer syntax whose name contains this; the first match counts."""


def is_dicom(content: bytes) -> bool:
    """Return whether ``content`` begins as a DICOM file: 128 bytes of anything, then DICM; or as one without these."""
    return _has_preamble(content) or content.startswith(MAGIC) or _begins_with_element(content)


def read_dataset(content: bytes) -> tuple[Any, bool]:
    """Return (data set, whether it is bare): without preamble or transfer syntax, the encoding is inferred from the bytes.

    Raises DataError for a deflated file, and pydicom's errors for a damaged one.
    """
    import pydicom

    if DEFLATED.encode() in content[:4096]:
        raise DataError("uses the transfer syntax Deflated Explicit VR Little Endian; save it uncompressed")
    whole = _has_preamble(content)
    if not whole and (content.startswith(MAGIC) or content[:2] == b"\x02\x00"):
        content = bytes(PREAMBLE) + MAGIC + content.removeprefix(MAGIC)
    dataset = pydicom.dcmread(io.BytesIO(content), force=not whole)
    if dataset.file_meta.get("TransferSyntaxUID"):
        return dataset, not whole
    dataset.file_meta.TransferSyntaxUID = _syntax(dataset)
    return dataset, True


def stored_values(dataset: Any) -> np.ndarray:
    """Return the stored pixel values; raise DataError naming the package that is needed."""
    from pydicom.pixels import get_decoder, pixel_array

    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_compressed:
        return pixel_array(dataset)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise DataError(
            f"uses the transfer syntax {syntax.name} ({syntax}), which cannot be decoded; save it another way"
        ) from error
    if not decoder.is_available:
        raise DataError(
            f"uses the compressed transfer syntax {syntax.name} ({syntax}), and no installed package decodes it. Run "
            f"'{_install(syntax)}', or save the file uncompressed"
        )
    try:
        return pixel_array(dataset)
    except RuntimeError as error:
        if not decoder.missing_dependencies:
            raise
        bits = int(dataset.get("BitsStored") or 8)
        raise DataError(
            f"holds {bits}-bit {syntax.name} ({syntax}), which no installed package decodes. Run '{_install(syntax)}', or save the "
            f"file uncompressed. If that does not help, the file is damaged ({_last_line(error)})"
        ) from error


def _has_preamble(content: bytes) -> bool:
    return content[PREAMBLE : PREAMBLE + len(MAGIC)] == MAGIC


def _begins_with_element(content: bytes) -> bool:
    """Return whether ``content`` begins with an element of group 2 (file meta) or 8 (data set), followed by another."""
    if content[:2] in (b"\x02\x00", b"\x08\x00", b"\x00\x08") and content[4:6] in VALUE_TYPES:
        return True
    if content[:2] != b"\x08\x00" or len(content) < 8:
        return False
    end = 8 + int.from_bytes(content[4:8], "little")
    return content[end : end + 2] == b"\x08\x00"


def _syntax(dataset: Any) -> Any:
    """Return the transfer syntax inferred from the bytes; raise DataError if they are compressed in an unknown way."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        raise DataError("has compressed pixels but does not say how they are compressed (no file meta information)")
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _install(syntax: Any) -> str:
    return (
        f"pip install {next((packages for name, packages in PACKAGES.items() if name in syntax.name), 'python-gdcm')}"
    )


def _last_line(error: BaseException) -> str:
    return str(error).strip().rsplit("\n", 1)[-1].strip()
