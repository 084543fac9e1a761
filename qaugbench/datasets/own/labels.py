"""What a user's own table or folders say of each file: classes matched to the task, patient, part; nothing guessed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from qaugbench.datasets.labels_csv import canonical
from qaugbench.errors import DataError, first_offenders, near_names

FILE_COLUMNS = ("filename", "path", "file", "image")
LABEL_COLUMNS = ("label", "class", "findings", "labels", "finding_labels")
NOTHING = frozenset({"nofinding", "nofindings", "normal", "none"})
PART_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


class TitledLabels(Protocol):
    """The part of a task's label space that matching needs."""

    @property
    def kind(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def titles(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class OwnRow:
    """What is said of one file or slice: the values of the label columns of labels.csv, and others by name."""

    labels: Mapping[str, object]
    others: Mapping[str, str]


@dataclass(frozen=True)
class OwnTable:
    """The rows of a user's table, with the place of each for messages: "labels.csv, line 3"."""

    where: str
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, str]]
    places: Sequence[str]

    def column(self, *names: str) -> str | None:
        """Return the first of the columns called one of ``names``, without regard to case and marks, or None."""
        by_name = {squeezed(column): column for column in self.columns}
        return next((by_name[squeezed(name)] for name in names if squeezed(name) in by_name), None)


def squeezed(name: str) -> str:
    """Return ``name`` without case, blanks and marks: the form in which own classes and columns are compared.

    >>> squeezed("No_Tumor") == squeezed("notumor")
    True
    """
    return re.sub(r"[^a-z0-9]+", "", canonical(name))


def read_own_table(content: bytes, where: str) -> OwnTable:
    """Return a user's .csv as text values; commas, semicolons or tabs part them, whichever the header has most of.

    Raises DataError for text that is not UTF-8, no rows, a column named twice, and lines of another width.
    """
    try:
        text = content.decode("utf-8-sig")
        header_line = text.partition("\n")[0]
        delimiter = max(",;\t", key=header_line.count)
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
        numbered = [(reader.line_num, [value.strip() for value in row]) for row in reader if any(row)]
    except UnicodeDecodeError as error:
        raise DataError(f"{where} is not UTF-8 text ({error}). Save it again as CSV in UTF-8.") from error
    except csv.Error as error:
        raise DataError(f"{where} cannot be read, line {reader.line_num}: {error}.") from error
    if len(numbered) < 2:
        raise DataError(f"{where} has no rows. Give a header line and one line per image.")
    header = numbered[0][1]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{where} names a column twice: {first_offenders(map(repr, twice))}. Remove one of them.")
    wrong = [f"line {line} has {len(row)} values" for line, row in numbered[1:] if len(row) != len(header)]
    if wrong:
        raise DataError(f"{where}: the header has {len(header)} columns, but {first_offenders(wrong)}.")
    rows = [dict(zip(header, row, strict=True)) for _, row in numbered[1:]]
    return OwnTable(where, tuple(header), rows, [f"line {line}" for line, _ in numbered[1:]])


def table_rows(table: OwnTable, labels: TitledLabels) -> list[OwnRow]:
    """Return what ``table`` says of each of its rows.

    The class stands in a column ``label`` or ``class``; the findings of a multilabel task in one 0/1 column a finding,
    or in ``label`` or ``findings`` as names parted by | or ; (nothing found: "No Finding"). ``split`` says train, val or
    test; ``patient_id``, ``age``, ``sex``, ``site`` and ``device`` are kept, other columns are not. Classes match by name
    or title without regard to case, blanks and marks; nothing else is guessed. Raises DataError naming the rows.
    """
    values = _label_values(table, labels)
    splits = _splits(table)
    kept = {name: table.column(name) for name in ("patient_id", "group", "age", "sex", "site", "device")}
    kept["patient_id"] = table.column("patient_id", "patient")
    columns = {name: column for name, column in kept.items() if column is not None}
    return [
        OwnRow(value, {**{name: row[column] for name, column in columns.items()}, **split})
        for value, split, row in zip(values, splits, table.rows, strict=True)
    ]


