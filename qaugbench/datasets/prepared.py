"""The prepared form of every source: ``images/`` and ``labels.csv`` in a folder or .zip, and its arrays in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from qaugbench.datasets.formats.archive import Archive, below_images, open_archive
from qaugbench.datasets.formats.declared import refuse_swelling
from qaugbench.datasets.formats.pictures import carries_turn, read_picture, reason
from qaugbench.datasets.identical_files import closed_over_files
from qaugbench.datasets.identity import ContentIdentity, content_identity
from qaugbench.datasets.labels_csv import LabelNames, LabelTable, group_codes, label_matrix, read_table
from qaugbench.datasets.names_given import names_given
from qaugbench.datasets.preprocess import read_square
from qaugbench.datasets.together import together
from qaugbench.errors import DataError, first_offenders

UNREADABLE = (OSError, DataError)
"""What the archive raises for a file that cannot be read, and ``read_picture`` for one that is no image."""


@dataclass(frozen=True)
class PreparedData:
    """A checked source whose images have not been decoded.

    ``table`` holds the rows of labels.csv as text, in file order, with ``group`` added if missing; ``labels`` float32
    [N, K]; ``groups`` int64 [N] indexes ``group_names``: the patients or groups of the source, merged where they share
    a file; ``group_column`` is "group", "patient_id", or None if the source names no patients and each image is its own
    group. ``given`` is the path that its user named, where another was converted to this one; messages use it.
    """

    name: str
    path: Path
    table: pd.DataFrame
    labels: np.ndarray
    label_names: tuple[str, ...]
    groups: np.ndarray
    group_names: tuple[str, ...]
    group_column: str | None
    files: tuple[str, ...]
    archive: Archive
    given: Path | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def patients_known(self) -> bool:
        """Whether the source states which images belong to the same patient."""
        return "patient_id" in self.table

    @property
    def where(self) -> Path:
        """What messages call the source: the path that its user named."""
        return self.given or self.path

    @cached_property
    def called(self) -> tuple[str, ...]:
        """What messages call the images: the user's own files where these were converted, else ``files``."""
        own = names_given(self.path)
        return tuple(own.get(file, file) for file in self.files)

    def group_called(self, code: int) -> str:
        """Return what messages call a group: its name or, where converting has numbered the groups, its first image."""
        if self.called == self.files:
            return self.group_names[code]
        rows = np.flatnonzero(self.groups == code)
        return (
            f"{self.called[rows[0]]} and {len(rows) - 1} more of its group" if len(rows) > 1 else self.called[rows[0]]
        )

    @property
    def hashes(self) -> tuple[str, ...]:
        """The sha256 of every image file; raises DataError for a file that cannot be read."""
        return self._read_once[0]

    @property
    def n_turned(self) -> int:
        """How many image files are stored turned or mirrored, by their EXIF orientation."""
        return self._read_once[1]

    @cached_property
    def _read_once(self) -> tuple[tuple[str, ...], int]:
        hashes, turned = [], 0
        for i in range(len(self)):
            content = self.read_bytes(i)
            hashes.append(hashlib.sha256(content).hexdigest())
            turned += carries_turn(content)
        return tuple(hashes), turned

    @cached_property
    def identity(self) -> ContentIdentity:
        """The names of the source, its images and its groups by content alone, computed once."""
        return content_identity(self.hashes, self.labels, self.groups, self.label_names)

    def read_bytes(self, i: int) -> bytes:
        """Return the file of image ``i`` as stored; raise DataError if it cannot be read."""
        return _read(self.archive, self.files[i])

    def read(self, i: int) -> Image.Image:
        """Return image ``i``, decoded, upright and with its full range of tones; raise DataError if it is not an image."""
        try:
            return read_picture(self.archive.read(self.files[i]))
        except UNREADABLE as error:
            raise DataError(f"{self.called[i]} in {self.where} is not a readable image: {reason(error)}.") from error


