"""A folder or .zip of pictures as arrays, without the prepared form: measures of images need no patients and no parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.image_facts import grey_and_stored
from qaugbench.datasets.formats.pictures import UNREADABLE, opened_picture, read_picture
from qaugbench.datasets.own.files import OwnFiles, files_around_labels, unread_spreadsheet
from qaugbench.datasets.own.lookup import looked_up, refuse_repeats
from qaugbench.datasets.own.table import FILE_COLUMNS, read_own_table
from qaugbench.datasets.preprocess import read_square
from qaugbench.errors import DataError, first_offenders
from qaugbench.formatting import count

Progress = Callable[[int, int], None]
LABELS = ("labels.csv", "labels.tsv")
CLASS_COLUMNS = ("label", "class", "diagnosis")
GREY_MODES = frozenset({"1", "L", "I", "I;16", "I;16B", "I;16L"})
LEAST_SIDE = 8
"""Side in pixels below which pictures are not compared."""
SEVERAL_FRAMES = ("GIF", "PNG", "TIFF", "WEBP")
"""Formats of which a file can hold several pictures; in a JPEG, the others are previews."""


@dataclass(frozen=True)
class Pictures:
    """The pictures of ``path`` by name: their sizes (width, height), whether all are grey, and their classes.

    ``unlabelled`` says why ``classes`` are not known, where they are not.
    """

    path: Path
    files: OwnFiles
    sizes: Mapping[str, tuple[int, int]]
    grey: bool
    classes: Mapping[str, str] | None
    unlabelled: str = ""

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def side(self) -> int | None:
        """The side of the squares that the pictures are padded to, where it is one for all."""
        sides = {max(size) for size in self.sizes.values()}
        return sides.pop() if len(sides) == 1 else None

    @property
    def folder(self) -> str | None:
        """The name of the one folder that all pictures lie in, where nothing else says their classes; it may be a class."""
        folders = {PurePosixPath(name).parent.name for name in self.sizes}
        return folders.pop() or None if self.classes is None and len(folders) == 1 and not _table(self.files) else None

    def squares(self, side: int, channels: int, progress: Progress | None = None) -> np.ndarray:
        """Return uint8 [N, side, side, channels] of all pictures, in the order of their names, padded and resized as a run does it.

        Raises DataError naming the files that cannot be read.
        """
        images = np.empty((len(self), side, side, channels), np.uint8)
        broken = []
        for i, name in enumerate(self.sizes):
            try:
                images[i] = read_square(self.files.read(name), side, channels)
            except (DataError, OSError) as error:
                broken.append(f"{name} ({error})")
            if progress is not None:
                progress(i + 1, len(self))
        _refuse_broken(self.path, broken)
        return images

    def coloured(self) -> list[str]:
        """Return the names of the pictures that show colour, whatever they are stored as."""
        return [name for name in self.sizes if grey_and_stored(read_picture(self.files.read(name)))[2]]

    def labels(self, names: tuple[str, ...]) -> np.ndarray | None:
        """Return float32 [N, K], one class per picture out of ``names``; None where classes are not known."""
        if self.classes is None:
            return None
        return np.eye(len(names), dtype=np.float32)[[names.index(self.classes[name]) for name in self.sizes]]


def open_pictures(path: Path) -> Pictures:
    """Return the pictures of a folder or .zip; classes are those of a labels.csv with a column label, else of their folders.

    Raises DataError for what is no folder or .zip, holds no picture, or holds files that are not the pictures they are called.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist. Give a folder or .zip of pictures.")
    if path.is_file() and path.suffix.lower() != ".zip":
        raise DataError(f"{path} is no folder and no .zip of pictures.")
    files = files_around_labels(path)
    if files.spreadsheets() and not files.tables():
        raise unread_spreadsheet(f"{files.spreadsheets()[0]} in {path}")
    names = files.pictures()
    if not names:
        raise DataError(f"{path} holds no pictures. PNG, JPEG, TIFF and the like are read.")
    sizes, modes, broken = {}, set(), []
    for name in names:
        try:
            with opened_picture(BytesIO(files.read(name))) as image:
                sizes[name] = image.size
                modes.add(image.mode)
                frames = _frames(image)
            if frames > 1:
                broken.append(f"{name} (holds {frames} pictures; save each as a file of its own)")
        except (DataError, OSError) as error:
            broken.append(f"{name} ({error})")
    _refuse_broken(path, broken)
    return Pictures(path, files, sizes, modes <= GREY_MODES, *_classes(path, files, names))


