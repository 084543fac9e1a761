"""The tables of a record as LaTeX, for a paper: per fraction one per endpoint, and the other differences; needs booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qaugbench.errors import printable
from qaugbench.formatting import Row, fraction_words
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.notes import banner, interval_words
from qaugbench.report.tables import DIFFERENCE_HEADER, main_header, main_rows, other_families, scored_endpoints

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
NUMBER = re.compile(r"\[?[-+<]?\.?\d[-+.,\d ]*\]?")


def latex_tables(record: Record) -> str:
    """Return every main table of a record as LaTeX, numbers in mathematical type; what must be read first is a comment above."""
    parts = [
        f"% {_plain(line)}"
        for line in ("Needs \\usepackage{booktabs}.", f"{record.id}: {record.board}", *banner(record))
    ]
    for fraction in record.fractions:
        for endpoint, _ in scored_endpoints(record, fraction.key):
            parts.append(_main_table(record, fraction.key, endpoint))
        for number, (title, rows) in enumerate(other_families(record, fraction.key), start=1):
            caption = f"{record.title}, {fraction_words(fraction.key)} of the training patients. {title}"
            parts.append(_table(caption, DIFFERENCE_HEADER, rows, f"{record.id}-{fraction.key}-differences-{number}"))
    return "\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    >>> escaped("qldm_2 at 10 %")
    'qldm\\_2 at 10 \\%'
    """
    return "".join(SPECIAL.get(letter, letter) for letter in _plain(text))


def _cell(text: str) -> str:
    r"""Return a cell: a number or an interval in mathematical type, so that its sign is a minus, all else as text."""
    if text == "-":
        return "--"
    return f"${text}$" if NUMBER.fullmatch(text) and not text.isdigit() else escaped(text)


def _main_table(record: Record, key: str, endpoint: str) -> str:
    scored = views.endpoint_score(record, key, endpoint)
    title = endpoint if scored is None else scored.title
    caption = (
        f"{record.title}, {fraction_words(key)} of the training patients: {title}, {record.replicates} replicates; "
        f"{interval_words(record)}. {views.reference_sentence(record, key)}"
    )
    return _table(caption, main_header(), main_rows(record, key, endpoint), f"{record.id}-{key}-{endpoint}")


def _table(caption: str, header: Row, body: Sequence[Row], label: str) -> str:
    rows = [" & ".join(map(_cell, row)) for row in (header, *body)]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', label).strip('-')}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 2)}l}}",
        r"\toprule",
        rf"{rows[0]} \\",
        r"\midrule",
        *(rf"{row} \\" for row in rows[1:]),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return printable(text.replace("\n", " "))
