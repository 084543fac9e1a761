"""Expands a run into arms and cells. Nothing is computed here; the same arguments always give the same plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qaugbench.circuits.execution import Execution
from qaugbench.datasets.subsets import deciding_classes, runnable_fraction
from qaugbench.experiment.appraisal_cells import appraisal_cells, geometry_cells, grade_cells
from qaugbench.experiment.arms import REAL_ARMS, Arm, GeneratorChoice, generator_arms, reconstruction_arms
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execution_choice import ExecutionChoice
from qaugbench.experiment.extractor_choice import ExtractorChoice
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.plateau import plateau_cells
from qaugbench.experiment.replicate import replicate_rows
from qaugbench.experiment.replicate_cells import ReplicateCells, Setting
from qaugbench.experiment.source import OpenedSource
from qaugbench.kinds import is_quantum
from qaugbench.predictions import fraction_key
from qaugbench.record import FractionFacts
from qaugbench.task import FRACTION_LADDER, Task, Track, canonical_hash

Runnable = Callable[[np.ndarray, float, Sequence[float]], tuple[float, str | None]]


@dataclass(frozen=True)
class Plan:
    """Every arm and cell of a run.

    ``train_cells`` is keyed by (arm, fraction key, replicate), and so is ``plateau_cells``: the same arms with twice the
    steps, where it is to be found out whether the classifier still climbs. ``influence_cells`` is keyed by (generator,
    fraction key, replicate), ``appraisal_cells`` and ``geometry_cells`` by (arm, fraction key), and ``grade_cells`` by (arm,
    fraction key, replicate).
    """

    setting: Setting
    generators: tuple[GeneratorChoice, ...]
    arms: tuple[Arm, ...]
    fractions: tuple[FractionFacts, ...]
    requested: tuple[float, ...]
    replicates: int
    train_cells: Mapping[tuple[str, str, int], Cell]
    plateau_cells: Mapping[tuple[str, str, int], Cell]
    influence_cells: Mapping[tuple[str, str, int], Cell]
    appraisal_cells: Mapping[tuple[str, str], Cell]
    grade_cells: Mapping[tuple[str, str, int], Cell]
    geometry_cells: Mapping[tuple[str, str], Cell]
    config_sha256: str
    executions: tuple[ExecutionChoice, ...] = ()

    @property
    def task(self) -> Task:
        """The task of the run."""
        return self.setting.task

    @property
    def track(self) -> Track:
        """The track of the run."""
        return self.setting.track

    @property
    def source(self) -> OpenedSource:
        """The data of the run."""
        return self.setting.source

    @property
    def device(self) -> str:
        """The torch device of the run."""
        return self.setting.device

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the run, in the order in which they are computed."""
        measured = [*self.influence_cells.values(), *self.geometry_cells.values(), *self.appraisal_cells.values()]
        measured += self.grade_cells.values()
        return with_upstream((*self.train_cells.values(), *self.plateau_cells.values(), *measured))


def make_plan(
    setting: Setting,
    generators: Sequence[GeneratorChoice],
    *,
    fractions: Sequence[float],
    replicates: int,
    optional: Sequence[Arm] = (),
    plateau_check: bool = False,
    metrics: bool = False,
    extractors: Sequence[ExtractorChoice] = (),
    executions: Sequence[ExecutionChoice] = (),
    runnable: Runnable = runnable_fraction,
) -> Plan:
    """Return the plan of a run, with ``optional`` arms after those that every run has, and with ``metrics`` of synthetic images.

    ``extractors`` are further ones that the metrics are measured on, ``executions`` what the images of generators with circuits
    are drawn on besides exactly.
    Fractions that the source is too small for move up the ladder and say why.
    """
    arms = (
        *REAL_ARMS,
        *(arm for choice in generators for arm in generator_arms(choice, _executions_of(choice, executions))),
        *reconstruction_arms(generators),
        *optional,
    )
    planned = _fractions(setting, fractions, runnable)
    cells: dict[tuple[str, str, int], Cell] = {}
    influence: dict[tuple[str, str, int], Cell] = {}
    for fraction in planned:
        for replicate in range(replicates):
            builder = ReplicateCells(setting, fraction.key, fraction.used, replicate)
            for arm in arms:
                if arm.fill != "oracle" or fraction.oracle:
                    cells[arm.info.id, fraction.key, replicate] = _training(builder, arm, generators)
            for choice in generators:
                if is_quantum(choice.card.kind) and choice.space is not None:
                    influence[choice.card.id, fraction.key, replicate] = builder.influence(choice)
    names = {"/".join(map(str, place)): cell.name for place, cell in cells.items()}
    identity = setting.task.track_identity(setting.track.name)
    return Plan(
        setting=setting,
        generators=tuple(generators),
        arms=arms,
        fractions=planned,
        requested=tuple(fractions),
        replicates=replicates,
        train_cells=cells,
        plateau_cells=plateau_cells(setting, planned) if plateau_check else {},
        influence_cells=influence,
        appraisal_cells=appraisal_cells(setting, arms, cells, extractors) if metrics else {},
        grade_cells=grade_cells(setting, arms, cells) if metrics else {},
        geometry_cells=geometry_cells(setting, arms, cells) if metrics else {},
        config_sha256=canonical_hash({"task": identity, "cells": names, "source": setting.source.facts.source}),
        executions=tuple(executions),
    )


def _executions_of(choice: GeneratorChoice, executions: Sequence[ExecutionChoice]) -> dict[str, Execution]:
    """Return what a generator is drawn on besides exactly, by name."""
    return {one.name: one.execution for one in executions if choice.card.id in one.circuits}


def _training(builder: ReplicateCells, arm: Arm, generators: Sequence[GeneratorChoice]) -> Cell:
    """Return the training of the classifier on an arm, whose images may be drawn under noise from the fit of another."""
    train = builder.train(arm, generators)
    if arm.execution is None:
        return train
    from qaugbench.experiment.noise_cells import NoiseCells  # loads PyTorch, which runs without such arms load later

    choice = next(choice for choice in generators if choice.card.id == arm.info.generator)
    cells = NoiseCells(builder, choice)
    return cells.trained(train, replace(cells.drawn(arm.execution), place=train.place))


def _fractions(setting: Setting, wanted: Sequence[float], runnable: Runnable) -> tuple[FractionFacts, ...]:
    prepared, train = setting.source.prepared, setting.source.split.train
    deciding = deciding_classes(prepared.labels[setting.source.split.test])
    planned: dict[float, FractionFacts] = {}
    for requested in wanted:
        ladder = tuple(sorted({*FRACTION_LADDER, requested}))
        used, reason = runnable(prepared.labels[train][:, deciding], requested, ladder)
        if used in planned:
            continue
        streams = setting.streams(used, 0)
        rows = replicate_rows(
            prepared.labels,
            prepared.identity.groups,
            train,
            setting.draw(used),
            subset=streams.subset,
            synthetic_labels=streams.synthetic_labels,
        )
        planned[used] = FractionFacts(
            key=fraction_key(used),
            requested=requested,
            used=used,
            reason=reason,
            n_real=len(rows.real),
            n_fill=len(rows.drawn),
            oracle=used < 1 and len(rows.oracle) > 0,
            n_oracle=len(rows.oracle),
        )
    return tuple(planned.values())
