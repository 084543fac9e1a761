"""What generators gained against what they cost, or against the number of real images: points with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from qaugbench.formatting import signed, unsigned
from qaugbench.report.drawing import AXIS, BAND, GRID, INK, NARROW, SOFT, STYLE, mark
from qaugbench.report.identity import Look

HEIGHT = 2.9
BOX = (0.19, 0.2, 0.77, 0.7)
"""Where the plot is in its figure, in shares of it: the same for all, so that those side by side are aligned."""
MOST_NAMES = 8
"""Points of a plot whose names are written beside them; of more, their marks tell which they are."""


@dataclass(frozen=True)
class GainPoint:
    """One method: what it cost or had (``x``), its gain or score, and the 95 % limits of that, None where there are none."""

    label: str
    x: float
    gain: float
    low: float | None
    high: float | None
    look: Look


def pareto(
    points: Sequence[GainPoint], *, xlabel: str, ylabel: str, title: str, margin: float | None = None, name: bool = True
) -> Figure:
    """Return a plot of gains against costs, with the front: what gained more than everything that cost no more.

    The band is the range in which a difference does not matter. Costs of zero are drawn at the left edge of a logarithmic axis
    that begins with the smallest other cost.
    """
    with matplotlib.rc_context(STYLE):
        figure, axis = _plot(title, xlabel, ylabel)
        if margin is not None:
            axis.axhspan(-margin, margin, color=BAND, zorder=0, linewidth=0)
        axis.axhline(0.0, color=SOFT, linewidth=1.0, zorder=1)
        lowest = min((point.x for point in points if point.x > 0), default=1.0)
        shown = [(max(point.x, lowest / 3), point) for point in points]
        best = front([(x, point.gain) for x, point in shown])
        if len(best) > 1:
            axis.step(
                *zip(*best, strict=True), where="post", color=AXIS, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2
            )
        _draw(axis, shown)
        if name and len(points) <= MOST_NAMES:
            for x, point in shown:
                place = (x, point.gain)
                axis.annotate(
                    point.label, place, (5, 3), textcoords="offset points", va="bottom", fontsize=7.5, color=INK
                )
        _log_scale(axis, [x for x, _ in shown])
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: signed(value)))
        return figure


def learning(lines: Sequence[tuple[str, Sequence[GainPoint]]], *, xlabel: str, ylabel: str, title: str) -> Figure:
    """Return a plot of scores against the number of real images, one line per method."""
    with matplotlib.rc_context(STYLE):
        figure, axis = _plot(title, xlabel, ylabel)
        for number, (label, points) in enumerate(lines):
            look = points[0].look
            places = [point.x * 1.015**number for point in points]
            axis.plot(places, [point.gain for point in points], linestyle=look.dash, color=look.color, linewidth=1.3)
            _draw(axis, list(zip(places, points, strict=True)))
            axis.plot([], [], linestyle=look.dash, label=label, **mark(look, 5))
        _log_scale(axis, [point.x for _, points in lines for point in points])
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: unsigned(value)))
        axis.legend(fontsize=7, loc="best")
        return figure


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points (cost, gain) that gained more than every point that costs no more, the cheapest first.

    >>> front([(10, 0.01), (20, 0.03), (30, 0.02), (10, 0.0)])
    [(10, 0.01), (20, 0.03)]
    """
    found: list[tuple[float, float]] = []
    for cost, gain in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or gain > found[-1][1]:
            found.append((cost, gain))
    return found


def compact(value: float) -> str:
    """Return a number with at most two significant digits and k, M or G for thousands, millions and billions.

    >>> compact(0.5), compact(500), compact(500_000), compact(2e6)
    ('0.5', '500', '500k', '2M')
    """
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{float(f'{value / unit:.2g}'):g}{name}"
    return f"{float(f'{value:.2g}'):g}"


def _plot(title: str, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(NARROW, HEIGHT))
    axis = figure.add_axes(BOX)
    axis.set_title(title)
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    axis.grid(axis="y", color=GRID, linewidth=0.8)
    axis.set_axisbelow(True)
    return figure, axis


def _draw(axis: Axes, points: Sequence[tuple[float, GainPoint]]) -> None:
    """Draw points with their intervals, those of one look together."""
    by_look: dict[Look, list[tuple[float, GainPoint]]] = {}
    for x, point in points:
        by_look.setdefault(point.look, []).append((x, point))
    for look, own in by_look.items():
        limits = [(x, one.low, one.high) for x, one in own if one.low is not None and one.high is not None]
        if limits:
            places, lows, highs = zip(*limits, strict=True)
            axis.vlines(places, lows, highs, colors=look.color, linewidth=1.3, zorder=3)
        axis.plot([x for x, _ in own], [one.gain for _, one in own], linestyle="none", zorder=4, **mark(look, 6))


def _log_scale(axis: Axes, places: Sequence[float]) -> None:
    """Draw costs on a logarithmic axis where they differ at all, with room at the right for names."""
    low, high = min(places), max(places)
    if low > 0:
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
        reach = max(high / low, 3.0)
        axis.set_xlim(low / reach**0.12, high * reach**0.45)
        axis.xaxis.set_minor_formatter(NullFormatter())
