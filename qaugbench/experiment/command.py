"""The command line of a run: what a record says to reproduce it with, and what a run without images is answered with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qaugbench.circuits.noise.named import SUFFIX
from qaugbench.datasets.phantom.source import PHANTOM
from qaugbench.datasets.sources import find_prepared, sources
from qaugbench.errors import DataError
from qaugbench.experiment.request import RunRequest
from qaugbench.places import RUNS

if TYPE_CHECKING:
    from qaugbench.task import Task

DATA = "DATA"
"""What stands for a path that has no name of its own, such as the current folder."""


def resuming(request: RunRequest) -> str:
    """Return the command that goes on with a run on this machine, from the folder in which it was begun: with paths as given."""
    return shlex.join(["qaugbench", "run", *_arguments(request, whole=True), *_where(request)])


def command_of(request: RunRequest) -> str:
    """Return ``qaugbench run`` with every option that decides what is computed; of a path, its last part alone.

    Folders say who and where somebody is, and a record is published. Where a run is computed and written (``jobs``, ``out``)
    changes no number and is left out.
    """
    return shlex.join(["qaugbench", "run", *_arguments(request)])


def _arguments(request: RunRequest, *, whole: bool = False) -> Iterator[str]:
    yield from ("--task", request.task)
    for name in request.generators:
        yield from ("--generator", name if whole else _without_folders(name))
    if request.data is not None:
        yield from ("--data", str(request.data) if whole else request.data.name or DATA)
    if request.source is not None:
        yield from ("--source", request.source)
    yield from ("--track", request.track)
    for fraction in request.fraction or ():
        yield from ("--fraction", f"{fraction:.12g}")
    if request.replicates is not None:
        yield from ("--replicates", str(request.replicates))
    yield from _further(request, whole=whole)


def _where(request: RunRequest) -> Iterator[str]:
    """Yield the options that say where a run is computed and written."""
    if request.jobs is not None:
        yield from ("--jobs", str(request.jobs))
    if request.backend != "loky":
        yield from ("--backend", request.backend)
    if request.scheduler is not None:
        yield from ("--scheduler", request.scheduler)
    for key, value in request.slurm.items():
        yield from ("--slurm", f"{key}={value}")
    if request.out != RUNS:
        yield from ("--out", str(request.out))
    if request.quiet:
        yield "--quiet"


def _further(request: RunRequest, *, whole: bool) -> Iterator[str]:
    if request.split is not None:
        yield from ("--split", request.split)
    if request.allow_leaky_split:
        yield "--allow-leaky-split"
    if not request.plateau_check:
        yield "--no-plateau-check"
    if not request.metrics:
        yield "--no-metrics"
    for text in request.extractors:
        name, equals, path = text.partition("=")
        yield from ("--extractor", text if whole or not equals else f"{name}={Path(path).name}")
    for name in request.arms:
        yield from ("--arm", name)
    for text in request.executions:
        yield from ("--execution", text if whole or not text.endswith(SUFFIX) else Path(text).name)
    if request.ratio is not None:
        yield from ("--ratio", f"{request.ratio:.12g}")
    if request.withhold_test:
        yield "--no-test"
    if request.recipe != "A":
        yield from ("--recipe", request.recipe)
    if request.accelerator != "auto":
        yield from ("--accelerator", request.accelerator)


def _without_folders(generator: str) -> str:
    """Return the name of a generator; of a path in it (``folder:PATH``), the last part. A hub id is no path and stays."""
    kind, colon, rest = generator.partition(":")
    return f"{kind}{colon}{Path(rest).name if Path(rest).exists() else rest}"


def check_images_named(request: RunRequest, task: Task) -> None:
    """Raise ``DataError`` with the commands to choose from if a run names no images and the task's own are not here."""
    if request.data is not None or request.source is not None:
        return
    default = task.default_source
    if default != PHANTOM and find_prepared(task.id, default) is None:
        raise DataError(
            f"No images are named, and {default}, the default source of {task.id}, is not prepared here. Run one of these:\n"
            f"  {command_of(replace(request, source=PHANTOM, track='smoke'))}\n"
            "      synthetic test patterns: shows in minutes that everything works, and is evidence of nothing\n"
            f"  {_acquiring(default)} && {command_of(replace(request, source=default))}\n"
            "      real images; your own are given with --data PATH instead of --source"
        )


def _acquiring(source: str) -> str:
    """Return the command that gets a source, or that says how where no program may."""
    known = sources().get(source)
    fetched = known is not None and any(file.urls for file in known.files)
    return f"qaugbench data {'get' if fetched else 'info'} {source}"
