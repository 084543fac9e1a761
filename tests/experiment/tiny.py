"""The smallest run through every stage; ``python -m tests.experiment.tiny OUT [JOBS]`` is a process that can be killed."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from qaugbench import definitions
from qaugbench.experiment.run import RunRequest, RunResult, perform
from qaugbench.task import Task

TASK = "kneeoa"
SETTINGS = {"steps": 3, "batch_size": 8}


def tiny_task(name: str = TASK) -> Task:
    """Return a task whose smoke track has few patients and trains for a few steps only."""
    task = definitions.build_task(definitions.read_toml("tasks", name), origin="tiny")
    smoke = task.tracks["smoke"]
    recipe = dataclasses.replace(
        smoke.recipe, model="mobilenetv3_small_050", steps=4, warmup_steps=1, batch_real=8, evaluations=1
    )
    track = dataclasses.replace(smoke, phantom_patients=60, replicates=2, fractions=(0.5,), recipe=recipe)
    return dataclasses.replace(task, tracks={"smoke": track})


@contextmanager
def tiny_definitions() -> Iterator[None]:
    """Let the run use the tiny task and a few steps of every model; half of its patients are enough for a fraction."""
    cards = {name: definitions.generator_card(name) for name in ("qldm", "ddpm")}
    small = {
        name: dataclasses.replace(card, tracks={"smoke": {**card.tracks["smoke"], **SETTINGS, "sampling_steps": 2}})
        for name, card in cards.items()
    } | {"folder": definitions.generator_card("folder")}
    autoencoder = {**definitions.autoencoder_settings("smoke"), **SETTINGS}
    with (
        mock.patch.object(definitions, "task", lambda name: tiny_task(name)),
        mock.patch.object(definitions, "generator_card", lambda name: small[name]),
        mock.patch.object(definitions, "autoencoder_settings", return_value=autoencoder),
        mock.patch("qaugbench.experiment.plan.runnable_fraction", lambda labels, fraction, ladder: (fraction, None)),
    ):
        yield


def tiny_request(
    out: Path, *, jobs: int = 1, generators: tuple[str, ...] = ("qldm",), quiet: bool = True
) -> RunRequest:
    """Return the request of the tiny run."""
    return RunRequest(
        task=TASK, generators=generators, track="smoke", jobs=jobs, accelerator="cpu", out=out, quiet=quiet
    )


def tiny_run(out: Path, *, jobs: int = 1, generators: tuple[str, ...] = ("qldm",), quiet: bool = True) -> RunResult:
    """Run the tiny task on its phantom and return the result."""
    with tiny_definitions():
        return perform(tiny_request(out, jobs=jobs, generators=generators, quiet=quiet))


if __name__ == "__main__":
    tiny_run(Path(sys.argv[1]), jobs=int(sys.argv[2]) if len(sys.argv) > 2 else 1, quiet=False)
