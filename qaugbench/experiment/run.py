"""The main job: fit generators and their controls, train the frozen classifier on every arm, score, and leave a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from qaugbench import definitions
from qaugbench.errors import DefinitionError, QaugbenchError, StoreError, near_names
from qaugbench.experiment import assemble
from qaugbench.experiment.environment import choose_device, environment, usable_cores
from qaugbench.experiment.execute import execute
from qaugbench.experiment.external_images import check_external
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.experiment.plan import Plan, make_plan
from qaugbench.experiment.progress import shown
from qaugbench.experiment.source import OpenedSource, open_source
from qaugbench.experiment.store import Store
from qaugbench.record import Record, json_text, npz_bytes, record_text, write_whole
from qaugbench.task import Track

Accelerator = Literal["auto", "cpu", "cuda"]
BACKENDS = ("loky", "dask")


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do; the command line's flags have the same names."""

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
    accelerator: Accelerator = "auto"
    out: Path = field(default_factory=lambda: Path("runs"))
    quiet: bool = False


@dataclass(frozen=True)
class RunResult:
    """The record of a finished run and the folder it lies in; ``report`` is the HTML page."""

    record: Record
    folder: Path
    report: Path

    @property
    def failed(self) -> bool:
        """Whether any cell failed."""
        return bool(self.record.failures)


@dataclass(frozen=True)
class PreparedRun:
    """A request with its data opened and its cells planned."""

    request: RunRequest
    source: OpenedSource
    plan: Plan
    store: Store
    folder: Path


def run(task: str, generators: Sequence[str] = ("qldm",), **options: Any) -> RunResult:
    """Run the benchmark and return its record; ``options`` are the other fields of ``RunRequest``.

    Raises ``QaugbenchError`` for bad input before anything is computed. A cell that fails does not raise: it is in
    ``record.failures`` and the next call of the same run tries it again.
    """
    known = set(RunRequest.__dataclass_fields__)
    for name in options:
        if name not in known:
            raise DefinitionError(f"run() has no option {name!r}.{near_names(name, known)}")
    for name in ("data", "out"):
        if options.get(name) is not None:
            options[name] = Path(options[name])
    fraction = options.get("fraction")
    if fraction is not None:
        options["fraction"] = (float(fraction),) if isinstance(fraction, int | float) else tuple(fraction)
    names = (generators,) if isinstance(generators, str) else tuple(generators)
    return perform(RunRequest(task=task, generators=names, **options))


def prepare(request: RunRequest) -> PreparedRun:
    """Return a run with everything checked and planned, and nothing computed."""
    task = definitions.task(request.task)
    track = definitions.track(task, request.track)
    choices = choose_generators(request.generators, task, track)
    fractions, replicates = _amounts(request, track)
    if request.backend not in BACKENDS:
        raise DefinitionError(f"There is no backend {request.backend!r}.{near_names(request.backend, BACKENDS)}")
    if request.jobs is not None and request.jobs < 1:
        raise QaugbenchError(f"--jobs must be at least 1, got {request.jobs}.")
    device = choose_device(request.accelerator)
    store = Store(request.out / "store")
    source = open_source(
        task,
        track,
        data=request.data,
        source=request.source,
        split=request.split,
        allow_leaky=request.allow_leaky_split,
        phantom_folder=request.out / "phantom",
    )
    notes = check_external(choices, source.prepared, source.split, task, track.image_size)
    source = source.told(notes, notes)
    plan = make_plan(task, track, source.dataset, choices, fractions=fractions, replicates=replicates, device=device)
    names = "+".join(re.sub(r"[^a-z0-9.-]+", "-", choice.card.id.lower()) for choice in choices)
    folder = request.out / f"{task.id}-{source.dataset.source}-{track.name}-{names}-{plan.config_sha256[:8]}"
    return PreparedRun(request, source, plan, store, folder)


def perform(request: RunRequest) -> RunResult:
    """Carry out a run: compute the missing cells, then score and write record, predictions and report."""
    prepared = prepare(request)
    plan, store = prepared.plan, prepared.store
    cells = plan.cells()
    with store.in_use() as shared, shown(cells, prepared.folder / "log.txt", quiet=request.quiet) as progress:
        progress.message(opening(prepared))
        if shared:
            progress.message(
                "Another run uses this store. Cells that it is computing are waited for, not computed twice."
            )
        reports = execute(cells, store, jobs=jobs_of(request, plan), backend=request.backend, report=progress.cell)
        predicted = assemble.predictions(plan, store, reports, prepared.source.image_ids)
        facts, where = prepared.source.facts, environment(plan.device)
        record = assemble.record(plan, store, reports, predicted, facts, where, prepared.folder.name)
        _write(prepared.folder / "predictions.npz", predicted.to_bytes())
        _write(prepared.folder / "curves.json", json_text(assemble.curves(plan, store, reports)))
        _write(prepared.folder / "samples.npz", npz_bytes(assemble.pictures(plan, store, reports)))
        _write(prepared.folder / "record.json", record_text(record))
    from qaugbench.report.html import write_report

    return RunResult(record=record, folder=prepared.folder, report=write_report(prepared.folder))


def opening(prepared: PreparedRun) -> str:
    """Return what a person is told before cells are computed: data, split, arms, fractions and how much is left to do."""
    plan = prepared.plan
    cells = plan.cells()
    missing = sum(not prepared.store.has(cell.stage, cell.name) for cell in cells)
    arms = ", ".join(arm.info.id for arm in assemble.run_arms(plan))
    lines = [
        prepared.source.banner,
        f"Board: {plan.task.name} / {plan.dataset.source} / {plan.track.name}; {plan.replicates} replicates on {plan.device}.",
        *(
            f"Fraction {fraction.key}: {fraction.n_real} real training images, {fraction.n_fill} synthetic."
            + (f" {fraction.reason}" if fraction.reason else "")
            for fraction in plan.fractions
        ),
        f"Arms: {arms}.",
        f"Cells: {len(cells)}, of which {len(cells) - missing} are there already. Interrupt at any time: the same command resumes.",
    ]
    return "\n".join(lines)


def _amounts(request: RunRequest, track: Track) -> tuple[tuple[float, ...], int]:
    fractions = track.fractions if request.fraction is None else request.fraction
    for fraction in fractions:
        if not 0 < fraction <= 1:
            raise QaugbenchError(f"--fraction must be in (0, 1], for example 0.1; got {fraction:g}.")
    replicates = track.replicates if request.replicates is None else request.replicates
    if replicates < 1:
        raise QaugbenchError(f"--replicates must be at least 1, got {replicates}.")
    return fractions, replicates


def jobs_of(request: RunRequest, plan: Plan) -> int:
    """Return how many processes a run uses: as asked, else all cores, or one on a GPU."""
    if request.jobs is not None:
        return request.jobs
    return usable_cores() if plan.device == "cpu" else 1


def _write(path: Path, content: bytes | str) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        remedy = "Free some space or choose another folder with --out, and run the same command again: finished cells are kept."
        raise StoreError(f"{path} cannot be written: {error.strerror}. {remedy}") from error
