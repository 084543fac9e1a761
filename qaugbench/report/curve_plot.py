"""Training curves: every replicate thin, the mean over replicates thick and with its arm's mark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from qaugbench.formatting import unsigned
from qaugbench.report.colours import LIGHT_GROUND
from qaugbench.report.drawing import GRID, NARROW, STYLE, WIDE, mark
from qaugbench.report.identity import Look

MARKS = 6
"""Marks along a curve."""


@dataclass(frozen=True)
class Curve:
    """One training curve: steps and values, and the method that it belongs to."""

    method: str
    steps: Sequence[float]
    values: Sequence[float]


def curves(
    panels: Mapping[str, Sequence[Curve]],
    looks: Mapping[str, Look],
    *,
    ylabel: str,
    scores: bool = False,
    words: Mapping[str, str] | None = None,
    narrow: bool = False,
) -> Figure:
    """Return a figure with one panel per title.

    Values that span two decades or more are drawn on a logarithmic scale; ``scores`` are written as everywhere. ``words`` are
    written at the end of a method's curve.
    """
    titles = [title for title, found in panels.items() if found]
    columns = min(1 if narrow else 2, len(titles))
    n_rows = math.ceil(len(titles) / columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(NARROW if narrow else WIDE, 2.9 * n_rows), layout="constrained")
        axes = figure.subplots(n_rows, columns, sharey=True, squeeze=False).ravel()
        for axis in axes[len(titles) :]:
            axis.set_visible(False)
        logarithmic = _spans_decades([value for found in panels.values() for curve in found for value in curve.values])
        for number, (axis, title) in enumerate(zip(axes, titles, strict=False)):
            _panel(axis, panels[title], looks, words or {})
            axis.set_title(title)
            axis.set_xlabel("step", loc="right", labelpad=1)
            if number % columns == 0:
                axis.set_ylabel(ylabel)
            if logarithmic:
                axis.set_yscale("log")
            elif scores:
                axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: unsigned(value)))
        return figure


def _panel(axis: Axes, found: Sequence[Curve], looks: Mapping[str, Look], words: Mapping[str, str]) -> None:
    ends: dict[str, tuple[float, float]] = {}
    methods = list(dict.fromkeys(curve.method for curve in found))
    for number, method in enumerate(methods):
        own = [curve for curve in found if curve.method == method]
        look = looks[method]
        for curve in own if len(own) > 1 else []:
            axis.plot(curve.steps, curve.values, color=look.color, linewidth=0.6, alpha=0.35)
        shared = [curve for curve in own if list(curve.steps) == list(own[0].steps)]
        mean = np.mean([curve.values for curve in shared], axis=0)
        every = max(1, len(mean) // MARKS)
        first = round(every * number / len(methods))
        drawn = {**mark(look, 5), "markevery": (min(first, len(mean) - 1), every)}
        axis.plot(shared[0].steps, mean, linestyle=look.dash, linewidth=1.5, label=method, **drawn)
        ends[method] = shared[0].steps[-1], float(mean[-1])
    mark_ends(axis, {method: end for method, end in ends.items() if method in words}, words, looks)
    axis.grid(axis="y", color=GRID, linewidth=0.8)
    below = (0.0, -0.22)
    axis.legend(fontsize=7.5, handlelength=2.8, ncols=2, columnspacing=1.2, loc="upper left", bbox_to_anchor=below)


def mark_ends(
    axis: Axes, ends: Mapping[str, tuple[float, float]], words: Mapping[str, str], looks: Mapping[str, Look]
) -> None:
    """Write each method's word above the end of the highest curve, one below the other in the order of the ends."""
    highest = max((end for _, end in ends.values()), default=0.0)
    for place, method in enumerate(sorted(ends, key=lambda method: ends[method][1])):
        axis.annotate(
            f"{method}: {words[method]}",
            (ends[method][0], highest),
            (-5, 10 + 11 * place),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=7.5,
            fontweight="bold",
            color=looks[method].color,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground=LIGHT_GROUND)],
            zorder=6,
        )


def _spans_decades(values: Sequence[float]) -> bool:
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) >= 100
