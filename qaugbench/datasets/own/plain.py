"""A folder or .zip of pictures as arrays, without the prepared form: measures of images need no patients and no parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np

from qaugbench.datasets.audit.image_facts import grey_and_stored
from qaugbench.datasets.formats.pictures import opened_picture, read_picture
from qaugbench.datasets.own.files import OwnFiles, files_around_labels, unread_spreadsheet
from qaugbench.datasets.own.table import FILE_COLUMNS, read_own_table
from qaugbench.datasets.preprocess import read_square
from qaugbench.errors import DataError, first_offenders

Progress = Callable[[int, int], None]
CLASS_COLUMNS = ("label", "class", "diagnosis")
GREY_MODES = frozenset({"1", "L", "I", "I;16", "I;16B", "I;16L"})


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
        except (DataError, OSError) as error:
            broken.append(f"{name} ({error})")
    _refuse_broken(path, broken)
    return Pictures(path, files, sizes, modes <= GREY_MODES, *_classes(path, files, names))


def _classes(path: Path, files: OwnFiles, names: tuple[str, ...]) -> tuple[dict[str, str] | None, str]:
    """Return the class of every picture, by a table or by folders; None where neither says it of all, and why."""
    if "labels.csv" in files.tables():
        return _by_table(files, names)
    folders = [PurePosixPath(name).parts for name in names]
    if all(len(parts) > 1 for parts in folders) and len({parts[-2] for parts in folders}) > 1:
        return {name: parts[-2] for name, parts in zip(names, folders, strict=True)}, ""
    return None, f"{path} has no labels.csv, and not several folders below it, one per class"


def _by_table(files: OwnFiles, names: tuple[str, ...]) -> tuple[dict[str, str] | None, str]:
    where = f"labels.csv in {files.root}"
    table = read_own_table(files.read("labels.csv"), where)
    file_column, class_column = table.column(*FILE_COLUMNS), table.column(*CLASS_COLUMNS)
    if file_column is None or class_column is None:
        lacking = FILE_COLUMNS[0] if file_column is None else CLASS_COLUMNS[0]
        return None, f"{where} has no column {lacking!r}; its columns are {first_offenders(table.columns, 20)}"
    said = {PurePosixPath(row[file_column]).name: row[class_column] for row in table.rows}
    found = {name: said.get(PurePosixPath(name).name, "") for name in names}
    unsaid = [name for name, value in found.items() if not value]
    if unsaid:
        raise DataError(f"{where} says no class of {len(unsaid)} pictures: {first_offenders(unsaid)}.")
    return found, ""


def _refuse_broken(path: Path, broken: list[str]) -> None:
    if broken:
        raise DataError(
            f"{path}: {len(broken)} files cannot be read: {first_offenders(broken)}. Mend or remove them; nothing was measured."
        )


def one_side(sets: Mapping[str, Pictures], side: int | None) -> int:
    """Return the side at which all sets are compared: ``side``, or the one they all have; DataError where they differ."""
    if side is not None:
        return side
    found = {name: one.side for name, one in sets.items()}
    if len(set(found.values())) == 1 and None not in found.values():
        return int(next(iter(found.values())) or 0)
    words = "; ".join(f"{one.path}: {_sides(one)}" for one in sets.values())
    raise DataError(f"The pictures are of different sizes ({words}). Say at which side all are compared: --size 64.")


def _sides(pictures: Pictures) -> str:
    counts = Counter(max(size) for size in pictures.sizes.values()).most_common(3)
    return ", ".join(f"{n:,} of {side} pixels" for side, n in counts)
