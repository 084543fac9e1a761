"""How often what was stated happened, beside the diagonal of perfect calibration: as trained, and after temperature scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from qaugbench.formatting import unsigned
from qaugbench.report.drawing import GRID, NARROW, SOFT, STYLE, WIDE, handle, mark
from qaugbench.report.identity import Look

PER_ROW = 4


@dataclass(frozen=True)
class ReliabilityCurve:
    """The mean stated probability and the share that happened, bin by bin, of one arm."""

    arm: str
    stated: Sequence[float]
    happened: Sequence[float]


def reliability_curves(
    panels: Mapping[str, Sequence[ReliabilityCurve]], looks: Mapping[str, Look], *, narrow: bool = False
) -> Figure:
    """Return a figure with one panel per title, on equal axes that hold every point."""
    arms = list(dict.fromkeys(curve.arm for found in panels.values() for curve in found))
    points = [point for found in panels.values() for curve in found for point in (*curve.stated, *curve.happened)]
    limits = (max(min(points) - 0.03, -0.02), min(max(points) + 0.03, 1.02))
    columns = 1 if narrow else len(panels)
    side = NARROW if narrow else WIDE / max(columns, 2)
    rows = -(-len(panels) // columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(side * columns, side * rows + 0.2 * -(-len(arms) // PER_ROW)), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, (title, found) in zip(axes, panels.items(), strict=True):
            _panel(axis, found, looks, limits)
            axis.set_title(title)
        handles = [handle(arm, looks[arm]) for arm in arms]
        figure.legend(handles=handles, loc="outside upper left", ncols=2 if narrow else PER_ROW, fontsize=7.5)
        return figure


def _panel(
    axis: Axes, found: Sequence[ReliabilityCurve], looks: Mapping[str, Look], limits: tuple[float, float]
) -> None:
    axis.plot(limits, limits, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    for curve in found:
        look = looks[curve.arm]
        axis.plot(curve.stated, curve.happened, linestyle=look.dash, linewidth=1.2, **mark(look, 4))
    axis.set(xlim=limits, ylim=limits, xlabel="stated probability", ylabel="happened")
    axis.set_aspect("equal")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_formatter(FuncFormatter(lambda value, _: unsigned(value)))
    axis.grid(color=GRID, linewidth=0.8)
