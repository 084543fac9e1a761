"""K runs that each tested another fold, scored together: for classes too rare for any one test set.

Every fold has models of its own, whose scores are not on one scale, so they are never ranked against one another: the
metric is computed fold by fold and averaged, and so is the influence, over the patients of all folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.limits import MIN_FOR_INTERVAL
from qaugbench.stats.class_notes import scored_title
from qaugbench.stats.decide import why_no_interval
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Images, Measurement, MetricOnImages, metric_of
from qaugbench.stats.mrmc import Comparison, interval
from qaugbench.stats.reference import best_over_folds, choose_reference

if TYPE_CHECKING:
    from qaugbench.predictions import ArmInfo, PredictionSet
    from qaugbench.task import Endpoint

UNDECIDED = "no fold can decide it"


@dataclass(frozen=True)
class CrossFitted:
    """One endpoint or class over all folds: values of the arms, and differences from the ``reference``, R*.

    ``n_folds`` could decide it; ``n_rarer`` images are on the rarer side of a single AUROC in all of them. ``note`` says
    why there is no interval.
    """

    title: str
    reference: str
    n_folds: int
    n_rarer: int | None
    means: dict[str, float]
    differences: dict[str, Comparison]
    note: str | None


def crossfit(
    folds: Sequence[PredictionSet],
    arms: Sequence[ArmInfo],
    endpoints: Sequence[Endpoint],
    label_kind: str,
    class_names: Sequence[str],
    key: str,
) -> list[CrossFitted]:
    """Return every endpoint, then every class against the rest, over the ``folds`` at the fraction ``key``.

    R* has the best validation mean of ``endpoints[0]`` over all folds. Replicate r of one fold is averaged with replicate r
    of the others; an arm that a fold lacks is left out. Classes that no fold can decide share one item. Raises
    StatisticsError for fewer than two folds, an image or a patient tested in two of them, other arms or replicates, and
    folds that share no arm that could be R*.
    """
    check_folds(folds, key)
    by_id = {arm.id: arm for arm in arms}
    presents = [Present.of(fold.arms, fold.fractions[key], by_id) for fold in folds]
    names = tuple(class_names)
    images = [Images(fold.test_labels, fold.test_groups, names, label_kind) for fold in folds]
    validation = [Images(fold.val_labels, fold.val_groups, names, label_kind) for fold in folds]
    reference = _reference(presents, endpoints[0], validation)
    shared = [arm for arm in presents[0].arms if all(arm in present.arms for present in presents)]
    of_endpoints = [(endpoint.title, [metric_of(endpoint, part) for part in images]) for endpoint in endpoints]
    of_classes = [
        (f"AUROC of {name}", [MetricOnImages.of("auroc", [k], part) for part in images])
        for k, name in enumerate(class_names)
    ]
    found = [
        _over_folds(_title(title, metrics, names), metrics, presents, shared, reference)
        for title, metrics in (*of_endpoints, *of_classes)
    ]
    return _undecided_together(found, len(endpoints))


def averaged(measurements: Sequence[Measurement]) -> Measurement:
    """Return the mean of K folds' measurements: values [R], and influence [R, sum of C] over the patients of all folds.

    >>> one = np.array([0.8, 0.9]), np.array([[0.1, -0.1], [0.2, -0.2]])
    >>> value, influence = averaged([one, one])
    >>> value.tolist(), influence.tolist()[0]
    ([0.8, 0.9], [0.05, -0.05, 0.05, -0.05])
    """
    value = np.mean([values for values, _ in measurements], axis=0)
    return value, np.concatenate([influence for _, influence in measurements], axis=1) / len(measurements)


def _over_folds(
    title: str, metrics: Sequence[MetricOnImages], presents: Sequence[Present], arms: Sequence[str], reference: str
) -> CrossFitted:
    usable = [
        (metric, present) for metric, present in zip(metrics, presents, strict=True) if metric.why_undefined is None
    ]
    if not usable:
        return CrossFitted(title, reference, 0, None, {}, {}, UNDECIDED)
    rarer = [metric.n_rarer for metric, _ in usable]
    n_rarer = None if None in rarer else sum(n for n in rarer if n is not None)
    measurements = {
        arm: averaged([metric.evaluate(present.test_logits(arm)) for metric, present in usable]) for arm in arms
    }
    note = why_no_interval(presents[0].n_replicates)
    if n_rarer is not None and n_rarer < MIN_FOR_INTERVAL:
        note = f"{n_rarer} images on the rarer side of all folds; an interval needs {MIN_FOR_INTERVAL}"
    n_eff = sum(int(metric.n_eff or 0) for metric, _ in usable)
    return CrossFitted(
        title=title,
        reference=reference,
        n_folds=len(usable),
        n_rarer=n_rarer,
        means={arm: float(values.mean()) for arm, (values, _) in measurements.items()},
        differences={} if note else _differences(measurements, reference, n_eff),
        note=note,
    )


def _title(title: str, metrics: Sequence[MetricOnImages], class_names: Sequence[str]) -> str:
    """Return a title with the number of classes scored, where every fold scores the same."""
    titles = {scored_title(title, metric, class_names) for metric in metrics if metric.why_undefined is None}
    return titles.pop() if len(titles) == 1 else title


def _undecided_together(found: Sequence[CrossFitted], n_endpoints: int) -> list[CrossFitted]:
    """Return ``found`` with all classes that no fold can decide as one item, the last."""
    classes = found[n_endpoints:]
    undecided = [one.title.removeprefix("AUROC of ") for one in classes if one.n_folds == 0]
    decided = [*found[:n_endpoints], *(one for one in classes if one.n_folds > 0)]
    if not undecided:
        return decided
    title = f"AUROC of {', '.join(undecided)}"
    return [*decided, CrossFitted(title, found[0].reference, 0, None, {}, {}, UNDECIDED)]


def _differences(measurements: Mapping[str, Measurement], reference: str, n_eff: int) -> dict[str, Comparison]:
    own = measurements[reference]
    return {
        arm: interval(values - own[0], influence - own[1], n_eff)
        for arm, (values, influence) in measurements.items()
        if arm != reference
    }


def _reference(presents: Sequence[Present], primary: Endpoint, validation: Sequence[Images]) -> str:
    chosen = [
        choose_reference(present, primary, metric_of(primary, images))
        for present, images in zip(presents, validation, strict=True)
    ]
    found = best_over_folds(chosen)
    if found is None:
        lacking = "; ".join(f"fold {number}: {one.reason}" for number, one in enumerate(chosen, 1) if one.arm is None)
        raise StatisticsError(
            f"No arm that trains on the real images alone can be the reference of all folds ({lacking or 'none is shared'}). "
            "Run the folds that lack one again."
        )
    return found


def check_folds(folds: Sequence[PredictionSet], key: str) -> None:
    """Raise StatisticsError for fewer than two folds, other arms or replicates, and an image or a patient tested in two."""
    if len(folds) < 2:
        raise StatisticsError(f"Cross-fitting needs the runs of at least two folds; given {len(folds)}.")
    for fold in folds:
        if key not in fold.fractions:
            raise StatisticsError(f"A fold lacks the fraction {key}; it has {first_offenders(sorted(fold.fractions))}.")
    shapes = {(fold.arms, fold.fractions[key].test_logits.shape[1]) for fold in folds}
    if len(shapes) > 1:
        raise StatisticsError("The folds must have the same arms and replicates: run the same command on each.")
    for what in ("test_ids", "test_groups"):
        values = np.concatenate([np.unique(np.asarray(getattr(fold, what)).astype(str)) for fold in folds])
        unique, times = np.unique(values, return_counts=True)
        if (times > 1).any():
            name = "Images" if what == "test_ids" else "Patients"
            raise StatisticsError(
                f"{name} are tested in two folds: {first_offenders(unique[times > 1].tolist())}. Give each fold once."
            )
