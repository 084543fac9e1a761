"""From a request to a study whose cells are planned, with its images opened and nothing computed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.ablation.level_cells import PHOTONS, LevelCells, acts_on, planner_of, why_no_equal_noise
from qaugbench.ablation.levels import Sweep, asked_sweeps
from qaugbench.ablation.request import NoiseRequest, check_names
from qaugbench.ablation.study import Study
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.named import named_device
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.experiment import assemble
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.busy import busy
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.check_request import check_request
from qaugbench.experiment.command import check_images_named
from qaugbench.experiment.execution_choice import circuits_of as distinct_circuits
from qaugbench.experiment.noise_cells import TWIN
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.prepare import LOADING, Definitions, PreparedRun, look_up, prepare
from qaugbench.formatting import count
from qaugbench.kinds import may_run_circuits
from qaugbench.stats.metric_on_images import Images, MetricOnImages, metric_of
from qaugbench.task import canonical_hash


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
    circuits = circuits_of(choice, prepared)
    sweeps = _asked(request, circuits)
    planner = planner_of(prepared, choice, circuits, request)
    has_twin = TWIN in choice.card.controls
    trains = any(level.trains for sweep in sweeps for level in sweep.levels)
    twin_missing = None if has_twin else f"{choice.card.id} is run without a twin"
    study = replace(
        _study(prepared, circuits, sweeps, twin_missing), mode=request.mode, mitigations=request.mitigation_names
    )
    images = request.first_images(study.n_drawn)
    study = replace(study, n_drawn=images or study.n_drawn)
    return PreparedNoise(
        study=study,
        levels=tuple(planner.cells_of(sweep, level) for sweep in sweeps for level in sweep.levels),
        twin=tuple(one.measured(one.ideal(TWIN)) for one in planner.replicates) if has_twin else (),
        twin_trained=planner.trained(TWIN) if trains and has_twin else (),
        real_only=planner.trained_on_real() if trains else (),
        circuits=circuits,
        metric=_test_metric(prepared),
        prepared=prepared,
        folder=request.out / _folder_name(study, planner.replicates[0].ideal(), images),
    )


def _asked(request: NoiseRequest, circuits: Sequence[Any]) -> tuple[Sweep, ...]:
    """Return the sweeps of a request, all of whose levels the circuits can run under, and be fitted under where asked."""
    if request.mitigation_names and acts_on(circuits) == PHOTONS:
        raise DefinitionError(
            f"--mitigation {request.mitigation_names[0]} mends the noise of qubits, and the circuits are photonic: leave it out."
        )
    sweeps = asked_sweeps(
        request.axes,
        request.devices,
        scaled=request.scale,
        recipe_levels=request.recipe_levels,
        acts_on=acts_on(circuits),
        fitted=request.mode != "sample",
    )
    _check_size(circuits, request.devices)
    for circuit in circuits:
        _check_runs(circuit, sweeps)
        if request.mode != "sample":
            _check_fits(circuit, request.mode)
    return sweeps


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
        equal_noise=None if twin_missing else why_no_equal_noise(circuits),
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


def _check_size(circuits: Sequence[Any], devices: Sequence[str]) -> None:
    """Raise CircuitError for a device with fewer qubits than a circuit has wires."""
    wires = max(getattr(circuit, "n_wires", 0) for circuit in circuits)
    for facts in (named_device(name).preset for name in devices):
        if facts is not None and facts.n_qubits is not None and facts.n_qubits < wires:
            raise CircuitError(
                f"{facts.name} has {count(facts.n_qubits, 'qubit')}, and the generator a circuit of {wires} wires; choose a larger "
                "device."
            )


def _check_runs(circuit: Any, sweeps: Sequence[Sweep]) -> None:
    """Raise CircuitError for a circuit that cannot be run at the strongest level of each sweep."""
    for sweep in sweeps:
        strongest = sweep.levels[-1]
        if not strongest.is_clean:
            try:
                build_executor(circuit, strongest.execution)
            except CircuitError as error:
                raise CircuitError(f"{strongest.label}: {error}") from error


def _check_fits(circuit: Any, mode: str) -> None:
    """Raise DefinitionError for a circuit through which no gradient passes: what is drawn from it has none."""
    if circuit.output_kind == "samples":
        raise DefinitionError(
            f"--mode {mode} fits under noise by gradients, and none passes through the single bitstrings that a circuit of this "
            f"generator reads ({_words(circuit)}). Study it with --mode sample."
        )


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


def _folder_name(study: Study, ideal: Cell, images: int | None) -> str:
    """Return a name for the study; it does not depend on the number of replicates, so that more of them continue it."""
    parts = (study.task.partition("@")[0], study.source, study.track, study.generator)
    levels = [{**sweep.to_dict(), "levels": [level.to_dict() for level in sweep.levels]} for sweep in study.sweeps]
    asked: dict[str, Any] = {"sample": ideal.name, "sweeps": levels}
    if study.mode != "sample":
        asked["mode"] = study.mode
    if any(level.trains for sweep in study.sweeps for level in sweep.levels):
        asked["trains"] = True
    if study.mitigations:
        asked["mitigations"] = study.mitigations
    if images is not None:
        asked["images"] = images
    names = "-".join(re.sub(r"[^a-z0-9.-]+", "-", part.lower()) for part in parts)
    return f"noise-{names}-{canonical_hash(asked)[:8]}"
