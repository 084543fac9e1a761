"""labels.csv as rows of text, a 0/1 label matrix and group codes; every value is checked before anything is computed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from qaugbench.datasets.label_text import (
    DECIDE,
    NO_FINDING,
    canonical,
    is_missing,
    known_classes,
    squeezed,
    whole_number,
    zero_or_one,
)
from qaugbench.errors import DataError, first_offenders


class LabelNames(Protocol):
    """The part of a task's label space that reading labels needs."""

    @property
    def kind(self) -> str: ...  # "multilabel", "multiclass" or "ordinal"

    @property
    def names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class LabelTable:
    """The rows of a labels.csv as text, in file order, with the line each row ends on."""

    where: str
    rows: pd.DataFrame
    lines: Sequence[int]

    def cell(self, row: int, column: str) -> str:
        """Return one value and its position, for messages: "line 3 (a.png): 'x'"."""
        return f"line {self.lines[row]} ({self.rows['filename'].iat[row]}): {self.rows[column].iat[row]!r}"


def read_table(content: bytes, where: str, labels: LabelNames) -> LabelTable:
    """Return the rows of a labels.csv; ``where`` names the source in messages.

    Every value is kept as text, so that an id such as ``00017`` keeps its zeros. Raises DataError for bytes that are
    not UTF-8, lines with a wrong number of values, duplicate columns, no column ``filename`` or of ``labels``, or no rows.
    """
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        numbered = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError as error:
        raise DataError(f"labels.csv in {where} is not UTF-8 text ({error}). Save it again as UTF-8.") from error
    except csv.Error as error:
        raise DataError(f"labels.csv in {where} cannot be read, line {reader.line_num}: {error}.") from error
    if len(numbered) < 2:
        raise DataError(f"labels.csv in {where} has no rows. Give a header line and one line per image.")
    header = [name.strip() for name in numbered[0][1]]
    _check_header(header, where, labels)
    wrong = [f"line {line} has {len(row)} values" for line, row in numbered[1:] if len(row) != len(header)]
    if wrong:
        raise DataError(f"labels.csv in {where}: the header has {len(header)} columns, but {first_offenders(wrong)}.")
    rows = pd.DataFrame([row for _, row in numbered[1:]], columns=header, dtype=object)
    return LabelTable(where, rows, [line for line, _ in numbered[1:]])


def _check_header(header: list[str], where: str, labels: LabelNames) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"labels.csv in {where} names a column twice: {first_offenders(twice)}. Remove one of them.")
    missing = [] if "filename" in header else ["filename"]
    if labels.kind == "multilabel":
        columns = set(map(canonical, header))
        missing += [name for name in labels.names if canonical(name) not in columns]
    elif "label" not in header:
        missing.append("label")
    if missing:
        raise missing_columns(missing, header, where)


def missing_columns(missing: Iterable[str], header: Iterable[str], where: str) -> DataError:
    """Return the error that names the columns labels.csv lacks and those it has."""
    return DataError(
        f"labels.csv in {where} has no column {first_offenders(map(repr, missing), 20)}. "
        f"Its columns are: {first_offenders(header, 20)}. Rename or add the missing ones."
    )


def label_matrix(table: LabelTable, labels: LabelNames) -> np.ndarray:
    """Return float32 [N, K] of 0 and 1: one-hot of ``label``, or for a multilabel space one column per finding."""
    return _findings(table, labels) if labels.kind == "multilabel" else _one_hot(table, labels)


def _one_hot(table: LabelTable, labels: LabelNames) -> np.ndarray:
    code_of = {canonical(name): code for code, name in enumerate(labels.names)}
    codes = [code_of.get(canonical(whole_number(value) or value), -1) for value in table.rows["label"]]
    unknown = [row for row, code in enumerate(codes) if code < 0]
    if unknown:
        first = str(table.rows["label"].iat[unknown[0]]).strip()
        raise DataError(
            f"labels.csv in {table.where}: {len(unknown)} of {len(codes)} rows carry no known class: "
            f"{first_offenders(table.cell(row, 'label') for row in unknown)}.{known_classes(first, labels.names)} Correct these "
            "rows, or leave them out."
        )
    return np.eye(len(labels.names), dtype=np.float32)[codes]


def _findings(table: LabelTable, labels: LabelNames) -> np.ndarray:
    column_of = {canonical(column): column for column in table.rows.columns}
    columns = [column_of[canonical(name)] for name in labels.names]
    values = [[zero_or_one(value) for value in table.rows[column]] for column in columns]
    matrix = np.array([[np.nan if value is None else value for value in row] for row in values], np.float32).T
    wrong = np.argwhere(np.isnan(matrix))
    if len(wrong):
        cells = (f"{columns[k]} on {table.cell(int(row), columns[k])}" for row, k in wrong)
        raise DataError(
            f"labels.csv in {table.where}: {len(wrong)} finding values are neither 0 nor 1: {first_offenders(cells)}. {DECIDE}"
        )
    _refuse_finding_in_none(table, matrix, columns)
    return np.ascontiguousarray(matrix)


def _refuse_finding_in_none(table: LabelTable, matrix: np.ndarray, columns: Sequence[str]) -> None:
    """Raise DataError if a row has a finding and also says that there is none."""
    column = next((name for name in table.rows.columns if squeezed(name) in NO_FINDING), None)
    if column is None:
        return
    nothing = np.array([zero_or_one(value) == 1 for value in table.rows[column]])
    both = np.flatnonzero(nothing & matrix.any(axis=1))
    if len(both):
        rows = (f"{columns[int(matrix[row].argmax())]} on {table.cell(int(row), column)}" for row in both)
        raise contradiction(f"labels.csv in {table.where}", column, rows, len(both))


def contradiction(where: str, column: str, rows: Iterable[str], count: int) -> DataError:
    """Return the error for rows that have a finding although ``column`` says that there is none."""
    return DataError(
        f"{where}: {count} rows say {column!r} and name a finding: {first_offenders(rows)}. Correct these rows, or leave them out."
    )


def group_codes(table: LabelTable) -> tuple[np.ndarray, tuple[str, ...], str | None]:
    """Return (codes int64 [N], group names, the column used), codes by first appearance.

    ``group`` is used if present, else ``patient_id``; without either, every image is its own group and the column is
    None. Raises DataError for an empty value, or if ``group`` splits a patient.
    """
    column = next((name for name in ("group", "patient_id") if name in table.rows), None)
    if column is None:
        return np.arange(len(table.rows)), tuple(table.rows["filename"]), None
    empty = [row for row, value in enumerate(table.rows[column]) if is_missing(value)]
    if empty:
        raise DataError(
            f"labels.csv in {table.where}: {len(empty)} rows have an empty {column}: "
            f"{first_offenders(table.cell(row, column) for row in empty)}. Fill it in, or remove the column altogether."
        )
    if column == "group" and "patient_id" in table.rows:
        _check_group_closes_over_patient(table)
    codes, names = pd.factorize(table.rows[column].str.strip())
    return codes.astype(np.int64), tuple(names), column


def _check_group_closes_over_patient(table: LabelTable) -> None:
    known = table.rows[~table.rows["patient_id"].map(is_missing)]
    groups_of_patient = known.groupby("patient_id")["group"].nunique()
    split = groups_of_patient.index[groups_of_patient > 1]
    if len(split):
        raise DataError(
            f"labels.csv in {table.where}: {len(split)} patients are in more than one group: {first_offenders(split)}. "
            "All images of a patient must carry one group."
        )
