"""What in the predictions of one entry no honest run leaves: refused where it is exact, else said as a warning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import f as f_distribution
from scipy.stats import rankdata

from qaugbench.errors import shown
from qaugbench.formatting import unsigned
from qaugbench.predictions import GENERATED_ROLES, REFERENCE_ROLES, PredictionSet
from qaugbench.record import Record

NEARLY_EQUAL = 0.9999
"""A correlation of logits that two trainings on different images do not reach."""
UNLIKELY = 0.001
SWAPPED_GAIN = 0.05
"""Gain in mean AUROC from naming the classes otherwise that a weak classifier does not show."""
SEPARABLE = 0.995
"""AUROC of the real-only arms from which a task may be so easy that an arm makes no error."""


@dataclass(frozen=True, order=True)
class Place:
    """One trained classifier: its arm, fraction key and replicate."""

    arm: str
    fraction: str
    replicate: int

    def __str__(self) -> str:
        return f"{shown(self.arm)} at {self.fraction} in replicate {self.replicate}"


def digests(predicted: PredictionSet) -> Iterator[tuple[bytes, Place]]:
    """Yield a digest of the test logits and one of the validation logits of every classifier that left any."""
    for key, part in predicted.fractions.items():
        for what, logits in ((b"test", part.test_logits), (b"val", part.val_logits)):
            for number, arm in enumerate(predicted.arms):
                for replicate, found in enumerate(logits[number]):
                    if found.size and not np.isnan(found).any():
                        content = hashlib.blake2b(np.ascontiguousarray(found).tobytes(), digest_size=16, person=what)
                        yield content.digest(), Place(arm, key, replicate)


def exact(record: Record, predicted: PredictionSet) -> Iterator[str]:
    """Yield what cannot be: two classifiers with the same logits, and an arm that knows the labels, without a full stop."""
    equal = _equal_images(record)
    seen: dict[bytes, Place] = {}
    for digest, place in digests(predicted):
        first = seen.setdefault(digest, place)
        alike = first.arm == place.arm or equal.get(first.arm, first.arm) == equal.get(place.arm, place.arm)
        same_place = (first.fraction, first.replicate) == (place.fraction, place.replicate)
        if first != place and not (alike and same_place):
            yield f"{place} has the same predictions as {first}; two trainings never do"
    yield from _without_error(record)


def _equal_images(record: Record) -> dict[str, str]:
    """Return the generator of every control whose images are stated to be its generator's, to the last bit, and of every arm that
    is drawn from the same fits under noise, which may be too weak to change a grey level."""
    noisy = {arm.id: str(arm.generator) for arm in record.arms if arm.role == "noisy"}
    return noisy | {
        f"{name}:{control}": name
        for generators in record.influence.values()
        for name, found in generators.items()
        for control, change in found.controls.items()
        if change == 0
    }


def _without_error(record: Record) -> Iterator[str]:
    roles = {arm.id: arm.role for arm in record.arms}
    for key, values in _primary(record).items():
        real = [np.mean(found) for arm, found in values.items() if roles[arm] in REFERENCE_ROLES]
        if not real or max(real) >= SEPARABLE:
            continue
        for arm, found in values.items():
            if min(found) >= 1.0:
                yield (
                    f"{shown(arm)} at {key} makes no error in any replicate, and training on the real images gives "
                    f"{unsigned(float(max(real)))}: its predictions know the labels"
                )


def _primary(record: Record) -> dict[str, dict[str, list[float]]]:
    """Return the values of the primary endpoint per replicate, by fraction and arm."""
    primary = record.endpoints[0].id
    return {
        key: {arm: list(score.values) for arm, score in found.endpoints[primary].arms.items() if score.values}
        for key, found in record.scores.fractions.items()
        if primary in found.endpoints
    }


def suspicious(record: Record, predicted: PredictionSet) -> Iterator[str]:
    """Yield what an honest run leaves with a probability that can be neglected, as sentences."""
    yield from _nearly_equal(record, predicted)
    yield from _hardly_varying(record)
    yield from _swapped_classes(record, predicted)
    yield from _above_oracle(record)


def _nearly_equal(record: Record, predicted: PredictionSet) -> Iterator[str]:
    equal = _equal_images(record)
    for key, part in predicted.fractions.items():
        for replicate in range(part.test_logits.shape[1]):
            logits = part.test_logits[:, replicate].reshape(len(predicted.arms), -1).astype(np.float64)
            for one, other in _correlated(logits):
                names = predicted.arms[one], predicted.arms[other]
                if equal.get(names[0], names[0]) != equal.get(names[1], names[1]):
                    yield (
                        f"{Place(names[1], key, replicate)} has nearly the predictions of {shown(names[0])} "
                        f"(correlation above {NEARLY_EQUAL})."
                    )


def _correlated(logits: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the pairs of rows of ``logits`` [A, N] whose correlation is nearly 1; rows with NaN are left out."""
    centred = logits - logits.mean(axis=1, keepdims=True)
    length = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))
    usable = np.flatnonzero(np.isfinite(length[:, 0]) & (length[:, 0] > 0))
    unit = centred[usable] / length[usable]
    for one, other in np.argwhere(np.triu(unit @ unit.T, k=1) > NEARLY_EQUAL):
        yield int(usable[one]), int(usable[other])


