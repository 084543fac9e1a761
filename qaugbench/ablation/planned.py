"""From a request to a study whose cells are planned, with its images opened and nothing computed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.ablation.levels import Level, Sweep, asked_sweeps
from qaugbench.ablation.request import NoiseRequest, check_names
from qaugbench.ablation.study import Study
from qaugbench.circuits.executors import build_executor
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.experiment import assemble
from qaugbench.experiment.arms import Arm, GeneratorChoice, variant_arms
from qaugbench.experiment.busy import busy
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.check_request import check_request
from qaugbench.experiment.command import check_images_named
from qaugbench.experiment.execution_choice import circuits_of as distinct_circuits
from qaugbench.experiment.noise_cells import TWIN, NoiseCells
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.prepare import LOADING, Definitions, PreparedRun, look_up, prepare
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.kinds import may_run_circuits
from qaugbench.stats.metric_on_images import Images, MetricOnImages, metric_of
from qaugbench.task import canonical_hash

REAL_ONLY = "R+"


@dataclass(frozen=True)
class LevelCells:
    """The cells of a level in each replicate: what measures its images and the noisy twin's, and what trains on its images."""

    sweep: Sweep
    level: Level
    measured: tuple[Cell, ...]
    twin: tuple[Cell, ...]
    trained: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells and all that they need, in the order of computing."""
        return with_upstream((*self.measured, *self.twin, *self.trained))


@dataclass(frozen=True)
class PreparedNoise:
    """A study with its data opened and its cells planned; ``twin`` are the clean twin's, ``real_only`` the trainings of R+."""

    study: Study
    levels: tuple[LevelCells, ...]
    twin: tuple[Cell, ...]
    twin_trained: tuple[Cell, ...]
    real_only: tuple[Cell, ...]
    circuits: tuple[Any, ...]
    metric: MetricOnImages
    prepared: PreparedRun
    folder: Path

    @property
    def comparators(self) -> tuple[Cell, ...]:
        """What is computed besides the levels."""
        return with_upstream((*self.twin, *self.twin_trained, *self.real_only))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the study, in the order of computing."""
        return with_upstream((*self.comparators, *(cell for level in self.levels for cell in level.cells)))


def prepare_noise(request: NoiseRequest, defined: Definitions | None = None) -> PreparedNoise:
    """Return a study with everything checked and planned, and nothing computed."""
    check_names(request)
    check_request(request.run, None if defined is None else defined.task)
    check_images_named(request.run, definitions.task(request.task) if defined is None else defined.task)
    with busy(LOADING, quiet=request.quiet):
        defined = defined or look_up(request.run)
    (choice,) = defined.generators
    _check_choice(choice, request.generator)
    prepared = prepare(request.run, defined)
    plan, fraction = prepared.plan, prepared.plan.fractions[0]
    circuits = circuits_of(choice, prepared)
    sweeps = asked_sweeps(
        request.axes,
        request.devices,
        scaled=request.scale,
        recipe_levels=request.recipe_levels,
        acts_on=_acts_on(circuits),
    )
    for circuit in circuits:
        _check_runs(circuit, sweeps)
    builders = [ReplicateCells(plan.setting, fraction.key, fraction.used, k) for k in range(plan.replicates)]
    replicates = [NoiseCells(builder, choice) for builder in builders]
    has_twin = TWIN in choice.card.controls
    arms = {arm.info.id: arm for arm in plan.arms}
    variants = {arm.info.control: arm for arm in variant_arms(choice)}

    def trained(arm: Arm, of: Iterable[Cell] | None = None) -> tuple[Cell, ...]:
        trainings = [builder.train(arm, [choice]) for builder in builders]
        if of is None:
            return tuple(trainings)
        return tuple(one.trained(train, cell) for one, train, cell in zip(replicates, trainings, of, strict=True))

    def cells_of(sweep: Sweep, level: Level) -> LevelCells:
        drawn = [one.drawn(level.execution) for one in replicates]
        with_noise = [one.twin_with(cell) for one, cell in zip(replicates, drawn, strict=True)] if has_twin else []
        noted = [_noted(cell, level.label) for cell in drawn]
        return LevelCells(
            sweep,
            level,
            tuple(_noted(one.measured(cell), level.label) for one, cell in zip(replicates, noted, strict=True)),
            tuple(
                _noted(one.measured(cell), f"with noise as of {level.label}")
                for one, cell in zip(replicates, with_noise, strict=False)
            ),
            trained(variants["none"], drawn) if level.trains else (),
        )

    trains = any(level.trains for sweep in sweeps for level in sweep.levels)
    twin_missing = None if has_twin else f"{choice.card.id} is run without a twin"
    study = _study(prepared, circuits, sweeps, twin_missing)
    return PreparedNoise(
        study=study,
        levels=tuple(cells_of(sweep, level) for sweep in sweeps for level in sweep.levels),
        twin=tuple(one.measured(one.ideal(TWIN)) for one in replicates) if has_twin else (),
        twin_trained=trained(variants[TWIN]) if trains and has_twin else (),
        real_only=trained(arms[REAL_ONLY]) if trains else (),
        circuits=circuits,
        metric=_test_metric(prepared),
        prepared=prepared,
        folder=request.out / _folder_name(study, replicates[0].ideal()),
    )


def _study(
    prepared: PreparedRun, circuits: Sequence[Any], sweeps: tuple[Sweep, ...], twin_missing: str | None
) -> Study:
    """Return what is studied, as data: the one generator of a run, on its first fraction."""
    plan = prepared.plan
    (choice,), fraction, endpoint = plan.generators, plan.fractions[0], assemble.endpoints(plan)[0]
    return Study(
        generator=choice.card.id,
        task=plan.task.name,
        source=plan.source.facts.source,
        source_sha256=plan.source.facts.manifest_sha256,
        phantom=plan.source.facts.phantom,
        track=plan.track.name,
        fraction=fraction.key,
        replicates=plan.replicates,
        n_drawn=fraction.n_fill,
        circuits=tuple(_words(circuit) for circuit in circuits),
        twin=twin_missing,
        endpoint=endpoint.id,
        endpoint_title=endpoint.title,
        sweeps=sweeps,
    )


def _check_choice(choice: GeneratorChoice, name: str) -> None:
    if choice.space is None or not may_run_circuits(choice.card.kind):
        raise DefinitionError(
            f"{name!r} is {choice.card.kind} and runs no circuit, so no noise acts on it. Those of the kinds quantum and hybrid in "
            "'qaugbench list generators' do."
        )


def circuits_of(choice: GeneratorChoice, prepared: PreparedRun) -> tuple[Any, ...]:
    """Return the different circuits of a generator as the run makes it, in a space that is not fitted.

    Raises:
        DefinitionError: it runs none.
    """
    found = distinct_circuits(choice, prepared.plan.task, prepared.plan.track)
    if not found:
        raise DefinitionError(f"{choice.card.id!r} runs no circuit, so no noise acts on it.")
    return found


def _acts_on(circuits: Sequence[Any]) -> str:
    return "qubits" if all(hasattr(circuit, "n_wires") for circuit in circuits) else "photons"


def _check_runs(circuit: Any, sweeps: Sequence[Sweep]) -> None:
    """Raise CircuitError for a circuit that cannot be run at the strongest level of each sweep."""
    for sweep in sweeps:
        strongest = sweep.levels[-1]
        if not strongest.is_clean:
            try:
                build_executor(circuit, strongest.execution)
            except CircuitError as error:
                raise CircuitError(f"{strongest.label}: {error}") from error


def _words(circuit: Any) -> str:
    """Return what a circuit is in a few words."""
    wires, modes = getattr(circuit, "n_wires", None), getattr(circuit, "n_modes", None)
    size = f"{wires} wires" if wires else f"{modes} modes"
    gates = len(getattr(circuit, "gates", ()) or ())
    return f"{size}{f', {gates} gates' if gates else ''}, read as {circuit.output_kind}"


def _test_metric(prepared: PreparedRun) -> MetricOnImages:
    """Return the primary endpoint on the test images, for the levels at which the classifier is trained."""
    plan = prepared.plan
    test, data, labels = plan.source.split.test, plan.source.prepared, plan.task.labels
    images = Images(data.labels[test].astype("uint8"), data.groups[test], labels.names, labels.kind)
    return metric_of(assemble.endpoints(plan)[0], images)


def _noted(cell: Cell, note: str) -> Cell:
    return replace(cell, note=note)


def _folder_name(study: Study, ideal: Cell) -> str:
    """Return a name for the study; it does not depend on the number of replicates, so that more of them continue it."""
    parts = (study.task.partition("@")[0], study.source, study.track, study.generator)
    levels = [{**sweep.to_dict(), "levels": [level.to_dict() for level in sweep.levels]} for sweep in study.sweeps]
    names = "-".join(re.sub(r"[^a-z0-9.-]+", "-", part.lower()) for part in parts)
    return f"noise-{names}-{canonical_hash({'sample': ideal.name, 'sweeps': levels})[:8]}"
