"""The tables of a record as LaTeX, for a paper: per fraction one per endpoint, and the other differences; needs booktabs.

Each has its notes below it, so that they stay when the caption is written anew; what must be read first is in both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qaugbench.errors import printable
from qaugbench.formatting import Row
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.notes import banner, interval_words
from qaugbench.report.tables import (
    DIFFERENCE_HEADER,
    difference_rows,
    main_header,
    main_rows,
    other_families,
    scored_endpoints,
)
from qaugbench.stats.decide import LISTED_REPLICATES, NOT_MATCHED
from qaugbench.stats.results import EndpointScore

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
SPAN = re.compile(r"\d+-\d+")
CHANGE = re.compile(r"([-+]?\d?\.\d+) (\[[-+.,\d ]+\])")
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
        for number, (title, found) in enumerate(other_families(record, fraction.key), start=1):
            caption = f"{_opening(record, fraction.key)}. {title}"
            label = f"{record.id}-{fraction.key}-differences-{number}"
            rows, below = difference_rows(found), _difference_notes(record, fraction.key)
            parts.append(table_block(caption, DIFFERENCE_HEADER, rows, label, below))
    return "\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    >>> escaped("qldm_2 at 10 %")
    'qldm\\_2 at 10 \\%'
    """
    return "".join(SPECIAL.get(letter, letter) for letter in _plain(text))


def _cell(text: str) -> str:
    r"""Return a cell: numbers and intervals in mathematical type, so that signs are minuses, a range with a dash, else text.

    >>> _cell("-.009 [-.017, -.002]"), _cell("1-3"), _cell("R+os & more")
    ('$-.009$ $[-.017, -.002]$', '1--3', 'R+os \\& more')
    """
    if text == "-":
        return "--"
    if SPAN.fullmatch(text):
        return text.replace("-", "--")
    change = CHANGE.fullmatch(text)
    if change:
        return f"${change[1]}$ ${change[2]}$"
    return f"${text}$" if NUMBER.fullmatch(text) and not text.isdigit() else escaped(text)


def _main_table(record: Record, key: str, endpoint: str) -> str:
    scored = views.endpoint_score(record, key, endpoint)
    title = endpoint if scored is None else scored.title
    caption = f"{_opening(record, key)}: {title}."
    found = _main_notes(record, key, scored)
    return table_block(caption, main_header(), main_rows(record, key, endpoint), f"{record.id}-{key}-{endpoint}", found)


def _opening(record: Record, key: str) -> str:
    """Return the first words of a caption: what its reader must know first, the task, the source, the track and the fraction."""
    board = record.board
    warned = "".join(f"{line.partition('. ')[0]}. " for line in banner(record))
    named = f"{record.title} ({board.task}, source {board.source}, track {board.track})"
    return f"{warned}{named}, {views.share_words(record, key)}"


def _main_notes(record: Record, key: str, scored: EndpointScore | None) -> list[str]:
    """Return what the columns of a main table mean, one sentence each."""
    sizes = "" if scored is None else f" on {views.sizes_words(record, scored)}"
    return [
        *banner(record),
        views.reference_sentence(record, key),
        f"mean, sd: over n replicates{sizes}; vs R*, 95 % CI, verdict: the difference from R*; {interval_words(record)}.",
        f"vs R+: the difference from classical augmentation alone, {NOT_MATCHED}, so no verdict rests on it.",
        *_provisional(record),
    ]


def _difference_notes(record: Record, key: str) -> list[str]:
    scored = views.endpoint_score(record, key, record.endpoints[0].id)
    metric = record.endpoints[0].title if scored is None else f"{scored.title}, {views.sizes_words(record, scored)}"
    return [
        *banner(record),
        f"estimate: the first arm minus the second in {metric}; n: replicates; {interval_words(record)}.",
        "p: not adjusted for the number of comparisons.",
        *_provisional(record),
    ]


def _provisional(record: Record) -> list[str]:
    few = record.replicates < LISTED_REPLICATES
    return [f"Provisional: a listed result needs {LISTED_REPLICATES} replicates."] if few else []


def table_block(
    caption: str,
    header: Row,
    body: Sequence[Row],
    label: str,
    notes: Sequence[str],
    cited: Sequence[str | None] = (),
    words: int = 1,
) -> str:
    """Return a table with its notes below it, its first and its last ``words`` columns aligned to the left.

    ``cited`` is the BibTeX key of each row's method, None where there is none.
    """
    keys = [None, *(cited or [None] * len(body))]
    marks = [rf"~\cite{{{key}}}" if key else "" for key in keys]
    rows = [_line(row, mark) for row, mark in zip((header, *body), marks, strict=True)]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', label).strip('-')}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 1 - words)}{'l' * words}}}",
        r"\toprule",
        rf"{rows[0]} \\",
        r"\midrule",
        *(rf"{row} \\" for row in rows[1:]),
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\medskip",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
        *map(escaped, notes),
        r"\end{minipage}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _line(row: Row, mark: str) -> str:
    first, *others = map(_cell, row)
    return " & ".join([f"{first}{mark}", *others])


def _plain(text: str) -> str:
    return printable(text.replace("\n", " "))
