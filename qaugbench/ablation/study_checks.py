"""Whether a study of noise beside the entries of a board can be what it says: what of it is fixed, and what follows from itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from qaugbench import definitions
from qaugbench.ablation.axes import AXES
from qaugbench.ablation.levels import DEVICE_UNIT, Level, Sweep, axis_label, device_label
from qaugbench.ablation.needed import CAUSES
from qaugbench.ablation.published import PublishedStudy, clean_levels, read_published, sides
from qaugbench.ablation.study import MEASURES, RECIPE, Side, StudyResult
from qaugbench.board.pinned import pinned_contents
from qaugbench.board.protocol import source_name_faults
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.circuits.mitigation.names import NAMES
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.presets import Preset, names, preset
from qaugbench.circuits.written import without_idle_noise
from qaugbench.errors import EntryError, QaugbenchError, shown
from qaugbench.kinds import is_quantum
from qaugbench.predictions import percent
from qaugbench.record import Board
from qaugbench.stats.decide import too_few_replicates

ALL_SCORES = frozenset({*(one.name for one in MEASURES if one.is_score and one.name != "diversity"), RECIPE})


def check_study(path: Path) -> PublishedStudy:
    """Return the study in a folder beside the entries of a board; EntryError naming the first thing that cannot be."""
    study = read_published(path)
    fault = next(study_faults(study.found), None)
    if fault is not None:
        raise EntryError(f"{shown(path, None)}: {fault}. Use the study that 'qaugbench noise' wrote.")
    return study


def study_faults(found: StudyResult) -> Iterator[str]:
    """Yield what of a study departs from this release or contradicts itself, as sentences without a full stop."""
    yield from _named(found)
    yield from _counted(found)
    for sweep in found.study.sweeps:
        yield from _levels(found, sweep)
    yield from _results(found)
    yield from _shared(found)


def devices_of_this_release(found: StudyResult) -> dict[str, bool]:
    """Return of each device that is a sweep, and of that which an axis takes times from, whether its errors are this release's."""
    listed: dict[str, bool] = {}
    for sweep in found.study.sweeps:
        if sweep.reference is not None:
            listed[sweep.reference] = listed.get(sweep.reference, True) and _is_as_known(sweep)
    return listed


def _named(found: StudyResult) -> Iterator[str]:
    """Yield which name of a study this release does not have."""
    study = found.study
    name, _, _ = study.task.partition("@")
    try:
        task = definitions.task(name)
        definitions.track(task, study.track)
        card = definitions.generator_card(study.generator)
        percent(study.fraction)
    except QaugbenchError as error:
        yield shown(str(error), 300).rstrip(".")
        return
    if study.task != task.name:
        yield f"the task is {study.task}, and this release has {task.name}"
    endpoints = {one.id: one.title for one in task.endpoints}
    if endpoints.get(study.endpoint) != study.endpoint_title:
        yield f"the endpoint {shown(study.endpoint)!r} with the title {shown(study.endpoint_title)!r} is not one of {study.task}"
    if not is_quantum(card.kind):
        yield f"the generator {study.generator!r} is {card.kind} and has no circuits"
    unknown = [one for one in study.mitigations if one not in NAMES]
    if unknown:
        yield f"there is no mitigation {shown(unknown[0])!r}"
    yield from source_name_faults(_board(found))
    known = [one["facts"]["manifest_sha256"] for one in pinned_contents(study.task, study.source)]
    if known and study.source_sha256 not in known:
        yield (
            f"the images of the source {study.source!r} have the content {study.source_sha256[:12]}, and this release knows others"
        )


def _board(found: StudyResult) -> Board:
    return Board(task=found.study.task, source=found.study.source, track=found.study.track)


def _counted(found: StudyResult) -> Iterator[str]:
    """Yield where there are other replicates than stated, or values that no measure has."""
    replicates = found.study.replicates
    few = too_few_replicates(replicates)
    if few is not None:
        yield f"it has {few}"
    for name, side in sides(found):
        if side.outcome != "ok":
            if not side.reason:
                yield f"{shown(name)} failed ({side.outcome}) without a reason"
            continue
        if len(side.measures) != replicates:
            yield f"{shown(name)} has {len(side.measures)} replicates of {replicates}"
        yield from _values(name, side)


def _values(name: str, side: Side) -> Iterator[str]:
    known = {*(one.name for one in MEASURES), RECIPE}
    for measures in side.measures:
        if not measures:
            yield f"{shown(name)} has a replicate without measures"
        for measure, facts in measures.items():
            value = facts.get("value")
            if measure not in known:
                yield f"{shown(name)} has the measure {shown(measure)!r}, which no study has"
            elif value is None:
                if not facts.get("reason"):
                    yield f"{shown(name)} has no value of {measure} and no reason for that"
            elif isinstance(value, str) or (measure in ALL_SCORES and not 0 <= value <= 1):
                yield f"{shown(name)} has {measure} {shown(value)}, and it is a number from 0 to 1"


