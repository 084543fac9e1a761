"""The main tables of a record as LaTeX, for a paper: one table per fraction and endpoint, with the package booktabs."""

from __future__ import annotations

import re

from qaugbench.errors import printable
from qaugbench.formatting import fraction_words
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.notes import banner, interval_words
from qaugbench.report.tables import main_header, main_rows, scored_endpoints

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
            parts.append(_table(record, fraction.key, endpoint))
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


def _table(record: Record, key: str, endpoint: str) -> str:
    scored = views.endpoint_score(record, key, endpoint)
    title = endpoint if scored is None else scored.title
    caption = (
        f"{record.title}, {fraction_words(key)} of the training patients: {title}, {record.replicates} replicates; "
        f"{interval_words(record)}. {views.reference_sentence(record, key)}"
    )
    rows = [" & ".join(map(_cell, row)) for row in (main_header(), *main_rows(record, key, endpoint))]
    lines = [
        r"\begin{table}",
        rf"\caption{{{escaped(caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(main_header()) - 2)}l}}",
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
