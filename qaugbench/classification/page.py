"""The page of a comparison of classifiers: a single file without scripts or outside requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from qaugbench.classification import text
from qaugbench.classification.results import ClassifierBoard, Comparison
from qaugbench.formatting import PHANTOM_BANNER, fraction_words, unsigned
from qaugbench.predictions import ArmInfo
from qaugbench.report.drawing import NARROW, STYLE, WIDE, mark, marked_as_phantom, svg
from qaugbench.report.html import Picture, page_environment
from qaugbench.report.identity import looks as looks_of
from qaugbench.report.pictures import data_uri


def comparison_page(found: Comparison, looks: Sequence[Mapping[str, Any]]) -> str:
    """Return the page as text; equal comparisons give equal pages."""
    return (
        page_environment()
        .get_template("classifiers.html.j2")
        .render(
            title=text.title(found),
            banner=[PHANTOM_BANNER] if found.phantom else [],
            boards=[_board(found, board, looks) for board in found.boards],
            score_header=text.SCORE_HEADER,
            course_header=text.COURSE_HEADER,
            difference_header=text.DIFFERENCE_HEADER,
            each_other={
                fraction_words(key): text.difference_cells(family)
                for key, family in found.against_each_other.items()
                if family
            },
            gains={fraction_words(key): text.gain_table(its) for key, its in found.gains.items()},
            gain_legend=text.GAIN_LEGEND,
            notes=text.notes(found),
            disclosed=found.disclosed,
            citations=found.citations,
            command=found.command,
        )
    )


def _board(found: Comparison, board: ClassifierBoard, looks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "key": board.key,
        "fraction": fraction_words(board.fraction),
        "scores": text.score_cells(found, board),
        "course": text.course_cells(board),
        "differences": text.difference_cells(board.differences),
        "picture": _picture(found, board, looks),
    }


def _picture(found: Comparison, board: ClassifierBoard, looks: Sequence[Mapping[str, Any]]) -> Picture | None:
    """Return the validation scores over the steps of a board's trainings, or None where none takes steps."""
    asked = {row.id: _course(row.id, board.fraction, looks) for row in board.rows if row.steps is not None}
    courses = {name: course for name, course in asked.items() if course is not None}
    if not courses:
        return None
    caption = (
        f"{board.key} at {fraction_words(board.fraction)}: validation score over training steps, means over replicates."
    )
    ends = "; ".join(f"{name} {unsigned(float(scores[-1]))}" for name, (_, scores) in courses.items())
    wide, narrow = (
        data_uri(svg(_figure(found, board, courses, inches)).encode(), "image/svg+xml") for inches in (WIDE, NARROW)
    )
    return Picture(caption, f"Plot of validation scores over training steps. At the end: {ends}.", wide, narrow)


def _course(name: str, fraction: str, looks: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return steps [L] and mean validation scores [L] of the trainings of a row, None without any."""
    points = [one["points"] for one in looks if (one["classifier"], one["fraction"]) == (name, fraction)]
    if not points:
        return None
    steps = np.array([look["step"] for look in points[0]])
    return steps, np.mean([[look["val_metric"] for look in of_one] for of_one in points], axis=0)


def _figure(
    found: Comparison, board: ClassifierBoard, courses: Mapping[str, tuple[np.ndarray, np.ndarray]], inches: float
) -> Figure:
    infos = [ArmInfo(id=row.id, role="augmented", generator=row.classifier, control=row.control) for row in board.rows]
    drawn = looks_of(infos)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(inches, 3.0), layout="constrained")
        axis = figure.subplots()
        for name, (steps, scores) in courses.items():
            axis.plot(steps, scores, linestyle=drawn[name].dash, linewidth=1.2, label=name, **mark(drawn[name], 4))
        axis.set_xlabel("training steps")
        axis.set_ylabel("validation macro-AUROC")
        axis.legend(fontsize=7)
    return marked_as_phantom(figure) if found.phantom else figure
