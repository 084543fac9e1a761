"""Every fact that determines a cell's numbers is in its name, and renames the cells that depend on it and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from qaugbench.experiment import replicate_cells
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.plan import Plan
from tests.experiment.small import (
    AUGMENT,
    RECIPE,
    SPACE,
    TASK,
    small_choice,
    small_plan,
    small_setting,
    small_source,
    small_split,
)

ALL = {"prepare", "split", "draw", "space", "fit", "sample", "influence", "train real", "train synthetic"}
FROM_SPLIT, FROM_DRAW = ALL - {"prepare"}, ALL - {"prepare", "split"}
FROM_SPACE = {"space", "fit", "sample", "influence", "train synthetic"}
FROM_FIT = {"fit", "sample", "influence", "train synthetic"}
TRAIN = {"train real", "train synthetic"}
COMPUTED = FROM_DRAW - {"draw"}


def by_stage(plan: Plan) -> dict[str, Cell]:
    """Return one cell of each stage: all those that the arm qldm needs in replicate 0, its influence, the training on R+os."""
    synthetic = plan.train_cells["qldm", "25%", 0]
    found = {
        "train synthetic": synthetic,
        "train real": plan.train_cells["R+os", "25%", 0],
        "influence": plan.influence_cells["qldm", "25%", 0],
    }
    waiting = list(synthetic.needs.values())
    while waiting:
        cell = waiting.pop()
        found[cell.stage] = cell
        waiting += cell.needs.values()
    return found


@cache
def unchanged() -> dict[str, Cell]:
    """Return the cells of the plan as it is."""
    return by_stage(small_plan())


def renamed(plan: Plan) -> set[str]:
    """Return the stages whose cells have other names than in the plan as it is."""
    before, after = unchanged(), by_stage(plan)
    return {stage for stage in before if before[stage].name != after[stage].name}


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where every single fact of a key is."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*place, name))
    elif isinstance(value, list | tuple) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*place, index))
    else:
        yield place


def changed(value: Any, place: tuple[Any, ...]) -> Any:
    """Return a key with the fact at ``place`` replaced."""
    if not place:
        return ("another", value)
    first, *rest = place
    if isinstance(value, Mapping):
        return {**value, first: changed(value[first], tuple(rest))}
    return [*value[:first], changed(value[first], tuple(rest)), *value[first + 1 :]]


FACTS = [(stage, place) for stage, cell in unchanged().items() for place in leaves(dict(cell.key))]


@pytest.mark.parametrize(
    ("stage", "place"), FACTS, ids=lambda part: part if isinstance(part, str) else "-".join(map(str, part))
)
def test_every_fact_of_a_key_is_in_the_name(stage: str, place: tuple[Any, ...]) -> None:
    cell = unchanged()[stage]
    assert replace(cell, key=changed(dict(cell.key), place)).name != cell.name


@pytest.mark.parametrize("stage", sorted(ALL - {"prepare"}))
def test_every_upstream_cell_is_in_the_name(stage: str) -> None:
    cell = unchanged()[stage]
    for role, need in cell.needs.items():
        other = replace(need, key={**need.key, "other": 1})
        assert replace(cell, needs={**cell.needs, role: other}).name != cell.name


CHANGES: dict[str, tuple[Callable[[], Plan], set[str]]] = {
    "nothing": (small_plan, set()),
    "data": (lambda: small_plan(small_setting(source=small_source(manifest="2" * 64))), ALL),
    "image size": (lambda: small_plan(small_setting(image_size=9)), ALL),
    "channels": (lambda: small_plan(small_setting(replace(TASK, channels=3))), ALL),
    "split": (lambda: small_plan(small_setting(source=small_source(split=small_split(205)))), FROM_SPLIT),
    "ratio": (lambda: small_plan(small_setting(replace(TASK, ratio=0.5))), FROM_DRAW),
    "balance": (lambda: small_plan(small_setting(replace(TASK, balance="prior"))), FROM_DRAW),
    "kappa": (lambda: small_plan(small_setting(replace(TASK, balance_kappa=2.0))), FROM_DRAW),
    "task's version": (lambda: small_plan(small_setting(replace(TASK, version=2))), FROM_DRAW),
    "device": (lambda: small_plan(small_setting(device="cuda")), COMPUTED),
    "space": (
        lambda: small_plan(
            None, replace(small_choice(), space=replace(SPACE, settings={**SPACE.settings, "steps": 4}))
        ),
        FROM_SPACE,
    ),
    "generator's steps": (lambda: small_plan(None, small_choice(steps=4)), FROM_FIT),
    "generator's hyper": (lambda: small_plan(None, small_choice(qubits=5)), FROM_FIT),
    "generator's identity": (lambda: small_plan(None, replace(small_choice(), identity={"content": "x"})), FROM_FIT),
    "label kind": (
        lambda: small_plan(small_setting(replace(TASK, labels=replace(TASK.labels, kind="ordinal")))),
        TRAIN,
    ),
    "classifier's steps": (lambda: small_plan(small_setting(recipe=replace(RECIPE, steps=11))), TRAIN),
    "classifier's precision": (lambda: small_plan(small_setting(recipe=replace(RECIPE, precision="bfloat16"))), TRAIN),
    "augmentation": (
        lambda: small_plan(small_setting(recipe=replace(RECIPE, augment=replace(AUGMENT, flip=False)))),
        TRAIN,
    ),
    "place of the data": (
        lambda: small_plan(small_setting(source=small_source(path="elsewhere"))),
        set(),
    ),
    "titles": (lambda: small_plan(small_setting(replace(TASK, title="Other words"))), set()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_renames_what_depends_on_it(what: str) -> None:
    plan, expected = CHANGES[what]
    assert renamed(plan()) == expected


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("pillow", ALL),
        ("numpy", ALL),
        ("torch", FROM_DRAW),
        ("timm", TRAIN),
        ("diffusers", FROM_FIT),
        ("matplotlib", set()),
        ("qiskit", set()),
    ],
)
def test_another_version_of_a_library_renames_what_uses_it(
    library: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = replicate_cells.libraries
    monkeypatch.setattr(
        replicate_cells,
        "libraries",
        lambda *modules: {name: "999" if name == library else found for name, found in versions(*modules).items()},
    )
    assert renamed(small_plan()) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (replicate_cells.PIXELS_CODE, ALL),
        (replicate_cells.DRAW_CODE, FROM_DRAW),
        (replicate_cells.space_module("latent"), FROM_SPACE),
        (replicate_cells.CIRCUITS_CODE, FROM_FIT),
        (replicate_cells.FITTING_CODE[0], FROM_FIT),
        ("qaugbench.generators.qldm", FROM_FIT),
        (replicate_cells.INFLUENCE_CODE, {"influence"}),
        (replicate_cells.RECIPE_CODE, TRAIN),
    ],
)
def test_other_code_renames_what_runs_it(module: str, expected: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = replicate_cells.code_hash
    monkeypatch.setattr(replicate_cells, "code_hash", lambda *names: "other" if module in names else hashed(*names))
    assert renamed(small_plan()) == expected


def test_other_pretrained_weights_rename_the_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "weights.safetensors"
    monkeypatch.setattr(replicate_cells, "pretrained_file", lambda tag: weights)
    names = []
    for content in (b"one", b"two"):
        weights.write_bytes(content)
        replicate_cells._pretrained.cache_clear()
        names.append(by_stage(small_plan(small_setting(recipe=replace(RECIPE, pretrained="tag"))))["train real"].name)
    replicate_cells._pretrained.cache_clear()
    assert names[0] != names[1]


def test_replicates_and_fractions_have_their_own_cells() -> None:
    plan = small_plan(fractions=(0.25, 0.5))
    names = [cell.name for (arm, _, _), cell in plan.train_cells.items() if arm == "R+"]
    assert len(set(names)) == len(names) == 4


def test_all_arms_of_a_replicate_share_their_draw_and_variants_their_space() -> None:
    plan = small_plan()
    stages = [cell.stage for cell in plan.cells]
    assert {stage: stages.count(stage) for stage in set(stages)} == {
        "prepare": 1,
        "split": 1,
        "draw": 2,
        "space": 2,
        "fit": 6,
        "sample": 6,
        "fill": 2,
        "influence": 2,
        "train": 18,
    }


def test_a_plan_says_whose_work_a_cell_is() -> None:
    cells = {(cell.stage, cell.place.arm, cell.place.fraction, cell.place.replicate) for cell in small_plan().cells}
    assert {("prepare", None, None, None), ("draw", None, "25%", 1), ("fit", "qldm:twin", "25%", 0)} <= cells
    assert ("train", "R+os", "25%", 1) in cells
