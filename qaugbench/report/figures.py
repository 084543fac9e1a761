"""Figures as SVG text: intervals of differences, training curves, per-class values. Equal inputs give equal bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from qaugbench.formatting import interval, signed
from qaugbench.report.identity import Look

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "qaugbench",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa3ad",
    "axes.linewidth": 0.8,
    "xtick.color": "#4a5360",
    "ytick.color": "#20262d",
    "axes.labelcolor": "#4a5360",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": "#20262d",
    "legend.frameon": False,
}
WIDTH = 7.2
ROW = 0.29


@dataclass(frozen=True)
class Interval:
    """One row of a forest plot: a difference with its 95 % interval."""

    label: str
    estimate: float
    low: float
    high: float
    look: Look


@dataclass(frozen=True)
class Panel:
    """A titled group of rows; the zero line is what they are compared with."""

    title: str
    rows: Sequence[Interval]


@dataclass(frozen=True)
class Curve:
    """One training curve: steps and values, and the method that it belongs to."""

    method: str
    steps: Sequence[float]
    values: Sequence[float]


def forest(panels: Sequence[Panel], *, unit: str, margin: float | None = None) -> str:
    """Return an SVG of differences with intervals, one panel under the other on one scale.

    The band is the range in which a difference does not matter (plus and minus ``margin``).
    """
    panels = [panel for panel in panels if panel.rows]
    bottom = sum(len(panel.rows) + 1.5 for panel in panels) - 0.9
    ends = [end for panel in panels for row in panel.rows for end in (row.low, row.high)]
    reach = 1.08 * max([abs(end) for end in ends] + [margin or 0.0, 1e-3])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, (bottom + 1) * ROW + 0.5), layout="constrained")
        axis = figure.subplots()
        if margin is not None:
            axis.axvspan(-margin, margin, color="#eef1f4", zorder=0, linewidth=0)
        axis.axvline(0, color="#4a5360", linewidth=0.9, zorder=1)
        places, labels = [], []
        place = 0.0
        for panel in panels:
            axis.annotate(
                panel.title,
                (0, place),
                xycoords=("axes fraction", "data"),
                va="center",
                weight="bold",
                color="#20262d",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
            for row in panel.rows:
                place += 1
                _forest_row(axis, place, row)
                places.append(place)
                labels.append(row.label)
            place += 1.5
        axis.set_yticks(places, labels)
        axis.set_ylim(bottom, -0.6)
        axis.set_xlim(-reach, reach)
        axis.xaxis.set_major_locator(MaxNLocator(6))
        axis.set_xlabel(f"difference in {unit}   (left: worse, right: better)")
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        return _svg(figure)


def _forest_row(axis: Axes, place: float, row: Interval) -> None:
    look = row.look
    axis.plot(
        [row.low, row.high],
        [place, place],
        color=look.color,
        linestyle=look.dash,
        linewidth=1.8,
        solid_capstyle="butt",
        zorder=3,
    )
    axis.plot(row.estimate, place, marker=look.marker, markersize=6, linestyle="none", color=look.color, zorder=4)
    axis.annotate(
        f"{signed(row.estimate)}  {interval(row.low, row.high)}",
        (1.01, place),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=8,
        color="#4a5360",
        annotation_clip=False,
    )


def curves(panels: Mapping[str, Sequence[Curve]], looks: Mapping[str, Look], *, ylabel: str, columns: int = 2) -> str:
    """Return an SVG with one panel per title: every replicate thin, the mean over replicates thick.

    Losses that span two decades or more are drawn on a logarithmic scale.
    """
    titles = [title for title, found in panels.items() if found]
    columns = min(columns, len(titles))
    n_rows = math.ceil(len(titles) / columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.7 * n_rows), layout="constrained")
        axes = figure.subplots(n_rows, columns, sharey=True, squeeze=False).ravel()
        for axis in axes[len(titles) :]:
            axis.set_visible(False)
        logarithmic = _spans_decades([value for found in panels.values() for curve in found for value in curve.values])
        for number, (axis, title) in enumerate(zip(axes, titles, strict=False)):
            _curve_panel(axis, panels[title], looks)
            axis.set_title(title)
            axis.set_xlabel("step", loc="right", labelpad=1)
            if number % columns == 0:
                axis.set_ylabel(ylabel)
            if logarithmic:
                axis.set_yscale("log")
        return _svg(figure)


def _curve_panel(axis: Axes, found: Sequence[Curve], looks: Mapping[str, Look]) -> None:
    methods = list(dict.fromkeys(curve.method for curve in found))
    for method in methods:
        own = [curve for curve in found if curve.method == method]
        look = looks[method]
        for curve in own if len(own) > 1 else []:
            axis.plot(curve.steps, curve.values, color=look.color, linewidth=0.6, alpha=0.35)
        shared = [curve for curve in own if list(curve.steps) == list(own[0].steps)]
        mean = np.mean([curve.values for curve in shared], axis=0)
        axis.plot(shared[0].steps, mean, color=look.color, linestyle=look.dash, linewidth=1.7, label=method)
    axis.grid(axis="y", color="#eef1f4", linewidth=0.8)
    below = (0.0, -0.24)
    axis.legend(fontsize=7.5, handlelength=2.6, ncols=2, columnspacing=1.2, loc="upper left", bbox_to_anchor=below)


def per_class(values: Mapping[str, Mapping[str, float]], looks: Mapping[str, Look], *, xlabel: str) -> str:
    """Return an SVG of one value per class and arm: ``values[class][arm]``, classes from top to bottom."""
    arms = list(dict.fromkeys(arm for found in values.values() for arm in found))
    offsets = np.linspace(-0.3, 0.3, len(arms)) if len(arms) > 1 else np.zeros(1)
    with matplotlib.rc_context(STYLE):
        columns = 4
        legend_height = 0.2 * math.ceil(len(arms) / columns) + 0.15
        height = len(values) * max(0.42, 0.085 * len(arms))
        figure = Figure(figsize=(WIDTH, height + 0.6 + legend_height), layout="constrained")
        axis = figure.subplots()
        for place, found in enumerate(values.values()):
            if place % 2:
                axis.axhspan(place - 0.5, place + 0.5, color="#f6f7f9", linewidth=0)
            for offset, arm in zip(offsets, arms, strict=True):
                if arm in found:
                    look = looks[arm]
                    face = look.color if look.dash == "solid" else "white"
                    axis.plot(
                        found[arm],
                        place + offset,
                        marker=look.marker,
                        markersize=5,
                        color=look.color,
                        markerfacecolor=face,
                    )
        axis.set_yticks(range(len(values)), list(values))
        axis.set_ylim(len(values) - 0.5, -0.5)
        axis.set_xlabel(xlabel)
        axis.grid(axis="x", color="#e3e7eb", linewidth=0.8)
        axis.tick_params(axis="y", length=0)
        handles = [_handle(arm, looks[arm]) for arm in arms]
        figure.legend(handles=handles, loc="outside upper left", ncols=columns, fontsize=7.5, handletextpad=0.2)
        return _svg(figure)


def _handle(arm: str, look: Look) -> Line2D:
    face = look.color if look.dash == "solid" else "white"
    return Line2D(
        [], [], marker=look.marker, color=look.color, markerfacecolor=face, linestyle="none", markersize=5, label=arm
    )


def _spans_decades(values: Sequence[float]) -> bool:
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) >= 100


def _svg(figure: Figure) -> str:
    """Return the figure as SVG without a date."""
    FigureCanvasAgg(figure)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
