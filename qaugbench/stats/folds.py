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
from qaugbench.stats.comparators import reference_arm
from qaugbench.stats.fraction import ask
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Answer, Images, Question
from qaugbench.stats.mrmc import Comparison, interval

if TYPE_CHECKING:
    from qaugbench.record import ArmInfo, EndpointFacts, PredictionSet


@dataclass(frozen=True)
class CrossFitted:
    """One endpoint or class over all folds: values of the arms, and differences from the reference.

    ``n_folds`` could decide it; ``n_rarer`` images lie on the rarer side of a single AUROC in all of them. ``note`` says
    why there is no interval.
    """

    title: str
    n_folds: int
    n_rarer: int | None
    means: dict[str, float]
    differences: dict[str, Comparison]
    note: str | None


def crossfit(
    folds: Sequence[PredictionSet],
    arms: Sequence[ArmInfo],
    endpoints: Sequence[EndpointFacts],
    label_kind: str,
    class_names: Sequence[str],
    key: str,
) -> list[CrossFitted]:
    """Return every endpoint, then every class against the rest, over the ``folds`` at the fraction ``key``.

    Replicate r of one fold is averaged with replicate r of the others; an arm that a fold lacks is left out. Raises
    StatisticsError for fewer than two folds, an image or a patient tested in two of them, other arms or replicates, and
    a fold without the reference.
    """
    _check_folds(folds, key)
    by_id = {arm.id: arm for arm in arms}
    presents = [Present.of(fold.arms, fold.fractions[key], by_id) for fold in folds]
    images = [Images(fold.test_labels, fold.test_groups, tuple(class_names), label_kind) for fold in folds]
    reference = _reference(presents)
    shared = [arm for arm in presents[0].arms if all(arm in present.arms for present in presents)]
    asked = [(endpoint.title, [ask(endpoint, of_fold) for of_fold in images]) for endpoint in endpoints]
    asked += [
        (f"AUROC of {name}", [Question.of("auroc", [k], of_fold) for of_fold in images])
        for k, name in enumerate(class_names)
    ]
    return [_over_folds(title, questions, presents, shared, reference) for title, questions in asked]


def averaged(answers: Sequence[Answer]) -> Answer:
    """Return the mean of K folds' answers: values [R], and influence [R, sum of C] over the patients of all folds.

    >>> one = np.array([0.8, 0.9]), np.array([[0.1, -0.1], [0.2, -0.2]])
    >>> value, influence = averaged([one, one])
    >>> value.tolist(), influence.tolist()[0]
    ([0.8, 0.9], [0.05, -0.05, 0.05, -0.05])
    """
    value = np.mean([values for values, _ in answers], axis=0)
    return value, np.concatenate([influence for _, influence in answers], axis=1) / len(answers)


def _over_folds(
    title: str, questions: Sequence[Question], presents: Sequence[Present], arms: Sequence[str], reference: str
) -> CrossFitted:
    usable = [
        (question, present)
        for question, present in zip(questions, presents, strict=True)
        if question.undecidable is None
    ]
    rarer = [question.n_rarer for question, _ in usable]
    n_rarer = None if not usable or None in rarer else sum(n for n in rarer if n is not None)
    if not usable:
        return CrossFitted(title, 0, None, {}, {}, "no fold can decide it")
    answers = {
        arm: averaged([question.answer(present.test_logits(arm), {}) for question, present in usable]) for arm in arms
    }
    note = None
    if n_rarer is not None and n_rarer < MIN_FOR_INTERVAL:
        note = f"{n_rarer} images on the rarer side of all folds; an interval needs {MIN_FOR_INTERVAL}"
    n_eff = sum(int(question.n_eff or 0) for question, _ in usable)
    return CrossFitted(
        title=title,
        n_folds=len(usable),
        n_rarer=n_rarer,
        means={arm: float(values.mean()) for arm, (values, _) in answers.items()},
        differences={} if note else _differences(answers, reference, n_eff),
        note=note,
    )


def _differences(answers: Mapping[str, Answer], reference: str, n_eff: int) -> dict[str, Comparison]:
    own = answers[reference]
    return {
        arm: interval(values - own[0], influence - own[1], n_eff)
        for arm, (values, influence) in answers.items()
        if arm != reference
    }


def _reference(presents: Sequence[Present]) -> str:
    found = {reference_arm(present) for present in presents}
    if len(found) != 1 or None in found:
        raise StatisticsError("Every fold needs the reference arm; it failed in one. Run that fold again.")
    return str(found.pop())


def _check_folds(folds: Sequence[PredictionSet], key: str) -> None:
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
