"""A user's own table as text, with the position of each row for messages."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qaugbench.datasets.label_text import squeezed
from qaugbench.datasets.own.text import table_text
from qaugbench.errors import DataError, first_offenders

FILE_COLUMNS = ("filename", "path", "file", "image")


@dataclass(frozen=True)
class OwnTable:
    """The rows of a user's table, with the position of each for messages: "labels.csv, line 3"."""

    where: str
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, str]]
    places: Sequence[str]

    def column(self, *names: str) -> str | None:
        """Return the first column with one of ``names``, ignoring case and separators, or None.

        Raises DataError if there are two.
        """
        for name in names:
            found = [column for column in self.columns if squeezed(column) == squeezed(name)]
            if len(found) > 1:
                raise DataError(
                    f"{self.where} has {len(found)} columns that mean {name}: {first_offenders(map(repr, found))}. Keep one."
                )
            if found:
                return found[0]
        return None


def read_own_table(content: bytes, where: str) -> OwnTable:
    """Return a user's .csv as text; the separator is the comma, semicolon or tab, whichever the header has most of.

    Blank rows are left out. Raises DataError for text that is neither UTF-8 nor UTF-16, no rows, duplicate columns, and
    lines with a wrong number of values.
    """
    text = table_text(content, where)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
        stripped = ((reader.line_num, [value.strip() for value in row]) for row in reader)
        numbered = [(line, row) for line, row in stripped if any(row)]
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
