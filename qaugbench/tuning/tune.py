"""Tunes one generator, or one control of it: a fixed design of trials, each scored on validation images alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.errors import DataError, DefinitionError, QaugbenchError, StoreError
from qaugbench.experiment import assemble
from qaugbench.experiment.arms import Arm, GeneratorChoice, variant_arms
from qaugbench.experiment.backends import Where, choose_backend
from qaugbench.experiment.check_request import check_request
from qaugbench.experiment.command import check_images_named
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.pace import Pace
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.prepare import Definitions, PreparedRun, jobs_of, prepare
from qaugbench.experiment.processes import execute
from qaugbench.experiment.progress import Progress, announce, shown
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.experiment.request import Accelerator, RunRequest
from qaugbench.experiment.store import Store
from qaugbench.files import json_text, write_whole
from qaugbench.places import STUDY_FILE
from qaugbench.search_space import search_space
from qaugbench.stats.metric_on_images import Images, MetricOnImages, metric_of
from qaugbench.task import canonical_hash
from qaugbench.tuning.design import DESIGN_SEED, design
from qaugbench.tuning.setting import TuningSetting
from qaugbench.tuning.study import Study, StudyResult
from qaugbench.tuning.text import opening, trial_line
from qaugbench.tuning.trial import Trial, make_trial, trial_result, with_settings

TRIALS = 20
"""Trials of every generator and control that is compared (method.md, budget matching)."""
REPLICATES = 2


@dataclass(frozen=True)
class TuneRequest:
    """What is tuned; the command line's options have the same names.

    ``generator`` may be a control, as in ``qldm:twin``. ``steps`` are the training steps of every trial; None: the track's.
    """

    task: str
    generator: str
    data: Path | None = None
    source: str | None = None
    track: str = "lite"
    fraction: float | None = None
    trials: int = TRIALS
    replicates: int = REPLICATES
    steps: int | None = None
    split: str | None = None
    allow_leaky_split: bool = False
    jobs: int | None = None
    accelerator: Accelerator = "auto"
    out: Path = field(default_factory=lambda: Path("runs"))
    quiet: bool = False

    @property
    def run(self) -> RunRequest:
        """The run that would evaluate the same generator on the same data."""
        return RunRequest(
            task=self.task,
            generators=(self.generator,),
            data=self.data,
            source=self.source,
            track=self.track,
            fraction=None if self.fraction is None else (self.fraction,),
            replicates=self.replicates,
            split=self.split,
            allow_leaky_split=self.allow_leaky_split,
            jobs=self.jobs,
            plateau_check=False,
            accelerator=self.accelerator,
            out=self.out,
            quiet=self.quiet,
        )


@dataclass(frozen=True)
class PreparedStudy:
    """A study with its data opened and its trials planned; ``metric`` scores logits of the validation images."""

    study: Study
    trials: tuple[Trial, ...]
    metric: MetricOnImages
    prepared: PreparedRun
    folder: Path


def tune(request: TuneRequest, defined: Definitions | None = None) -> tuple[StudyResult, Path]:
    """Return the result of a study and its folder, with ``tuning.json`` and ``tuning.png`` of as many trials as are done.

    Both files are written whole after each trial. Trials are cells of the store: a second call computes what is missing.
    A trial that fails or diverges is recorded with its reason and counts. ``defined`` replaces the shipped definitions.
    """
    announce("Checking the request ...", quiet=request.quiet)
    found = prepare_study(request, defined)
    store, trials = found.prepared.store, found.trials
    jobs = jobs_of(request.run, found.prepared.plan)
    cells = with_upstream(cell for trial in trials for cell in trial.cells)
    pace = Pace(cells, store, jobs)
    with store.in_use(), shown(cells, found.folder / "log.txt", quiet=request.quiet, pace=pace) as progress:
        progress.message(f"{found.prepared.plan.source.banner}\n{opening(found.study)}")
        result = StudyResult(found.study, ())
        if not (found.folder / STUDY_FILE).exists():
            _write(found.folder, result)  # so that lists show it before the first trial is done
        for result in _studied(found, store, jobs, progress):
            _write(found.folder, result)
            progress.message(trial_line(result.results[-1], result.best, len(trials)))
    return result, found.folder


def prepare_study(request: TuneRequest, defined: Definitions | None = None) -> PreparedStudy:
    """Return a study with everything checked and planned, and nothing computed."""
    _check_request(request, defined)
    prepared = prepare(request.run, defined)
    (choice,) = prepared.plan.generators
    space = search_space(choice.card, request.track)
    if request.steps is not None:
        choice = _shortened(choice, request)
    settings = design(space, request.trials)
    plan, fraction = prepared.plan, prepared.plan.fractions[0]
    arm, setting = _arm(plan, request.generator), TuningSetting.of(plan.setting)
    replicates = [ReplicateCells(setting, fraction.key, fraction.used, number) for number in range(request.replicates)]
    trials = tuple(make_trial(k, changed, choice, arm, replicates) for k, changed in enumerate(settings))
    metric, endpoint = validation_metric(plan), assemble.endpoints(plan)[0]
    study = Study(
        variant=arm.info.id,
        task=plan.task.name,
        source=plan.source.facts.source,
        source_sha256=plan.source.facts.manifest_sha256,
        track=plan.track.name,
        fraction=fraction.key,
        replicates=request.replicates,
        trials=request.trials,
        steps=request.steps,
        endpoint=endpoint.id,
        endpoint_title=endpoint.title,
        n_images=int(metric.chosen.size),
        phantom=plan.source.facts.phantom,
        design_seed=DESIGN_SEED,
        space=space,
    )
    return PreparedStudy(study, trials, metric, prepared, request.out / _folder_name(study, trials[0]))


def validation_metric(plan: Plan) -> MetricOnImages:
    """Return the primary endpoint on the validation images; DataError where they cannot decide it."""
    val, data, labels = plan.source.split.val, plan.source.prepared, plan.task.labels
    images = Images(data.labels[val].astype("uint8"), data.groups[val], labels.names, labels.kind)
    metric = metric_of(assemble.endpoints(plan)[0], images)
    if metric.why_undefined is not None:
        raise DataError(f"Nothing can be tuned on these validation images: {metric.why_undefined}. Give more of them.")
    return metric


def _check_request(request: TuneRequest, defined: Definitions | None) -> None:
    """Raise QaugbenchError for what names and facts tell against a request, before PyTorch is imported."""
    if request.replicates < 1:
        raise QaugbenchError(f"--replicates must be at least 1, got {request.replicates}.")
    if request.generator.partition(":")[0] == "folder":
        raise DefinitionError(f"{request.generator!r} are images that something else made; there is nothing to tune.")
    choose_backend(Where(jobs=request.jobs))
    check_request(request.run, None if defined is None else defined.task)
    check_images_named(request.run, definitions.task(request.task) if defined is None else defined.task)
    family = request.generator.partition(":")[0]
    card = definitions.generator_card(family) if defined is None else defined.generators[0].card
    design(search_space(card, request.track), min(request.trials, 1))
    if request.steps is not None:
        _check_steps(card, request)


def _shortened(choice: GeneratorChoice, request: TuneRequest) -> GeneratorChoice:
    """Return the generator with the trials' own number of training steps."""
    _check_steps(choice.card, request)
    return with_settings(choice, request.track, {"steps": request.steps})


