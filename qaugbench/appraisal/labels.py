"""Whether synthetic images show what was asked for, by a judge's word, and whether a probe learns from them about real images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qaugbench.appraisal.measures import measured, of_share
from qaugbench.errors import StatisticsError
from qaugbench.image_facts import Measure
from qaugbench.metrics.discrimination import quadratic_weighted_kappa
from qaugbench.metrics.label_truth import Consistency, Seen, consistency, judged_auroc, label_skill, rate_of_class
from qaugbench.recipe import LabelKind


@dataclass(frozen=True, eq=False)
class Judged:
    """A judge's calibrated ``logits`` [N, K] of images and the ``labels`` [N, K] they came with."""

    logits: np.ndarray
    labels: np.ndarray


def label_measures(
    synthetic: Judged, real: Judged, names: tuple[str, ...], kind: LabelKind, extractor: str
) -> dict[str, Measure]:
    """Return consistency, skill, the judge's rate on real images, rates by class, agreement of grades and TRTS AUROC."""
    facts: dict[str, Any] = {"n_real": len(real.labels), "extractor": extractor}
    n = len(synthetic.labels)
    of_real = judged_auroc(real.logits, real.labels, kind)
    found = judged_auroc(synthetic.logits, synthetic.labels, kind)
    trts = Measure(
        value=None if found is None else found.value, real=None if of_real is None else of_real.value, n=n, **facts
    )
    if kind == "multilabel":
        return {
            "labels/skill": measured(lambda: _skill(found, of_real, n, facts)),
            "labels/judge": measured(lambda: _judge(of_real, facts)),
            "labels/trts_auroc": trts,
        }

    def seen() -> Consistency:
        return consistency(synthetic.logits, synthetic.labels, real.logits, real.labels)

    measures = {
        "labels/consistency": measured(lambda: _consistency(seen(), n, facts)),
        "labels/skill": measured(lambda: _skill(seen().synthetic, seen().real, n, facts)),
        "labels/judge": measured(lambda: _judge(seen().real, facts)),
        "labels/trts_auroc": trts,
    }
    for k, name in enumerate(names):
        if synthetic.labels[:, k].any():
            measures[f"labels/rate/{name}"] = measured(lambda k=k: _rate(synthetic, real, k, facts))  # type: ignore[misc]
    if kind == "ordinal":
        measures["labels/grade_kappa"] = measured(lambda: _kappa(synthetic, real, facts))
    return measures


def probe_auroc(features: np.ndarray, labels: np.ndarray, real_features: np.ndarray, real_labels: np.ndarray) -> float:
    """Return the macro-AUROC over real images of a ridge probe on features that learned from synthetic ones (TSTR by a probe).

    ``features`` [N, D], ``labels`` [N, K], ``real_features`` [M, D], ``real_labels`` [M, K]. Classes that either set lacks are left
    out; StatisticsError where none is left.
    """
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    scored = with_both_kinds(labels, real_labels)
    if not scored.any():
        raise StatisticsError("No class has both kinds of images in both sets, so nothing can be told apart.")
    scale = StandardScaler().fit(features)
    probe = Ridge(alpha=float(features.shape[1])).fit(scale.transform(features), labels[:, scored])
    scores = np.asarray(probe.predict(scale.transform(real_features))).reshape(len(real_features), -1)
    found = judged_auroc(scores, real_labels[:, scored], "multilabel")
    assert found is not None  # every scored class has both kinds
    return found.value


def with_both_kinds(*labels: np.ndarray) -> np.ndarray:
    """Return bool [K]: the classes that some images of every set have and some have not; ``labels`` [N, K] of each set."""
    return np.all([of.any(axis=0) & ~of.all(axis=0) for of in labels], axis=0)


def _consistency(found: Consistency, n: int, facts: dict[str, Any]) -> Measure:
    return _seen(found.synthetic, real=found.real.value, noise=found.synthetic.chance, n=n, **facts)


def _judge(found: Seen | None, facts: dict[str, Any]) -> Measure:
    if found is None:
        raise StatisticsError("No class has both kinds of real images, so what the judge sees in them says nothing.")
    return _seen(found, noise=found.chance, **facts)


def _skill(found: Seen | None, real: Seen | None, n: int, facts: dict[str, Any]) -> Measure:
    if found is None:
        raise StatisticsError("No class has both kinds of synthetic images, so a judge's word says nothing.")
    skill = None if real is None else label_skill(found, real)
    if skill is None:
        raise StatisticsError("The judge cannot tell real images apart, so its word on synthetic ones says nothing.")
    return Measure(value=skill.value, ci_low=skill.ci_low, ci_high=skill.ci_high, real=1.0, n=n, **facts)


def _seen(found: Seen, **facts: Any) -> Measure:
    return Measure(value=found.value, ci_low=found.ci_low, ci_high=found.ci_high, **facts)


def _rate(synthetic: Judged, real: Judged, k: int, facts: dict[str, Any]) -> Measure:
    of_real = rate_of_class(real.logits, real.labels, k).rate if real.labels[:, k].any() else None
    return of_share(rate_of_class(synthetic.logits, synthetic.labels, k), real=of_real, **facts)


def _kappa(synthetic: Judged, real: Judged, facts: dict[str, Any]) -> Measure:
    def kappa(of: Judged) -> float:
        return quadratic_weighted_kappa(of.logits.argmax(1), of.labels.argmax(1), of.labels.shape[1])

    return Measure(value=kappa(synthetic), real=kappa(real), n=len(synthetic.labels), **facts)
