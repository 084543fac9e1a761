"""The cells of each level of a study: its images in every replicate, with each mitigation, the twin's, and the photons kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qaugbench.ablation.levels import Level, Sweep
from qaugbench.ablation.mitigation import mitigated_level
from qaugbench.ablation.request import NoiseRequest
from qaugbench.circuits.execution import Execution
from qaugbench.experiment.arms import Arm, GeneratorChoice, variant_arms
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.noise_cells import TWIN, NoiseCells
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.prepare import PreparedRun
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.generators.shared.added_noise import has_ideal_values

REAL_ONLY = "R+"
PHOTONS = "photons"


@dataclass(frozen=True)
class DrawnCells:
    """One way of drawing a level in each replicate: what measures its images, and what trains on them."""

    measured: tuple[Cell, ...]
    trained: tuple[Cell, ...] = ()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them."""
        return (*self.measured, *self.trained)


@dataclass(frozen=True)
class LevelCells:
    """The cells of a level in each replicate: of its images, of those with each mitigation, and of the twin's with noise.

    A mitigation that does not apply has the reason in place of cells. ``yields`` measure how many photons are kept, where there
    are any.
    """

    sweep: Sweep
    level: Level
    own: DrawnCells
    mitigated: Mapping[str, DrawnCells | str]
    twin: tuple[Cell, ...]
    yields: tuple[Cell, ...]

    @property
    def measured(self) -> tuple[Cell, ...]:
        """What measures its own images."""
        return self.own.measured

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells and all that they need, in the order of computing."""
        others = [cell for one in self.mitigated.values() if not isinstance(one, str) for cell in one.cells]
        return with_upstream((*self.own.cells, *others, *self.twin, *self.yields))


@dataclass(frozen=True)
class LevelPlanner:
    """Plans the cells of levels of the generator ``choice``, whose ``replicates`` are those of a run with these ``arms``."""

    choice: GeneratorChoice
    replicates: tuple[NoiseCells, ...]
    arms: Mapping[str, Arm]
    circuits: tuple[Any, ...]
    request: NoiseRequest

    def cells_of(self, sweep: Sweep, level: Level) -> LevelCells:
        """Return the cells of a level."""
        own = self._drawn(level.execution, level.label, level)
        noise = {} if level.is_clean else {name: self._mitigated(level, name) for name in self.request.mitigation_names}
        kept: list[Cell] = []
        if acts_on(self.circuits) == PHOTONS:
            kept = [replace(one.yields(level.execution), note=level.label) for one in self.replicates]
        return LevelCells(sweep, level, own, noise, self._twin(own, level), tuple(kept))

    def trained(self, control: str, samples: Iterable[Cell] | None = None) -> tuple[Cell, ...]:
        """Return the trainings on the images of a control ("none": the generator), or on ``samples`` in their place."""
        arm = {one.info.control: one for one in variant_arms(self.choice)}[control]
        trainings = [one.builder.train(arm, [self.choice]) for one in self.replicates]
        if samples is None:
            return tuple(trainings)
        together = zip(self.replicates, trainings, samples, strict=True)
        return tuple(one.trained(train, cell) for one, train, cell in together)

    def trained_on_real(self) -> tuple[Cell, ...]:
        """Return the trainings on real images alone."""
        return tuple(one.builder.train(self.arms[REAL_ONLY], [self.choice]) for one in self.replicates)

    def _drawn(self, execution: Execution, note: str, level: Level) -> DrawnCells:
        samples = [one.drawn(execution, self.request.mode, note=note) for one in self.replicates]
        measured = [replace(one.measured(cell), note=note) for one, cell in zip(self.replicates, samples, strict=True)]
        return DrawnCells(tuple(measured), self.trained("none", samples) if level.trains else ())

    def _mitigated(self, level: Level, name: str) -> DrawnCells | str:
        found = mitigated_level(level.execution, name, self.circuits)
        return found if isinstance(found, str) else self._drawn(found, f"{level.label}, {name}", level)

    def _twin(self, own: DrawnCells, level: Level) -> tuple[Cell, ...]:
        """Return what measures the twin with noise as strong as that of the circuits while they drew.

        Nothing without a twin, where drawing is ideal, or where circuits have no ideal values.
        """
        if TWIN not in self.choice.card.controls or self.request.mode == "train" or why_no_equal_noise(self.circuits):
            return ()
        samples = [one.twin_with(cell.needs["sample"]) for one, cell in zip(self.replicates, own.measured, strict=True)]
        note = f"with noise as of {level.label}"
        return tuple(replace(one.measured(cell), note=note) for one, cell in zip(self.replicates, samples, strict=True))


def planner_of(
    prepared: PreparedRun, choice: GeneratorChoice, circuits: tuple[Any, ...], request: NoiseRequest
) -> LevelPlanner:
    """Return what plans the levels of a request on the first fraction of a run."""
    plan, fraction = prepared.plan, prepared.plan.fractions[0]
    builders = (ReplicateCells(plan.setting, fraction.key, fraction.used, k) for k in range(plan.replicates))
    images = request.first_images(fraction.n_fill)
    replicates = tuple(NoiseCells(builder, choice, images) for builder in builders)
    return LevelPlanner(choice, replicates, {arm.info.id: arm for arm in plan.arms}, circuits, request)


def why_no_equal_noise(circuits: Sequence[Any]) -> str | None:
    """Return why no twin can have noise as strong as that of these circuits; None where one can."""
    if all(has_ideal_values(circuit) for circuit in circuits):
        return None
    return "the circuits draw single bitstrings, which have no ideal values about which noise has a variance"


def acts_on(circuits: Sequence[Any]) -> str:
    """Return what noise of these circuits acts on: "qubits" or "photons"."""
    return "qubits" if all(hasattr(circuit, "n_wires") for circuit in circuits) else PHOTONS
