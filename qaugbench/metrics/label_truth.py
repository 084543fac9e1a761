"""Whether synthetic images show what was asked for, by the word of a judge that was trained on real images alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.discrimination import class_scores, macro_auroc
from qaugbench.metrics.shares import Share, share


@dataclass(frozen=True)
class Consistency:
    """How often a judge sees the class that was asked for.

    ``synthetic`` is the share of images judged as asked for; ``real`` the rate of real images judged as labelled, over the same
    mix of classes. ``chance`` and ``real_chance`` are the rates that labels permuted among the images would give. ``skill`` is
    (synthetic - chance) / (real - real_chance): 1 as for real images, 0 for labels that mean nothing and for one class drawn for
    all. It and its ``standard_error`` over the synthetic images are None where the judge cannot tell real images apart.
    """

    synthetic: Share
    real: float
    chance: float
    real_chance: float
    skill: float | None
    standard_error: float | None


def consistency(
    logits: np.ndarray, requested: np.ndarray, real_logits: np.ndarray, real_labels: np.ndarray
) -> Consistency:
    """Return how far synthetic images show the one class that each was asked for, beside real images.

    ``logits`` [N, K] and ``real_logits`` [M, K] are a judge's; ``requested`` [N, K] and ``real_labels`` [M, K] have one 1 per row.
    Raises StatisticsError where a class that was asked for has no real image.

    >>> eye = np.eye(2)[[0, 0, 1, 1]]
    >>> consistency(eye, eye, eye, eye).skill, consistency(eye, eye[[0, 2, 0, 2]], eye, eye).skill
    (1.0, 0.0)
    """
    classes = requested.shape[1]
    asked, judged = requested.argmax(1), logits.argmax(1)
    labelled, real_judged = real_labels.argmax(1), real_logits.argmax(1)
    mix, counts = np.bincount(asked, minlength=classes) / len(asked), np.bincount(labelled, minlength=classes)
    if (counts[mix > 0] == 0).any():
        lacking = np.flatnonzero((mix > 0) & (counts == 0)).tolist()
        raise StatisticsError(f"Classes {lacking} were asked for and have no real image to compare with.")
    weights = (mix / np.maximum(counts, 1))[labelled]
    found = share(int((asked == judged).sum()), len(asked))
    real = float(weights @ (labelled == real_judged))
    chance = float(mix @ np.bincount(judged, minlength=classes)) / len(judged)
    real_chance = float(mix @ np.bincount(real_judged, weights=weights, minlength=classes))
    if real <= real_chance:
        return Consistency(found, real, chance, real_chance, None, None)
    error = float(np.sqrt(found.rate * (1 - found.rate) / found.n))
    span = real - real_chance
    return Consistency(found, real, chance, real_chance, (found.rate - chance) / span, error / span)


def judged_auroc(logits: np.ndarray, requested: np.ndarray, kind: str) -> float | None:
    """Return the macro-AUROC of a judge over synthetic images by the labels they were asked for (TRTS), higher is better.

    ``logits`` and ``requested`` [N, K]; the mean over the classes with both positives and negatives, None where there is none.
    """
    positives = requested.sum(axis=0)
    scored = (positives > 0) & (positives < len(requested))
    return float(macro_auroc(class_scores(logits, kind)[:, scored], requested[:, scored])) if scored.any() else None


def auroc_skill(synthetic: float | None, real: float | None) -> float | None:
    """Return (synthetic - .5) / (real - .5) of two AUROCs: 1 as for real images, 0 for labels that mean nothing, else None.

    >>> round(auroc_skill(0.7, 0.9), 3), auroc_skill(0.7, 0.5)
    (0.5, None)
    """
    return None if synthetic is None or real is None or real <= 0.5 else (synthetic - 0.5) / (real - 0.5)


def rate_of_class(logits: np.ndarray, requested: np.ndarray, k: int) -> Share:
    """Return the share of images asked for as class ``k`` that a judge takes for it, e.g. the gradability rate of a fundus task.

    ``logits`` and ``requested`` [N, K]. Raises StatisticsError where none was asked for.
    """
    asked = requested[:, k] > 0
    return share(int((logits[asked].argmax(1) == k).sum()), int(asked.sum()))
