"""The scores of a record as one flat table, one row per fraction, metric and arm: what a spreadsheet and a data frame show."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from qaugbench.predictions import ArmInfo
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.judged_rows import UNIT, arm_rates
from qaugbench.report.profile_rows import profile_of
from qaugbench.stats.decide import LISTED_REPLICATES
from qaugbench.stats.mrmc import Comparison
from qaugbench.stats.results import ArmScore, Contrast, MetricScore, Profile

if TYPE_CHECKING:
    from pandas import DataFrame

NUMBERS = {"": "estimate", "_low": "ci_low", "_high": "ci_high"}
"""The columns of a further difference, by the ending of their names."""


@dataclass(frozen=True)
class ScoreRow:
    """One arm's value of one metric at one fraction, and its differences from R* (``reference``) and from R+.

    ``decides`` is true of endpoints, on which verdicts rest; ``subgroup`` is the group of people whose images alone a metric named
    ``macro_auroc_by_age``, ``_sex`` or ``_site`` is of. ``mean`` has the limits ``mean_ci_low`` and ``mean_ci_high``;
    ``difference``, arm minus ``reference``, has ``ci_low`` and ``ci_high`` and the two-sided ``p_value``; ``verdict`` is in
    words, ``provisional`` where a run has fewer replicates than a listed result needs. ``from_best_classical`` is a generator
    minus the best classical arm, and ``generator_minus_control``, in the row of a control, its generator minus it.
    ``noisy_minus_exact`` and ``noisy_minus_twin``, in the row of an arm drawn on ``execution``, are it minus the same fits drawn
    exactly and minus their twin. ``patients`` counts what ``grouped_by`` names. None is what is not known.
    """

    id: str
    task: str
    source: str
    track: str
    fraction: str
    metric: str
    subgroup: str | None
    decides: bool
    arm: str
    role: str
    generator: str | None
    control: str | None
    execution: str | None
    mean: float | None
    sd: float | None
    mean_ci_low: float | None
    mean_ci_high: float | None
    reference: str | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    verdict: str | None
    provisional: bool
    difference_from_augmented: float | None
    from_best_classical: float | None
    from_best_classical_low: float | None
    from_best_classical_high: float | None
    generator_minus_control: float | None
    generator_minus_control_low: float | None
    generator_minus_control_high: float | None
    noisy_minus_exact: float | None
    noisy_minus_exact_low: float | None
    noisy_minus_exact_high: float | None
    noisy_minus_twin: float | None
    noisy_minus_twin_low: float | None
    noisy_minus_twin_high: float | None
    replicates: int
    images: int | None
    patients: int | None
    grouped_by: str
    unit: str | None
    direction: str | None


COLUMNS = tuple(field.name for field in fields(ScoreRow))


def score_rows(record: Record) -> list[ScoreRow]:
    """Return the rows of a record: the endpoints that have a value, in the order in which they are printed, then other metrics.

    An arm that has no value of an endpoint has a row of gaps.
    """
    return [row for fraction in record.fractions for row in _fraction_rows(record, fraction.key)]


def score_frame(record: Record) -> DataFrame:
    """Return ``score_rows`` as a pandas data frame under ``COLUMNS``; what is not known is missing."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in score_rows(record)], columns=list(COLUMNS))


