"""What came of the levels of a study, read from the store once their cells are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qaugbench.ablation.planned import LevelCells, PreparedNoise
from qaugbench.ablation.study import RECIPE, LevelResult, Side
from qaugbench.circuits.noise.expected_errors import expected_errors
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import LIGHT_STAGES, CellReport
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.store import Store
from qaugbench.stats.metric_on_images import MetricOnImages


def level_result(
    planned: LevelCells, found: PreparedNoise, store: Store, reports: Mapping[str, CellReport], paid: set[str]
) -> LevelResult:
    new = [cell for cell in planned.cells if cell.name not in paid and cell.stage not in LIGHT_STAGES]
    paid |= {cell.name for cell in new}
    noise = planned.level.execution.noise
    stated = NoiseModel() if planned.level.is_clean else noise
    counted = None
    if isinstance(stated, NoiseModel):
        counted = tuple(expected_errors(circuit, stated) for circuit in found.circuits)
    return LevelResult(
        sweep=planned.sweep.name,
        level=planned.level,
        generator=side_of(planned.measured, planned.trained, store, reports, found.metric),
        twin_with_noise=side_of(planned.twin, (), store, reports, found.metric) if planned.twin else None,
        expected_errors=counted,
        deviation=_deviation(planned, store, reports),
        seconds=round(sum(_seconds(cell, store, reports) for cell in new), 3),
    )


def _deviation(planned: LevelCells, store: Store, reports: Mapping[str, CellReport]) -> float | None:
    """Return the root mean square deviation of the outputs of all blocks, the mean over replicates; 0 without noise."""
    if planned.level.is_clean:
        return 0.0
    samples = [cell.needs["sample"] for cell in planned.measured]
    found = [
        store.meta("sample", cell.name)["facts"]["deviation"] for cell in samples if reports[cell.name].outcome == "ok"
    ]
    each = [float(np.sqrt(np.mean(np.square(one)))) for one in found if one]
    return sum(each) / len(each) if each else None


def side_of(
    measured: Sequence[Cell],
    trained: Sequence[Cell],
    store: Store,
    reports: Mapping[str, CellReport],
    metric: MetricOnImages,
) -> Side:
    failed = [
        reports[cell.name] for cell in with_upstream((*measured, *trained)) if reports[cell.name].outcome != "ok"
    ]  # the cause comes first
    rows: list[dict[str, Any]] = []
    for k in range(max(len(measured), len(trained))):
        row: dict[str, Any] = {}
        if k < len(measured) and reports[measured[k].name].outcome == "ok":
            row |= store.meta("measure", measured[k].name)["facts"]["measures"]
        if k < len(trained) and reports[trained[k].name].outcome == "ok":
            row[RECIPE] = _score(trained[k], store, metric)
        rows.append(row)
    reason = f"{failed[0].cell.stage} {failed[0].cell.label}: {failed[0].reason}" if failed else ""
    return Side(failed[0].outcome if failed else "ok", reason, tuple(rows))


def _score(train: Cell, store: Store, metric: MetricOnImages) -> dict[str, Any]:
    if metric.why_undefined is not None:
        return {"value": None, "reason": metric.why_undefined}
    logits = np.asarray(store.array("train", train.name, "test_logits"))
    return {"value": float(metric.evaluate(logits[None])[0][0]), "n": len(logits)}


def _seconds(cell: Cell, store: Store, reports: Mapping[str, CellReport]) -> float:
    report = reports[cell.name]
    return report.wall_s if report.outcome != "ok" else float(store.meta(cell.stage, cell.name)["wall_s"])
