"""What a record says of noisy drawing: what circuits were drawn on, and what noise did to their outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from qaugbench.circuits.noise.expected_errors import expected_errors
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.written import written
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.execution_choice import ExecutionChoice
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.store import Store
from qaugbench.record import ExecutionFacts, NoisyDrawing

APART = ("name", "title", "date", "source")
"""Facts of a device that stand beside its figures."""


def execution_facts(plan: Plan) -> dict[str, ExecutionFacts]:
    """Return what circuits were drawn on besides exactly, by name, with every fact of a preset or a file."""
    return {one.name: _facts(one) for one in plan.executions}


def noisy_drawings(plan: Plan, store: Store, reports: Mapping[str, CellReport]) -> dict[str, dict[str, NoisyDrawing]]:
    """Return by fraction key and arm what noise did while it was drawn; an arm of which every sample failed is left out."""
    executions = {one.name: one for one in plan.executions}
    deviations: dict[tuple[str, str], list[list[float]]] = {}
    for (name, key, _), train in plan.train_cells.items():
        sample = train.needs.get("sample")
        if sample is not None and sample.is_noisy and reports[sample.name].outcome == "ok":
            own = store.meta("sample", sample.name)["facts"]["deviation"]
            deviations.setdefault((key, name), []).append(own)
    found: dict[str, dict[str, NoisyDrawing]] = {}
    for arm in (one.info for one in plan.arms if one.execution is not None):
        for fraction in plan.fractions:
            if (fraction.key, arm.id) in deviations:
                execution = executions[str(arm.execution)]
                drawing = _drawing(execution, str(arm.generator), deviations[fraction.key, arm.id])
                found.setdefault(fraction.key, {})[arm.id] = drawing
    return found


def _facts(choice: ExecutionChoice) -> ExecutionFacts:
    device = choice.device
    if device.preset is None:
        return ExecutionFacts(title=device.title, written=written(choice.execution))
    facts = {name: _plain(value) for name, value in asdict(device.preset).items() if name not in APART}
    return ExecutionFacts(
        title=device.title,
        written=written(choice.execution),
        date=device.preset.date,
        origin=device.preset.source,
        facts={name: value for name, value in facts.items() if value not in (None, [])},
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _drawing(execution: ExecutionChoice, generator: str, deviations: list[list[float]]) -> NoisyDrawing:
    noise, circuits = execution.execution.noise, execution.circuits[generator]
    each = [float(np.sqrt(np.mean(np.square(one)))) for one in deviations if one]
    return NoisyDrawing(
        expected_errors=[expected_errors(circuit, noise) for circuit in circuits]
        if isinstance(noise, NoiseModel)
        else None,
        deviation=sum(each) / len(each) if each else None,
        n_replicates=len(deviations),
    )
