"""Utility and fidelity against noise: a row for each measure, a column for each sweep, the twin beside the generator."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from qaugbench.ablation.levels import Sweep
from qaugbench.ablation.study import LevelResult, MeasureFacts, Side, Study, StudyResult, shown_measures
from qaugbench.circuits.noise.presets import names, preset
from qaugbench.formatting import PHANTOM_BANNER, unsigned
from qaugbench.kinds import Kind
from qaugbench.predictions import ArmInfo
from qaugbench.report.drawing import GRID, NARROW, SOFT, STYLE, WIDE, mark
from qaugbench.report.identity import Look, looks

COLUMN, ROW = 3.4, 2.1
DOTS_PER_INCH = 150
Z = 1.96
EDGE = 1.4
"""By what factor the scale reaches beyond the levels."""
NEAR = 4.0
"""Levels within this factor are too near for a scale of their strengths."""
MARKED = {
    "two_qubit": lambda device: device.two_qubit_error,
    "one_qubit": lambda device: device.one_qubit_error,
    "gates": lambda device: device.two_qubit_error,
    "readout": lambda device: device.readout_error,
}
"""The figure of a device that is on the axis of a sweep."""
MITIGATED = (("#1f8a70", "s"), ("#a33a6b", "^"), ("#7a6a00", "v"), ("#386fa4", "P"))
"""Colour and marker of the first, second, ... mitigation of a study."""
YIELD = MeasureFacts("yield", "yield", "higher", "share of runs whose detected pattern counts")


def noise_png(found: StudyResult) -> bytes:
    """Return a PNG of the study; equal results give equal bytes.

    Bands are 95 % intervals of means over replicates, normal; without noise stands at the left edge. Dotted lines are devices.
    """
    shown, sweeps = _panels(found), [sweep for sweep in found.study.sweeps if found.of(sweep)]
    looked = _looks(found.study)
    with matplotlib.rc_context(STYLE):
        size = (max(COLUMN * len(sweeps), 5.0), ROW * max(len(shown), 1) + 1.0)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(max(len(shown), 1), len(sweeps), squeeze=False, sharey="row")
        for column, sweep in enumerate(sweeps):
            for row, measure in enumerate(shown):
                _draw(axes[row][column], found, sweep, measure, looked, named=row == 0)
                axes[row][column].set_ylabel(_axis_title(measure) if column == 0 else "", fontsize=7.5)
            axes[0][column].set_title(textwrap.fill(sweep.title, 38), fontsize=8)
            axes[-1][column].set_xlabel(sweep.unit, fontsize=7.5)
        study = found.study
        banner = f"\n{PHANTOM_BANNER}" if study.phantom else ""
        figure.suptitle(f"{study.generator}, {study.task} / {study.source} / {study.track}{banner}", fontsize=9.5)
        _legend(figure, list(axes.ravel()), columns=2 if len(sweeps) == 1 else 4)
        FigureCanvasAgg(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def sweep_figure(found: StudyResult, sweep: Sweep, *, narrow: bool = False) -> Figure:
    """Return a figure of one sweep for a page, or for a telephone: as in ``noise_png``, a panel for each measure that it has."""
    measured, looked = shown_measures(found.of(sweep)), _looks(found.study)
    shown = [one for one in _panels(found) if one is YIELD or one in measured]
    columns = min(1 if narrow else 2, max(len(shown), 1))
    n_rows = math.ceil(max(len(shown), 1) / columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(NARROW if narrow else WIDE, 2.3 * n_rows + 0.8), layout="constrained")
        axes = list(figure.subplots(n_rows, columns, squeeze=False).ravel())
        for number, (axis, measure) in enumerate(zip(axes, shown, strict=False)):
            _draw(axis, found, sweep, measure, looked, named=number == 0)
            axis.set_title(_axis_title(measure))
            axis.set_xlabel(textwrap.fill(f"{sweep.title} ({sweep.unit})", 52), fontsize=7.5)
        for axis in axes[len(shown) :]:
            axis.set_visible(False)
        _legend(figure, axes, columns=1 if narrow else 2)
        if found.study.phantom:
            figure.suptitle(textwrap.fill(PHANTOM_BANNER, 40 if narrow else 80), fontsize=8, weight="bold")
        return figure


def _panels(found: StudyResult) -> tuple[MeasureFacts, ...]:
    """Return what has a panel: every measure that has values, and the yield of photons."""
    photons = (YIELD,) if any(one.photon_yield is not None for one in found.levels) else ()
    return (*shown_measures(found.levels), *photons)


def _axis_title(measure: MeasureFacts) -> str:
    return f"{measure.title} ({measure.better} is better)"


def _legend(figure: Figure, axes: Sequence[Axes], *, columns: int) -> None:
    named = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named.keys(), fontsize=7.5, loc="outside lower center", ncols=columns)


@dataclass(frozen=True)
class _Looks:
    """How the generator, its twin and the generator with each mitigation are drawn."""

    own: Look
    twin: Look
    mitigated: Mapping[str, Look]


def _looks(study: Study) -> _Looks:
    kind: Kind = "hybrid"
    generator = study.generator
    own = ArmInfo(id=generator, role="synthetic", generator=generator, control="none", kind=kind)
    twin = ArmInfo(id=f"{generator}:twin", role="control", generator=generator, control="twin", kind="classical")
    found = looks([own, twin])
    drawn = found[own.id]
    mitigated = {
        name: replace(drawn, color=color, marker=marker, dash="dashdot")
        for name, (color, marker) in zip(study.mitigations, MITIGATED, strict=False)
    }
    return _Looks(drawn, found[twin.id], mitigated)


def _draw(axis: Axes, found: StudyResult, sweep: Sweep, measure: MeasureFacts, looked: _Looks, *, named: bool) -> None:
    results = found.of(sweep)
    places, twin = _places(results), looked.twin
    axis.tick_params(labelsize=7)
    axis.grid(axis="y", color=GRID, linewidth=0.6)
    if measure is YIELD:
        kept = [
            (place, one.photon_yield)
            for place, one in zip(places, results, strict=True)
            if one.photon_yield is not None
        ]
        if kept:
            axis.plot(*zip(*kept, strict=True), linewidth=1.3, label=found.study.generator, **mark(looked.own, 4.0))
        axis.set_ylim(0, 1.05)
    else:
        _line(axis, places, [one.generator for one in results], measure, looked.own, found.study.generator)
        for name, look in looked.mitigated.items():
            if any(one.with_mitigation(name) for one in results if not one.level.is_clean):
                _line(axis, places, [one.with_mitigation(name) for one in results], measure, look, f"with {name}")
        beside = [found.twin if one.level.is_clean else one.twin_with_noise for one in results]
        if any(one.twin_with_noise for one in results):
            _line(axis, places, beside, measure, twin, "twin with noise of equal variance (left: without)")
        if found.twin is not None and (clean := found.twin.mean(measure.name)) is not None:
            axis.axhline(clean, color=twin.color, linestyle="dotted", linewidth=1.0, label="clean twin")
        if found.real_only is not None and (real := found.real_only.mean(measure.name)) is not None:
            axis.axhline(real, color=SOFT, linestyle="dashdot", linewidth=1.0, label="real images alone")
        if measure.is_score:
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: unsigned(value)))
    _scale(axis, places, results)
    if sweep.name in MARKED:
        _devices(axis, sweep, places, named=named)


def _places(results: Sequence[LevelResult]) -> list[float]:
    """Return where each level is drawn: at its strength, and without noise a step to the left of the weakest.

    Strengths that are too near one another for that, as those of lost photons are, stand at equal distances.
    """
    strengths = [one.level.strength for one in results]
    some = sorted(strength for strength in strengths if strength > 0)
    if not some:
        return [1.0 for _ in strengths]
    if len(some) > 2 and some[-1] < NEAR * some[0]:
        return [2.0**place for place in range(len(strengths))]
    left = some[0] / (some[1] / some[0] if len(some) > 1 else 3.0)
    return [strength if strength > 0 else left for strength in strengths]


def _scale(axis: Axes, places: Sequence[float], results: Sequence[LevelResult]) -> None:
    """Name the levels by their values."""
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


def _devices(axis: Axes, sweep: Sweep, places: Sequence[float], *, named: bool) -> None:
    """Mark what dated facts say of devices, within the range of the sweep and above where no noise stands."""
    low, high = min(places), axis.get_xlim()[1]
    top = axis.get_xaxis_transform()
    known = [(MARKED[sweep.name](preset(name)), name.replace("_", " ")) for name in names()]
    inside = sorted((value, name) for value, name in known if value is not None and low < value < high)
    for number, (value, name) in enumerate(inside):
        axis.axvline(value, color=SOFT, linestyle="dotted", linewidth=0.6, zorder=0)
        if named:  # at two heights: devices of one year are near one another
            at = 0.99 - 0.45 * (number % 2)
            axis.text(value, at, name, transform=top, fontsize=4.5, color=SOFT, va="top", ha="right", rotation=90)
