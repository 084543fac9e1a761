"""The entries of a stored NumPy array, one at a time, so that large arrays never have to fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from qaugbench.datasets.formats.containers import DAMAGED
from qaugbench.errors import DataError


def npy_shape(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return (shape, dtype) of the .npy ``file`` and leave it at its first entry; raise DataError for anything but a plain array.

    ``name`` is its name in messages. Arrays of objects (pickles) are refused unread.
    """
    try:
        version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, columns_first, dtype = read(file)  # type: ignore[no-untyped-call]
    except (*DAMAGED, ValueError) as error:
        raise DataError(f"{name} cannot be read ({error}). Fetch the archive again.") from error
    if columns_first or len(shape) < 1 or dtype.hasobject:
        raise DataError(f"{name} is {dtype} {list(shape)}, not an array [n, ...] of numbers by rows.")
    return shape, dtype


def npy_entries(file: IO[bytes], name: str) -> Iterator[np.ndarray]:
    """Yield the entries of the .npy ``file`` along its first axis; raise DataError if it is damaged or truncated."""
    shape, dtype = npy_shape(file, name)
    length = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
    try:
        for _ in range(shape[0]):
            content = file.read(length)
            if len(content) != length:
                raise DataError(f"{name} is cut short. Fetch the archive again.")
            yield np.frombuffer(content, dtype).reshape(shape[1:])
    except (*DAMAGED, ValueError) as error:
        raise DataError(f"{name} cannot be read ({error}). Fetch the archive again.") from error
