"""Every task and every baseline that is found: complete, consistent, and refused when a key is wrong."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.cards import split_settings
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.errors import DefinitionError
from qaugbench.kinds import is_quantum
from qaugbench.task import Task, canonical_hash, tail_endpoints

TASKS = definitions.names("tasks")
TRACKS = ("smoke", "lite", "standard", "full")


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> Task:
    """Return each task in turn."""
    return definitions.task(request.param)


def test_all_four_tasks_are_there() -> None:
    assert TASKS == ["brainmri", "chestxray", "fundus", "kneeoa"]


def test_tracks_grow(task: Task) -> None:
    tracks = [task.tracks[name] for name in TRACKS]
    assert [track.image_size for track in tracks] == [32, 64, 128, 224]
    assert [track.replicates for track in tracks] == [2, 5, 10, 10]
    assert [track.fractions for track in tracks] == [(0.1,), (0.1,), (0.1, 1.0), (0.05, 0.1, 0.25, 1.0)]


def test_only_the_full_track_starts_from_pretrained_weights(task: Task) -> None:
    assert [task.tracks[name].recipe.pretrained is not None for name in TRACKS] == [False, False, False, True]


def test_primary_endpoint_is_macro_auroc_over_all_classes(task: Task) -> None:
    assert task.endpoints[0].kind == "macro_auroc"
    assert task.endpoints[0].classes == task.labels.names
    assert all(set(endpoint.classes) <= set(task.labels.names) for endpoint in task.endpoints)


def test_phantom_has_the_label_space_and_channels_of_its_task(task: Task) -> None:
    phantom = render_phantom(task.id, 3, seed=1, size=32)
    assert phantom.label_names == task.labels.names
    assert phantom.images.shape[1:] == (32, 32, task.channels)


def test_classifiers_exist(task: Task) -> None:
    import timm

    recipes = [recipe for name in TRACKS for recipe in (task.tracks[name].recipe, task.tracks[name].recipe_b) if recipe]
    assert all(timm.is_model(recipe.model) for recipe in recipes)
    assert all(recipe.pretrained is None or timm.is_model_pretrained(recipe.pretrained) for recipe in recipes)


@pytest.mark.parametrize("name", definitions.names("baselines"))
def test_baseline_has_settings_for_every_track(name: str) -> None:
    card = definitions.generator_card(name)
    budgets = [split_settings(card.settings(track))[0] for track in TRACKS]
    assert all((budget["steps"] > 0) == (card.kind != "external") for budget in budgets)
    assert bool(card.controls) == is_quantum(card.kind)


@pytest.mark.parametrize(
    ("place", "key", "words"),
    [
        (("task",), "verison", "Did you mean 'version'"),
        (("labels",), "nams", "Did you mean 'names'"),
        (("track", "lite"), "image_sizes", "Did you mean 'image_size'"),
        (("recipe",), "learning_rat", "Did you mean 'learning_rate'"),
        (("recipe", "augment"), "rotate", "Did you mean 'rotate_degrees'"),
        (("recipe_b",), "modl", "Did you mean 'model'"),
        (("track", "full", "recipe_b"), "pretraind", "Did you mean 'pretrained'"),
        (("augmentations",), "mixpu", "Did you mean 'mixup'"),
        (("augmentations", "mixup"), "alfa", "Did you mean 'alpha'"),
        (("losses", "focal"), "gama", "Did you mean 'gamma'"),
    ],
)
def test_unknown_key_is_named_with_near_ones(place: tuple[str, ...], key: str, words: str) -> None:
    facts = copy.deepcopy(definitions.read_toml("tasks", "kneeoa"))
    table: dict[str, Any] = facts
    for part in place:
        table = table[part]
    table[key] = 1
    with pytest.raises(DefinitionError, match=words):
        definitions.build_task(facts, origin="tasks/kneeoa.toml")


@pytest.mark.parametrize(
    ("table", "name", "key", "value", "words"),
    [
        ("augmentations", "mixup", "alpha", 0.0, "mixup: alpha must be above 0; got 0"),
        ("augmentations", "cutmix", "probability", 1.5, "cutmix: probability must be 0 to 1; got 1.5"),
        ("augmentations", "randaugment", "magnitude", 31, "randaugment: magnitude must be 0 to 30; got 31"),
        ("augmentations", "randaugment", "operations", 0, "randaugment: operations must be above 0; got 0"),
        ("augmentations", "trivialaugment", "largest", -1, "trivialaugment: largest must be 0 to 30; got -1"),
        ("augmentations", "elastic", "smoothness", 0.0, "elastic: smoothness must be above 0; got 0"),
        ("augmentations", "intensity", "gamma", -0.1, "intensity: gamma must be 0 to 1; got -0.1"),
        ("losses", "focal", "beta", 1.0, "beta below 1; got 2 and 1"),
    ],
)
def test_optional_settings_out_of_range_are_refused_with_their_place(
    table: str, name: str, key: str, value: float, words: str
) -> None:
    facts = copy.deepcopy(definitions.read_toml("tasks", "kneeoa"))
    facts[table][name][key] = value
    with pytest.raises(DefinitionError, match=rf"tasks/kneeoa.toml \[{table}\] .*{re.escape(words)}"):
        definitions.build_task(facts, origin="tasks/kneeoa.toml")


def test_recipe_b_differs_from_the_track_s_recipe_in_network_rate_and_weights_alone(task: Task) -> None:
    for name in TRACKS:
        track = task.tracks[name]
        assert track.recipe_b is not None
        same = {key: getattr(track.recipe, key) for key in ("model", "learning_rate", "pretrained")}
        assert replace(track.recipe_b, **same) == track.recipe
        assert track.recipe_b.model != track.recipe.model


def test_recipe_b_takes_no_weights_of_another_network() -> None:
    facts = copy.deepcopy(definitions.read_toml("tasks", "kneeoa"))
    del facts["track"]["full"]["recipe_b"]
    recipe_b = definitions.build_task(facts, origin="here").tracks["full"].recipe_b
    assert recipe_b is not None
    assert recipe_b.pretrained is None
    del facts["recipe_b"], facts["track"]["standard"]["recipe_b"]
    assert definitions.build_task(facts, origin="here").tracks["full"].recipe_b is None


def test_what_only_optional_arms_and_recipe_b_use_is_no_part_of_a_track_s_identity() -> None:
    facts = copy.deepcopy(definitions.read_toml("tasks", "kneeoa"))
    facts["augmentations"]["mixup"]["alpha"] = 0.123
    del facts["losses"], facts["recipe_b"]
    task, other = definitions.task("kneeoa"), definitions.build_task(facts, origin="here")
    for track in TRACKS:
        assert other.track_identity(track) == task.track_identity(track)
        assert other.optional_identity(track) != task.optional_identity(track)


def test_wrong_type_and_missing_key_are_named() -> None:
    facts = copy.deepcopy(definitions.read_toml("tasks", "kneeoa"))
    facts["task"]["channels"] = "one"
    with pytest.raises(DefinitionError, match=r"tasks/kneeoa.toml, key 'channels': expected int, got 'one'"):
        definitions.build_task(facts, origin="tasks/kneeoa.toml")
    del facts["task"]["channels"]
    with pytest.raises(DefinitionError, match="'channels' is missing"):
        definitions.build_task(facts, origin="tasks/kneeoa.toml")


def test_identity_changes_with_what_is_fixed(task: Task) -> None:
    other = {**task.track_identity("lite"), "ratio": 2.0}
    assert canonical_hash(task.track_identity("lite")) != canonical_hash(other)
    assert canonical_hash(task.track_identity("lite")) != canonical_hash(task.track_identity("smoke"))


def test_tail_groups_partition_the_findings() -> None:
    chest = definitions.task("chestxray")
    counts = dict(zip(chest.labels.names, np.geomspace(5000, 10, 14).astype(int).tolist(), strict=True))
    groups = {endpoint.id: endpoint.classes for endpoint in tail_endpoints(chest, counts)}
    assert set(groups) == {"head", "medium", "tail"}
    assert sorted(name for names in groups.values() for name in names) == sorted(chest.labels.names)
    assert all(counts[name] > 1000 for name in groups["head"])
    assert all(counts[name] < 100 for name in groups["tail"])


def test_version_is_checked() -> None:
    assert definitions.task("brainmri@2").version == 2
    with pytest.raises(DefinitionError, match="at version 2"):
        definitions.task("brainmri@1")
