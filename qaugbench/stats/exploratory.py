"""What carries no verdict: further metrics, the ensemble, single classes, and their differences from R*."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.predictions import CHECK_ROLES
from qaugbench.stats.arm_scores import arm_scores
from qaugbench.stats.class_notes import left_out_notes, note, scored_title
from qaugbench.stats.delong import ENSEMBLE
from qaugbench.stats.families import benjamini_hochberg
from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.results import ClassScore, Exploratory, MetricScore
from qaugbench.stats.secondary import Secondary

if TYPE_CHECKING:
    from qaugbench.task import Endpoint


NOISY = "noisy"


def metric_scores(
    fraction: Fraction, secondary: Sequence[Secondary], measured: Sequence[ArmMeasurements]
) -> dict[str, MetricScore]:
    """Return the scores of the secondary metrics, by id."""
    found = exploratory(fraction, measured)
    return {
        metric.id: metric_score(fraction, metric.id, metric.title, one, differences)
        for metric, one, differences in zip(secondary, measured, found, strict=True)
    }


def ensemble_score(fraction: Fraction, primary: Endpoint, measured: ArmMeasurements) -> MetricScore:
    """Return the primary endpoint of the averaged logits of all replicates."""
    (differences,) = exploratory(fraction, [measured])
    found = metric_score(fraction, "ensemble", primary.title, measured, differences, ENSEMBLE)
    return replace(found, title=f"{found.title}, ensemble of the replicates")


def class_scores(fraction: Fraction, measured: Sequence[ArmMeasurements]) -> dict[str, ClassScore]:
    """Return the AUROC of every class that the test images can decide, by name."""
    return {
        name: _class_score(fraction, k, one, differences)
        for k, (name, one, differences) in enumerate(
            zip(fraction.images.class_names, measured, exploratory(fraction, measured), strict=True)
        )
        if one.metric.why_undefined is None
    }


def exploratory(fraction: Fraction, measured: Sequence[ArmMeasurements]) -> list[dict[str, Exploratory]]:
    """Return every arm's difference from R*, metric by metric, with false discovery rates over all of them.

    Arms that check the benchmark itself are left out, and those drawn under noise have rates of their own: the rates of the others
    do not depend on how many of them a run has.
    """
    roles = fraction.present.roles
    own = _rated(fraction, measured, [arm for arm, role in roles.items() if role not in (*CHECK_ROLES, NOISY)])
    noisy = _rated(fraction, measured, [arm for arm, role in roles.items() if role == NOISY])
    return [{**one, **other} for one, other in zip(own, noisy, strict=True)]


def _rated(
    fraction: Fraction, measured: Sequence[ArmMeasurements], arms: Collection[str]
) -> list[dict[str, Exploratory]]:
    """Return the differences of some arms from R*, with false discovery rates over these alone."""
    reference = fraction.reference_arm
    found = [
        {arm: one.compare(arm, reference) for arm in sorted(one.by_arm) if arm != reference and arm in arms}
        if reference is not None and reference in one.by_arm and one.why_no_interval is None
        else {}
        for one in measured
    ]
    p_values = np.array([comparison.p_value for one in found for comparison in one.values()])
    q_values = iter(benjamini_hochberg(p_values).tolist())
    return [{arm: Exploratory(comparison, next(q_values)) for arm, comparison in one.items()} for one in found]


def metric_score(
    fraction: Fraction,
    metric_id: str,
    title: str,
    measured: ArmMeasurements,
    differences: dict[str, Exploratory],
    method: str | None = None,
) -> MetricScore:
    """Return one metric's scores of every arm measured; ``method`` replaces the name of the intervals' method."""
    metric, kind = measured.metric, KINDS[measured.metric.kind]
    names = fraction.images.class_names
    return MetricScore(
        id=metric_id,
        title=scored_title(title, metric, names),
        kind=metric.kind,
        classes=[names[k] for k in metric.scored_classes],
        left_out=left_out_notes(metric, len(names)),
        note=note(metric),
        arms=arm_scores(fraction.present, measured, method),
        differences=differences,
        unit=kind.unit,
        direction=kind.direction,
    )


def _class_score(
    fraction: Fraction, k: int, measured: ArmMeasurements, differences: dict[str, Exploratory]
) -> ClassScore:
    images = fraction.images
    positive = images.labels[:, k] > 0
    return ClassScore(
        name=images.class_names[k],
        n_positive=int(positive.sum()),
        n_negative=int((~positive).sum()),
        n_positive_patients=int(np.unique(images.groups[positive]).size),
        note=note(measured.metric),
        arms=arm_scores(fraction.present, measured),
        differences=differences,
    )
