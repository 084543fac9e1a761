"""Cells in the order of computing: needs first, then one replicate of every generator, and only then real-only trainings."""

from __future__ import annotations

from qaugbench.experiment.cells import Cell
from qaugbench.experiment.order import steps_of, with_upstream
from tests.experiment.small import small_choice, small_plan, small_setting

PLAN = small_plan(small_setting(), small_choice(), small_choice("ldm", controls=()), replicates=3, plateau_check=True)


def place(stage: str, arm: str | None, replicate: int | None) -> int:
    """Return the place of a cell among those of the plan."""
    (found,) = [
        number
        for number, cell in enumerate(PLAN.cells)
        if (cell.stage, cell.place.arm, cell.place.replicate) == (stage, arm, replicate)
    ]
    return found


def test_nothing_comes_before_what_it_needs() -> None:
    seen: set[str] = set()
    for cell in PLAN.cells:
        assert {need.name for need in cell.needs.values()} <= seen
        assert cell.name not in seen
        seen.add(cell.name)


def test_every_generator_is_fitted_and_sampled_once_before_any_classifier_is_trained() -> None:
    first_training = min(number for number, cell in enumerate(PLAN.cells) if cell.stage == "train")
    for variant in ("qldm", "qldm:twin", "qldm:frozen", "ldm"):
        assert place("fit", variant, 0) < place("sample", variant, 0) < first_training
        assert place("fit", variant, 1) > place("train", "R+", 0)


def test_the_order_does_not_depend_on_the_order_in_which_cells_are_asked_for() -> None:
    assert [cell.name for cell in with_upstream(reversed(PLAN.cells))] == [cell.name for cell in PLAN.cells]


def test_a_step_is_any_cell_that_takes_time() -> None:
    light = [Cell(stage, {}) for stage in ("prepare", "split", "draw")]
    assert steps_of([*light, Cell("fit", {})]) == [Cell("fit", {})]
    assert len(steps_of(PLAN.cells)) == len(PLAN.cells) - len({"prepare", "split"}) - PLAN.replicates
