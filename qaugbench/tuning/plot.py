"""The course of a tuning study as a picture: every trial, the best so far with its spread, the untuned default marked."""

from __future__ import annotations

import io

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qaugbench.formatting import PHANTOM_BANNER
from qaugbench.predictions import ArmInfo
from qaugbench.report.drawing import STYLE
from qaugbench.report.identity import looks
from qaugbench.tuning.study import StudyResult, best_so_far, expected_best
from qaugbench.tuning.trial_result import TrialResult

SIZE = (7.2, 3.6)
DOTS_PER_INCH = 150


def tuning_png(found: StudyResult) -> bytes:
    """Return a PNG of the study; equal results give equal bytes.

    The band around the best so far is the range of its replicates. The dotted curve is the best to be expected of as many
    trials in random order.
    """
    study = found.study
    control = study.variant.partition(":")[2] or "none"
    arm = ArmInfo(id=study.variant, role="control", generator=study.generator, control=control)
    look = looks([arm])[study.variant]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        axis = figure.subplots()
        _draw(axis, found, look.color)
        banner = f"\n{PHANTOM_BANNER}" if study.phantom else ""
        axis.set_title(f"{study.variant}, {study.task} / {study.source} / {study.track}{banner}")
        axis.set_xlabel("trial")
        axis.set_ylabel(f"validation {study.endpoint_title}")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(axis="y", color="#eef1f4", linewidth=0.8)
        figure.legend(fontsize=7.5, loc="outside lower center", ncols=5)
        FigureCanvasAgg(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def _draw(axis: Axes, found: StudyResult, color: str) -> None:
    curve = [(place, one) for place, one in enumerate(best_so_far(found.results)) if one is not None]
    if curve:
        places, means = [place for place, _ in curve], [float(one.mean or 0.0) for _, one in curve]
        low, high = zip(*(_range(one) for _, one in curve), strict=True)
        expected = [(place, value) for place, value in enumerate(expected_best(found.results)) if value is not None]
        axis.fill_between(places, low, high, step="post", color=color, alpha=0.15, linewidth=0)
        axis.step(places, means, where="post", color=color, linewidth=1.8, label="best so far")
        axis.plot(
            *zip(*expected, strict=True), color="#4a5360", linestyle="dotted", linewidth=1.2, label="expected best"
        )
    for result in found.results:
        if result.mean is None:
            axis.axvline(result.number, color="#c9ced4", linewidth=0.9, linestyle="dashed", label=_once(axis, "failed"))
        elif result.number:
            axis.vlines(result.number, *_range(result), color=color, linewidth=0.8)
            axis.plot(result.number, result.mean, "o", color=color, markersize=4, label=_once(axis, "trial"))
    default = found.results[0]
    if default.mean is not None:
        axis.axhline(default.mean, color="#20262d", linewidth=0.8, linestyle="dashed")
        axis.vlines(0, *_range(default), color="#20262d", linewidth=0.8)
        axis.plot(0, default.mean, "*", color="#20262d", markersize=10, label="untuned default")


def _range(result: TrialResult) -> tuple[float, float]:
    scores = [score for score in result.scores if score is not None]
    return min(scores), max(scores)


def _once(axis: Axes, label: str) -> str:
    """Return ``label``, or a name that the legend leaves out where it has that label already."""
    return "_" if label in axis.get_legend_handles_labels()[1] else label
