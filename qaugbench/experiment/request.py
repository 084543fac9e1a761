"""What a run is asked to do, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from qaugbench.task import RecipeName

Accelerator = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do; the command line's flags have the same names.

    ``arms`` are the names given with ``--arm``, ``executions`` those given with ``--execution``, ``extractors`` what was given
    with ``--extractor``, ``ratio`` replaces the task's, ``withhold_test`` is ``--no-test``, not ``metrics`` is ``--no-metrics``.
    """

    task: str
    generators: tuple[str, ...]
    data: Path | None = None
    source: str | None = None
    track: str = "lite"
    fraction: tuple[float, ...] | None = None
    replicates: int | None = None
    split: str | None = None
    allow_leaky_split: bool = False
    jobs: int | None = None
    backend: str = "loky"
    scheduler: str | None = None
    slurm: Mapping[str, str] = field(default_factory=dict)
    plateau_check: bool = True
    metrics: bool = True
    extractors: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    executions: tuple[str, ...] = ()
    ratio: float | None = None
    withhold_test: bool = False
    recipe: RecipeName = "A"
    accelerator: Accelerator = "auto"
    out: Path = field(default_factory=lambda: Path("runs"))
    quiet: bool = False