def _check_steps(card: GeneratorCard, request: TuneRequest) -> None:
    """Raise QaugbenchError where the trials of a generator cannot have a number of steps of their own."""
    if "steps" not in card.settings(request.track):
        raise QaugbenchError(f"--steps: the fit of {card.id!r} takes no steps; leave the option out.")
    if "steps" in card.tune:
        raise QaugbenchError(f"--steps: {card.origin} tunes 'steps' itself; leave the option out.")
    if not request.steps or request.steps < 1:
        raise QaugbenchError(f"--steps must be at least 1, got {request.steps}.")


def _arm(plan: Plan, name: str) -> Arm:
    (choice,) = plan.generators
    return next(arm for arm in variant_arms(choice) if arm.info.id == name)


def _studied(found: PreparedStudy, store: Store, jobs: int, progress: Progress) -> Iterator[StudyResult]:
    """Yield the result after each trial; several are computed at once where there are more processes than replicates."""
    result = StudyResult(found.study, ())
    width = max(1, jobs // found.study.replicates)
    reports: dict[str, CellReport] = {}
    for start in range(0, len(found.trials), width):
        batch = found.trials[start : start + width]
        reports |= _computed(batch, store, jobs, progress, reports)
        for trial in batch:
            done = trial_result(trial, store, reports, found.metric, found.trials[: trial.number])
            result = StudyResult(found.study, (*result.results, done))
            yield result


def _computed(
    batch: Sequence[Trial], store: Store, jobs: int, progress: Progress, told: Mapping[str, CellReport]
) -> dict[str, CellReport]:
    """Return the reports of the cells of some trials; progress is not told again of what it was ``told`` before."""

    def report(done: CellReport) -> None:
        if done.cell.name not in told:
            progress.cell(done)

    cells = with_upstream(cell for trial in batch for cell in trial.cells)
    return execute(cells, store, jobs=jobs, report=report, still=progress.still)


def _folder_name(study: Study, default: Trial) -> str:
    """Return a name for the study; it does not depend on the number of trials, so that more of them continue it."""
    parts = (study.task.partition("@")[0], study.source, study.track, study.variant)
    identity = {"cells": [cell.name for cell in default.cells], "space": study.space.to_dict()}
    names = "-".join(re.sub(r"[^a-z0-9.-]+", "-", part.lower()) for part in parts)
    return f"tuning-{names}-{canonical_hash(identity)[:8]}"


def _write(folder: Path, result: StudyResult) -> None:
    from qaugbench.tuning.plot import tuning_png

    try:
        write_whole(folder / STUDY_FILE, json_text(result.to_dict()))
        if result.results:
            write_whole(folder / "tuning.png", tuning_png(result))
    except OSError as error:
        remedy = "Free some space or choose another folder with --out, and run the same command again: finished trials are kept."
        raise StoreError(f"{folder} cannot be written: {error.strerror}. {remedy}") from error
