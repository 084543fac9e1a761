"""Which files a user gives, and what a table or the folders above them say of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qaugbench.datasets.own.convert import hashed
from qaugbench.datasets.own.files import OwnFiles, files_named, files_of
from qaugbench.datasets.own.labels import (
    FILE_COLUMNS,
    OwnRow,
    OwnTable,
    TitledLabels,
    folder_rows,
    read_own_table,
    table_rows,
)
from qaugbench.errors import DataError, first_offenders


@dataclass(frozen=True)
class OwnInput:
    """Files with what is said of them. ``said`` is keyed by (file name, slice or None), or by hashed uid or patient."""

    files: OwnFiles
    names: tuple[str, ...]
    by: str
    said: Mapping[tuple[str, int | None], OwnRow]
    table: bytes = b""
    slices: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def from_table(path: Path, labels: TitledLabels) -> OwnInput:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    table = read_own_table(content, str(path))
    column = table.column(*FILE_COLUMNS)
    if column is None:
        return _joined(files_of(path.parent), table, content, labels)
    names = [row[column] for row in table.rows]
    files = files_named({name: _place(path.parent, name) for name in names})
    return _by_file(files, table, content, labels, dict(zip(names, names, strict=True)))


def _place(folder: Path, name: str) -> Path:
    """Return where a named file lies: as said, else below images/, the place of the prepared form."""
    said = folder / name
    return said if said.is_file() or not (folder / "images" / name).is_file() else folder / "images" / name


def from_files(path: Path, labels: TitledLabels) -> OwnInput:
    files = files_of(path)
    tables = files.tables()
    chosen = tables[0] if len(tables) == 1 else next((name for name in tables if name == "labels.csv"), None)
    if tables and chosen is None:
        raise DataError(
            f"{path} holds several tables: {first_offenders(tables)}. Name the one to use: --data {path}/{tables[0]}."
        )
    if chosen is not None:
        content = files.read(chosen)
        return _joined(files, read_own_table(content, f"{chosen} in {path}"), content, labels)
    names = files.pictures()
    rows = folder_rows(names, labels, str(path))
    said: dict[tuple[str, int | None], OwnRow] = {(name, None): row for name, row in rows.items()}
    return OwnInput(files, names, "file", said)


def _joined(files: OwnFiles, table: OwnTable, content: bytes, labels: TitledLabels) -> OwnInput:
    """Return the files with the rows that name them by file, by SOPInstanceUID or by PatientID."""
    column = table.column(*FILE_COLUMNS)
    if column is not None:
        names = [row[column] for row in table.rows]
        return _by_file(files, table, content, labels, _found(files, names, table))
    known = {"uid": table.column("SOPInstanceUID"), "patient": table.column("PatientID")}
    by, column = next(((by, column) for by, column in known.items() if column is not None), ("", None))
    if column is None:
        raise DataError(
            f"{table.where} says of no file what it is: it needs a column filename, SOPInstanceUID or PatientID. Its columns "
            f"are: {', '.join(table.columns)}."
        )
    keys = [row[column] for row in table.rows]
    _refuse_repeats(keys, table, f"column {column!r}")
    said: dict[tuple[str, int | None], OwnRow] = {
        (hashed(files.key, by, key), None): row for key, row in zip(keys, table_rows(table, labels), strict=True)
    }
    return OwnInput(files, files.pictures(), by, said, content)


def _by_file(
    files: OwnFiles, table: OwnTable, content: bytes, labels: TitledLabels, found: Mapping[str, str]
) -> OwnInput:
    column, slice_column = str(table.column(*FILE_COLUMNS)), table.column("slice")
    keys = [
        (found[row[column]], _slice(row[slice_column], table, place) if slice_column else None)
        for row, place in zip(table.rows, table.places, strict=True)
    ]
    _refuse_repeats(keys, table, f"column {column!r}" if slice_column is None else "columns for file and slice")
    slices: dict[str, tuple[int, ...]] = {}
    for name, number in keys:
        slices[name] = (*slices.get(name, ()), *(() if number is None else (number,)))
    rows = table_rows(table, labels)
    return OwnInput(
        files,
        tuple(slices),
        "file",
        dict(zip(keys, rows, strict=True)),
        content,
        {n: s for n, s in slices.items() if s},
    )


def _found(files: OwnFiles, names: Sequence[str], table: OwnTable) -> dict[str, str]:
    """Return for each name of a table the file it means: its path, the path below images/, or the only file so called."""
    called: dict[str, list[str]] = {}
    for path in files.pictures():
        last = path.rsplit("/", 1)[-1]
        for name in {last, last.split(".", 1)[0]}:
            called.setdefault(name, []).append(path)
    found: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for name, place in zip(names, table.places, strict=True):
        clean = name.replace("\\", "/").removeprefix("./")
        exact = next((path for path in (clean, f"images/{clean}") if path in files.places), None)
        several = [exact] if exact else called.get(clean.rsplit("/", 1)[-1], [])
        if len(several) != 1:
            problems.setdefault("are missing" if not several else "fit several files", []).append(f"{place}: {name!r}")
            continue
        found[name] = several[0]
    for why, offenders in problems.items():
        raise DataError(
            f"{table.where}: {len(offenders)} of {len(names)} files {why}: {first_offenders(offenders)}. Write the path of "
            f"each file below {files.root}."
        )
    return found


def _slice(text: str, table: OwnTable, place: str) -> int:
    if not text.isdigit():
        raise DataError(f"{table.where}, {place}: the slice must be a number from 0, not {text!r}.")
    return int(text)


def _refuse_repeats(keys: Sequence[object], table: OwnTable, what: str) -> None:
    counts = Counter(keys)
    again = [f"{place}: {key!r}" for key, place in zip(keys, table.places, strict=True) if counts[key] > 1 or key == ""]
    if again:
        raise DataError(
            f"{table.where}: {len(again)} rows are empty in, or share, their {what}: {first_offenders(again)}."
        )
