"""The images of one of the user's files, of any kind, under anonymous names."""

from __future__ import annotations

import hmac
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from qaugbench.datasets.formats.dicom import read_dicom
from qaugbench.datasets.formats.dicom_file import is_dicom
from qaugbench.datasets.formats.nifti import is_nifti, read_nifti
from qaugbench.datasets.formats.pictures import read_picture
from qaugbench.datasets.manifest import sha256
from qaugbench.datasets.own.files import OwnFiles
from qaugbench.datasets.shards import Made, content_of, not_converted, refuse_swelling_pictures
from qaugbench.errors import DataError

PICTURE_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "I;16L", "I;16B", "I;16N"})
NAME_DIGITS = 16
MOST_TRIED = 500
"""Files that are read to tell all faults of a source at once: seconds of work."""


def own_pictures(name: str, content: bytes, *, key: bytes, slices: Mapping[str, Sequence[int]]) -> list[Made]:
    """Return the images of one file of any kind, with facts; names, uids and patients are hashed with ``key``.

    Pictures are kept byte for byte; DICOM frames and NIfTI slices become 8-bit PNG. The fact ``part`` is the frame or
    slice of the file, "" if it has only one.
    """
    stem = hashed(key, "file", name)
    about: dict[str, Any] = {"source": stem, "sha256": sha256(content), "slice": None, "part": ""}
    if is_dicom(content):
        return _dicom(content, stem, about, key)
    if is_nifti(name):
        volume = read_nifti(content, slices.get(name, ()))
        about |= {"kind": "NIfTI", "plane": volume.plane, "missing": volume.missing}
        return [
            Made(f"{stem}-s{number:04d}.png", _png(plane), {**about, "slice": number, "part": f"-s{number:04d}"})
            for number, plane in zip(volume.numbers, volume.slices, strict=True)
        ]
    return [Made(f"{stem}.{_picture_format(content)}", content, {**about, "kind": "picture"})]


def refuse_unreadable(files: OwnFiles) -> None:
    """Raise DataError naming those of ``files`` that cannot be converted; of many, the first ``MOST_TRIED`` are tried."""
    names = sorted(files.places)[:MOST_TRIED]
    refuse_swelling_pictures(files.root, ((name, files.places[name]) for name in names))
    refused = []
    for name in names:
        try:
            own_pictures(name, content_of(files.places[name]), key=b"", slices={})
        except (DataError, OSError) as error:
            refused.append(f"{name} ({error})")
    if refused:
        raise not_converted(refused)


def hashed(key: bytes, kind: str, name: str) -> str:
    """Return 16 hexadecimal digits for ``name``: HMAC-SHA256 under ``key``, separate for each ``kind`` of name."""
    return hmac.digest(key, f"{kind}:{name.strip()}".encode(), "sha256").hex()[:NAME_DIGITS]


def _dicom(content: bytes, stem: str, about: dict[str, Any], key: bytes) -> list[Made]:
    read = read_dicom(content)
    if read is None:
        return []
    about |= {"kind": "DICOM", **read.facts, "uid": hashed(key, "uid", read.uid)}
    about["patient"] = hashed(key, "patient", read.patient) if read.patient else ""
    several = len(read.frames) > 1
    parts = [f"-f{number:04d}" if several else "" for number in range(len(read.frames))]
    return [
        Made(f"{stem}{part}.png", _png(frame), {**about, "part": part})
        for part, frame in zip(parts, read.frames, strict=True)
    ]


def _picture_format(content: bytes) -> str:
    """Return the ending for a picture after decoding it once; raise DataError if it cannot be used."""
    image = read_picture(content)
    if image.mode not in PICTURE_MODES:
        raise DataError(f"has the mode {image.mode}; save it with 8 or 16 bits")
    return str(image.format or "png").lower()


def _png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG", compress_level=1)
    return content.getvalue()
