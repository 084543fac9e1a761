"""Slices of a NIfTI volume as upright 8-bit images, with their numbers.

The volume is turned to the nearest anatomical axes. It is cut across the axis with the widest voxels, as it was acquired
(axial where all are equal). Without a list, 5 slices evenly spread over the middle half are taken: a label of a whole
volume says less about its ends. Grey values are scaled between the 0.5 and 99.5 percentiles of the volume's values that are
neither 0 nor missing, since MR values have no unit. Axial slices have the front on top and the patient's right on the
left; sagittal ones the head on top and the front on the left; coronal ones the head on top, right on the left. nibabel
reads the files, as it does in MONAI.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.datasets.formats.dicom import eight_bit, stretched
from qaugbench.datasets.formats.pictures import MAX_PIXELS
from qaugbench.errors import DataError, first_offenders

MAX_VOLUME_BYTES = 2 * 1024**3
SLICES_PER_VOLUME = 5
PLANES = ("sagittal", "coronal", "axial")
SUFFIXES = (".nii", ".nii.gz")


@dataclass(frozen=True)
class VolumeSlices:
    """``slices`` uint8 [S, H, W], upright; ``numbers`` [S] are their indices from 0 across ``plane``; ``missing``
    counts NaN voxels."""

    slices: np.ndarray
    numbers: tuple[int, ...]
    plane: str
    missing: int


def is_nifti(name: str) -> bool:
    """Return whether a file name ends as NIfTI files do."""
    return name.lower().endswith(SUFFIXES)


def read_nifti(content: bytes, wanted: Sequence[int] = ()) -> VolumeSlices:
    """Return slices of the volume in a .nii or .nii.gz file: the ``wanted`` ones (indices from 0), else the middle ones.

    Raises DataError for a damaged file, one that unpacks to over 2 GiB, more than three dimensions, complex or colour
    voxels, and slices that the volume does not have.
    """
    values, spacing = _volume(_unpacked(content))
    axis = max(range(3), key=lambda a: (round(float(spacing[a]), 3), a))
    return _cut(values, axis, wanted)


def _cut(values: np.ndarray, axis: int, wanted: Sequence[int]) -> VolumeSlices:
    depth = values.shape[axis]
    outside = [number for number in wanted if not 0 <= number < depth]
    if outside:
        raise DataError(
            f"has {depth} {PLANES[axis]} slices, 0 to {depth - 1}, but {first_offenders(outside)} were requested"
        )
    numbers = tuple(wanted) or middle_slices(depth)
    finite = np.isfinite(values)
    unit = stretched(np.where(finite, values, 0), finite & (values != 0))
    stack = np.moveaxis(unit, axis, 0)[list(numbers)]
    upright = np.flip(stack.transpose(0, 2, 1), axis=(1, 2))
    if upright.shape[1] * upright.shape[2] > MAX_PIXELS:
        raise DataError(f"has slices of more than {MAX_PIXELS:,} pixels")
    return VolumeSlices(eight_bit(upright), numbers, PLANES[axis], int((~finite).sum()))


def middle_slices(depth: int) -> tuple[int, ...]:
    """Return up to 5 slice numbers, evenly spread over the middle half of ``depth`` slices.

    >>> middle_slices(40), middle_slices(1)
    ((12, 16, 20, 24, 28), (0,))
    """
    centres = depth / 4 + (np.arange(SLICES_PER_VOLUME) + 0.5) * depth / (2 * SLICES_PER_VOLUME)
    return tuple(sorted({int(centre) for centre in centres}))


def _unpacked(content: bytes) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    unpack = zlib.decompressobj(wbits=31)
    try:
        whole = unpack.decompress(content, MAX_VOLUME_BYTES)
    except zlib.error as error:
        raise DataError(f"is a damaged .gz file: {error}") from error
    if unpack.unconsumed_tail:
        raise DataError(f"unpacks to more than {MAX_VOLUME_BYTES:,} bytes")
    if not unpack.eof:
        raise DataError("is a .gz file that is cut short")
    return whole


def _volume(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return (values float64 [X, Y, Z] along right, front and head, voxel sizes [3])."""
    import nibabel

    own = (
        nibabel.filebasedimages.ImageFileError,
        nibabel.spatialimages.HeaderDataError,
        nibabel.wrapstruct.WrapStructError,
        nibabel.orientations.OrientationError,
    )
    try:
        kind = nibabel.Nifti2Image if content[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c") else nibabel.Nifti1Image
        image = nibabel.as_closest_canonical(kind.from_stream(io.BytesIO(content)))
        stored = np.asanyarray(image.dataobj)
    except (*own, ArithmeticError, EOFError, LookupError, MemoryError, OSError, TypeError, ValueError) as error:
        raise DataError(f"is not a complete NIfTI file: {error}") from error
    if stored.dtype.kind not in "uif":
        raise DataError(f"holds voxels of type {stored.dtype}; save one number per voxel")
    if stored.ndim > 3:
        stored = stored.reshape(stored.shape[:3] + tuple(n for n in stored.shape[3:] if n != 1))
    if stored.ndim != 3 or not stored.size:
        raise DataError(f"has the shape {list(stored.shape)}; save one three-dimensional volume per file")
    return stored.astype(np.float64), np.asarray(image.header.get_zooms()[:3])
