"""A user's own table as text, with the position of each row for messages."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qaugbench.datasets.label_text import squeezed
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

    Raises DataError for text that is not UTF-8, no rows, duplicate columns, and lines with a wrong number of values.
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