def folder_rows(names: Iterable[str], labels: TitledLabels, where: str) -> dict[str, OwnRow]:
    """Return by file name what the folders above each file say: one of them names the class, one may name the part.

    Folders called train or training, val, valid or validation, test or testing name the part. Raises DataError for
    files below no class or two, and where only some files have a part.
    """
    classes = _class_names(labels)
    found: dict[str, OwnRow] = {}
    unclear: dict[str, list[str]] = {}
    for name in names:
        above = [squeezed(part) for part in name.split("/")[:-1]]
        inside = sorted({classes[part] for part in above if part in classes})
        parts = sorted({PART_OF[part] for part in above if part in PART_OF and part not in classes})
        if len(inside) != 1 or len(parts) > 1:
            unclear.setdefault("/".join(name.split("/")[:-1]) or ".", []).append(name)
            continue
        found[name] = OwnRow(_as_columns(inside[0], labels), {"split": parts[0]} if parts else {})
    if unclear:
        count = sum(map(len, unclear.values()))
        first = next(iter(unclear)).rsplit("/", 1)[-1]
        raise DataError(
            f"{count} files in {where} lie below no folder, or below several, that names one class: folders "
            f"{first_offenders(map(repr, unclear))}. Name the folders by the classes of the task, or give a table with --data "
            f"FILE.csv.{near_names(first, labels.names)}"
        )
    without = [name for name, row in found.items() if "split" not in row.others]
    if without and len(without) < len(found):
        raise DataError(
            f"{len(without)} of {len(found)} files in {where} lie below no folder train, val or test: {first_offenders(without)}. "
            "Move all of them below one, or none."
        )
    return found


def _class_names(labels: TitledLabels) -> dict[str, str]:
    by_name = {squeezed(title): name for name, title in zip(labels.names, labels.titles, strict=True)}
    by_name |= {squeezed(name): name for name in labels.names}
    return by_name | (dict.fromkeys(NOTHING, "") if labels.kind == "multilabel" else {})


def _as_columns(name: str, labels: TitledLabels) -> dict[str, object]:
    if labels.kind == "multilabel":
        return {finding: int(finding == name) for finding in labels.names}
    return {"label": name}


def _label_values(table: OwnTable, labels: TitledLabels) -> list[dict[str, object]]:
    if labels.kind == "multilabel" and all(table.column(name) for name in labels.names):
        columns = {name: str(table.column(name)) for name in labels.names}
        return [_zero_one(table, row, columns) for row in range(len(table.rows))]
    column = table.column(*LABEL_COLUMNS)
    if column is None:
        wanted = "a column label" if labels.kind != "multilabel" else "one 0/1 column a finding, or a column findings"
        raise DataError(
            f"{table.where} has no labels: {wanted} is needed. Its columns are: {', '.join(table.columns)}. The classes "
            f"are: {', '.join(labels.names)}."
        )
    classes = _class_names(labels)
    found: list[dict[str, object]] = []
    unknown: list[tuple[str, str]] = []
    for row, place in zip(table.rows, table.places, strict=True):
        said = re.split(r"[|;]", row[column]) if labels.kind == "multilabel" else [row[column]]
        names = [classes.get(squeezed(one)) for one in said]
        if None in names:
            unknown.append((row[column], f"{place}: {row[column]!r}"))
            continue
        found.append({n: int(n in names) for n in labels.names} if labels.kind == "multilabel" else {"label": names[0]})
    if unknown:
        raise DataError(
            f"{table.where}: {len(unknown)} of {len(table.rows)} rows carry no known class in the column {column!r}: "
            f"{first_offenders(text for _, text in unknown)}.{near_names(unknown[0][0], labels.names)}"
        )
    return found


def _zero_one(table: OwnTable, row: int, columns: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, column in columns.items():
        said = table.rows[row][column]
        if said not in ("0", "1", "0.0", "1.0"):
            raise DataError(
                f"{table.where}, {table.places[row]}: {column!r} must be 0 or 1, not {said!r}. Leave out images whose finding is "
                "not known."
            )
        values[name] = int(float(said))
    return values


def _splits(table: OwnTable) -> list[dict[str, str]]:
    columns = {name: column for name in ("split", "group_split") if (column := table.column(name))}
    wrong = [
        f"{place}: {row[column]!r}"
        for column in columns.values()
        for row, place in zip(table.rows, table.places, strict=True)
        if row[column] and squeezed(row[column]) not in PART_OF
    ]
    if wrong:
        raise DataError(
            f"{table.where}: a split must say train, val or test; {len(wrong)} values do not: {first_offenders(wrong)}."
        )
    return [{name: PART_OF.get(squeezed(row[column]), "") for name, column in columns.items()} for row in table.rows]
