"""From a request to a run that is checked and planned, with its images opened and nothing computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qaugbench import definitions
from qaugbench.datasets.own.images import open_own
from qaugbench.datasets.subsets import runnable_fraction
from qaugbench.errors import TRAINING, require
from qaugbench.experiment.arm_choice import choose_arms, left_out
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.backends import Backend, Where, choose_backend
from qaugbench.experiment.busy import busy
from qaugbench.experiment.check_request import amounts, check_request, images_of
from qaugbench.experiment.command import check_images_named
from qaugbench.experiment.control_arms import ArmContext
from qaugbench.experiment.environment import choose_device, usable_cores
from qaugbench.experiment.execution_choice import ExecutionChoice, choose_executions
from qaugbench.experiment.external_images import check_external
from qaugbench.experiment.extractor_choice import ExtractorChoice, choose_extractors
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.experiment.pace import Pace
from qaugbench.experiment.plan import Plan, Runnable, make_plan
from qaugbench.experiment.plateau import skipped_reason
from qaugbench.experiment.replicate_cells import Setting
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run_name import run_folder
from qaugbench.experiment.source import OpenedSource, open_source, phantom_side
from qaugbench.experiment.store import Store
from qaugbench.task import Task

LOADING = "Loading PyTorch and the generators ..."


@dataclass(frozen=True)
class Definitions:
    """What the names in a request stand for: the task and the generators with their controls.

    ``runnable`` says which fraction a source is large enough for.
    """

    task: Task
    generators: tuple[GeneratorChoice, ...]
    runnable: Runnable = runnable_fraction


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


def look_up(request: RunRequest) -> Definitions:
    """Return what the names in a request stand for; an unknown one is answered with near ones, before PyTorch is imported."""
    check_request(request)
    task = definitions.task(request.task)
    track = definitions.track(task, request.track)
    choices = choose_generators(request.generators, task, track)
    return Definitions(task, choices)


def prepare(request: RunRequest, defined: Definitions | None = None) -> PreparedRun:
    """Return a run with everything checked and planned, and nothing computed; ``defined`` replaces the shipped definitions."""
    check_request(request, None if defined is None else defined.task)
    require("A run", *TRAINING, extra="run")
    backend = choose_backend(Where(request.backend, request.jobs, request.scheduler, request.slurm))
    task = definitions.task(request.task) if defined is None else defined.task
    check_images_named(request, task)
    with busy("Reading and checking the images ...", quiet=request.quiet):
        for images in images_of(request.generators) if defined is None else ():
            open_own(images, task.labels)
        source = _source(request, task)
    with busy(LOADING, quiet=request.quiet or defined is not None):
        defined = defined or look_up(request)
        track = definitions.track(defined.task, request.track)
        executions = choose_executions(request.executions, defined.generators, defined.task, track)
        device = choose_device(request.accelerator, remote=backend.remote)
        extractors = choose_extractors(request.extractors)
    store = Store(request.out / "store")
    with busy("Planning the steps ...", quiet=request.quiet):
        setting = _setting(request, defined.task, source, device)
        side = phantom_side(setting.source, setting.task.id)
        context = ArmContext(setting.task.id, setting.track.image_size, defined.generators, side)
        skipped = skipped_reason(setting, asked=request.plateau_check)
        plan = _plan(request, defined, setting, context, extractors, executions, plateau_check=skipped is None)
        plan = _with_notes(plan, request.out)
    folder = run_folder(request.out, plan, arms=request.arms, split=request.split)
    return PreparedRun(request, plan, store, folder, backend, skipped, left_out(request.arms, context))


def _source(request: RunRequest, task: Task) -> OpenedSource:
    """Return the images of the run, opened and checked; PyTorch is not imported for it."""
    return open_source(
        task,
        definitions.track(task, request.track),
        data=request.data,
        source=request.source,
        split=request.split,
        allow_leaky=request.allow_leaky_split,
        phantom_folder=request.out / "phantom",
    )


def _setting(request: RunRequest, task: Task, source: OpenedSource, device: str) -> Setting:
    """Return what all replicates of the run share."""
    return Setting(
        task,
        definitions.with_recipe(task, definitions.track(task, request.track), request.recipe),
        source,
        device,
        ratio=request.ratio,
        withhold_test=request.withhold_test,
        recipe=request.recipe,
    )


def _plan(
    request: RunRequest,
    defined: Definitions,
    setting: Setting,
    context: ArmContext,
    extractors: Sequence[ExtractorChoice],
    executions: Sequence[ExecutionChoice],
    *,
    plateau_check: bool,
) -> Plan:
    fractions, replicates = amounts(request, setting.track)
    return make_plan(
        setting,
        defined.generators,
        fractions=fractions,
        replicates=replicates,
        optional=choose_arms(request.arms, context),
        plateau_check=plateau_check,
        metrics=request.metrics,
        extractors=extractors,
        executions=executions,
        runnable=defined.runnable,
    )


def _with_notes(plan: Plan, lists: Path) -> Plan:
    """Return the plan with what is to be said of its folders of images; raise where one of them cannot be used."""
    remarks = check_external(plan, lists)
    notes, lines = [remark.note for remark in remarks], [remark.line for remark in remarks]
    return replace(plan, setting=replace(plan.setting, source=plan.source.told(notes, lines, lines)))


def processes_of(prepared: PreparedRun) -> int | None:
    """Return how many processes compute a run; None where a cluster has as many as it has."""
    return prepared.request.jobs if prepared.backend.remote else jobs_of(prepared.request, prepared.plan)


def pace_of(prepared: PreparedRun) -> Pace:
    """Return the pace of a run before its first step."""
    return Pace(prepared.plan.cells, prepared.store, processes_of(prepared))


def jobs_of(request: RunRequest, plan: Plan) -> int:
    """Return how many processes a run uses: as asked, else all cores, or one on a GPU."""
    if request.jobs is not None:
        return request.jobs
    return usable_cores() if plan.device == "cpu" else 1