def _hardly_varying(record: Record) -> Iterator[str]:
    roles = {arm.id: arm.role for arm in record.arms}
    for key, values in _primary(record).items():
        variances = [
            np.var(found, ddof=1) for arm, found in values.items() if roles[arm] in REFERENCE_ROLES and len(found) > 1
        ]
        if not variances or not np.mean(variances) > 0:
            continue
        for arm, found in values.items():
            df = len(found) - 1
            ratio = np.var(found, ddof=1) / np.mean(variances) if df else np.inf
            if roles[arm] not in REFERENCE_ROLES and f_distribution.cdf(ratio, df or 1, df or 1) < UNLIKELY:
                yield (
                    f"{shown(arm)} at {key} varies over replicates with a standard deviation of {np.std(found, ddof=1):.5f}, "
                    f"the real-only arms with {np.sqrt(np.mean(variances)):.5f}."
                )


def _swapped_classes(record: Record, predicted: PredictionSet) -> Iterator[str]:
    labels = predicted.test_labels.astype(bool)
    if not len(labels) or labels.shape[1] < 2:
        return
    names = record.labels.names
    for key, part in predicted.fractions.items():
        for number, arm in enumerate(predicted.arms):
            found = part.test_logits[number]
            usable = found[~np.isnan(found).any(axis=(1, 2))]
            if len(usable):
                areas = auroc_by_class(usable.mean(axis=0), labels)
                rows, best = linear_sum_assignment(-areas)
                if areas[rows, best].mean() - areas.diagonal().mean() > SWAPPED_GAIN:
                    swapped = [
                        f"{names[row]} for {names[place]}"
                        for row, place in zip(rows, best, strict=True)
                        if row != place
                    ]
                    yield f"{shown(arm)} at {key} predicts classes by the names of others: {shown(', '.join(swapped), 160)}."


def auroc_by_class(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return [K, K], the AUROC of the score of one class for the labels of another; .5 for a class with one kind of label.

    ``scores`` [N, K], ``labels`` bool [N, K].
    """
    positives = labels.sum(axis=0)
    negatives = len(labels) - positives
    sums = rankdata(scores, axis=0).T @ labels
    both = np.maximum(positives * negatives, 1)
    areas = (sums - positives * (positives + 1) / 2) / both
    return np.where(positives * negatives > 0, areas, 0.5)


def _above_oracle(record: Record) -> Iterator[str]:
    """Yield which generators help more than as many further real images, by more than would matter."""
    margin = record.endpoints[0].margin
    oracle = next((arm.id for arm in record.arms if arm.role == "oracle"), None)
    roles: Mapping[str, str] = {arm.id: arm.role for arm in record.arms}
    for key, values in _primary(record).items():
        if oracle not in values or margin is None:
            continue
        limit = np.mean(values[oracle]) + margin
        for arm, found in values.items():
            if roles[arm] in GENERATED_ROLES and np.mean(found) > limit:
                yield (
                    f"{shown(arm)} at {key} reaches {unsigned(float(np.mean(found)))}, more than with as many further real images "
                    f"({unsigned(float(np.mean(values[oracle])))})."
                )
