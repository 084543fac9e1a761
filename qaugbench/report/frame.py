"""The scores of a record as a pandas data frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qaugbench.predictions import ArmInfo
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.score_rows import further_differences
from qaugbench.stats.mrmc import Comparison
from qaugbench.stats.results import ArmScore, Contrast, MetricScore

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = (
    *("id", "task", "source", "track", "fraction", "metric", "decides", "arm", "role", "generator", "control"),
    *(
        "mean",
        "sd",
        "mean_ci_low",
        "mean_ci_high",
        "reference",
        "difference",
        "ci_low",
        "ci_high",
        "p_value",
        "verdict",
    ),
    *("from_best_classical", "from_best_classical_low", "from_best_classical_high"),
    *("generator_minus_control", "generator_minus_control_low", "generator_minus_control_high"),
    *("replicates", "images", "patients", "unit", "direction"),
)
"""``mean`` has the limits ``mean_ci_low`` and ``mean_ci_high``; ``difference``, arm minus ``reference`` (R*), has ``ci_low``
and ``ci_high`` and the two-sided ``p_value``; the two differences after ``verdict`` are those of ``ScoreRow``. ``decides`` is
true of endpoints, on which verdicts rest."""


def score_frame(record: Record) -> DataFrame:
    """Return one row per fraction, metric and arm, under ``COLUMNS``; what is not known is missing."""
    import pandas as pd

    return pd.DataFrame(list(_rows(record)), columns=list(COLUMNS))


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    for fraction in record.fractions:
        for endpoint in record.endpoints:
            yield from _endpoint_rows(record, fraction.key, endpoint.id)
        for metric in views.other_metrics(record, fraction.key):
            yield from _metric_rows(record, fraction.key, metric)


def _endpoint_rows(record: Record, key: str, endpoint: str) -> Iterator[dict[str, Any]]:
    scored = views.endpoint_score(record, key, endpoint)
    against = {one.arm: one for one in views.contrasts(record, key, endpoint, "reference")}
    said = views.verdicts(record, key, endpoint)
    for arm in record.arms:
        value = None if scored is None else scored.arms.get(arm.id)
        if value is not None:
            found = against.get(arm.id)
            words = said[arm.id].words if arm.id in said else None if found is None else found.words
            further = further_differences(record, key, endpoint, arm.id)
            decided = {"decides": True, "verdict": words}
            yield _row(record, key, endpoint, arm, value) | _difference(found) | further | decided


def _metric_rows(record: Record, key: str, metric: MetricScore) -> Iterator[dict[str, Any]]:
    for arm in record.arms:
        value, found = metric.arms.get(arm.id), metric.differences.get(arm.id)
        if value is not None:
            yield _row(record, key, metric.id, arm, value) | _difference(None if found is None else found.difference)


def _row(record: Record, key: str, metric: str, arm: ArmInfo, value: ArmScore) -> dict[str, Any]:
    board = record.board
    return {
        "id": record.id,
        **{"task": board.task, "source": board.source, "track": board.track, "fraction": key},
        **{"metric": metric, "decides": False, "verdict": None},
        **{"arm": arm.id, "role": arm.role, "generator": arm.generator, "control": arm.control},
        **{"mean": value.mean, "sd": value.sd, "mean_ci_low": value.ci_low, "mean_ci_high": value.ci_high},
        "reference": views.reference_arm(record, key),
        **{"replicates": value.n_replicates, "images": value.n_images, "patients": value.n_patients},
        **{"unit": value.unit, "direction": value.direction},
    }


def _difference(found: Contrast | Comparison | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {"difference": found.estimate, **{name: getattr(found, name) for name in ("ci_low", "ci_high", "p_value")}}
