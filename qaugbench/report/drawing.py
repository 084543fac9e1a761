"""What all figures share: their style, marks with whiskers, and SVG text that follows the page into the dark."""

from __future__ import annotations

import io
import re
import textwrap
from typing import Any

from matplotlib import patheffects, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qaugbench.formatting import PHANTOM_BANNER
from qaugbench.report.colours import LIGHT_GROUND, on_dark
from qaugbench.report.identity import Look

INK, SOFT, AXIS, GRID, BAND = "#20262d", "#4a5360", "#7d8792", "#e3e7eb", "#eef1f4"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "qaugbench",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "figure.facecolor": LIGHT_GROUND,
    "axes.facecolor": LIGHT_GROUND,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": AXIS,
    "axes.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "legend.frameon": False,
}
WIDE, NARROW = 7.2, 3.7
"""Inches of a figure on a page, and on a telephone."""
MARK_LETTERS = 13
"""Letters of the mark of phantom data in an inch of a figure's width."""
MARK_LINE = 0.17
"""Inches per line of it."""
SUPERFLUOUS = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<!DOCTYPE.*?>|(?<=>)\s+(?=<)", re.DOTALL)
COLOUR = re.compile(r"(?<=: )#[0-9a-f]{6}(?=[;\"])")


def draw_interval(
    axis: Axes, place: float, estimate: float, limits: tuple[float, float] | None, look: Look, *, size: float
) -> None:
    """Draw a mark at (estimate, place), and its limits as a line whose ends are taller than the mark and drawn over it.

    So an interval narrower than its mark is seen too.
    """
    if limits is not None:
        axis.plot(
            limits,
            [place, place],
            color=look.color,
            linestyle=look.dash,
            linewidth=0.3 * size,
            solid_capstyle="butt",
            zorder=3,
        )
        around = patheffects.withStroke(linewidth=0.2 * size + 1.2, foreground=LIGHT_GROUND)
        axis.plot(
            limits,
            [place, place],
            marker="|",
            markersize=1.7 * size,
            markeredgewidth=0.2 * size,
            linestyle="none",
            color=look.color,
            path_effects=[around],
            zorder=5,
        )
    axis.plot(estimate, place, linestyle="none", zorder=4, **mark(look, size))


def mark(look: Look, size: float) -> dict[str, Any]:
    """Return the mark of a method as options of matplotlib's ``plot``; what is not filled has the page's colour."""
    return {
        "marker": look.marker,
        "markersize": size,
        "color": look.color,
        "fillstyle": "full" if look.fill == "none" else look.fill,
        "markerfacecolor": LIGHT_GROUND if look.fill == "none" else look.color,
        "markerfacecoloralt": LIGHT_GROUND,
        "markeredgecolor": look.color,
        "markeredgewidth": 1.1,
    }


def handle(arm: str, look: Look, *, size: float = 5.5) -> Line2D:
    """Return the entry of a legend for one arm."""
    return Line2D([], [], linestyle="none", label=arm, **mark(look, size))


def marked_as_phantom(figure: Figure) -> Figure:
    """Return a figure that says below its axes that its data are phantoms, and is as much higher: figures leave their page."""
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(PHANTOM_BANNER, int(MARK_LETTERS * width))
    figure.set_size_inches(width, height + MARK_LINE * len(lines))
    figure.supxlabel("\n".join(lines), fontsize=8, weight="bold", color=INK)
    return figure


def svg(figure: Figure) -> str:
    """Return a figure as SVG text that has the colours of a dark page where the reader asked for one.

    Without a date: equal figures give equal text.
    """
    FigureCanvasAgg(figure)
    buffer = io.StringIO()
    with rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return themed(re.sub(r"\s*\n\s*", " ", SUPERFLUOUS.sub("", buffer.getvalue())))


def themed(drawn: str) -> str:
    """Return SVG text whose colours are variables: as drawn, and on a dark page those of ``on_dark``."""
    names = {color: f"--c{number}" for number, color in enumerate(sorted(set(COLOUR.findall(drawn))))}
    light = "".join(f"{name}:{color};" for color, name in names.items())
    dark = "".join(f"{name}:{on_dark(color)};" for color, name in names.items())
    style = f"<style>svg{{{light}}}@media (prefers-color-scheme: dark){{svg{{{dark}}}}}</style>"
    opened = drawn.index(">", drawn.index("<svg")) + 1
    body = COLOUR.sub(lambda found: f"var({names[found[0]]})", drawn[opened:])
    return f"{drawn[:opened]}{style}{body}"
