"""What a person is told before a run computes anything: what it is about, its steps and what they cost."""

from __future__ import annotations

from qaugbench.board.comparable import SMOKE
from qaugbench.board.protocol import source_name_faults
from qaugbench.experiment import assemble
from qaugbench.experiment.prepare import PreparedRun, pace_of, processes_of
from qaugbench.experiment.steps import cost_line, plan_lines
from qaugbench.formatting import count, fraction_words
from qaugbench.record import Board, FractionFacts, robustness_only

WITHHELD = (
    "Test scores are withheld (--no-test): no classifier sees a test image, and the scores are those on validation."
)


def opening(prepared: PreparedRun) -> str:
    """Return what a person is told before anything is computed: data, split, arms, fractions, steps and what they cost."""
    cost = cost_line(pace_of(prepared).left(), processes_of(prepared))
    last = f"Results: {prepared.folder}. Interrupt at any time: the same command resumes."
    return "\n".join([described(prepared), *plan_lines(prepared.plan.cells, prepared.store), cost, last])


def described(prepared: PreparedRun) -> str:
    """Return what a run is about: data, split, arms and fractions."""
    plan = prepared.plan
    arms = ", ".join(arm.info.id for arm in assemble.run_arms(plan))
    board = Board(task=plan.task.name, source=plan.source.facts.source, track=plan.track.name)
    lines = [
        plan.source.banner,
        f"Board: {plan.task.name} / {plan.source.facts.source} / {plan.track.name}; "
        f"{count(plan.replicates, 'replicate')} on {plan.device}.",
        *name_lines(board, phantom=plan.source.facts.phantom),
        *map(_fraction_line, plan.fractions),
        f"Arms: {arms}.",
        *(f"Without the arm {name}: {why}." for name, why in prepared.arms_left_out.items()),
        *([WITHHELD] if plan.setting.withhold_test else []),
        f"Plateau check: {_plateau_words(prepared)}",
        *_recipe_lines(prepared),
    ]
    return "\n".join(lines)


def name_lines(board: Board, *, phantom: bool) -> list[str]:
    """Return why no entry can be made of a run under the name that its images have, if none can."""
    if phantom or board.track == SMOKE:
        return []
    return [f"No entry can be made of this run as it is: {fault}." for fault in source_name_faults(board)]


def _recipe_lines(prepared: PreparedRun) -> list[str]:
    reason = robustness_only(prepared.plan.setting.recipe)
    return [] if reason is None else [f"Classifier: {prepared.plan.track.recipe.model}; {reason}."]


def _fraction_line(fraction: FractionFacts) -> str:
    images = f"{fraction.n_real:,} real training images, {fraction.n_fill:,} synthetic"
    reason = f" {fraction.reason}" if fraction.reason else ""
    return f"Fraction {fraction_words(fraction.key)}: {images}.{reason}"


def _plateau_words(prepared: PreparedRun) -> str:
    if prepared.plateau_skipped is not None:
        return f"skipped: {prepared.plateau_skipped}"
    arms = " and ".join(dict.fromkeys(arm for arm, _, _ in prepared.plan.plateau_cells))
    return f"{arms} of replicate 0 are trained once more with twice the steps."
