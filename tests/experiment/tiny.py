"""The smallest run through every stage; ``python -m tests.experiment.tiny OUT [JOBS]`` is a process that can be killed."""

from __future__ import annotations

import dataclasses
import sys
from functools import cache
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.prepare import Definitions, look_up
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import RunResult, perform
from qaugbench.task import Task

TASK = "kneeoa"
BUDGET = {"steps": 3, "batch_size": 8}


@cache
def tiny_task(name: str = TASK) -> Task:
    """Return a task whose smoke track has few patients and trains for a few steps only."""
    task = definitions.task(name)
    smoke = task.tracks["smoke"]
    recipe = dataclasses.replace(
        smoke.recipe, model="mobilenetv3_small_050", steps=4, warmup_steps=1, batch_real=8, evaluations=1
    )
    recipe_b = dataclasses.replace(recipe, model=smoke.recipe_b.model) if smoke.recipe_b else None
    track = dataclasses.replace(
        smoke, phantom_patients=60, replicates=2, fractions=(0.5,), recipe=recipe, recipe_b=recipe_b
    )
    return dataclasses.replace(task, tracks={"smoke": track})


def tiny_definitions(request: RunRequest) -> Definitions:
    """Return the tiny task and a few steps of every model; half of its patients are enough for a fraction."""
    found = look_up(request)
    return Definitions(
        task=tiny_task(request.task),
        generators=tuple(_tiny(choice) for choice in found.generators),
        runnable=lambda labels, fraction, ladder: (fraction, None),
    )


def _tiny(choice: GeneratorChoice) -> GeneratorChoice:
    settings = choice.card.settings("smoke")
    few = {name: value for name, value in {**BUDGET, "sampling_steps": 2}.items() if name in settings}
    card = dataclasses.replace(choice.card, tracks={"smoke": {**settings, **few}})
    if choice.space is None:
        return dataclasses.replace(choice, card=card)
    few = {name: value for name, value in BUDGET.items() if name in choice.space.settings}
    space = dataclasses.replace(choice.space, settings={**choice.space.settings, **few})
    return dataclasses.replace(choice, card=card, space=space)


def tiny_request(
    out: Path, *, jobs: int = 1, generators: tuple[str, ...] = ("qldm",), quiet: bool = True, **options: Any
) -> RunRequest:
    """Return the request of the tiny run; ``options`` are further fields of it, or replace some."""
    given: dict[str, Any] = {"source": "phantom", "accelerator": "cpu", "metrics": False, **options}
    return RunRequest(task=TASK, generators=generators, track="smoke", jobs=jobs, out=out, quiet=quiet, **given)


def tiny_run(
    out: Path, *, jobs: int = 1, generators: tuple[str, ...] = ("qldm",), quiet: bool = True, **options: Any
) -> RunResult:
    """Run the tiny task on its phantom and return the result."""
    request = tiny_request(out, jobs=jobs, generators=generators, quiet=quiet, **options)
    return perform(request, tiny_definitions(request))


if __name__ == "__main__":
    tiny_run(Path(sys.argv[1]), jobs=int(sys.argv[2]) if len(sys.argv) > 2 else 1, quiet=False)
