"""A run with the second recipe: another network, other cells, a departure, no plateau check, no verdict; and it trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.downstream.network import build_network, predict
from qaugbench.downstream.recipe import train_classifier
from qaugbench.errors import DefinitionError
from qaugbench.experiment.assemble import departures
from qaugbench.experiment.opening import opening
from qaugbench.experiment.prepare import PreparedRun, prepare
from tests.downstream.stripes import SEEDS, striped_images
from tests.experiment.small import RECIPE, TRACK
from tests.experiment.tiny import tiny_definitions, tiny_request

TASKS = definitions.names("tasks")


def prepared(out: Path, recipe: str) -> PreparedRun:
    request = replace(tiny_request(out, generators=("ldm",)), recipe=recipe)  # type: ignore[arg-type]
    return prepare(request, tiny_definitions(request))


def test_a_run_with_recipe_b_trains_its_network_and_departs_from_the_track(tmp_path: Path) -> None:
    first, second = prepared(tmp_path, "A"), prepared(tmp_path, "B")
    models = [{cell.key["recipe"]["model"] for cell in run.plan.train_cells.values()} for run in (first, second)]
    assert models == [{"mobilenetv3_small_050"}, {"mobilevit_xxs"}]
    assert departures(second.plan) == ["recipe B instead of the recipe of the track"]
    assert departures(first.plan) == []
    shared = {cell.name for cell in first.plan.cells} & {cell.name for cell in second.plan.cells}
    assert shared == {cell.name for cell in first.plan.cells if cell.stage != "train"}


def test_it_says_so_before_anything_is_computed(tmp_path: Path) -> None:
    second = prepared(tmp_path, "B")
    assert "-recipe-b-" in second.folder.name
    assert "Classifier: mobilevit_xxs; recipe B is a robustness column and carries no verdict." in opening(second)
    assert second.plateau_skipped == "it is about the recipe of the track, and this run has recipe B"


def test_an_unknown_recipe_and_one_that_a_track_lacks_are_refused() -> None:
    task = definitions.task("kneeoa")
    with pytest.raises(DefinitionError, match="no recipe 'C'"):
        definitions.with_recipe(task, TRACK, "C")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="'smoke' of task 'kneeoa' has no recipe B"):
        definitions.with_recipe(task, TRACK, "B")
    assert definitions.with_recipe(task, replace(TRACK, recipe_b=replace(RECIPE, steps=3)), "B").recipe.steps == 3


@pytest.mark.parametrize("track", ["smoke", "lite", "standard", "full"])
def test_its_network_takes_images_of_every_track(track: str) -> None:
    task = definitions.task("fundus")
    found = definitions.with_recipe(task, task.tracks[track], "B")
    network = build_network(found.recipe.model, None, channels=task.channels, n_labels=3, seed=0)
    images = np.zeros((2, found.image_size, found.image_size, task.channels), np.uint8)
    assert predict(network, images, precision="float32", device="cpu").shape == (2, 3)


def test_it_trains_at_the_size_of_smoke_and_repeats_bit_for_bit() -> None:
    recipe = definitions.task("brainmri").tracks["smoke"].recipe_b
    assert recipe is not None
    short = replace(recipe, steps=3, warmup_steps=1, evaluations=1, batch_real=4)
    sets = [striped_images(12, seed=seed, size=32) for seed in range(3)]
    logits = [
        train_classifier(short, "multiclass", sets[0], None, *sets[1:], augment=True, balance=True, ratio=1.0, **SEEDS)
        for _ in range(2)
    ]
    assert np.isfinite(logits[0].test_logits).all()
    assert np.array_equal(logits[0].test_logits, logits[1].test_logits)
