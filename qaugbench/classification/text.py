"""A comparison of classifiers in words: what is about to be trained, and the tables of what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qaugbench.classification.results import ClassifierBoard, Comparison, Difference, Estimate, Gain, Row
from qaugbench.formatting import (
    NONE,
    PHANTOM_BANNER,
    WIDTH,
    change,
    count,
    fraction_words,
    p_value,
    unsigned,
)
from qaugbench.formatting import Row as Cells
from qaugbench.text_table import aligned, listed, wrapped

if TYPE_CHECKING:
    from qaugbench.classification.planned import PreparedComparison

SCORE_HEADER: Cells = (
    "classifier",
    "score",
    "accuracy",
    "log loss",
    "calibration",
    "after scaling",
    "uncertainty gap",
    "",
)
COURSE_HEADER: Cells = (
    "classifier",
    "parameters",
    "of circuits",
    "steps to 95 %",
    "best step",
    "step, wall",
    "step, CPU",
    "moved",
    "",
)
DIFFERENCE_HEADER: Cells = ("difference", "estimate", "all at once", "p", "question")
LEGEND = (
    "score: {title} on {images} of {patients}, with 95 % intervals over patients and runs. accuracy: share of "
    "right answers, where classes exclude one another. log loss in nats, lower is better. "
    "calibration: debiased error of stated probabilities, as trained and after temperature scaling, best 0. uncertainty gap: mean "
    "entropy of wrong answers minus that of right ones, in nats, higher is better."
)
COURSE_LEGEND = (
    "parameters: those that are trained above the recipe's network. steps to 95 %: after how many steps the validation score "
    "reached 95 % of that at the end{looks}. step: time of one training step. moved: root mean square change of the trained "
    "numbers of circuits (radians), or of what stands for them."
)
DIFFERENCE_LEGEND = (
    "all at once: intervals that hold together for the differences of one table (max-T). p: adjusted for them step by step, so "
    "that it may be under .05 where the interval beside it holds 0."
)
FOLDS_LEGEND = (
    "Each fold has models of its own, so that every number is computed fold by fold and averaged; intervals are over runs and the "
    "patients of all folds, each of whom is tested once."
)
GAIN_LEGEND = (
    "Gain over R*, the best of R+, R+cm and R+os by validation score under the same classifier. One column for each classifier; "
    "exploratory, never pooled."
)


def opening(found: PreparedComparison) -> str:
    """Return what a person is told before anything is trained."""
    plan = found.plan
    named = ", ".join(one.id for one in found.compared)
    lines = [
        f"Classifiers on {plan.task.name} / {plan.source.facts.source} / {plan.track.name}: {named}; beside them the recipe.",
        f"{count(len(found.trainings), 'training')} in {count(plan.replicates, 'replicate')} on the recipe's rows ({plan.device}).",
    ]
    if found.crossed:
        arms = ", ".join(arm.info.id for arm in found.crossed)
        lines.append(f"The recipe and each classifier as it is also on {arms}.")
    lines.append(f"Results: {found.folder}. Interrupt at any time: the same command resumes.")
    return "\n".join(lines)


def table(found: Comparison, width: int = WIDTH) -> str:
    """Return everything that a comparison found as text."""
    lines = [PHANTOM_BANNER] if found.phantom else []
    lines.append(wrapped(title(found), width=width))
    for board in found.boards:
        lines += ["", *_board(found, board, width)]
    for key, family in found.against_each_other.items():
        if family:
            lines += ["", f"Between classifiers, {fraction_words(key)}", *_differences(family, width)]
    for key, its in found.gains.items():
        lines += ["", f"Gains of generators, {fraction_words(key)}", *aligned(*gain_table(its), width)]
        lines.append(wrapped(GAIN_LEGEND, width=width))
    lines += ["", *(wrapped(note, width=width) for note in notes(found))]
    return "\n".join(lines)


def title(found: Comparison) -> str:
    """Return what was compared, in a line."""
    folds = f", {count(found.n_folds, 'fold')}" if found.n_folds > 1 else ""
    return (
        f"Classifiers on {found.task} / {found.source} / {found.track}{folds}, {count(found.replicates, 'replicate')}, "
        f"{found.endpoint_title}"
    )


def notes(found: Comparison) -> list[str]:
    """Return what has to be said of the tables."""
    every = {board.rows[0].look_every for board in found.boards if board.rows}
    looks = f", looked at every {max(one for one in every if one):.0f} steps or less" if any(every) else ""
    images, patients = count(found.n_test_images, "test image"), count(found.n_test_patients, "patient")
    said = [
        LEGEND.format(title=found.endpoint_title, images=images, patients=patients),
        COURSE_LEGEND.format(looks=looks),
        DIFFERENCE_LEGEND,
        *([FOLDS_LEGEND] if found.n_folds > 1 else []),
        *found.notes,
    ]
    return [*said, *(f"Failed: {one}" for one in found.failures)]


def _board(found: Comparison, board: ClassifierBoard, width: int) -> Iterator[str]:
    yield wrapped(f"Board {board.key} at {fraction_words(board.fraction)}", width=width)
    yield from aligned(SCORE_HEADER, score_cells(found, board), width)
    yield ""
    yield from aligned(COURSE_HEADER, course_cells(board), width)
    if board.differences:
        yield ""
        yield from _differences(board.differences, width)


def score_cells(found: Comparison, board: ClassifierBoard) -> list[Cells]:
    """Return a row of scores for each classifier and control of a board, and for the recipe."""
    rows = [*board.rows, found.recipe[board.fraction]]
    return [
        (
            f"{row.id} (R+)" if row is rows[-1] else row.id,
            with_interval(row.score),
            unsigned(row.accuracy),
            _decimals(row.log_loss),
            unsigned(row.calibration),
            unsigned(row.calibration_scaled),
            with_interval(row.uncertainty_gap),
            row.reason,
        )
        for row in rows
    ]


def course_cells(board: ClassifierBoard) -> list[Cells]:
    """Return a row for each classifier and control of a board: its size, how fast it learned, what a step took."""
    return [
        (
            row.id,
            _whole(row.parameters.get("total")),
            _whole(row.parameters.get("block")),
            _whole(row.steps_to_95),
            _whole(row.best_step),
            milliseconds(row.step_wall_s),
            milliseconds(row.step_cpu_s),
            _decimals(row.block_movement),
            _of_steps(row),
        )
        for row in board.rows
    ]


def difference_cells(family: Sequence[Difference]) -> list[Cells]:
    """Return a row for each difference of a family."""
    return [
        (
            f"{one.arm} - {one.against}",
            change(one.estimate.value, one.estimate.low, one.estimate.high),
            NONE if one.low_together is None else change(one.estimate.value, one.low_together, one.high_together),
            p_value(one.p_together),
            one.question,
        )
        for one in family
    ]


def _differences(family: Sequence[Difference], width: int) -> list[str]:
    return listed(DIFFERENCE_HEADER, difference_cells(family), width)


def gain_table(gains: Sequence[Gain]) -> tuple[Cells, list[Cells]]:
    """Return header and rows of gains: a row for each generator, a column for each classifier."""
    judges, generators = (list(dict.fromkeys(getattr(one, name) for one in gains)) for name in ("judge", "generator"))
    by_place = {(one.generator, one.judge): one for one in gains}
    references = {one.judge: one.reference for one in gains}
    header = ("generator", *(f"{judge} (R* {references[judge] or NONE})" for judge in judges), "")
    rows = []
    for name in generators:
        cells = [by_place[name, judge] for judge in judges]
        reasons = "; ".join(f"{one.judge}: {one.reason}" for one in cells if one.reason)
        rows.append((name, *(_gain(one) for one in cells), reasons))
    return header, rows


def _gain(one: Gain) -> str:
    return NONE if one.gain is None else change(one.gain.value, one.gain.low, one.gain.high)


def with_interval(found: Estimate | None) -> str:
    """Return a number and its interval.

    >>> with_interval(Estimate(0.7, 0.65, 0.75)), with_interval(Estimate(0.7)), with_interval(None)
    ('.700 [.650, .750]', '.700', '-')
    """
    if found is None:
        return NONE
    limits = "" if found.low is None else f" [{unsigned(found.low)}, {unsigned(found.high)}]"
    return f"{unsigned(found.value)}{limits}"


def milliseconds(seconds: float | None) -> str:
    """Return a time of a step.

    >>> milliseconds(0.01234), milliseconds(None)
    ('12.3 ms', '-')
    """
    return NONE if seconds is None else f"{1000 * seconds:.1f} ms" if seconds < 0.1 else f"{1000 * seconds:,.0f} ms"


def _whole(number: float | None) -> str:
    return NONE if number is None else f"{number:,.0f}"


def _decimals(number: float | None) -> str:
    return NONE if number is None else f"{number:.3f}"


def _of_steps(row: Row) -> str:
    return (
        "solved at once"
        if row.steps is None and row.parameters
        else ""
        if row.steps is None
        else f"of {row.steps:,} steps"
    )
