"""The figures of boards and of single results as PDF and SVG, for a paper: equal results give equal files."""

from __future__ import annotations

import io
from collections.abc import Iterator

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from qaugbench.board.standings import Standings
from qaugbench.record import Record
from qaugbench.report.drawing import STYLE
from qaugbench.report.plots import answer_figure, class_figure, reference_figure
from qaugbench.site.pages import shown_boards
from qaugbench.site.rows import Gates

FORMATS = ("pdf", "svg")
UNDATED = {"pdf": {"CreationDate": None, "Creator": None, "Producer": None}, "svg": {"Date": None, "Creator": None}}
OF_A_RECORD = {"answer": answer_figure, "arms": reference_figure, "classes": class_figure}


def figure_files(found: Standings, gates: Gates) -> dict[str, bytes]:
    """Return every figure by its file name: of each board the gains against costs, of each entry what answers it."""
    charts = [chart for board in shown_boards(found, gates) for chart in board.chart_files.items()]
    drawn = {name.removesuffix(".svg"): chart.figure for name, chart in charts}
    for board in found.boards:
        for entry in board.entries:
            drawn |= dict(_of_record(entry.record))
    return {f"{name}.{form}": saved(figure, form) for name, figure in drawn.items() for form in FORMATS}


def _of_record(record: Record) -> Iterator[tuple[str, Figure]]:
    for fraction in record.fractions:
        for name, draw in OF_A_RECORD.items():
            figure = draw(record, fraction.key)
            if figure is not None:
                yield f"{record.id}-{fraction.key.removesuffix('%')}pct-{name}", figure


def saved(figure: Figure, form: str) -> bytes:
    """Return a figure as the bytes of a PDF or of an SVG, without a date; text stays text in a PDF."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    with matplotlib.rc_context({**STYLE, "pdf.fonttype": 42}):
        figure.savefig(buffer, format=form, metadata=UNDATED[form])
    return buffer.getvalue()
