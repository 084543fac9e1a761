"""The files that a user gives, and what a table or their folders say about each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qaugbench.datasets.own.convert import hashed, refuse_unreadable
from qaugbench.datasets.own.files import OwnFiles, files_around_labels, is_file, unread_spreadsheet
from qaugbench.datasets.own.labels import (
    OwnRow,
    TitledLabels,
    columns_and_classes,
    folder_rows,
    lacking_labels,
    spellings,
    table_rows,
    table_spellings,
)
from qaugbench.datasets.own.lookup import looked_up, refuse_repeats, tidy
from qaugbench.datasets.own.table import FILE_COLUMNS, OwnTable, read_own_table
from qaugbench.datasets.together import together
from qaugbench.errors import DataError, first_offenders

Key = tuple[str, int | None]
"""A file and, where a table names slices, one of them."""


@dataclass(frozen=True)
class OwnInput:
    """Files with their labels and facts. ``said`` is keyed by (file name, slice or None), or by hashed uid or patient.

    ``spelled`` are the classes that are written otherwise than the task does, by spelling.
    """

    files: OwnFiles
    by: str
    said: Mapping[Key, OwnRow]
    slices: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files to convert."""
        return tuple(self.files.places)


def from_table(path: Path, labels: TitledLabels) -> OwnInput:
    """Return the files that the table at ``path`` names, or of the folder around it; as ``from_files`` of that folder."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    return _of_table(path.parent, read_own_table(content, str(path)), labels)


def from_files(path: Path, labels: TitledLabels) -> OwnInput:
    """Return the files of a folder or .zip, with what its table or their folders say about each."""
    files = files_around_labels(path)
    tables = files.tables()
    chosen = tables[0] if len(tables) == 1 else next((name for name in tables if name == "labels.csv"), None)
    if tables and chosen is None:
        raise DataError(
            f"{path} holds several tables: {first_offenders(tables)}. Name the one to use: --data {path}/{tables[0]}."
        )
    if chosen is not None:
        table = read_own_table(files.read(chosen), f"{chosen} in {files.root}")
        return _of_table(files.root if path.is_dir() else path, table, labels)
    return _by_folders(files, labels)


def _by_folders(files: OwnFiles, labels: TitledLabels) -> OwnInput:
    """Return files without a table, with what their folders say; what they do not say is first of all the missing table's fault."""
    names = files.pictures()

    def classes() -> dict[str, OwnRow]:
        try:
            return folder_rows(names, labels, str(files.root))
        except DataError as error:
            for sheet in files.spreadsheets():
                raise unread_spreadsheet(f"{sheet} in {files.root}") from error
            raise DataError(
                f"{files.root} holds no labels.csv, so the names of its folders have to say the classes. {error}"
            ) from error

    (rows,) = together(classes, if_any=lambda: refuse_unreadable(files.only(names)))
    said: dict[Key, OwnRow] = {(name, None): row for name, row in rows.items()}
    folders = {part for name in names for part in name.split("/")[:-1]}
    return OwnInput(files.only(names), "file", said, spelled=spellings(folders, labels))


def _of_table(path: Path, table: OwnTable, labels: TitledLabels) -> OwnInput:
    """Return the files in or near ``path`` that the table names by file, by SOPInstanceUID or by PatientID."""
    column = table.column(*FILE_COLUMNS)
    if column is not None:
        located = _located(path, [row[column] for row in table.rows], table)
        _, rows, keys = together(
            located.check,
            lambda: table_rows(table, labels),
            lambda: _keys(table, located.found),
            if_any=lambda: refuse_unreadable(located.files.only(located.found.values())),
        )
        return replace(_by_file(located.files, keys, rows), spelled=table_spellings(table, labels))
    known = {"uid": table.column("SOPInstanceUID"), "patient": table.column("PatientID")}
    by, column = next(((by, column) for by, column in known.items() if column is not None), ("", None))
    wanted = lacking_labels(table, labels)
    if column is None or wanted:
        raise _lacking_columns(table, labels, column, wanted)
    keys = [row[column] for row in table.rows]
    refuse_repeats(keys, table, f"column {column!r}")
    everything = files_around_labels(path)
    files = everything.only(everything.pictures())
    said: dict[Key, OwnRow] = {
        (hashed(files.key, by, key), None): row for key, row in zip(keys, table_rows(table, labels), strict=True)
    }
    return OwnInput(files, by, said, spelled=table_spellings(table, labels))