def csv_text(rows: Iterable[ScoreRow]) -> str:
    """Return rows as CSV with a header: numbers in full precision, empty where there is none.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    return table_csv(COLUMNS, map(asdict, rows))


def table_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows that have the keys ``columns`` as CSV, as ``csv_text`` does."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def _fraction_rows(record: Record, key: str) -> Iterator[ScoreRow]:
    for endpoint in record.endpoints:
        scored = views.endpoint_score(record, key, endpoint.id)
        if scored is not None and scored.arms:
            for arm in record.arms:
                value, judged = scored.arms.get(arm.id), _judged(record, key, endpoint.id, arm.id)
                yield _row(record, key, endpoint.id, arm, value, {"decides": True, **judged})
    for metric in views.other_metrics(record, key):
        for arm in (one for one in record.arms if one.id in metric.arms):
            yield _row(record, key, metric.id, arm, metric.arms[arm.id], {"decides": False, **_found(metric, arm.id)})
    for group in record.judged.get(key, {}):
        yield from _judged_rows(record, key, group)
    profile = profile_of(record, key)
    if profile is not None:
        for arm in record.arms:
            yield from _profile_rows(record, key, profile, arm)


def _judged_rows(record: Record, key: str, group: str) -> Iterator[ScoreRow]:
    """Yield how many images a judge takes for a group of classes; in the row of a control, its generator minus it."""
    arms = {arm.id: arm for arm in record.arms}
    for found in arm_rates(record, key, group):
        one, apart = found.rate, found.generator_minus_it
        value = {
            "mean": one.value,
            "mean_ci_low": one.ci_low,
            "mean_ci_high": one.ci_high,
            "replicates": one.n_replicates,
        }
        difference = {} if apart is None else {"": apart.value, "_low": apart.ci_low, "_high": apart.ci_high}
        differences = {f"generator_minus_control{ending}": number for ending, number in difference.items()}
        facts = {"decides": False, "images": one.n_images, "unit": UNIT}
        yield _row(record, key, f"judged_{group}", arms[found.arm], None, {**value, **differences, **facts})


def _profile_rows(record: Record, key: str, profile: Profile, arm: ArmInfo) -> Iterator[ScoreRow]:
    """Yield what carries no difference and no verdict: calibration, recall by rarity, scores by group."""
    calibration = profile.calibration
    calibrated = calibration.arms.get(arm.id)
    if calibrated is not None:
        facts = {
            "decides": False,
            "images": calibration.n_images,
            "unit": calibration.unit,
            "direction": calibration.direction,
        }
        errors = {"calibration_error": calibrated.as_trained, "calibration_error_scaled": calibrated.scaled}
        for name, one in errors.items():
            if one is not None:
                yield _row(record, key, name, arm, None, {"mean": one.mean, "sd": one.sd, **facts})
    for recall in profile.recalls.values():
        if arm.id in recall.arms:
            yield _row(record, key, recall.id, arm, recall.arms[arm.id], {"decides": False})
    for column, scored in profile.subgroups.items():
        for group in scored.groups:
            if arm.id in group.arms:
                told = {"decides": False, "subgroup": group.name}
                yield _row(record, key, f"macro_auroc_by_{column}", arm, group.arms[arm.id], told)


def _row(
    record: Record, key: str, metric: str, arm: ArmInfo, value: ArmScore | None, compared: Mapping[str, Any]
) -> ScoreRow:
    """Return one row; ``compared`` has the columns of its differences, and those that it lacks are None."""
    known = {
        **{"id": record.id, "fraction": key, "metric": metric, **record.board.model_dump()},
        **{
            "arm": arm.id,
            "role": arm.role,
            "generator": arm.generator,
            "control": arm.control,
            "execution": arm.execution,
        },
        "reference": views.reference_arm(record, key),
        "replicates": record.replicates if value is None else value.n_replicates,
        "grouped_by": record.data.grouped_by,
        "provisional": record.replicates < LISTED_REPLICATES,
    }
    return ScoreRow(**{**dict.fromkeys(COLUMNS), **known, **_value(value), **compared})  # type: ignore[arg-type]


def _value(value: ArmScore | None) -> dict[str, Any]:
    if value is None:
        return {}
    return {
        **{"mean": value.mean, "sd": value.sd, "mean_ci_low": value.ci_low, "mean_ci_high": value.ci_high},
        **{"images": value.n_images, "patients": value.n_patients, "unit": value.unit, "direction": value.direction},
    }


def _judged(record: Record, key: str, endpoint: str, arm: str) -> dict[str, Any]:
    """Return the columns of an endpoint's differences and its verdict."""
    against = _contrast(record, key, endpoint, "reference", arm)
    over_augmented = _contrast(record, key, endpoint, "augmented", arm)
    pairs = views.contrasts(record, key, endpoint, "control")
    under_noise = [one for one in views.contrasts(record, key, endpoint, "execution") if one.arm == arm]
    exact = {one.id for one in record.arms if one.role == "synthetic"}
    further = {
        "from_best_classical": _contrast(record, key, endpoint, "best-classical", arm),
        "generator_minus_control": next((one for one in pairs if one.against == arm), None),
        "noisy_minus_exact": next((one for one in under_noise if one.against in exact), None),
        "noisy_minus_twin": next((one for one in under_noise if one.against not in exact), None),
    }
    said = views.verdicts(record, key, endpoint).get(arm)
    return {
        **_difference(against),
        "verdict": said.words if said else against.words if against else None,
        "difference_from_augmented": over_augmented.estimate if over_augmented else None,
        **{
            name + ending: getattr(one, number)
            for name, one in further.items()
            for ending, number in NUMBERS.items()
            if one is not None
        },
    }


def _found(metric: MetricScore, arm: str) -> dict[str, Any]:
    found = metric.differences.get(arm)
    return _difference(None if found is None else found.difference)


def _difference(found: Contrast | Comparison | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {"difference": found.estimate, **{name: getattr(found, name) for name in ("ci_low", "ci_high", "p_value")}}


def _contrast(record: Record, key: str, endpoint: str, family: str, arm: str) -> Contrast | None:
    return next((one for one in views.contrasts(record, key, endpoint, family) if one.arm == arm), None)
