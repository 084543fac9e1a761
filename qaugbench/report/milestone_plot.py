"""How near the samples of a fit were to real images on its way, and the word that says whether it was long enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qaugbench.report.curve_plot import mark_ends
from qaugbench.report.drawing import GRID, NARROW, STYLE, WIDE, mark
from qaugbench.report.identity import Look


@dataclass(frozen=True)
class Milestones:
    """The distances of one method's samples after each percentage of its steps, with 95 % limits, and the word for its fit."""

    method: str
    percents: Sequence[int]
    distances: Sequence[float]
    limits: Sequence[tuple[float, float]]
    word: str | None


def milestones(
    panels: Mapping[str, Sequence[Milestones]], looks: Mapping[str, Look], *, ylabel: str, narrow: bool = False
) -> Figure:
    """Return a figure with one panel per title; the methods of a panel stand a little apart."""
    columns = min(1 if narrow else 2, len(panels))
    rows = math.ceil(len(panels) / columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(NARROW if narrow else WIDE, 2.5 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        for axis, (title, found) in zip(axes, panels.items(), strict=False):
            _panel(axis, found, looks)
            axis.set_title(title)
            axis.set_ylabel(ylabel)
            axis.set_xlabel("% of the steps", loc="right", labelpad=1)
        return figure


def _panel(axis: Axes, found: Sequence[Milestones], looks: Mapping[str, Look]) -> None:
    ends: dict[str, tuple[float, float]] = {}
    for number, one in enumerate(found):
        look = looks[one.method]
        places = [percent + 1.2 * number for percent in one.percents]
        for place, limits in zip(places, one.limits, strict=True):
            axis.plot([place, place], limits, color=look.color, linewidth=1.2)
        axis.plot(places, one.distances, linestyle=look.dash, linewidth=1.2, label=one.method, **mark(look, 5))
        if one.word is not None:
            ends[one.method] = places[-1], one.distances[-1]
    axis.set_xticks(sorted({percent for one in found for percent in one.percents}))
    axis.set_xlim(None, axis.get_xlim()[1] + 2)
    mark_ends(axis, ends, {one.method: one.word for one in found if one.word is not None}, looks)
    axis.grid(axis="y", color=GRID, linewidth=0.8)
    axis.legend(
        fontsize=7.5, handlelength=2.8, ncols=2, columnspacing=1.2, loc="upper left", bbox_to_anchor=(0.0, -0.22)
    )
