"""Whether synthetic images show what was asked for, by a judge's word, and whether a probe learns from them about real images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qaugbench.appraisal.measures import measured, of_share, with_error
from qaugbench.errors import StatisticsError
from qaugbench.image_facts import Measure
from qaugbench.metrics.discrimination import quadratic_weighted_kappa
from qaugbench.metrics.label_truth import auroc_skill, consistency, judged_auroc, rate_of_class
from qaugbench.recipe import LabelKind

HELD, LOST = 0.8, 0.2
"""Skill from which labels hold, and below which they are lost."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A judge's calibrated ``logits`` [N, K] of images and the ``labels`` [N, K] they came with."""

    logits: np.ndarray
    labels: np.ndarray


def label_measures(
    synthetic: Judged, real: Judged, names: tuple[str, ...], kind: LabelKind, extractor: str
) -> dict[str, Measure]:
    """Return consistency, skill, rates by class, agreement of grades and TRTS AUROC of ``synthetic`` beside ``real`` images."""
    facts: dict[str, Any] = {"n_real": len(real.labels), "extractor": extractor}
    real_auroc = judged_auroc(real.logits, real.labels, kind)
    found = judged_auroc(synthetic.logits, synthetic.labels, kind)
    trts = Measure(value=found, real=real_auroc, n=len(synthetic.labels), **facts)
    if kind == "multilabel":
        return {
            "labels/skill": Measure(value=auroc_skill(found, real_auroc), n=len(synthetic.labels), **facts),
            "labels/trts_auroc": trts,
        }
    measures = {
        "labels/consistency": measured(lambda: _consistency(synthetic, real, facts)),
        "labels/skill": measured(lambda: _skill(synthetic, real, facts)),
        "labels/trts_auroc": trts,
    }
    for k, name in enumerate(names):
        if synthetic.labels[:, k].any():
            measures[f"labels/rate/{name}"] = measured(lambda k=k: _rate(synthetic, real, k, facts))  # type: ignore[misc]
    if kind == "ordinal":
        measures["labels/grade_kappa"] = measured(lambda: _kappa(synthetic, real, facts))
    return measures


def label_state(skill: Measure | None) -> str:
    """Return the word for a label skill.

    >>> label_state(Measure(value=0.9)), label_state(Measure(value=0.05)), label_state(None)
    ('held', 'lost', 'not measured')
    """
    if skill is None or skill.value is None:
        return "not measured"
    return "held" if skill.value >= HELD else "lost" if skill.value < LOST else "weak"


def probe_auroc(features: np.ndarray, labels: np.ndarray, real_features: np.ndarray, real_labels: np.ndarray) -> float:
    """Return the macro-AUROC over real images of a ridge probe on features that learned from synthetic ones (TSTR by a probe).

    ``features`` [N, D], ``labels`` [N, K], ``real_features`` [M, D], ``real_labels`` [M, K]. Classes that either set lacks are left
    out; StatisticsError where none is left.
    """
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    counts, real_counts = labels.sum(axis=0), real_labels.sum(axis=0)
    scored = (counts > 0) & (counts < len(labels)) & (real_counts > 0) & (real_counts < len(real_labels))
    if not scored.any():
        raise StatisticsError("No class has both kinds of images in both sets, so nothing can be told apart.")
    scale = StandardScaler().fit(features)
    probe = Ridge(alpha=float(features.shape[1])).fit(scale.transform(features), labels[:, scored])
    scores = np.asarray(probe.predict(scale.transform(real_features))).reshape(len(real_features), -1)
    found = judged_auroc(scores, real_labels[:, scored], "multilabel")
    assert found is not None  # every scored class has both kinds
    return found


def _consistency(synthetic: Judged, real: Judged, facts: dict[str, Any]) -> Measure:
    found = consistency(synthetic.logits, synthetic.labels, real.logits, real.labels)
    return of_share(found.synthetic, real=found.real, noise=found.chance, **facts)


def _skill(synthetic: Judged, real: Judged, facts: dict[str, Any]) -> Measure:
    found = consistency(synthetic.logits, synthetic.labels, real.logits, real.labels)
    if found.skill is None or found.standard_error is None:
        raise StatisticsError("The judge cannot tell real images apart, so its word on synthetic ones says nothing.")
    return with_error(found.skill, found.standard_error, real=1.0, n=len(synthetic.labels), **facts)


def _rate(synthetic: Judged, real: Judged, k: int, facts: dict[str, Any]) -> Measure:
    of_real = rate_of_class(real.logits, real.labels, k).rate if real.labels[:, k].any() else None
    return of_share(rate_of_class(synthetic.logits, synthetic.labels, k), real=of_real, **facts)


def _kappa(synthetic: Judged, real: Judged, facts: dict[str, Any]) -> Measure:
    def kappa(of: Judged) -> float:
        return quadratic_weighted_kappa(of.logits.argmax(1), of.labels.argmax(1), of.labels.shape[1])

    return Measure(value=kappa(synthetic), real=kappa(real), n=len(synthetic.labels), **facts)
