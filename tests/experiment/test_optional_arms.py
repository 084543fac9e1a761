"""Arms that a run has only when asked: what their cells depend on, and that no other arm's cells depend on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qaugbench.augmentations import FURTHER, Augmentations, Cutmix, Focal, Losses, Mixup
from qaugbench.errors import DefinitionError
from qaugbench.experiment import replicate_cells
from qaugbench.experiment.arms import REAL_ARMS, Arm
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import compute
from qaugbench.experiment.fingerprint import RECIPE_CODE, closure
from qaugbench.experiment.optional_arms import OPTIONAL_ARMS
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.experiment.store import Store
from qaugbench.predictions import REFERENCE_ROLES
from qaugbench.task import Task
from tests.experiment.small import GROUPS, LABELS, RECIPE, TASK, N, small_setting

OFFERED = replace(
    TASK,
    augmentations=Augmentations(mixup=Mixup(alpha=0.4, probability=1.0), cutmix=Cutmix(alpha=1.0, probability=0.5)),
    losses=Losses(Focal(gamma=2.0, beta=0.9)),
)
ARMS = {arm.info.id: arm for arm in (*REAL_ARMS, *OPTIONAL_ARMS)}


def train(arm: str, task: Task = OFFERED) -> Cell:
    recipe = replace(RECIPE, steps=2, warmup_steps=1, evaluations=1)
    return ReplicateCells(small_setting(task, recipe=recipe), "25%", 0.25, 0).train(ARMS[arm], ())


def test_there_is_an_arm_for_every_further_augmentation_and_none_may_be_the_reference() -> None:
    assert {arm.augment for arm in OPTIONAL_ARMS} == {"locked", *FURTHER}
    assert not {arm.info.role for arm in OPTIONAL_ARMS} & set(REFERENCE_ROLES)


@pytest.mark.parametrize("arm", [arm for arm in OPTIONAL_ARMS if arm.augment in FURTHER], ids=lambda arm: arm.info.id)
def test_augmentation_arms_differ_from_the_compute_matched_one_in_the_augmentation_alone(arm: Arm) -> None:
    assert replace(arm, info=ARMS["R+cm"].info, augment="locked") == ARMS["R+cm"]


def test_the_focal_arm_differs_from_r_plus_in_the_loss_alone() -> None:
    assert replace(ARMS["R+focal"], info=ARMS["R+"].info, loss="balanced") == ARMS["R+"]


def test_settings_rename_the_cells_of_the_arm_that_uses_them_and_no_others() -> None:
    other = replace(OFFERED, augmentations=replace(OFFERED.augmentations, mixup=Mixup(alpha=0.2, probability=1.0)))
    renamed = [arm for arm in ("R", "R+", "R+cm", "C-cutmix", "C-mixup", "R+focal") if train(arm, other) != train(arm)]
    assert renamed == ["C-mixup"]
    assert train("R+", TASK).name == train("R+").name


def test_code_of_optional_arms_renames_them_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    arms = ("R", "R+cm", "C-mixup", "R+focal")
    before = {arm: train(arm).name for arm in arms}
    hashed = replicate_cells.code_hash
    code = replicate_cells.OPTIONAL_CODE
    monkeypatch.setattr(replicate_cells, "code_hash", lambda *names: "other" if code in names else hashed(*names))
    assert [arm for arm in arms if train(arm).name != before[arm]] == ["C-mixup", "R+focal"]


def test_the_locked_recipe_does_not_depend_on_what_optional_arms_do() -> None:
    assert not {
        name for name in closure(RECIPE_CODE) if "optional" in name or "mixing" in name or "augmentations" in name
    }


def test_an_arm_whose_settings_the_task_lacks_is_refused() -> None:
    with pytest.raises(
        DefinitionError, match=r"'C-elastic' needs \[augmentations.elastic\], which the task small@1 lacks"
    ):
        train("C-elastic")
    with pytest.raises(DefinitionError, match=r"'R\+focal' needs \[losses.focal\]"):
        train("R+focal", TASK)


def test_optional_arms_train_and_give_other_predictions_than_the_arm_they_vary(tmp_path: Path) -> None:
    store, needs = Store(tmp_path), train("R+").needs
    images = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 1), dtype=np.uint8)
    store.write(
        "prepare", needs["prepare"].name, {"images": images, "labels": LABELS, "groups": GROUPS.astype(np.int64)}, {}
    )
    cells = [needs["split"], needs["draw"], *map(train, ("R+", "R+focal", "R+cm", "C-mixup", "C-cutmix"))]
    assert [compute(cell, store.root).outcome for cell in cells] == ["ok"] * len(cells)
    logits = {cell.label: store.array("train", cell.name, "test_logits") for cell in cells[2:]}
    assert len({array.tobytes() for array in logits.values()}) == 5
    starts = {store.meta("train", cell.name)["facts"]["init_sha256"] for cell in cells[2:]}
    assert len(starts) == 1
