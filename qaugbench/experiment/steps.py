"""The steps of a run as it announces them: by stage, how many there are and how many are left to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qaugbench.experiment.cells import Cell
from qaugbench.experiment.order import STAGES, steps_of
from qaugbench.experiment.pace import TimeLeft
from qaugbench.experiment.store import Store
from qaugbench.formatting import count, duration

WORDS: Mapping[str, str] = {
    "space": "space: learn the points that generators work on",
    "fit": "fit: train a generator or a control",
    "sample": "sample: draw its images",
    "fill": "fill: make the images of another arm",
    "train": "train: train the classifier on an arm",
    "classify": "classify: train another classifier or a control",
    "influence": "influence: how far circuits reach the images",
    "geometry": "geometry: how images change with their noise",
    "judge": "judge: train the judge of synthetic images",
    "grade": "grade: count what the judge sees in images",
    "truth": "truth: learn what a phantom was drawn by",
    "appraise": "appraise: copies, collapse, labels, fidelity",
}
TOTAL = "all"


def plan_lines(cells: Sequence[Cell], store: Store) -> list[str]:
    """Return a table of the steps of a run, one row per stage and one for all: their number, cached, to do."""
    steps = steps_of(cells)
    stages = sorted({step.stage for step in steps}, key=lambda stage: STAGES.index(stage))
    rows = [_row(WORDS[stage], [step for step in steps if step.stage == stage], store) for stage in stages]
    header = f"{'Plan':<50}{'steps':>6}{'cached':>8}{'to do':>7}"
    return [header, *rows, _row(TOTAL, steps, store)]


def _row(words: str, steps: Sequence[Cell], store: Store) -> str:
    cached = sum(store.holds(step.stage, step.name) for step in steps)
    return f"  {words:<48}{len(steps):>6}{cached:>8}{len(steps) - cached:>7}"


def cost_line(left: TimeLeft, jobs: int | None) -> str:
    """Return what the missing steps cost, as far as earlier ones tell; else when it will be known."""
    if not left.work_s:
        if not left.unknown:
            return "Nothing is left to compute."
        return "The time left is printed as steps are measured; 'qaugbench estimate' measures it without running."
    with_ = "" if jobs is None else f" with {count(jobs, 'process', 'processes')}"
    more = f"; not measured yet: {', '.join(left.unknown)}" if left.unknown else ""
    about = "At least" if left.unknown else "About"
    return f"{about} {duration(left.wall_s)}{with_}, {duration(left.work_s)} summed over steps, by finished ones{more}."
