"""Utility and fidelity against noise: a row for each measure, a column for each sweep, the twin beside the generator."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from qaugbench.ablation.levels import Sweep
from qaugbench.ablation.study import LevelResult, MeasureFacts, Side, StudyResult, shown_measures
from qaugbench.circuits.noise.presets import names, preset
from qaugbench.formatting import PHANTOM_BANNER
from qaugbench.kinds import Kind
from qaugbench.predictions import ArmInfo
from qaugbench.report.drawing import GRID, SOFT, STYLE, mark
from qaugbench.report.identity import Look, looks

COLUMN, ROW = 3.4, 2.1
DOTS_PER_INCH = 150
Z = 1.96
EDGE = 1.4
"""By what factor the scale reaches beyond the levels."""
MARKED = {
    "two_qubit": lambda device: device.two_qubit_error,
    "one_qubit": lambda device: device.one_qubit_error,
    "gates": lambda device: device.two_qubit_error,
    "readout": lambda device: device.readout_error,
}
"""The figure of a device that is on the axis of a sweep."""


def noise_png(found: StudyResult) -> bytes:
    """Return a PNG of the study; equal results give equal bytes.

    Bands are 95 % intervals of means over replicates, normal; without noise stands at the left edge. Dotted lines are devices.
    """
    shown, sweeps = shown_measures(found.levels), [sweep for sweep in found.study.sweeps if found.of(sweep)]
    looked = _looks(found.study.generator)
    with matplotlib.rc_context(STYLE):
        size = (max(COLUMN * len(sweeps), 5.0), ROW * max(len(shown), 1) + 1.0)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(max(len(shown), 1), len(sweeps), squeeze=False, sharey="row")
        for column, sweep in enumerate(sweeps):
            for row, measure in enumerate(shown):
                _draw(axes[row][column], found, sweep, measure, looked, named=row == 0)
                axes[row][column].set_ylabel(
                    f"{measure.title} ({measure.better} is better)" if column == 0 else "", fontsize=7.5
                )
                axes[row][column].tick_params(labelsize=7)
            axes[0][column].set_title(sweep.title, fontsize=8)
            axes[-1][column].set_xlabel(sweep.unit, fontsize=7.5)
        study = found.study
        banner = f"\n{PHANTOM_BANNER}" if study.phantom else ""
        figure.suptitle(f"{study.generator}, {study.task} / {study.source} / {study.track}{banner}", fontsize=9.5)
        named = {
            label: handle
            for axis in axes.ravel()
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        figure.legend(named.values(), named.keys(), fontsize=7.5, loc="outside lower center", ncols=4)
        FigureCanvasAgg(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def _looks(generator: str) -> tuple[Look, Look]:
    kind: Kind = "hybrid"
    own = ArmInfo(id=generator, role="synthetic", generator=generator, control="none", kind=kind)
    twin = ArmInfo(id=f"{generator}:twin", role="control", generator=generator, control="twin", kind="classical")
    found = looks([own, twin])
    return found[own.id], found[twin.id]


def _draw(
    axis: Axes, found: StudyResult, sweep: Sweep, measure: MeasureFacts, looked: tuple[Look, Look], *, named: bool
) -> None:
    results = found.of(sweep)
    places = _places(results)
    own, twin = looked
    _line(axis, places, [one.generator for one in results], measure, own, found.study.generator)
    beside = [found.twin if one.level.is_clean else one.twin_with_noise for one in results]
    if any(beside):
        _line(axis, places, beside, measure, twin, "twin with noise of equal variance (left: without)")
    if found.twin is not None and (clean := found.twin.mean(measure.name)) is not None:
        axis.axhline(clean, color=twin.color, linestyle="dotted", linewidth=1.0, label="clean twin")
    if found.real_only is not None and (real := found.real_only.mean(measure.name)) is not None:
        axis.axhline(real, color=SOFT, linestyle="dashdot", linewidth=1.0, label="real images alone")
    _scale(axis, places, results)
    if sweep.name in MARKED:
        _devices(axis, sweep, named=named)
    axis.grid(axis="y", color=GRID, linewidth=0.6)


def _places(results: Sequence[LevelResult]) -> list[float]:
    """Return where each level is drawn: at its strength, and without noise a step to the left of the weakest."""
    strengths = [one.level.strength for one in results]
    some = sorted(strength for strength in strengths if strength > 0)
    if not some:
        return [1.0 for _ in strengths]
    left = some[0] / (some[1] / some[0] if len(some) > 1 else 3.0)
    return [strength if strength > 0 else left for strength in strengths]


def _scale(axis: Axes, places: Sequence[float], results: Sequence[LevelResult]) -> None:
    """Name the levels by their values; the scale is that of their strengths."""
    axis.set_xscale("log")
    axis.set_xlim(min(places) / EDGE, max(places) * EDGE)
    axis.minorticks_off()
    axis.set_xticks(list(places), [f"{one.level.value:g}" for one in results])


def _line(
    axis: Axes, places: Sequence[float], sides: Sequence[Side | None], measure: MeasureFacts, look: Look, label: str
) -> None:
    known = [
        (place, side.mean(measure.name), side.error(measure.name) or 0.0)
        for place, side in zip(places, sides, strict=True)
        if side is not None and side.mean(measure.name) is not None
    ]
    if not known:
        return
    at, means, errors = zip(*known, strict=True)
    low = [float(mean or 0.0) - Z * error for mean, error in zip(means, errors, strict=True)]
    high = [float(mean or 0.0) + Z * error for mean, error in zip(means, errors, strict=True)]
    axis.fill_between(at, low, high, color=look.color, alpha=0.14, linewidth=0)
    axis.plot(at, means, linestyle=look.dash, linewidth=1.3, label=label, **mark(look, 4.0))


def _devices(axis: Axes, sweep: Sweep, *, named: bool) -> None:
    """Mark what dated facts say of devices, within the range of the sweep."""
    low, high = axis.get_xlim()
    top = axis.get_xaxis_transform()
    known = [(MARKED[sweep.name](preset(name)), name.replace("_", " ")) for name in names()]
    inside = sorted((value, name) for value, name in known if value is not None and low < value < high)
    for number, (value, name) in enumerate(inside):
        axis.axvline(value, color=SOFT, linestyle="dotted", linewidth=0.6, zorder=0)
        if named:  # at two heights: devices of one year are near one another
            at = 0.99 - 0.45 * (number % 2)
            axis.text(value, at, name, transform=top, fontsize=4.5, color=SOFT, va="top", ha="right", rotation=90)
