"""From the predictions of all trainings to rows, differences and gains: the statistics of the library, nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np

from qaugbench.classification.questions import EACH_OTHER, OF_THE_BOTTLENECK, QUESTIONS
from qaugbench.classification.results import Difference, Estimate
from qaugbench.classifier_cards import BOTTLENECK, LINEAR
from qaugbench.metrics.uncertainty import has_both, statements
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.decide import why_no_interval
from qaugbench.stats.families import simultaneous
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.mrmc import interval
from qaugbench.stats.uncertainty_gap import uncertainty_gap_influence

SHARE = 0.95
"""Of the validation score at the end of a training: when it is reached says how fast a classifier learns."""


class Basis(Protocol):
    """What an interval rests on: as many effective patients, or why there is none; a metric on images says both."""

    @property
    def n_eff(self) -> int | None: ...

    @property
    def why_no_interval(self) -> str | None: ...


def estimated(measured: Measurement, basis: Basis) -> Estimate:
    """Return a value or difference with its interval, where there may be one."""
    value = float(measured[0].mean())
    if basis.why_no_interval or why_no_interval(measured[0].size):
        return Estimate(value)
    found = interval(*measured, basis.n_eff)
    return Estimate(found.estimate, found.ci_low, found.ci_high)


@dataclass(frozen=True)
class Asked:
    """One difference of a family: which arm minus which, and what it asks."""

    arm: str
    against: str
    question: str


def of_controls(classifier: str, present: Sequence[str]) -> list[Asked]:
    """Return what is asked of a classifier and its controls, among the arms present.

    >>> [(one.arm, one.against) for one in of_controls("a", ["a", "a:twin", "a:bottleneck", "a:linear"])]
    [('a', 'a:twin'), ('a', 'a:bottleneck'), ('a', 'a:linear'), ('a:bottleneck', 'a:linear')]
    """
    controls = {name: f"{classifier}:{name}" for name in QUESTIONS}
    asked = [
        Asked(classifier, controls[name], question)
        for name, question in QUESTIONS.items()
        if classifier in present and controls[name] in present
    ]
    if controls[BOTTLENECK] in present and controls[LINEAR] in present:
        asked.append(Asked(controls[BOTTLENECK], controls[LINEAR], OF_THE_BOTTLENECK))
    return asked


def of_each_other(classifiers: Sequence[str]) -> list[Asked]:
    """Return the difference of every pair of classifiers."""
    return [Asked(one, other, EACH_OTHER) for one, other in combinations(classifiers, 2)]


def differences(asked: Sequence[Asked], measured: Mapping[str, Measurement], basis: Basis) -> tuple[Difference, ...]:
    """Return a family of differences, each with its own interval and with those that hold for all of them at once."""
    if not asked:
        return ()
    arms = list(dict.fromkeys(name for one in asked for name in (one.arm, one.against)))
    theta = np.stack([measured[name][0] for name in arms])
    influence = np.stack([measured[name][1] for name in arms])
    if basis.why_no_interval or why_no_interval(theta.shape[1]):
        return tuple(_without_interval(one, measured) for one in asked)
    contrasts = np.zeros((len(asked), len(arms)))
    for row, one in enumerate(asked):
        contrasts[row, arms.index(one.arm)] += 1.0
        contrasts[row, arms.index(one.against)] -= 1.0
    family = simultaneous(contrast_covariance(theta, influence, contrasts, int(basis.n_eff or 0)))
    found = []
    for row, one in enumerate(asked):
        alone = interval(contrasts[row] @ theta, np.tensordot(contrasts[row], influence, axes=1), basis.n_eff)
        found.append(
            Difference(
                arm=one.arm,
                against=one.against,
                question=one.question,
                estimate=Estimate(alone.estimate, alone.ci_low, alone.ci_high),
                p_value=alone.p_value,
                low_together=float(family.low[row]),
                high_together=float(family.high[row]),
                p_together=float(family.p_step_down[row]),
            )
        )
    return tuple(found)


def _without_interval(one: Asked, measured: Mapping[str, Measurement]) -> Difference:
    value = float((measured[one.arm][0] - measured[one.against][0]).mean())
    return Difference(one.arm, one.against, one.question, Estimate(value), None, None, None, None)


def uncertainty_gap(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, kind: str) -> Measurement | None:
    """Return the mean entropy of wrong answers minus that of right ones [R], in nats, with each patient's influence [R, C].

    An answer is the most probable class of an image where classes exclude one another, else whether a finding is there, of each
    finding. ``logits`` [R, N, K], ``labels`` [N, K], ``groups`` [N]. None where a replicate has no wrong or no right answer.

    >>> logits, labels = np.log(np.array([[[0.9, 0.1], [0.5, 0.5]]])), np.array([[1, 0], [0, 1]])
    >>> value, influence = uncertainty_gap(logits, labels, np.arange(2), "multiclass")
    >>> value.round(3).tolist(), influence.round(6).tolist()
    ([0.368], [[0.0, 0.0]])
    """
    if not all(has_both(statements(of_run, labels, kind)[1]) for of_run in logits):
        return None
    found = [uncertainty_gap_influence(of_run, labels, groups, kind) for of_run in logits]
    return np.array([value for value, _ in found]), np.stack([influence for _, influence in found])


def steps_to(looks: Sequence[Mapping[str, float]], share: float = SHARE) -> int:
    """Return the step of the first look whose validation score is at least ``share`` of that of the last look.

    >>> steps_to([{"step": 10, "val_metric": 0.7}, {"step": 20, "val_metric": 0.9}, {"step": 30, "val_metric": 0.91}])
    20
    """
    needed = share * looks[-1]["val_metric"]
    return int(next(look["step"] for look in looks if look["val_metric"] >= needed))
