"""The main job: fit generators and their controls, train the frozen classifier on every arm, score, and leave a record."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.board.verify import scores_of
from qaugbench.datasets.subsets import runnable_fraction
from qaugbench.errors import DefinitionError, StoreError, near_names
from qaugbench.experiment import assemble
from qaugbench.experiment.arm_choice import choose_arms, left_out
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.backends import Backend, Where, choose_backend
from qaugbench.experiment.busy import busy
from qaugbench.experiment.check_request import amounts, check_request
from qaugbench.experiment.command import check_images_named, command_of, resuming
from qaugbench.experiment.control_arms import ArmContext
from qaugbench.experiment.environment import choose_device, environment, now, usable_cores
from qaugbench.experiment.external_images import check_external
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.experiment.pace import Pace
from qaugbench.experiment.plan import Plan, Runnable, make_plan
from qaugbench.experiment.plateau import skipped_reason
from qaugbench.experiment.progress import announce, shown
from qaugbench.experiment.replicate_cells import Setting
from qaugbench.experiment.request import Accelerator, RunRequest
from qaugbench.experiment.run_name import run_folder
from qaugbench.experiment.source import open_source, phantom_side
from qaugbench.experiment.steps import cost_line, plan_lines
from qaugbench.experiment.store import Store
from qaugbench.files import json_text, npz_bytes, write_whole
from qaugbench.formatting import count, fraction_words
from qaugbench.record import FractionFacts, record_text, robustness_only
from qaugbench.report.result import Result
from qaugbench.report.run_list import BEGUN_FILE, Begun
from qaugbench.task import RecipeName, Task

WITHHELD = (
    "Test scores are withheld (--no-test): no classifier sees a test image, and the scores are those on validation."
)


@dataclass(frozen=True)
class Definitions:
    """What the names in a request stand for: the task and the generators with their controls.

    ``runnable`` says which fraction a source is large enough for.
    """

    task: Task
    generators: tuple[GeneratorChoice, ...]
    runnable: Runnable = runnable_fraction


@dataclass(frozen=True, repr=False)
class RunResult(Result):
    """The record of a finished run, its folder, and its HTML page."""

    report: Path

    @property
    def failed(self) -> bool:
        """Whether any cell failed."""
        return bool(self.record.failures)


@dataclass(frozen=True)
class PreparedRun:
    """A request with its data opened and its cells planned; ``plateau_skipped`` says why there is no plateau check.

    ``arms_left_out`` says which arms ``--arm all`` does not bring, and why.
    """

    request: RunRequest
    plan: Plan
    store: Store
    folder: Path
    backend: Backend
    plateau_skipped: str | None
    arms_left_out: Mapping[str, str] = field(default_factory=dict)


def run(
    task: str,
    generators: str | Sequence[str] = ("qldm",),
    *,
    data: str | Path | None = None,
    source: str | None = None,
    track: str = "lite",
    fraction: float | Sequence[float] | None = None,
    replicates: int | None = None,
    split: str | None = None,
    allow_leaky_split: bool = False,
    jobs: int | None = None,
    backend: str = "loky",
    scheduler: str | None = None,
    slurm: Mapping[str, str] | None = None,
    plateau_check: bool = True,
    arms: str | Sequence[str] = (),
    ratio: float | None = None,
    withhold_test: bool = False,
    recipe: RecipeName = "A",
    accelerator: Accelerator = "auto",
    out: str | Path = "runs",
    quiet: bool = False,
    **unknown: Any,
) -> RunResult:
    """Run the benchmark and return its result; the options are those of the command line (``qaugbench run --help``).

    Raises ``QaugbenchError`` for bad input, an ``unknown`` option among it, before anything is computed. A cell that fails
    does not raise: it is in ``record.failures`` and the next call of the same run tries it again.
    """
    for name in unknown:
        raise DefinitionError(f"run() has no option {name!r}.{near_names(name, RunRequest.__dataclass_fields__)}")
    announce("Checking the request ...", quiet=quiet)
    return perform(
        RunRequest(
            task=task,
            generators=_several(generators),
            data=None if data is None else Path(data),
            source=source,
            track=track,
            fraction=_fractions(fraction),
            replicates=replicates,
            split=split,
            allow_leaky_split=allow_leaky_split,
            jobs=jobs,
            backend=backend,
            scheduler=scheduler,
            slurm=slurm or {},
            plateau_check=plateau_check,
            arms=_several(arms),
            ratio=ratio,
            withhold_test=withhold_test,
            recipe=recipe,
            accelerator=accelerator,
            out=Path(out),
            quiet=quiet,
        )
    )


def _fractions(given: float | Sequence[float] | None) -> tuple[float, ...] | None:
    """Return one fraction or several as a tuple; None stays None."""
    if given is None:
        return None
    return (float(given),) if isinstance(given, int | float) else tuple(given)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)


def look_up(request: RunRequest) -> Definitions:
    """Return what the names in a request stand for; an unknown one is answered with near ones, before PyTorch is imported."""
    check_request(request)
    task = definitions.task(request.task)
    track = definitions.track(task, request.track)
    choices = choose_generators(request.generators, task, track)
    return Definitions(task, choices)


def prepare(request: RunRequest, defined: Definitions | None = None) -> PreparedRun:
    """Return a run with everything checked and planned, and nothing computed; ``defined`` replaces the shipped definitions."""
    task = definitions.task(request.task) if defined is None else defined.task
    check_request(request, None if defined is None else task)
    track = definitions.with_recipe(task, definitions.track(task, request.track), request.recipe)
    fractions, replicates = amounts(request, track)
    backend = choose_backend(Where(request.backend, request.jobs, request.scheduler, request.slurm))
    check_images_named(request, task)
    with busy("Loading PyTorch and the generators ...", quiet=request.quiet):
        defined = defined or look_up(request)
        device = choose_device(request.accelerator, remote=backend.remote)
    store = Store(request.out / "store")
    with busy("Reading and checking the images ...", quiet=request.quiet):
        source = open_source(
            task,
            track,
            data=request.data,
            source=request.source,
            split=request.split,
            allow_leaky=request.allow_leaky_split,
            phantom_folder=request.out / "phantom",
        )
        setting = Setting(
            task,
            track,
            source,
            device,
            ratio=request.ratio,
            withhold_test=request.withhold_test,
            recipe=request.recipe,
        )
        context = ArmContext(task.id, track.image_size, defined.generators, phantom_side(source, task.id))
        skipped = skipped_reason(setting, asked=request.plateau_check)
        plan = make_plan(
            setting,
            defined.generators,
            fractions=fractions,
            replicates=replicates,
            optional=choose_arms(request.arms, context),
            plateau_check=skipped is None,
            runnable=defined.runnable,
        )
        notes = check_external(plan)
    plan = replace(plan, setting=replace(setting, source=source.told(notes, notes, notes)))
    folder = run_folder(request.out, plan, arms=request.arms, split=request.split)
    return PreparedRun(request, plan, store, folder, backend, skipped, left_out(request.arms, context))


def perform(request: RunRequest, defined: Definitions | None = None) -> RunResult:
    """Carry out a run: compute the missing cells, choose on validation, then score and write record, predictions and report.

    What is chosen is written down before anything is scored, and scores are computed from record and predictions alone.
    """
    prepared = prepare(request, defined)
    plan, store, folder = prepared.plan, prepared.store, prepared.folder
    pace = pace_of(prepared)
    with store.in_use() as shared, shown(plan.cells, folder / "log.txt", quiet=request.quiet, pace=pace) as progress:
        _write(folder / BEGUN_FILE, json_text(_begun(prepared).model_dump(mode="json")))
        progress.message(opening(prepared))
        if request.quiet and plan.source.warnings:
            print("\n".join(plan.source.warnings), file=sys.stderr)
        if shared:
            progress.message(
                "Another run uses this store. Steps that it is computing are waited for, not computed twice."
            )
        reports = prepared.backend.compute(plan.cells, store, progress)
        progress.message("All steps are done. Scoring every arm and comparing them ...")
        predicted = assemble.predictions(plan, store, reports)
        stored = predicted.to_bytes()
        chosen = assemble.choices(plan, predicted)
        _write(folder / "choices.json", json_text({key: asdict(one) for key, one in chosen.items()}))
        unscored = assemble.record(
            plan,
            store,
            reports,
            environment(plan.device),
            run_id=folder.name,
            chosen=chosen,
            predictions_sha256=hashlib.sha256(stored).hexdigest(),
            plateau_skipped=prepared.plateau_skipped,
            command=reproducing(prepared),
        )
        record = unscored.scored(scores_of(unscored, predicted))
        _write(folder / "predictions.npz", stored)
        _write(folder / "curves.json", json_text(assemble.curves(plan, store, reports)))
        _write(folder / "samples.npz", npz_bytes(assemble.pictures(plan, store, reports)))
        _write(folder / "record.json", record_text(record))
        progress.message("Writing the report ...")
        return RunResult(record=record, folder=folder, report=_report(folder))


def _report(folder: Path) -> Path:
    from qaugbench.report.html import write_report

    return write_report(folder)


def reproducing(prepared: PreparedRun) -> str:
    """Return the command that repeats a run; a source that was chosen by default is named."""
    request = prepared.request
    named = request.source if request.data is not None else prepared.plan.source.facts.source
    return command_of(replace(request, source=named))


def _begun(prepared: PreparedRun) -> Begun:
    plan = prepared.plan
    return Begun(
        task=plan.task.name,
        source=plan.source.facts.source,
        track=plan.track.name,
        generators=[choice.card.id for choice in plan.generators],
        replicates=plan.replicates,
        began=now(),
        command=resuming(prepared.request),
    )


def opening(prepared: PreparedRun) -> str:
    """Return what a person is told before anything is computed: data, split, arms, fractions, steps and what they cost."""
    cost = cost_line(pace_of(prepared).left(), processes_of(prepared))
    last = f"Results: {prepared.folder}. Interrupt at any time: the same command resumes."
    return "\n".join([described(prepared), *plan_lines(prepared.plan.cells, prepared.store), cost, last])


def described(prepared: PreparedRun) -> str:
    """Return what a run is about: data, split, arms and fractions."""
    plan = prepared.plan
    arms = ", ".join(arm.info.id for arm in assemble.run_arms(plan))
    lines = [
        plan.source.banner,
        f"Board: {plan.task.name} / {plan.source.facts.source} / {plan.track.name}; "
        f"{count(plan.replicates, 'replicate')} on {plan.device}.",
        *map(_fraction_line, plan.fractions),
        f"Arms: {arms}.",
        *(f"Without the arm {name}: {why}." for name, why in prepared.arms_left_out.items()),
        *([WITHHELD] if plan.setting.withhold_test else []),
        f"Plateau check: {_plateau_words(prepared)}",
        *_recipe_lines(prepared),
    ]
    return "\n".join(lines)


def processes_of(prepared: PreparedRun) -> int | None:
    """Return how many processes compute a run; None where a cluster has as many as it has."""
    return prepared.request.jobs if prepared.backend.remote else jobs_of(prepared.request, prepared.plan)


def pace_of(prepared: PreparedRun) -> Pace:
    """Return the pace of a run before its first step."""
    return Pace(prepared.plan.cells, prepared.store, processes_of(prepared))


def _recipe_lines(prepared: PreparedRun) -> list[str]:
    reason = robustness_only(prepared.plan.setting.recipe)
    return [] if reason is None else [f"Classifier: {prepared.plan.track.recipe.model}; {reason}."]


def _fraction_line(fraction: FractionFacts) -> str:
    images = f"{fraction.n_real:,} real training images, {fraction.n_fill:,} synthetic"
    reason = f" {fraction.reason}" if fraction.reason else ""
    return f"Fraction {fraction_words(fraction.key)}: {images}.{reason}"


def _plateau_words(prepared: PreparedRun) -> str:
    if prepared.plateau_skipped is not None:
        return f"skipped: {prepared.plateau_skipped}"
    arms = " and ".join(dict.fromkeys(arm for arm, _, _ in prepared.plan.plateau_cells))
    return f"{arms} of replicate 0 are trained once more with twice the steps."


def jobs_of(request: RunRequest, plan: Plan) -> int:
    """Return how many processes a run uses: as asked, else all cores, or one on a GPU."""
    if request.jobs is not None:
        return request.jobs
    return usable_cores() if plan.device == "cpu" else 1


def _write(path: Path, content: bytes | str) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        remedy = "Free some space or choose another folder with --out, and run the same command again: finished steps are kept."
        raise StoreError(f"{path} cannot be written: {error.strerror}. {remedy}") from error
