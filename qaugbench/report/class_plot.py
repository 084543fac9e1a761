"""One value per class and arm with its interval, beside the line of chance; classes with few positives are marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qaugbench.formatting import unsigned
from qaugbench.report.drawing import BAND, GRID, INK, NARROW, SOFT, STYLE, WIDE, draw_interval, handle
from qaugbench.report.identity import Look

CHANCE = 0.5
ROOM_FOR_CHANCE = 0.5
NARROWEST_RANGE = 0.02
"""Values that are closer together than this are not spread over the whole axis."""


@dataclass(frozen=True)
class ArmValue:
    """One arm's value of one class: the mean over replicates and its 95 % interval, None where there is none."""

    arm: str
    mean: float
    limits: tuple[float, float] | None


@dataclass(frozen=True)
class ClassRow:
    """One class: its title, how many positive images it was scored on, whether these are few, and the arms' values."""

    title: str
    n_positive: int
    few: bool
    values: Sequence[ArmValue]

    @property
    def label(self) -> str:
        """The title with the number of positives; few ones are marked in words."""
        return f"{self.title}\n{self.n_positive:,} positive{' (few)' if self.few else ''}"


def per_class(rows: Sequence[ClassRow], looks: Mapping[str, Look], *, xlabel: str, narrow: bool = False) -> Figure:
    """Return a figure of the values of every class and arm with intervals, classes from top to bottom."""
    arms = list(dict.fromkeys(value.arm for row in rows for value in row.values))
    columns = 2 if narrow else 4
    legend_height = 0.2 * math.ceil(len(arms) / columns) + 0.15
    height = len(rows) * max(0.5, 0.13 * len(arms) + 0.12)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(NARROW if narrow else WIDE, height + 0.6 + legend_height), layout="constrained")
        axis = figure.subplots()
        offsets = dict(zip(arms, _offsets(len(arms)), strict=True))
        for place, row in enumerate(rows):
            _class_row(axis, place, row, looks, offsets)
        axis.set_yticks(range(len(rows)), [row.label for row in rows])
        for tick, row in zip(axis.get_yticklabels(), rows, strict=True):
            tick.set_fontstyle("italic" if row.few else "normal")
            tick.set_color(SOFT if row.few else INK)
        axis.set_ylim(len(rows) - 0.5, -0.5)
        _chance(axis, *_reach(rows))
        axis.set_xlabel(xlabel, fontsize=8)
        axis.xaxis.set_major_locator(MaxNLocator(4 if narrow else 6))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: unsigned(value)))
        axis.grid(axis="x", color=GRID, linewidth=0.8, zorder=0)
        axis.tick_params(axis="y", length=0)
        handles = [handle(arm, looks[arm]) for arm in arms]
        figure.legend(handles=handles, loc="outside upper left", ncols=columns, fontsize=7.5, handletextpad=0.2)
        return figure


def _reach(rows: Sequence[ClassRow]) -> tuple[float, float]:
    """Return the least and the greatest of all values and limits."""
    ends = [end for row in rows for value in row.values for end in (value.mean, *(value.limits or ()))]
    return min(ends), max(ends)


def _chance(axis: Axes, low: float, high: float) -> None:
    """Set the limits of the axis from the data, and draw the line of chance where they hold it, else say at the edge where it is.

    Chance is taken into the limits where that widens the range of the data by half at most.
    """
    room = max(high - low, NARROWEST_RANGE)
    beyond = max(low - CHANCE, CHANCE - high, 0.0)
    if beyond <= ROOM_FOR_CHANCE * room:
        low, high = min(low, CHANCE), max(high, CHANCE)
        axis.axvline(CHANCE, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        axis.annotate("chance", (CHANCE, -0.5), (2, 2), textcoords="offset points", fontsize=7.5, color=SOFT)
    else:
        left, words = low > CHANCE, f"chance {unsigned(CHANCE)}"
        axis.annotate(
            f"\N{LEFTWARDS ARROW} {words}" if left else f"{words} \N{RIGHTWARDS ARROW}",
            (0.0 if left else 1.0, 1.0),
            (0, 2),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="left" if left else "right",
            fontsize=7.5,
            color=SOFT,
        )
    pad = 0.05 * max(high - low, NARROWEST_RANGE)
    axis.set_xlim(low - pad, high + pad)


def _class_row(
    axis: Axes, place: float, row: ClassRow, looks: Mapping[str, Look], offsets: Mapping[str, float]
) -> None:
    if place % 2:
        axis.axhspan(place - 0.5, place + 0.5, color=BAND, linewidth=0, zorder=-1)
    for value in row.values:
        draw_interval(axis, place + offsets[value.arm], value.mean, value.limits, looks[value.arm], size=4.5)


def _offsets(n: int) -> list[float]:
    return [float(offset) for offset in np.linspace(-0.36, 0.36, n)] if n > 1 else [0.0]