def _frames(image: Image.Image) -> int:
    """Return how many pictures an opened file holds; 1 where that cannot be read, as decoding will say why."""
    if image.format not in SEVERAL_FRAMES:
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except UNREADABLE:
        return 1


def _classes(path: Path, files: OwnFiles, names: tuple[str, ...]) -> tuple[dict[str, str] | None, str]:
    """Return the class of every picture, by a table or by folders; None where neither says it of all, and why."""
    if (table := _table(files)) is not None:
        return _by_table(files, table, names)
    folders = [PurePosixPath(name).parts for name in names]
    if all(len(parts) > 1 for parts in folders) and len({parts[-2] for parts in folders}) > 1:
        return {name: parts[-2] for name, parts in zip(names, folders, strict=True)}, ""
    return None, f"{path} has no labels.csv, and not several folders below it, one per class"


def _table(files: OwnFiles) -> str | None:
    return next((name for name in files.tables() if name in LABELS), None)


def _by_table(files: OwnFiles, name: str, names: tuple[str, ...]) -> tuple[dict[str, str] | None, str]:
    where = f"{name} in {files.root}"
    table = read_own_table(files.read(name), where)
    file_column, class_column = table.column(*FILE_COLUMNS), table.column(*CLASS_COLUMNS)
    if file_column is None or class_column is None:
        lacking = FILE_COLUMNS[0] if file_column is None else CLASS_COLUMNS[0]
        return None, f"{where} has no column {lacking!r}; its columns are {first_offenders(table.columns, 20)}"
    files_named, fault = looked_up(files, [row[file_column] for row in table.rows], table, ())
    if fault:
        raise DataError(fault)
    rows = [files_named[row[file_column]] for row in table.rows]
    refuse_repeats(rows, table, f"column {file_column!r}")
    said = dict(zip(rows, (row[class_column] for row in table.rows), strict=True))
    found = {picture: said.get(picture, "") for picture in names}
    unsaid = [picture for picture, value in found.items() if not value]
    if unsaid:
        raise DataError(
            f"{where} says no class of {count(len(unsaid), 'picture')}: {first_offenders(unsaid)}. Write one row per picture."
        )
    return found, ""


def _refuse_broken(path: Path, broken: list[str]) -> None:
    if broken:
        raise DataError(
            f"{path}: {count(len(broken), 'file')} cannot be used: {first_offenders(broken)}. Mend or remove them; nothing was "
            "measured."
        )


def one_side(sets: Mapping[str, Pictures], side: int | None) -> int:
    """Return the side at which all sets are compared: ``side``, or the one all have; DataError where they differ or are tiny."""
    if side is not None:
        return side
    sides = {one.side for one in sets.values()}
    own = sides.pop() if len(sides) == 1 else None
    if own is not None and own < LEAST_SIDE:
        raise DataError(f"The pictures have {count(own, 'pixel')} a side; give pictures of at least {LEAST_SIDE}.")
    if own is not None:
        return own
    words = "; ".join(f"{one.path}: {_sides(one)}" for one in sets.values())
    raise DataError(f"The pictures are of different sizes ({words}). Say at which side all are compared: --size 64.")


def _sides(pictures: Pictures) -> str:
    counts = Counter(max(size) for size in pictures.sizes.values()).most_common(3)
    return ", ".join(f"{n:,} of {side} pixels" for side, n in counts)
