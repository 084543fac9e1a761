"""The rows of a board as a table for a paper: LaTeX, Markdown, CSV or HTML, with intervals, notes and BibTeX keys."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from qaugbench.board.board_table import (
    ATTRIBUTION,
    Row,
    amount_cells,
    control_verdict_cell,
    difference_cell,
    mean_cell,
    order,
    ties,
    verdict_cell,
    what_reference,
)
from qaugbench.board.cite import generator_key
from qaugbench.board.gains import Measured
from qaugbench.board.leaderboard import on_the_family
from qaugbench.board.standings import Section, Standings
from qaugbench.formatting import NONE, fraction_words, markdown_table, p_value, span, unsigned
from qaugbench.kinds import is_quantum
from qaugbench.report.boards import COLUMNS, frame_rows
from qaugbench.report.latex import table_block
from qaugbench.report.record_views import grouping
from qaugbench.report.score_rows import table_csv
from qaugbench.stats.decide import LISTED_REPLICATES

HEADER = ("method", "kind", "mean", "vs R*", "vs control", "adjusted p", "rank", "n", "verdict", "circuit")
CSV_COLUMNS = (*COLUMNS, "bibtex_key")


@dataclass(frozen=True)
class PaperTable:
    """A board at one fraction: caption, label, one line per method with the BibTeX key of its paper, and notes."""

    caption: str
    label: str
    rows: tuple[tuple[str, ...], ...]
    keys: tuple[str | None, ...]
    notes: tuple[str, ...]


def paper_tables(found: Standings) -> list[PaperTable]:
    """Return one table per board and fraction, the largest difference first, controls beneath their generator."""
    listed = zip(found.boards, found.sections, strict=True)
    return [_table(found, board, section) for board, sections in listed for section in sections]


def as_text(found: Standings, form: str) -> str:
    """Return all tables in one of ``FORMATS``."""
    return FORMATS[form](found)


def _csv(found: Standings) -> str:
    cited = {arm.id: _key(row) for row in _rows(found) for arm in (row.arm, *(one.arm for one in row.controls))}
    rows = [{"control_of": None, **row, "bibtex_key": cited.get(row["method"])} for row in frame_rows(found)]
    return table_csv(CSV_COLUMNS, rows)


def _latex(found: Standings) -> str:
    blocks = [
        table_block(one.caption, HEADER, one.rows, one.label, one.notes, one.keys, words=2)
        for one in paper_tables(found)
    ]
    needs = "% Needs \\usepackage{booktabs}; the keys are those of 'qaugbench cite'."
    return "\n".join([needs, *blocks]) + "\n"


def _markdown(found: Standings) -> str:
    parts = []
    for one in paper_tables(found):
        rows = [(_cited(row[0], key), *row[1:]) for row, key in zip(one.rows, one.keys, strict=True)]
        parts += [f"**{one.caption}**", markdown_table(HEADER, rows, words=2), *one.notes]
    return "\n\n".join(parts) + "\n"


def _html(found: Standings) -> str:
    return "\n".join(line for one in paper_tables(found) for line in _html_lines(one)) + "\n"


def _html_lines(one: PaperTable) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in HEADER)
    yield f"<table><caption>{html.escape(one.caption)}</caption>"
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for row, key in zip(one.rows, one.keys, strict=True):
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        yield f'<tr><th scope="row">{html.escape(_cited(row[0], key))}</th>{cells}</tr>'
    notes = html.escape(" ".join(one.notes))
    yield f'</tbody><tfoot><tr><td colspan="{len(HEADER)}">{notes}</td></tr></tfoot></table>'


FORMATS: Mapping[str, Callable[[Standings], str]] = {
    "latex": _latex,
    "markdown": _markdown,
    "csv": _csv,
    "html": _html,
}


def _cited(method: str, key: str | None) -> str:
    return method if key is None else f"{method} [{key}]"


def _rows(found: Standings) -> Iterator[Row]:
    for sections in found.sections:
        for section in sections:
            yield from section.rows


def _key(row: Row) -> str | None:
    """Return the BibTeX key of the paper of a row's generator, or None where it has none."""
    cited = any(one.id == row.arm.generator and one.citation for one in row.record.generators)
    return generator_key(str(row.arm.generator)) if cited else None


def _table(found: Standings, board: Measured, section: Section) -> PaperTable:
    rows: list[tuple[str, ...]] = []
    keys: list[str | None] = []
    for row in sorted(section.rows, key=order):
        rows.append(_cells(row, section, found.family.rows.get(row.place)))
        rows += [_control_cells(one) for one in row.controls]
        keys += [_key(row), *(None for _ in row.controls)]
    record = board.record
    share = f"{fraction_words(section.key)} of the training {grouping(record)}"
    return PaperTable(
        caption=f"{record.title} ({record.board}), {share}: {section.rows[0].endpoint}.",
        label=f"{record.board}-{section.key}",
        rows=tuple(rows),
        keys=tuple(keys),
        notes=tuple(_notes(found, board, section)),
    )


def _notes(found: Standings, board: Measured, section: Section) -> Iterator[str]:
    record = board.record
    data = record.data
    yield what_reference(board.references.get(section.key))
    yield (
        f"mean: over n replicates on {data.n_images['test']:,} test images of {data.n_groups['test']:,} {grouping(record)}; vs R*: "
        f"difference from R* with its 95 % interval over replicates and {grouping(record)}; vs control: in the row of a control, "
        "its generator minus it."
    )
    if section.ranking.spans:
        tied = ties(list(section.ranking.spans.values()))
        yield f"rank: possible ranks (95 %, simultaneous over the rows of the table). {tied}"
    if section.ranking.separable is not None:
        yield f"Rows closer than {unsigned(section.ranking.separable)} cannot be told apart."
    yield "circuit: whether a gain is attributed to the circuit, by the controls."
    if record.replicates >= LISTED_REPLICATES:
        yield on_the_family(found.family)
    else:
        yield f"Provisional: {record.replicates} replicates; a listed result needs {LISTED_REPLICATES}. No p-value is adjusted."


def _cells(row: Row, section: Section, adjusted: float | None) -> tuple[str, ...]:
    rank = section.ranking.spans.get(row.place)
    attribution = ATTRIBUTION[row.verdict.ladder.attribution] if row.verdict and is_quantum(row.arm.kind) else ""
    return (
        row.arm.id,
        str(row.arm.kind),
        mean_cell(row.value),
        difference_cell(row.difference),
        "",
        p_value(adjusted),
        NONE if rank is None else span(*rank),
        amount_cells(row)[0],
        verdict_cell(row),
        attribution,
    )


def _control_cells(row: Row) -> tuple[str, ...]:
    over = "" if row.over_control is None else difference_cell(row.over_control)
    return (
        row.arm.id,
        f"control, {row.arm.kind}",
        mean_cell(row.value),
        difference_cell(row.difference),
        over,
        "",
        "",
        amount_cells(row)[0],
        control_verdict_cell(row),
        "",
    )
