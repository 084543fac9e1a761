"""The words by which a column says train, val or test, as people write them."""

from __future__ import annotations

from dataclasses import replace

from qaugbench.datasets.folds import fold_request
from qaugbench.datasets.label_text import squeezed
from qaugbench.datasets.prepared import PreparedData
from qaugbench.errors import DataError, first_offenders

PART_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The part that a word stands for, squeezed."""


def part_of(word: str) -> str | None:
    """Return the part that ``word`` names, "" for an empty one, or None for any other.

    >>> part_of("Validation"), part_of(" "), part_of("fold 3")
    ('val', '', None)
    """
    return PART_OF.get(squeezed(word)) if word.strip() else ""


def with_parts(prepared: PreparedData, column: str | None = None) -> PreparedData:
    """Return ``prepared`` with train, val and test for the words in its split column; as it is if any word is no part.

    ``column`` is the one that was asked for, if any; otherwise the one that ``choose_split`` takes.
    """
    used = _column(prepared, column)
    if used is None or _unknown(prepared, used):
        return prepared
    return replace(
        prepared, table=prepared.table.assign(**{used: [part_of(word) or "" for word in prepared.table[used]]})
    )


def check_parts(prepared: PreparedData, column: str | None = None) -> None:
    """Raise DataError naming the first rows whose split column names no part; the column is chosen as in ``with_parts``."""
    used = _column(prepared, column)
    rows = [] if used is None else _unknown(prepared, used)
    if rows:
        offenders = (f"{prepared.called[row]}: {prepared.table[used].iat[row]!r}" for row in rows)
        raise DataError(
            f"The column {used!r} of {prepared.where} must say train, val or test (or training, validation, testing, in any "
            f"case); {len(rows)} rows do not: {first_offenders(offenders)}. Correct these rows, leave their value empty (then "
            "they are not used), or choose another column with --split."
        )


def _column(prepared: PreparedData, asked: str | None) -> str | None:
    """Return the column of the table that says the parts, or None."""
    names = ("group_split", "split") if asked is None else () if fold_request(asked) else (asked,)
    return next((name for name in names if name in prepared.table), None)


def _unknown(prepared: PreparedData, column: str) -> list[int]:
    return [row for row, word in enumerate(prepared.table[column]) if part_of(word) is None]
