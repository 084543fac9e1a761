"""Whether the classifier's training had reached its plateau: the matched real-only arms once more, with twice the steps.

Short of the plateau, whatever puts more images into each step helps, since it is more training; differences between arms are
then worth of more steps and not of images. The check costs two trainings per fraction, of one replicate, on real images alone,
so that every entry of a board shares them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qaugbench.experiment.arms import REAL_ARMS
from qaugbench.experiment.cells import Cell, Place
from qaugbench.experiment.replicate_cells import ReplicateCells, Setting
from qaugbench.experiment.store import Store
from qaugbench.record import FractionFacts, Plateau

TIMES = 2
CHECKED_ARMS = tuple(arm for arm in REAL_ARMS if arm.info.role in ("compute-matched", "oversampling"))
Cells = Mapping[tuple[str, str, int], Cell]


def skipped_reason(setting: Setting, *, asked: bool) -> str | None:
    """Return in words why a run does not check the plateau, or None where it does."""
    if not asked:
        return "it was switched off by --no-plateau-check"
    if setting.recipe != "A":
        return f"it is about the recipe of the track, and this run has recipe {setting.recipe}"
    if setting.source.facts.phantom:
        return "the images are a phantom"
    if setting.task.endpoints[0].margin is None:
        return "the primary endpoint has no margin to judge a gain by"
    known = setting.track.plateau
    if known.reached == "no":
        return f"the recipe of the track {setting.track.name} is known to stop short of its plateau. {known.found}"
    return None


def plateau_cells(setting: Setting, fractions: Sequence[FractionFacts]) -> dict[tuple[str, str, int], Cell]:
    """Return the further trainings of replicate 0, by (arm, fraction key, replicate)."""
    recipe = replace(setting.track.recipe, steps=TIMES * setting.track.recipe.steps)
    found = {}
    for fraction in fractions:
        builder = ReplicateCells(setting, fraction.key, fraction.used, replicate=0)
        for arm in CHECKED_ARMS:
            cell = builder.train(arm, (), recipe)
            note = f"{arm.info.id} {fraction.key} r0 with {recipe.steps} steps"
            found[arm.info.id, fraction.key, 0] = replace(cell, place=Place(), note=note)
    return found


def plateaus(
    train_cells: Cells, longer: Cells, store: Store, succeeded: Callable[[Cell], bool], margin: float
) -> list[Plateau]:
    """Return what the check found at every fraction of which all its trainings succeeded; ``margin`` is that of the task."""
    found = []
    for fraction in dict.fromkeys(fraction for _, fraction, _ in longer):
        places = [place for place in longer if place[1] == fraction]
        if not all(succeeded(cells[place]) for place in places for cells in (train_cells, longer)):
            continue
        before, after = (
            [best_validation_score(cells[place], store) for place in places] for cells in (train_cells, longer)
        )
        gains = {place[0]: high - low for place, low, high in zip(places, before, after, strict=True)}
        found.append(judged(fraction, train_cells[places[0]].key["recipe"]["steps"], gains, margin))
    return found


def judged(fraction: str, steps: int, gains: Mapping[str, float], margin: float) -> Plateau:
    """Return the plateau of one fraction: it ``climbs`` where every arm gained, and the mean by more than half a margin.

    >>> judged("10%", 450, {"R+cm": 0.02, "R+os": 0.01}, 0.01).climbs
    True
    """
    gain = sum(gains.values()) / len(gains)
    climbs = min(gains.values()) > 0 and gain > margin / 2
    return Plateau(
        fraction=fraction, replicate=0, steps=steps, gains=dict(gains), gain=gain, limit=margin / 2, climbs=climbs
    )


def best_validation_score(cell: Cell, store: Store) -> float:
    """Return the validation score of the checkpoint that a training kept."""
    curve: list[dict[str, Any]] = json.loads(store.read("train", cell.name, "curve.json"))
    return max(float(point["val_metric"]) for point in curve)