def open_prepared(
    path: Path | str, label_space: LabelNames, *, name: str | None = None, given: Path | None = None
) -> PreparedData:
    """Return the source at ``path`` after checking every row of its labels.csv against ``label_space``.

    labels.csv has the columns ``filename`` (with or without a leading ``images/``); ``label``, one class name, or for
    a multilabel space one 0/1 column per finding; and optionally ``group``, ``patient_id``, ``split``,
    ``group_split`` and any others. Class names match in any case. Raises DataError naming the first offenders for a
    damaged archive, missing columns, unknown or missing labels, and files that are listed twice, missing, or outside
    the source. ``given`` is what the user named, where that was converted.
    """
    archive = open_archive(Path(path))
    table = read_table(_read(archive, "labels.csv"), str(path), label_space)
    files, labels, (groups, group_names, group_column) = together(
        lambda: _checked_files(table, archive), lambda: label_matrix(table, label_space), lambda: group_codes(table)
    )
    groups, group_names = closed_over_files(groups, group_names, archive, files)
    rows = table.rows if "group" in table.rows else table.rows.assign(group=[group_names[code] for code in groups])
    return PreparedData(
        name=name or Path(path).stem,
        path=Path(path),
        table=rows,
        labels=labels,
        label_names=tuple(label_space.names),
        groups=groups,
        group_names=group_names,
        group_column=group_column,
        files=files,
        archive=archive,
        given=given,
    )


def load_images(
    prepared: PreparedData, size: int, channels: int, *, index: Sequence[int] | np.ndarray | None = None
) -> np.ndarray:
    """Return uint8 [N, size, size, channels] of the images at ``index`` (all by default), by ``preprocess``'s rules.

    All are decoded first: one DataError then names the first unreadable files and their number.
    """
    chosen = np.arange(len(prepared)) if index is None else np.asarray(index, dtype=np.int64)
    refuse_unpacking(prepared, chosen)
    pixels = np.empty((len(chosen), size, size, channels), dtype=np.uint8)
    unreadable = []
    for position, i in enumerate(chosen):
        try:
            pixels[position] = read_square(prepared.archive.read(prepared.files[i]), size, channels)
        except UNREADABLE as error:
            unreadable.append(f"{prepared.called[i]} ({reason(error)})")
    if unreadable:
        raise DataError(
            f"{len(unreadable)} of {len(chosen)} images in {prepared.where} cannot be read: "
            f"{first_offenders(unreadable)}. Replace these files, or remove their rows from labels.csv."
        )
    return pixels


def refuse_unpacking(prepared: PreparedData, index: Sequence[int] | np.ndarray) -> None:
    """Raise DataError, before any decoding, if the images at ``index`` would unpack to an unreasonable size."""
    archive, files = prepared.archive, prepared.files
    images = ((prepared.called[i], archive.size(files[i]), partial(archive.open, files[i])) for i in index)
    refuse_swelling(prepared.where, images)


def _checked_files(table: LabelTable, archive: Archive) -> tuple[str, ...]:
    names = [below_images(name.strip()) for name in table.rows["filename"]]
    problems: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        why = archive.problem(name) if name else "is empty"
        if why:
            problems.setdefault(why, []).append(row)
    for why, rows in problems.items():
        raise DataError(
            f"labels.csv in {table.where} lists {len(rows)} of {len(names)} files that cannot be used ({why}): "
            f"{first_offenders(table.cell(row, 'filename') for row in rows)}. "
            "Every filename must be an existing file below images/ of the source: add the files or remove the rows."
        )
    first_row: dict[str, int] = {}
    twice = [row for row, name in enumerate(names) if first_row.setdefault(name, row) != row]
    if twice:
        raise DataError(
            f"labels.csv in {table.where} lists {len(twice)} files more than once: "
            f"{first_offenders(table.cell(row, 'filename') for row in twice)}. Keep one row per image."
        )
    return tuple(names)


def _read(archive: Archive, name: str) -> bytes:
    try:
        return archive.read(name)
    except (OSError, DataError) as error:
        raise DataError(f"{name} in {archive.path} cannot be read: {error}.") from error
