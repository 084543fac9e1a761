"""What a user's own table or folders say about each file: class, patient, part; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from qaugbench.datasets.label_text import (
    DECIDE,
    NO_FINDING,
    class_finder,
    is_missing,
    known_classes,
    other_spelling,
    squeezed,
    zero_or_one,
)
from qaugbench.datasets.labels_csv import contradiction
from qaugbench.datasets.own.table import OwnTable
from qaugbench.datasets.part_words import PART_OF, part_of
from qaugbench.datasets.together import together
from qaugbench.errors import DataError, first_offenders

LABEL_COLUMNS = ("label", "class", "findings", "finding", "labels", "finding_labels")
NOTHING = NO_FINDING | {"normal"}
NOT_KNOWN = frozenset({"na", "n/a", "#n/a", "n.a.", "unknown", "missing", "?", "-", "--"})
"""Words for a patient that may mean that nobody knows who it is; counted as one patient, they would join strangers."""


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
    """The facts about one file or slice: the values of the label columns of labels.csv, and others by name."""

    labels: Mapping[str, object]
    others: Mapping[str, str]


def table_rows(table: OwnTable, labels: TitledLabels) -> list[OwnRow]:
    """Return the facts in each row of ``table``.

    The class is in a column ``label`` or ``class``; the findings of a multilabel task are in one 0/1 column per finding,
    or in ``label``, ``finding`` or ``findings`` as names separated by | or ; (nothing found: "No Finding"). ``split`` says
    train, val or test; ``patient_id``, ``age``, ``sex``, ``site`` and ``device`` are kept, other columns are not. Classes
    match as ``class_finder`` says; nothing else is guessed. Raises DataError naming the rows.
    """
    kept = {name: table.column(name) for name in ("patient_id", "group", "age", "sex", "site", "device")}
    kept["patient_id"] = table.column("patient_id", "patient")
    columns = {name: column for name, column in kept.items() if column is not None}
    values, splits, *_ = together(
        lambda: _label_values(table, labels),
        lambda: _splits(table),
        *(partial(check_known, columns[name], table) for name in ("patient_id", "group") if name in columns),
        lambda: _refuse_split_patients(table, columns),
    )
    return [
        OwnRow(value, {**{name: _known(row[column]) for name, column in columns.items()}, **split})
        for value, split, row in zip(values, splits, table.rows, strict=True)
    ]


def table_spellings(table: OwnTable, labels: TitledLabels) -> dict[str, str]:
    """Return by spelling the classes that a table, of which ``table_rows`` takes all, writes otherwise than the task."""
    several = labels.kind == "multilabel"
    columns = {name: table.column(name) for name in labels.names} if several else {"": None}
    if all(columns.values()):
        return {str(column): name for name, column in columns.items() if other_spelling(str(column), name)}
    column = _label_column(table, labels)
    said = {one for row in table.rows for one in (re.split(r"[|;]", row[column]) if several else [row[column]])}
    return spellings(said, labels)


def spellings(written: Iterable[str], labels: TitledLabels) -> dict[str, str]:
    """Return the classes that are ``written`` otherwise than the task does, by spelling; other words are none."""
    class_of = _class_of(labels)
    found = {word.strip(): class_of(word) for word in written}
    return {word: name for word, name in found.items() if name and other_spelling(word, name)}


def check_known(column: str, table: OwnTable) -> None:
    """Raise DataError with the lines if a value of a column of patients may be a word for "not known"."""
    doubtful = [
        f"{place}: {row[column]!r}"
        for place, row in zip(table.places, table.rows, strict=True)
        if row[column].strip().lower() in NOT_KNOWN
    ]
    if doubtful:
        raise DataError(
            f"{table.where}: {len(doubtful)} rows have a {column} that may mean 'not known': {first_offenders(doubtful)}. Is it "
            "one patient? Then write it in another way, such as 'patient-NA'. Are these patients unknown? Then give each "
            f"such image a {column} of its own, leave these rows out, or remove the column (then every image counts as a patient)."
        )


def _refuse_split_patients(table: OwnTable, columns: Mapping[str, str]) -> None:
    """Raise DataError if a patient is in two groups."""
    if not {"patient_id", "group"} <= set(columns):
        return
    group_of: dict[str, str] = {}
    torn = []
    for row, place in zip(table.rows, table.places, strict=True):
        patient, group = row[columns["patient_id"]], row[columns["group"]]
        if not is_missing(patient) and group_of.setdefault(patient, group) != group:
            torn.append(f"{place}: {patient!r}")
    if torn:
        raise DataError(
            f"{table.where}: {len(torn)} rows put a patient into a second group: {first_offenders(torn)}. All images of a patient "
            "must have the same group."
        )


def _known(value: str) -> str:
    return "" if is_missing(value) else value


def folder_rows(names: Iterable[str], labels: TitledLabels, where: str) -> dict[str, OwnRow]:
    """Return by file name what its folders say: one of them names the class, one may name the part.

    Folders called train or training, val, valid or validation, test or testing name the part. Raises DataError for
    files below no class or two, and if only some files have a part.
    """
    class_of = _class_of(labels)
    found: dict[str, OwnRow] = {}
    unclear: dict[str, list[str]] = {}
    for name in names:
        above = {part: class_of(part) for part in name.split("/")[:-1]}
        inside = sorted({named for named in above.values() if named is not None})
        parts = sorted({PART_OF[squeezed(part)] for part in above if above[part] is None and squeezed(part) in PART_OF})
        if len(inside) != 1 or len(parts) > 1:
            unclear.setdefault("/".join(name.split("/")[:-1]) or ".", []).append(name)
            continue
        found[name] = OwnRow(_as_columns(inside[0], labels), {"split": parts[0]} if parts else {})
    if unclear:
        count = sum(map(len, unclear.values()))
        first = next(iter(unclear)).rsplit("/", 1)[-1]
        raise DataError(
            f"{count} files in {where} are below no folder, or below several, that names one class: folders "
            f"{first_offenders(map(repr, unclear))}. Name the folders by the classes of the task, or give a table with --data "
            f"FILE.csv.{known_classes(first, labels.names)}"
        )
    without = [name for name, row in found.items() if "split" not in row.others]
    if without and len(without) < len(found):
        raise DataError(
            f"{len(without)} of {len(found)} files in {where} are below no folder train, val or test: {first_offenders(without)}. "
            "Move all of them below one, or none."
        )
    return found


def _class_of(labels: TitledLabels) -> Callable[[str], str | None]:
    """Return a function from a label as written to its class; for a multilabel task, "" stands for no finding."""
    nothing = dict.fromkeys(NOTHING, "") if labels.kind == "multilabel" else {}
    return class_finder(labels.names, labels.titles, nothing)


def _as_columns(name: str, labels: TitledLabels) -> dict[str, object]:
    if labels.kind == "multilabel":
        return {finding: int(finding == name) for finding in labels.names}
    return {"label": name}


def _label_values(table: OwnTable, labels: TitledLabels) -> list[dict[str, object]]:
    if labels.kind != "multilabel":
        return [{"label": name} for (name,) in _named_classes(table, _label_column(table, labels), labels)]
    columns = {name: table.column(name) for name in labels.names}
    if all(columns.values()):
        return _zeros_and_ones(table, {name: str(column) for name, column in columns.items()})
    column = _label_column(table, labels)
    found = _named_classes(table, column, labels)
    both = [
        f"{place}: {row[column]!r}"
        for row, place, names in zip(table.rows, table.places, found, strict=True)
        if "" in names and any(names)
    ]
    if both:
        raise contradiction(table.where, "No Finding", both, len(both))
    return [{name: int(name in names) for name in labels.names} for names in found]


def lacking_labels(table: OwnTable, labels: TitledLabels) -> str:
    """Return in words which column of labels ``table`` needs, or "" if it has one."""
    if table.column(*LABEL_COLUMNS) is not None:
        return ""
    if labels.kind != "multilabel":
        return "a column label"
    absent = [name for name in labels.names if table.column(name) is None]
    missing = f"one 0/1 column per finding (missing: {first_offenders(absent, 20)}), or a column findings"
    return missing if absent else ""


def columns_and_classes(table: OwnTable, labels: TitledLabels) -> str:
    """Return what to compare in the message about a missing column: the columns that there are, and the classes."""
    return f"Its columns are: {first_offenders(table.columns, 20)}. The classes are: {', '.join(labels.names)}."


def _label_column(table: OwnTable, labels: TitledLabels) -> str:
    if wanted := lacking_labels(table, labels):
        raise DataError(f"{table.where} has no labels: {wanted} is needed. {columns_and_classes(table, labels)}")
    return str(table.column(*LABEL_COLUMNS))


def _named_classes(table: OwnTable, column: str, labels: TitledLabels) -> list[list[str]]:
    """Return the classes that each row names in ``column``: one, or any number in a multilabel task."""
    class_of, several = _class_of(labels), labels.kind == "multilabel"
    said = [re.split(r"[|;]", row[column]) if several else [row[column]] for row in table.rows]
    found = [[class_of(one) for one in row] for row in said]
    unknown = [row for row, names in enumerate(found) if None in names]
    if unknown:
        first = table.rows[unknown[0]][column]
        nothing = " If nothing was found, write No Finding." if several else ""
        raise DataError(
            f"{table.where}: {len(unknown)} of {len(table.rows)} rows carry no known class in the column {column!r}: "
            f"{first_offenders(f'{table.places[row]}: {table.rows[row][column]!r}' for row in unknown)}."
            f"{known_classes(first, labels.names)}{nothing} Correct these rows, or leave them out."
        )
    return [[name for name in names if name is not None] for names in found]


def _zeros_and_ones(table: OwnTable, columns: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the findings of each row, from one column of 0 and 1 per finding."""
    found = [{name: zero_or_one(row[column]) for name, column in columns.items()} for row in table.rows]
    wrong = [
        f"{place}: {columns[name]!r} is {row[columns[name]]!r}"
        for row, place, values in zip(table.rows, table.places, found, strict=True)
        for name, value in values.items()
        if value is None
    ]
    if wrong:
        raise DataError(
            f"{table.where}: {len(wrong)} finding values are neither 0 nor 1: {first_offenders(wrong)}. {DECIDE}"
        )
    nothing = table.column(*NO_FINDING)
    both = [
        f"{place}: {next(name for name in values if values[name])!r}"
        for row, place, values in zip(table.rows, table.places, found, strict=True)
        if nothing is not None and zero_or_one(row[nothing]) == 1 and any(values.values())
    ]
    if both:
        raise contradiction(table.where, str(nothing), both, len(both))
    return [dict(values) for values in found]


def _splits(table: OwnTable) -> list[dict[str, str]]:
    columns = {name: column for name in ("split", "group_split") if (column := table.column(name))}
    wrong = [
        f"{place}: {row[column]!r}"
        for column in columns.values()
        for row, place in zip(table.rows, table.places, strict=True)
        if part_of(row[column]) is None
    ]
    if wrong:
        raise DataError(
            f"{table.where}: a split must say train, val or test; {len(wrong)} values do not: {first_offenders(wrong)}."
        )
    return [{name: part_of(row[column]) or "" for name, column in columns.items()} for row in table.rows]
