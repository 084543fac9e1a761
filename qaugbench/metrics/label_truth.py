"""Whether synthetic images show what was asked for, by the word of a judge that was trained on real images alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.auroc_interval import auroc_interval
from qaugbench.metrics.discrimination import auroc, class_scores
from qaugbench.metrics.shares import Share, share, wilson_interval


@dataclass(frozen=True)
class Seen:
    """How far a judge sees what a set of images is labelled as: a share of them or an AUROC, in [0, 1], with its 95 % interval.

    ``chance`` is what labels permuted among the images would give.
    """

    value: float
    ci_low: float
    ci_high: float
    chance: float


@dataclass(frozen=True)
class Consistency:
    """How often a judge sees the class that was asked for, and is right on real images over the same mix of classes."""

    synthetic: Seen
    real: Seen


@dataclass(frozen=True)
class Skill:
    """What a judge sees above chance, over what it sees above chance in real images, with its 95 % interval.

    1 as for real images, 0 for labels that mean nothing and for one class drawn for all. The limits are None where the judge's own
    excess over chance is within its error: any skill would fit.
    """

    value: float
    ci_low: float | None
    ci_high: float | None


def consistency(
    logits: np.ndarray, requested: np.ndarray, real_logits: np.ndarray, real_labels: np.ndarray
) -> Consistency:
    """Return how far synthetic images show the one class that each was asked for, beside real images.

    ``logits`` [N, K] and ``real_logits`` [M, K] are a judge's; ``requested`` [N, K] and ``real_labels`` [M, K] have one 1 per row.
    Intervals are Wilson's, for real images with their effective number (Kish 1965). Raises StatisticsError where a class that was
    asked for has no real image.

    >>> eye = np.eye(2)[[0, 0, 1, 1]]
    >>> found = consistency(eye[[0, 2, 0, 2]], eye, eye, eye)
    >>> found.synthetic.value, found.synthetic.chance, found.real.value, found.real.chance
    (0.5, 0.5, 1.0, 0.5)
    """
    classes = requested.shape[1]
    asked, judged = requested.argmax(1), logits.argmax(1)
    labelled, real_judged = real_labels.argmax(1), real_logits.argmax(1)
    mix, counts = np.bincount(asked, minlength=classes) / len(asked), np.bincount(labelled, minlength=classes)
    if (counts[mix > 0] == 0).any():
        lacking = np.flatnonzero((mix > 0) & (counts == 0)).tolist()
        raise StatisticsError(f"Classes {lacking} were asked for and have no real image to compare with.")
    weights = (mix / np.maximum(counts, 1))[labelled]
    return Consistency(
        _seen(asked, judged, mix, np.full(len(asked), 1 / len(asked))), _seen(labelled, real_judged, mix, weights)
    )


def _seen(labelled: np.ndarray, judged: np.ndarray, mix: np.ndarray, weights: np.ndarray) -> Seen:
    """Return how often classes ``judged`` [N] are those ``labelled`` [N], each image counting by its weight; these sum to 1."""
    rate = min(1.0, float(weights @ (labelled == judged)))
    chance = float(mix @ np.bincount(judged, weights=weights, minlength=len(mix)))
    return Seen(rate, *wilson_interval(rate, 1 / float(np.square(weights).sum())), chance)


def judged_auroc(logits: np.ndarray, requested: np.ndarray, kind: str) -> Seen | None:
    """Return the macro-AUROC of a judge over images by the labels they came with (TRTS for synthetic ones), higher is better.

    ``logits`` and ``requested`` [N, K]; the mean over the classes with both positives and negatives, None where there is none.
    The limits are the means of those of the classes, wide enough for classes that are right and wrong together.
    """
    positives = requested.sum(axis=0)
    scored = (positives > 0) & (positives < len(requested))
    if not scored.any():
        return None
    scores = class_scores(logits, kind)
    values = [auroc(scores[:, k], requested[:, k]) for k in np.flatnonzero(scored)]
    sides = [(int(n), len(requested) - int(n)) for n in positives[scored]]
    limits = [auroc_interval(value, *side) for value, side in zip(values, sides, strict=True)]
    low, high = np.mean(limits, axis=0)
    return Seen(float(np.mean(values)), float(low), float(high), 0.5)


def label_skill(synthetic: Seen, real: Seen) -> Skill | None:
    """Return the skill of labels, None where the judge cannot tell real images apart.

    Its interval is that of a ratio (Fieller 1954): an uncertain judge makes it wide.

    >>> found = label_skill(Seen(0.7, 0.6, 0.8, 0.5), Seen(0.9, 0.9, 0.9, 0.5))
    >>> [round(number, 3) for number in (found.value, found.ci_low, found.ci_high)]
    [0.5, 0.25, 0.75]
    """
    excess, span = synthetic.value - synthetic.chance, real.value - real.chance
    if span <= 0:
        return None
    error, doubt = _half_width(synthetic), _half_width(real)
    certain = span**2 - doubt**2
    if certain <= 0:
        return Skill(excess / span, None, None)
    half = float(np.sqrt(certain * error**2 + (excess * doubt) ** 2))
    return Skill(excess / span, (excess * span - half) / certain, (excess * span + half) / certain)


def _half_width(seen: Seen) -> float:
    return (seen.ci_high - seen.ci_low) / 2


def rate_of_class(logits: np.ndarray, requested: np.ndarray, k: int) -> Share:
    """Return the share of images asked for as class ``k`` that a judge takes for it, e.g. the gradability rate of a fundus task.

    ``logits`` and ``requested`` [N, K]. Raises StatisticsError where none was asked for.
    """
    asked = requested[:, k] > 0
    return share(int((logits[asked].argmax(1) == k).sum()), int(asked.sum()))