def _lacking_columns(table: OwnTable, labels: TitledLabels, column: str | None, wanted: str) -> DataError:
    """Return the error for a table without a column of files; ``column`` names DICOM files, ``wanted`` are the labels it lacks."""
    files = f"a column {', '.join(FILE_COLUMNS)}, SOPInstanceUID or PatientID"
    if column is not None:
        why = f"has no labels: {wanted} is needed, and a column filename, unless {column!r} names DICOM files"
    elif wanted:
        why = f"says neither which files it describes nor their labels: it needs {files}, and {wanted}"
    else:
        why = f"does not say which files it describes: it needs {files}"
    return DataError(f"{table.where} {why}. {columns_and_classes(table, labels)}")


def _by_file(files: OwnFiles, keys: Sequence[Key], rows: Sequence[OwnRow]) -> OwnInput:
    slices: dict[str, tuple[int, ...]] = {}
    for name, number in keys:
        slices[name] = (*slices.get(name, ()), *(() if number is None else (number,)))
    said = dict(zip(keys, rows, strict=True))
    return OwnInput(files.only(slices), "file", said, {name: numbers for name, numbers in slices.items() if numbers})


def _keys(table: OwnTable, found: Mapping[str, str]) -> list[Key]:
    """Return the file, as the table names it where it was not ``found``, and slice of each row; raise DataError for one twice."""
    column, slice_column = str(table.column(*FILE_COLUMNS)), table.column("slice")
    keys = [
        (found.get(row[column], row[column]), _slice(row[slice_column], table, place) if slice_column else None)
        for row, place in zip(table.rows, table.places, strict=True)
    ]
    refuse_repeats(keys, table, f"column {column!r}" if slice_column is None else "columns for file and slice")
    return keys


@dataclass(frozen=True)
class Located:
    """The files around a table; which of them was ``found`` for each name, and what is wrong with the names of the others."""

    files: OwnFiles
    found: Mapping[str, str]
    fault: str = ""

    def check(self) -> None:
        """Raise DataError for names that fit no file, or several."""
        if self.fault:
            raise DataError(self.fault)


def _located(path: Path, names: Sequence[str], table: OwnTable) -> Located:
    """Return the files around a table, and the file for each name in the table.

    A name is a path from the table or below images/, or absolute; else the last part of a path, with or without its
    ending, if it is unique. Files are searched only if some name is not a path.
    """
    placed = {} if path.is_file() else {name: _place(path, name) for name in names}
    places = {name: place for name, place in placed.items() if place is not None}
    direct = {name: _relative(path, place) for name, place in places.items()}
    near = OwnFiles(path, {direct[name]: place for name, place in places.items()})
    if len(direct) == len(set(names)):
        return Located(near, direct)
    around = files_around_labels(path)
    found, fault = looked_up(around, names, table, direct)
    return Located(OwnFiles(path, {**around.places, **near.places}), {**found, **direct}, fault)


def _place(folder: Path, name: str) -> Path | None:
    """Return the file at a path from ``folder`` or below its images/, or at an absolute path; None if there is none."""
    said = (folder / name, folder / tidy(name), folder / "images" / tidy(name))
    return next((place for place in said if is_file(place)), None)


def _relative(folder: Path, place: Path) -> str:
    return Path(os.path.relpath(place, folder)).as_posix()


def _slice(text: str, table: OwnTable, place: str) -> int:
    if not text.isdigit():
        raise DataError(f"{table.where}, {place}: the slice must be a number from 0, not {text!r}.")
    return int(text)
