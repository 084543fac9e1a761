"""What came of the levels of a study, read from the store once their cells are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np

from qaugbench.ablation.level_cells import PHOTONS, DrawnCells, LevelCells, acts_on
from qaugbench.ablation.planned import PreparedNoise
from qaugbench.ablation.study import RECIPE, Charge, LevelResult, Mitigated, Side
from qaugbench.circuits.noise.expected_errors import errors_by_cause
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
    causes: list[dict[str, float]] = []
    if isinstance(stated, NoiseModel) and acts_on(found.circuits) != PHOTONS:
        causes = [errors_by_cause(circuit, stated) for circuit in found.circuits]
    counted = tuple(sum(one.values()) for one in causes) or None
    own = planned.own
    return LevelResult(
        sweep=planned.sweep.name,
        level=planned.level,
        generator=side_of(own.measured, own.trained, store, reports, found.metric),
        twin_with_noise=side_of(planned.twin, (), store, reports, found.metric) if planned.twin else None,
        expected_errors=counted,
        deviation=0.0 if planned.level.is_clean else _deviation(_drawn_facts(own, store, reports)),
        seconds=round(sum(_seconds(cell, store, reports) for cell in new), 3),
        charge=_charge(_drawn_facts(own, store, reports)),
        mitigated=tuple(_mitigated(name, one, found, store, reports) for name, one in planned.mitigated.items()),
        photon_yield=_photon_yield(planned.yields, store, reports),
        errors_by_cause=max(causes, key=lambda one: sum(one.values())) if causes else None,
    )


def _mitigated(
    name: str, drawn: DrawnCells | str, found: PreparedNoise, store: Store, reports: Mapping[str, CellReport]
) -> Mitigated:
    if isinstance(drawn, str):
        return Mitigated(name, reason=drawn)
    facts = _drawn_facts(drawn, store, reports)
    side = side_of(drawn.measured, drawn.trained, store, reports, found.metric)
    return Mitigated(name, side, _deviation(facts), _charge(facts))


def _drawn_facts(drawn: DrawnCells, store: Store, reports: Mapping[str, CellReport]) -> list[dict[str, Any]]:
    """Return what the samples of the replicates that could be drawn noted."""
    samples = [cell.needs["sample"] for cell in drawn.measured]
    return [store.meta("sample", cell.name)["facts"] for cell in samples if reports[cell.name].outcome == "ok"]


def _deviation(facts: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the root mean square deviation of the outputs of all blocks, the mean over replicates."""
    found = [one["deviation"] for one in facts if one.get("deviation")]
    return mean(float(np.sqrt(np.mean(np.square(one)))) for one in found) if found else None


def _charge(facts: Sequence[Mapping[str, Any]]) -> Charge | None:
    """Return the shots of drawing, the mean over replicates; None for samples that noted none."""
    found = [one["charge"] for one in facts if one.get("charge")]
    if not found:
        return None
    outputs = sum(one["outputs"] for one in found)
    masses = [one["negative_mass"] for one in found if one["negative_mass"] is not None]
    return Charge(
        per_image=mean(one["per_image"] for one in found),
        each=found[0]["shots_each"],
        assumed=found[0]["assumed"],
        calibration=found[0]["calibration_shots"],
        clipped=sum(one["clipped"] for one in found) / outputs if outputs else None,
        not_fitted=sum(one["not_fitted"] for one in found) / outputs if outputs else None,
        negative_mass=mean(masses) if masses else None,
    )


def _photon_yield(yields: Sequence[Cell], store: Store, reports: Mapping[str, CellReport]) -> float | None:
    """Return the share of detections that photonic circuits keep, the mean over blocks and replicates."""
    done = [cell for cell in yields if reports[cell.name].outcome == "ok"]
    found = [share for cell in done for share in store.meta(cell.stage, cell.name)["facts"]["yield"]]
    return min(1.0, mean(found)) if found else None  # a sum of probabilities may end just above 1


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
