"""The cells of the optional arms: what they share with the others and what is their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qaugbench.experiment.arm_choice import choose_arms
from qaugbench.experiment.arms import REAL_ARMS
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.control_arms import ArmContext
from qaugbench.experiment.execute import compute
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import fill_images
from tests.experiment.small import GROUPS, LABELS, N, small_choice, small_plan, small_setting

CHOICE = small_choice("qldm")
CONTEXT = ArmContext("kneeoa", 8, (CHOICE,), phantom_side=64)
CHECKS = choose_arms(["P-noise", "P-shuf", "R+dup", "R+lowres:2", "copycat"], CONTEXT)


def plan_with_checks(**setting: object) -> Plan:
    return small_plan(replace(small_setting(), **setting), CHOICE, optional=CHECKS)


PLAN = plan_with_checks()


def train(arm: str, plan: Plan = PLAN) -> Cell:
    return plan.train_cells[arm, "25%", 0]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store with images that carry the number of their row, the draw of replicate 0 and a sample of qldm."""
    store, needs = Store(tmp_path), train("R+").needs
    images = np.zeros((N, 8, 8, 1), np.uint8)
    images[:] = np.arange(N)[:, None, None, None]
    store.write("prepare", needs["prepare"].name, {"images": images, "labels": LABELS, "groups": GROUPS}, {})
    for cell in (needs["split"], needs["draw"]):
        assert compute(cell, store.root).outcome == "ok"
    drawn = store.array("draw", needs["draw"].name, "drawn")
    sample = {"images": 255 - images[drawn], "labels": LABELS[drawn]}
    store.write("sample", train("qldm").needs["sample"].name, sample, {})
    return store


def filled(store: Store, arm: str) -> tuple[np.ndarray, np.ndarray]:
    cell = train(arm)
    assert compute(cell.needs["fill"], store.root).outcome == "ok"
    found = fill_images(cell, store)
    assert found is not None
    return found.images, found.labels


def drawn_rows(store: Store) -> np.ndarray:
    return store.array("draw", train("R+").needs["draw"].name, "drawn")


def test_the_duplicate_shares_the_data_of_augmented_training_and_none_of_its_seeds() -> None:
    first, second = train("R+"), train("R+dup")
    assert second.needs == first.needs
    assert {name: value for name, value in second.key.items() if name != "seeds"} == {
        name: value for name, value in first.key.items() if name != "seeds"
    }
    assert set(second.key["seeds"]) == set(first.key["seeds"])
    assert not set(second.key["seeds"].values()) & set(first.key["seeds"].values())


def test_every_other_check_has_the_classifier_seeds_of_all_arms() -> None:
    seeds = [train(arm.info.id).key["seeds"] for arm in CHECKS if arm.info.id != "R+dup"]
    assert all(found == train("R+").key["seeds"] for found in seeds)


def test_checks_do_not_change_the_cells_of_other_arms() -> None:
    without = small_plan(small_setting(), CHOICE)
    assert {place: PLAN.train_cells[place].name for place in without.train_cells} == {
        place: cell.name for place, cell in without.train_cells.items()
    }


def test_the_copycat_gives_real_images_of_the_drawn_labels(store: Store) -> None:
    images, labels = filled(store, "copycat")
    real = store.array("draw", train("R+").needs["draw"].name, "real")
    rows = images[:, 0, 0, 0]
    assert set(rows.tolist()) <= set(real.tolist())
    assert (labels == LABELS[drawn_rows(store)]).all()
    assert (LABELS[rows] == labels).all()


def test_noise_asks_for_the_drawn_labels(store: Store) -> None:
    _, labels = filled(store, "P-noise")
    assert (labels == LABELS[drawn_rows(store)]).all()


def test_permuted_labels_keep_the_generator_s_images(store: Store) -> None:
    images, labels = filled(store, "P-shuf:qldm")
    sampled = store.array("sample", train("qldm").needs["sample"].name, "images")
    assert (images == sampled).all()
    assert sorted(map(tuple, labels)) == sorted(map(tuple, LABELS[drawn_rows(store)]))
    assert (labels != LABELS[drawn_rows(store)]).any()


def test_low_resolution_is_of_the_images_of_oversampling(store: Store) -> None:
    images, labels = filled(store, "R+lowres:2")
    assert images[:, 0, 0, 0].tolist() == drawn_rows(store).tolist()  # a constant image has nothing to lose
    assert (labels == LABELS[drawn_rows(store)]).all()


@pytest.mark.parametrize("ratio", [0.25, 0.5, 2.0, 4.0])
def test_every_arm_with_further_slots_has_the_ratio_that_is_asked_for(ratio: float) -> None:
    plan = plan_with_checks(ratio=ratio)
    (fraction,) = plan.fractions
    assert fraction.n_fill == round(ratio * fraction.n_real)
    assert fraction.n_oracle == min(fraction.n_fill, 168 - fraction.n_real)
    for arm in plan.arms:
        cell = train(arm.info.id, plan)
        assert cell.key["ratio"] == ratio
        assert cell.needs["draw"].key["ratio"] == ratio


def test_withholding_the_test_renames_what_predicts_and_nothing_else() -> None:
    withheld = plan_with_checks(withhold_test=True)
    assert all(cell.key["test"] == "withheld" for cell in withheld.train_cells.values())
    assert not {cell.name for cell in withheld.train_cells.values()} & {c.name for c in PLAN.train_cells.values()}
    assert {cell.name for cell in withheld.cells if cell.stage != "train"} == {
        cell.name for cell in PLAN.cells if cell.stage != "train"
    }


def test_every_run_has_the_same_five_real_arms_first() -> None:
    assert PLAN.arms[: len(REAL_ARMS)] == REAL_ARMS