def _levels(found: StudyResult, sweep: Sweep) -> Iterator[str]:
    """Yield which level of a sweep is not one of its axis or device, or is out of order."""
    if [one.name for one in found.study.sweeps].count(sweep.name) > 1:
        yield f"two sweeps are called {shown(sweep.name)!r}"
    levels = sweep.levels
    if len(found.of(sweep)) != len(levels):
        yield f"{len(found.of(sweep))} of {len(levels)} levels of {shown(sweep.name)} are done"
    if not levels[0].is_clean or any(one.is_clean for one in levels[1:]):
        yield f"the first level of {shown(sweep.name)}, and no other, has to be the one without noise"
    strengths = [one.strength for one in levels]
    if strengths != sorted(set(strengths)):
        yield f"the levels of {shown(sweep.name)} are not in the order of their strength, each once"
    yield from _of_axis(sweep) if sweep.kind == "axis" else _of_device(sweep)
    called = axis_label if sweep.kind == "axis" else device_label
    for level in levels:
        if level.label != called(sweep.name, level.value):
            yield f"the level {shown(level.label)!r} of {shown(sweep.name)} is called {shown(called(sweep.name, level.value))!r}"


def _of_axis(sweep: Sweep) -> Iterator[str]:
    axis = AXES.get(sweep.name)
    if axis is None:
        yield f"there is no axis {shown(sweep.name)!r} of noise"
        return
    if (sweep.title, sweep.unit) != (axis.title, axis.unit):
        said = f"{shown(sweep.title)!r} in {shown(sweep.unit)}"
        yield f"the axis {sweep.name} is {axis.title!r} in {axis.unit}, and the study says {said}"
    if (sweep.reference is not None) != axis.refers_to_device:
        device = "a" if axis.refers_to_device else "no"
        yield f"the axis {sweep.name} takes times from {device} device, and the study says otherwise"
    for level in sweep.levels:
        if not math.isclose(level.strength, axis.strength(level.value), rel_tol=1e-9, abs_tol=1e-12):
            yield f"the level {shown(level.label)} has not the strength of its value"
    if not axis.refers_to_device and not _is_along(sweep, None):
        yield f"the levels of {sweep.name} are not evaluated as their values say"


def _of_device(sweep: Sweep) -> Iterator[str]:
    if sweep.reference != sweep.name:
        yield f"the errors of {shown(sweep.name)} are those of {shown(sweep.reference)}, and a device has its own"
    if sweep.unit != DEVICE_UNIT or any(one.value != one.strength for one in sweep.levels):
        yield f"a level of {shown(sweep.name)} has another strength than it is times the device"
    if sweep.name in names() and sweep.title != preset(sweep.name).title:
        yield f"the device {sweep.name} is {preset(sweep.name).title!r}, and the study says {shown(sweep.title)!r}"


def _results(found: StudyResult) -> Iterator[str]:
    """Yield what is there of no cause or mitigation that the study has, and what is missing without a reason."""
    if found.twin is None and not found.study.twin:
        yield "it has no twin and no reason for that"
    for one in found.levels:
        name = shown(one.level.label)
        unknown = [cause for cause in one.errors_by_cause or () if cause not in CAUSES]
        if unknown:
            yield f"{name} has errors by {shown(unknown[0])!r}; causes are {', '.join(CAUSES)}"
        for mended in one.mitigated:
            if mended.name not in found.study.mitigations:
                yield f"{name} has the mitigation {shown(mended.name)!r}, which the study does not"
            elif mended.generator is None and not mended.reason:
                yield f"{name} has nothing of {mended.name} and no reason for that"


def _is_as_known(sweep: Sweep) -> bool:
    """Return whether the noise of a sweep is that of the preset it names, as this release has it."""
    if sweep.reference not in names():
        return False
    facts = preset(sweep.reference)
    if sweep.kind == "axis":
        return _is_along(sweep, facts)
    model = facts.noise_model()
    return all(_same(one, lambda scale: _scaled(model, scale)) for one in sweep.levels)


def _is_along(sweep: Sweep, device: Preset | None) -> bool:
    axis = AXES[sweep.name]
    return all(_same(one, lambda value: axis.execution(value, device)) for one in sweep.levels)  # type: ignore[arg-type]


def _scaled(model: NoiseModel, scale: float) -> Execution:
    return IDEAL if scale == 0 else Execution(noise=model if scale == 1 else model.scaled(scale))


def _same(level: Level, made: Callable[[float], Execution]) -> bool:
    try:
        return without_idle_noise(made(level.value)) == level.execution
    except QaugbenchError:
        return False


def _shared(found: StudyResult) -> Iterator[str]:
    """Yield where the level without noise, the same images in every sweep, has two results.

    The classifier is trained on them in the sweeps of devices alone.
    """
    clean: Sequence[Side] = [one.generator for one in clean_levels(found)]
    drawn = [[{name: row[name] for name in row if name != RECIPE} for row in one.measures] for one in clean]
    trained = [scores for one in clean if any(scores := [row.get(RECIPE) for row in one.measures])]
    if any(one != each[0] for each in (drawn, trained) for one in each[1:]):
        yield "the images without noise are the same in every sweep, and their measures are not"
