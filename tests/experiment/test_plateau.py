"""Whether twice the steps still help: which trainings tell, when they are not made, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.estimate import estimate_run
from qaugbench.experiment.plateau import judged, plateaus, skipped_reason
from qaugbench.experiment.run import perform
from qaugbench.experiment.store import Store
from qaugbench.task import KnownPlateau, canonical_hash
from tests.experiment.small import TASK, small_choice, small_plan, small_setting, small_source
from tests.experiment.tiny import TASK as TINY
from tests.experiment.tiny import tiny_definitions, tiny_request


@pytest.mark.parametrize(
    ("gains", "climbs"),
    [
        ({"R+cm": 0.030, "R+os": 0.012}, True),
        ({"R+cm": 0.004, "R+os": 0.0075}, True),
        ({"R+cm": 0.004, "R+os": 0.005}, False),
        ({"R+cm": 0.030, "R+os": -0.001}, False),
        ({"R+cm": 0.030, "R+os": 0.0}, False),
        ({"R+cm": -0.030, "R+os": -0.020}, False),
    ],
)
def test_it_climbs_where_every_arm_gained_and_the_mean_is_above_half_a_margin(
    gains: dict[str, float], climbs: bool
) -> None:
    found = judged("10%", 450, gains, margin=0.01)
    assert found.climbs is climbs
    assert found.gain == pytest.approx(sum(gains.values()) / 2)
    assert (found.limit, found.steps, found.replicate, found.fraction) == (0.005, 450, 0, "10%")


def test_the_longer_trainings_differ_in_nothing_but_steps() -> None:
    plan = small_plan(fractions=(0.25, 0.5), plateau_check=True)
    assert set(plan.plateau_cells) == {(arm, key, 0) for arm in ("R+cm", "R+os") for key in ("25%", "50%")}
    for place, longer in plan.plateau_cells.items():
        shorter = plan.train_cells[place]
        recipe = {**longer.key["recipe"], "steps": longer.key["recipe"]["steps"] // 2}
        assert {**longer.key, "recipe": recipe} == dict(shorter.key)
        assert longer.key["recipe"]["steps"] == 2 * shorter.key["recipe"]["steps"]
        assert {role: need.name for role, need in longer.needs.items()} == {
            role: need.name for role, need in shorter.needs.items()
        }


def test_all_entries_of_a_board_share_them_and_the_run_keeps_its_name() -> None:
    first = small_plan(None, small_choice("qldm"), plateau_check=True)
    second = small_plan(None, small_choice("ldm", controls=()), plateau_check=True)
    assert [cell.name for cell in first.plateau_cells.values()] == [cell.name for cell in second.plateau_cells.values()]
    assert small_plan(None, small_choice("qldm")).config_sha256 == first.config_sha256


def test_they_are_computed_with_the_rest_and_belong_to_no_arm() -> None:
    plan = small_plan(plateau_check=True)
    assert len(plan.cells) == len(small_plan().cells) + 2
    longer = [cell for cell in plan.cells if cell in plan.plateau_cells.values()]
    assert {cell.label for cell in longer} == {f"{arm} 25% r0 with 20 steps" for arm in ("R+cm", "R+os")}
    assert {cell.place.arm for cell in longer} == {None}


@pytest.mark.parametrize(
    ("asked", "phantom", "reached", "margin", "words"),
    [
        (True, False, "yes", 0.01, None),
        (True, False, "not measured", 0.01, None),
        (False, False, "yes", 0.01, "--no-plateau-check"),
        (True, True, "yes", 0.01, "phantom"),
        (True, False, "no", 0.01, "R\\* still gains"),
        (True, False, "yes", None, "no margin"),
    ],
)
def test_why_it_is_skipped(
    asked: bool, phantom: bool, reached: Literal["yes", "no", "not measured"], margin: float | None, words: str | None
) -> None:
    task = replace(TASK, endpoints=(replace(TASK.endpoints[0], margin=margin),))
    known = KnownPlateau(reached, "R* still gains .02 from 900 steps.")
    setting = small_setting(task, small_source(phantom=phantom), plateau=known)
    reason = skipped_reason(setting, asked=asked)
    if words is None:
        assert reason is None
    else:
        assert reason is not None
        assert words.replace("\\", "") in reason


def stored(store: Store, cell: Cell, *scores: float) -> None:
    """Store a training whose checkpoints had these validation scores."""
    curve = [{"step": step, "train_loss": 1.0, "val_metric": score} for step, score in enumerate(scores)]
    store.write("train", cell.name, {"curve.json": json.dumps(curve).encode()}, {})


def test_gains_are_those_of_the_best_checkpoints(tmp_path: Path) -> None:
    store, plan = Store(tmp_path), small_plan(plateau_check=True)
    stored(store, plan.train_cells["R+cm", "25%", 0], 0.50, 0.70, 0.60)
    stored(store, plan.plateau_cells["R+cm", "25%", 0], 0.73, 0.72)
    stored(store, plan.train_cells["R+os", "25%", 0], 0.60, 0.71)
    stored(store, plan.plateau_cells["R+os", "25%", 0], 0.70, 0.72, 0.69)
    (found,) = plateaus(plan.train_cells, plan.plateau_cells, store, lambda cell: True, margin=0.01)
    assert found.gains == pytest.approx({"R+cm": 0.03, "R+os": 0.01})
    assert found.gain == pytest.approx(0.02)
    assert found.climbs


def test_a_fraction_with_a_failed_training_is_left_out(tmp_path: Path) -> None:
    plan = small_plan(plateau_check=True)
    failed = plan.plateau_cells["R+os", "25%", 0]
    assert plateaus(plan.train_cells, plan.plateau_cells, Store(tmp_path), lambda cell: cell != failed, 0.01) == []


def test_what_was_found_of_a_track_is_not_part_of_the_task_s_identity() -> None:
    other = small_setting(plateau=KnownPlateau(False, "other words")).task
    assert canonical_hash(other.track_identity("smoke")) == canonical_hash(TASK.track_identity("smoke"))
    assert "plateau" not in TASK.track_identity("smoke")["tracks"]["smoke"]


def test_a_run_checks_it_says_so_and_can_be_told_not_to(tmp_path: Path) -> None:
    export_phantom(TINY, 60, 32, tmp_path / "knees")
    (tmp_path / "knees" / "manifest.json").unlink()  # without it nothing says that these are drawn
    request = replace(tiny_request(tmp_path / "runs", generators=("ldm",)), data=tmp_path / "knees", source="own")
    defined = tiny_definitions(request)
    smoke = replace(defined.task.tracks["smoke"], plateau=KnownPlateau(True, "as this test wants it"))
    defined = replace(defined, task=replace(defined.task, tracks={"smoke": smoke}))
    checked = perform(request, defined)
    (found,) = checked.record.plateau
    assert (found.fraction, found.replicate, found.steps, set(found.gains)) == ("50%", 0, 4, {"R+cm", "R+os"})
    assert found.gain == pytest.approx(sum(found.gains.values()) / 2)
    assert checked.record.plateau_skipped is None
    assert checked.record.cost["train"].cells == 16
    skipped = perform(replace(request, plateau_check=False), defined)
    assert skipped.folder == checked.folder
    assert skipped.record.plateau == []
    assert "--no-plateau-check" in str(skipped.record.plateau_skipped)
    assert skipped.record.predictions_sha256 == checked.record.predictions_sha256
    assert estimate_run(request, defined).total_s == 0
    trained = [stage for stage in estimate_run(request, defined).stages if "with 8 steps" in stage.what]
    assert [stage.cells for stage in trained] == [1, 1]
