"""From a request to the cells of a comparison of classifiers, with its images opened and nothing computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from qaugbench import definitions
from qaugbench.board.entry_id import HASH_DIGITS, several
from qaugbench.classification.request import ClassifierRequest, check_names
from qaugbench.classification.results import PLAIN_ARM, RECIPE
from qaugbench.errors import TRAINING, DataError, require
from qaugbench.experiment import assemble
from qaugbench.experiment.arms import REAL_ARMS, Arm, variant_arms
from qaugbench.experiment.busy import busy
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.check_request import check_request
from qaugbench.experiment.classifier_cells import ClassifierCells
from qaugbench.experiment.classifier_choice import ClassifierChoice, choose_classifiers
from qaugbench.experiment.command import check_images_named
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.prepare import LOADING, Definitions, PreparedRun, prepare
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.predictions import REFERENCE_ROLES, ArmInfo
from qaugbench.stats.metric_on_images import Images, MetricOnImages, metric_of
from qaugbench.task import canonical_hash

At = tuple[str, str, str, int]
"""A training: which classifier under which control ("recipe", "qumi", "qumi:twin"), arm of images, fraction, replicate."""


@dataclass(frozen=True)
class Compared:
    """A classifier under one control, by the ``id`` that its rows have."""

    id: str
    choice: ClassifierChoice
    control: str

    @property
    def info(self) -> ArmInfo:
        """Who it is, in the form in which arms are scored; an arm on real images is never filled in."""
        card = self.choice.card
        return ArmInfo(
            id=self.id,
            role="augmented",
            generator=card.id,
            control=self.control,
            kind=card.kind_under(self.control),
            fidelity=card.fidelity,
        )


@dataclass(frozen=True)
class PreparedComparison:
    """A comparison with its data opened and its trainings planned.

    ``metric`` is the primary endpoint on the test images. ``crossed`` are the arms of images that the gain of generators is asked
    of: real ones, then generators; empty without generators.
    """

    request: ClassifierRequest
    prepared: PreparedRun
    compared: tuple[Compared, ...]
    crossed: tuple[Arm, ...]
    trainings: Mapping[At, Cell]
    metric: MetricOnImages
    folder: Path

    @property
    def plan(self) -> Plan:
        """The plan of the run on whose rows classifiers are trained."""
        return self.prepared.plan

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the comparison, in the order of computing."""
        return with_upstream(self.trainings.values())

    @property
    def judges(self) -> tuple[str, ...]:
        """Under what the gain of a generator is asked: the recipe, then each classifier as it is."""
        return (RECIPE, *(one.id for one in self.compared if one.control == "none"))


def look_up(request: ClassifierRequest) -> tuple[Definitions, tuple[ClassifierChoice, ...]]:
    """Return what the names in a request stand for."""
    task = definitions.task(request.run.task)
    track = definitions.track(task, request.run.track)
    names = request.run.generators
    generators = choose_generators(names, task, track) if names else ()
    return Definitions(task, generators), choose_classifiers(request.classifiers, task, track)


def prepare_comparison(request: ClassifierRequest, defined: Definitions | None = None) -> PreparedComparison:
    """Return a comparison with everything checked and planned, and nothing computed; ``defined`` replaces the shipped task."""
    check_names(request)
    task = definitions.task(request.run.task) if defined is None else defined.task
    check_request(request.run, task)
    require("A comparison of classifiers", *TRAINING, extra="run")
    check_images_named(request.run, task)
    with busy(LOADING, quiet=request.run.quiet):
        if defined is None:
            defined, choices = look_up(request)
        else:
            choices = choose_classifiers(request.classifiers, task, definitions.track(task, request.run.track))
    prepared = prepare(replace(request.run, plateau_check=False, metrics=False), defined)
    plan = prepared.plan
    compared = tuple(
        Compared(choice.card.id if control == "none" else f"{choice.card.id}:{control}", choice, control)
        for choice in choices
        for control in choice.controls
    )
    crossed = _crossed(plan)
    trainings = _trainings(plan, compared, crossed)
    return PreparedComparison(
        request,
        prepared,
        compared,
        crossed,
        trainings,
        test_metric(plan),
        request.run.out / _name(plan, choices, trainings),
    )


def _crossed(plan: Plan) -> tuple[Arm, ...]:
    """Return the arms from which R* is chosen, then the generators without their controls; none without generators."""
    if not plan.generators:
        return ()
    real = [arm for arm in REAL_ARMS if arm.info.role in REFERENCE_ROLES]
    made = [arm for choice in plan.generators for arm in variant_arms(choice) if arm.info.control == "none"]
    return (*real, *made)


def _trainings(plan: Plan, compared: Sequence[Compared], crossed: Sequence[Arm]) -> dict[At, Cell]:
    plain = next(arm for arm in REAL_ARMS if arm.info.id == PLAIN_ARM)
    found: dict[At, Cell] = {}
    for fraction in plan.fractions:
        for replicate in range(plan.replicates):
            builder = ReplicateCells(plan.setting, fraction.key, fraction.used, replicate)
            cells = ClassifierCells(builder, plan.generators)
            for arm in crossed or (plain,):
                found[RECIPE, arm.info.id, fraction.key, replicate] = builder.train(arm, plan.generators)
            for one in compared:
                for arm in (crossed or (plain,)) if one.control == "none" else (plain,):
                    at = one.id, arm.info.id, fraction.key, replicate
                    found[at] = cells.train(one.choice, one.control, arm)
    return found


def test_metric(plan: Plan) -> MetricOnImages:
    """Return the primary endpoint on the test images; DataError where they cannot decide it."""
    test, data, labels = plan.source.split.test, plan.source.prepared, plan.task.labels
    images = Images(data.labels[test].astype("uint8"), data.groups[test], labels.names, labels.kind)
    metric = metric_of(assemble.endpoints(plan)[0], images)
    if metric.why_undefined is not None:
        raise DataError(f"Nothing can be compared on these test images: {metric.why_undefined}. Give more of them.")
    return metric


def _name(plan: Plan, choices: Sequence[ClassifierChoice], trainings: Mapping[At, Cell]) -> str:
    """Return a name for the folder: the board with its classifiers, and a hash of all trainings."""
    cells = {"/".join(map(str, at)): cell.name for at, cell in trainings.items()}
    generators = (several([choice.card.id for choice in plan.generators]),) if plan.generators else ()
    named = several([choice.card.id for choice in choices])
    parts = ("classifiers", plan.task.id, plan.source.facts.source, plan.track.name, named, *generators)
    return "-".join((*parts, canonical_hash(cells)[:HASH_DIGITS]))
