"""The pictures that a run keeps, ``samples.npz``: a few images per class of each generator variant, and of the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qaugbench.errors import EntryError, shown
from qaugbench.npz_archive import Header, members, unpacked
from qaugbench.untrusted import MIB, exists, read_bytes

SAMPLES_BYTES = 256 * MIB
MOST_PER_CLASS = 100
LARGEST_SIDE = 4096


def read_sample_images(path: Path) -> dict[str, np.ndarray]:
    """Return images uint8 [n, H, W, C] by "arm/class"; empty without the file, EntryError for one that is not usable."""
    if not exists(path):
        return {}
    try:
        found = members(read_bytes(path, SAMPLES_BYTES))
        wrong = [name for name, member in found.items() if not _is_images(member.header)]
        if wrong:
            raise ValueError(f"{shown(wrong[0])!r} is {found[wrong[0]].header}, not a few images of bytes")
        if sum(member.n_bytes for member in found.values()) > SAMPLES_BYTES:
            raise ValueError(f"it holds more than {SAMPLES_BYTES // MIB} MiB")
        return {name: unpacked(member) for name, member in found.items()}
    except ValueError as error:
        raise EntryError(
            f"{shown(path, None)} is not a usable file of pictures: {shown(error, 240)}. Run again, or remove it."
        ) from error


def _is_images(header: Header) -> bool:
    shape = header.shape
    return (
        header.dtype == "|u1"
        and len(shape) == 4
        and 1 <= shape[0] <= MOST_PER_CLASS
        and min(shape[1:3]) >= 1
        and max(shape[1:3]) <= LARGEST_SIDE
        and shape[3] in (1, 3)
    )
