"""Differences with their intervals, one row each, on one axis with zero and the margin drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from qaugbench.errors import shortened
from qaugbench.formatting import WIDTH, change, signed, unsigned
from qaugbench.report.colours import LIGHT_GROUND
from qaugbench.report.drawing import AXIS, BAND, INK, NARROW, SOFT, STYLE, WIDE, draw_interval
from qaugbench.report.identity import Look

ROW = 0.27
"""Inches per row."""
WORDS, BELOW_WORDS = -0.75, -0.3
"""Rows from the first title to the middle of the words above the plot, and to where the zero line begins below them."""
LETTERS, LABEL_LETTERS = 42, 32
"""Letters in one line of a narrow figure: of a title, and of a label that leaves room for its numbers."""
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Difference:
    """One row of a forest plot: a difference and its 95 % interval, None where there is none."""

    label: str
    estimate: float
    low: float | None
    high: float | None
    look: Look

    @property
    def limits(self) -> tuple[float, float] | None:
        """The interval, if there is one."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True)
class Panel:
    """A titled group of rows; the zero line is what they are compared with."""

    title: str
    rows: Sequence[Difference]


def forest(
    panels: Sequence[Panel],
    *,
    unit: str,
    margin: float | None = None,
    no_interval: str | None = None,
    narrow: bool = False,
) -> Figure:
    """Return a figure of differences with intervals, one panel under the other on one axis.

    The band is the range in which a difference does not matter (plus and minus ``margin``). Where no difference has an
    interval, ``no_interval`` says why in its place: a mark within the band would pass for a finding. A ``narrow`` figure, for
    a telephone, has every label above its row.
    """
    panels = [panel for panel in panels if panel.rows]
    lines = 1.75 if narrow else 1.0
    titles = [textwrap.wrap(panel.title, LETTERS if narrow else WIDTH) for panel in panels]
    bottom = sum(lines * len(panel.rows) + 1.0 for panel in panels) + 0.8 * sum(map(len, titles)) - 1.2 + 0.3 * narrow
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(NARROW if narrow else WIDE, (bottom + 1.5) * ROW + 0.5), layout="constrained")
        axis = figure.subplots()
        _scale(axis, panels, None if no_interval else margin, no_interval, bottom)
        place, places = 0.0, {}
        for panel, title in zip(panels, titles, strict=True):
            place += 0.8 * (len(title) - 1)
            _text(axis, 0.0, place - 0.4 * (len(title) - 1), "\n".join(title), weight="bold", narrow=narrow)
            for row in panel.rows:
                place += lines
                places[place] = row.label
                _row(axis, place, row, narrow=narrow)
            place += 1.8
        axis.set_yticks(list(places), [""] * len(places) if narrow else list(places.values()))
        axis.set_ylim(bottom, -1.1)
        axis.set_xlabel(f"difference in {unit}\n(left of 0: worse, right: better)", fontsize=8)
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        return figure


def _scale(axis: Axes, panels: Sequence[Panel], margin: float | None, no_interval: str | None, bottom: float) -> None:
    """Draw zero, from ``bottom`` up to the words above the plot, and the margin; set limits that hold every interval."""
    ends = [end for panel in panels for row in panel.rows for end in (row.estimate, *(row.limits or ()))]
    reach = 1.08 * max([abs(end) for end in ends] + [1.25 * (margin or 0.0), 2e-3])
    axis.plot([0, 0], [bottom, BELOW_WORDS], color=SOFT, linewidth=1.0, zorder=1)
    if margin is not None:
        axis.axvspan(-margin, margin, color=BAND, zorder=0, linewidth=0)
        for side in (-margin, margin):
            axis.axvline(side, color=AXIS, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    words = no_interval or (None if margin is None else f"too small to matter: ±{unsigned(margin)}")
    if words is not None:
        ground = {"facecolor": LIGHT_GROUND if no_interval else BAND, "edgecolor": "none", "pad": 1.0}
        style: dict[str, Any] = {
            "fontsize": 7.5,
            "color": SOFT,
            "weight": "bold" if no_interval else "normal",
            "bbox": ground,
        }
        axis.annotate(words, (0, WORDS), ha="center", va="center", **style)
    axis.set_xlim(-reach, reach)
    step = next((step for step in STEPS if reach / step <= 3.5), 1.0)
    axis.xaxis.set_major_locator(MultipleLocator(step))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: signed(value)))


def _row(axis: Axes, place: float, row: Difference, *, narrow: bool) -> None:
    look = row.look if row.limits is not None else replace(row.look, color=AXIS, fill="none")
    draw_interval(axis, place, row.estimate, row.limits, look, size=6)
    numbers = change(row.estimate, row.low, row.high)
    if narrow:
        label = shortened(row.label, LABEL_LETTERS)
        _text(axis, 0.0, place - 0.8, label, fontsize=8, narrow=True)
        _text(axis, 1.0, place - 0.8, numbers, fontsize=8, color=SOFT, ha="right", narrow=True)
    else:
        _text(axis, 1.01, place, numbers, fontsize=8, color=SOFT, narrow=False)


def _text(axis: Axes, across: float, place: float, text: str, *, narrow: bool, **options: Any) -> None:
    """Write beside or over the plot, at a share of its width, on a ground of its own.

    In a ``narrow`` figure the text takes no room from the plot.
    """
    given = {"color": INK, "ha": "left", "va": "center", "annotation_clip": False, "linespacing": 1.1, **options}
    ground = {"facecolor": LIGHT_GROUND, "edgecolor": "none", "pad": 1.0}
    written = axis.annotate(text, (across, place), xycoords=("axes fraction", "data"), bbox=ground, **given)
    written.set_in_layout(not narrow)
