"""The files that a user gives, and what a table or their folders say about each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qaugbench.datasets.own.convert import hashed
from qaugbench.datasets.own.files import OwnFiles, files_around_labels, is_file, unread_spreadsheet
from qaugbench.datasets.own.labels import OwnRow, TitledLabels, folder_rows, spellings, table_rows, table_spellings
from qaugbench.datasets.own.table import FILE_COLUMNS, OwnTable, read_own_table
from qaugbench.datasets.own.together import together
from qaugbench.errors import DataError, first_offenders


@dataclass(frozen=True)
class OwnInput:
    """Files with their labels and facts. ``said`` is keyed by (file name, slice or None), or by hashed uid or patient.

    ``spelled`` are the classes that are written otherwise than the task does, by spelling.
    """

    files: OwnFiles
    by: str
    said: Mapping[tuple[str, int | None], OwnRow]
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
    try:
        rows = folder_rows(names, labels, str(files.root))
    except DataError as error:
        for sheet in files.spreadsheets():
            raise unread_spreadsheet(f"{sheet} in {files.root}") from error
        raise DataError(
            f"{files.root} holds no labels.csv, so the names of its folders have to say the classes. {error}"
        ) from error
    said: dict[tuple[str, int | None], OwnRow] = {(name, None): row for name, row in rows.items()}
    folders = {part for name in names for part in name.split("/")[:-1]}
    return OwnInput(files.only(names), "file", said, spelled=spellings(folders, labels))


def _of_table(path: Path, table: OwnTable, labels: TitledLabels) -> OwnInput:
    """Return the files in or near ``path`` that the table names by file, by SOPInstanceUID or by PatientID."""
    column = table.column(*FILE_COLUMNS)
    if column is not None:
        names = [row[column] for row in table.rows]
        (files, found), rows = together(lambda: _found(path, names, table), lambda: table_rows(table, labels))
        return replace(_by_file(files, table, rows, found), spelled=table_spellings(table, labels))
    known = {"uid": table.column("SOPInstanceUID"), "patient": table.column("PatientID")}
    by, column = next(((by, column) for by, column in known.items() if column is not None), ("", None))
    if column is None:
        raise DataError(
            f"{table.where} does not say which files it describes: it needs a column {', '.join(FILE_COLUMNS)}, "
            f"SOPInstanceUID or PatientID. "
            f"Its columns are: {first_offenders(table.columns, 20)}."
        )
    keys = [row[column] for row in table.rows]
    _refuse_repeats(keys, table, f"column {column!r}")
    everything = files_around_labels(path)
    files = everything.only(everything.pictures())
    said: dict[tuple[str, int | None], OwnRow] = {
        (hashed(files.key, by, key), None): row for key, row in zip(keys, table_rows(table, labels), strict=True)
    }
    return OwnInput(files, by, said, spelled=table_spellings(table, labels))


def _by_file(files: OwnFiles, table: OwnTable, rows: Sequence[OwnRow], found: Mapping[str, str]) -> OwnInput:
    column, slice_column = str(table.column(*FILE_COLUMNS)), table.column("slice")
    keys = [
        (found[row[column]], _slice(row[slice_column], table, place) if slice_column else None)
        for row, place in zip(table.rows, table.places, strict=True)
    ]
    _refuse_repeats(keys, table, f"column {column!r}" if slice_column is None else "columns for file and slice")
    slices: dict[str, tuple[int, ...]] = {}
    for name, number in keys:
        slices[name] = (*slices.get(name, ()), *(() if number is None else (number,)))
    said = dict(zip(keys, rows, strict=True))
    return OwnInput(files.only(slices), "file", said, {name: numbers for name, numbers in slices.items() if numbers})


def _found(path: Path, names: Sequence[str], table: OwnTable) -> tuple[OwnFiles, dict[str, str]]:
    """Return the files around a table, and the file for each name in the table.

    A name is a path from the table or below images/, or absolute; else the last part of a path, with or without its
    ending, if it is unique. Files are searched only if some name is not a path.
    """
    placed = {} if path.is_file() else {name: _place(path, name) for name in names}
    places = {name: place for name, place in placed.items() if place is not None}
    direct = {name: _relative(path, place) for name, place in places.items()}
    near = OwnFiles(path, {direct[name]: place for name, place in places.items()})
    if len(direct) == len(set(names)):
        return near, direct
    around = files_around_labels(path)
    return OwnFiles(path, {**around.places, **near.places}), {**_looked_up(around, names, table, direct), **direct}


def _looked_up(files: OwnFiles, names: Sequence[str], table: OwnTable, known: Collection[str]) -> dict[str, str]:
    """Return the file for each name that is not among the ``known``; raise DataError for a name that fits none or several."""
    called = _called(files)
    found: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for name, place in zip(names, table.places, strict=True):
        if name in known:
            continue
        clean = _clean(name)
        exact = next((one for one in (clean, f"images/{clean}") if one in files.places), None)
        several = [exact] if exact else called.get(clean.rsplit("/", 1)[-1], [])
        if len(several) != 1:
            problems.setdefault("are missing" if not several else "fit several files", []).append(f"{place}: {name!r}")
            continue
        found[name] = several[0]
    if problems:
        listed = "; ".join(
            f"{len(offenders)} of {len(names)} files {why}: {first_offenders(offenders)}"
            for why, offenders in problems.items()
        )
        raise DataError(f"{table.where}: {listed}. Write paths that are absolute or relative to {files.root}.")
    return found


def _called(files: OwnFiles) -> dict[str, list[str]]:
    """Return the paths of the pictures by file name, with and without its ending."""
    called: dict[str, list[str]] = {}
    for path in files.pictures():
        last = path.rsplit("/", 1)[-1]
        for name in {last, last.split(".", 1)[0], last.rsplit(".", 1)[0]}:
            called.setdefault(name, []).append(path)
    return called


def _clean(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _place(folder: Path, name: str) -> Path | None:
    """Return the file at a path from ``folder`` or below its images/, or at an absolute path; None if there is none."""
    said = (folder / name, folder / _clean(name), folder / "images" / _clean(name))
    return next((place for place in said if is_file(place)), None)


def _relative(folder: Path, place: Path) -> str:
    return Path(os.path.relpath(place, folder)).as_posix()


def _slice(text: str, table: OwnTable, place: str) -> int:
    if not text.isdigit():
        raise DataError(f"{table.where}, {place}: the slice must be a number from 0, not {text!r}.")
    return int(text)


def _refuse_repeats(keys: Sequence[object], table: OwnTable, what: str) -> None:
    counts = Counter(keys)
    again = [f"{place}: {key!r}" for key, place in zip(keys, table.places, strict=True) if counts[key] > 1 or key == ""]
    if again:
        raise DataError(
            f"{table.where}: {len(again)} rows are empty in, or share, their {what}: {first_offenders(again)}. Keep one row per "
            "image, with all its findings."
        )
