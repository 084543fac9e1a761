"""A metric on given images: which classes they can decide, and its value with each patient's influence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders, near_names
from qaugbench.limits import MIN_FOR_INTERVAL
from qaugbench.metrics.calibration import brier_per_image, log_loss_per_image
from qaugbench.metrics.discrimination import any_of_scores, probabilities
from qaugbench.stats.average_precision import binary_ap_influence
from qaugbench.stats.influence import Patients, binary_influence, qwk_influence
from qaugbench.stats.metric_kinds import EXCLUSIVE, KINDS
from qaugbench.stats.per_image import mean_influence
from qaugbench.stats.recall import called_influence, checked_thresholds, recall_influence
from qaugbench.task import Endpoint

Measurement = tuple[np.ndarray, np.ndarray]
"""The value of a metric per replicate [R], and the influence of each patient on it [R, C]."""
BinaryCache = dict[tuple[object, ...], Measurement]
"""Measurements of one arm's binary metrics by (function, classes taken as positive, classes whose images are used), which
endpoints share.
"""
UNDEFINED = "no class has both a positive and a negative image"


@dataclass(frozen=True)
class Images:
    """Real images as far as scoring needs them: labels [N, K] 0/1 and patient groups [N]."""

    labels: np.ndarray
    groups: np.ndarray
    class_names: tuple[str, ...]
    label_kind: str

    def __post_init__(self) -> None:
        """Raise StatisticsError for labels and groups that do not fit together."""
        if self.labels.ndim != 2 or self.labels.shape[1] != len(self.class_names):
            raise StatisticsError(f"Labels must be [N, {len(self.class_names)}]; given shape {self.labels.shape}.")
        if self.groups.shape != self.labels.shape[:1]:
            raise StatisticsError(f"Groups must be [N] with N={len(self.labels)}; given shape {self.groups.shape}.")
        if not np.isin(self.labels, (0, 1)).all():
            raise StatisticsError(f"Labels must be 0 or 1; given {first_offenders(np.setdiff1d(self.labels, (0, 1)))}.")


@dataclass(frozen=True)
class MetricOnImages:
    """A metric of some classes on given images.

    ``chosen`` [M] are the images used and ``labels`` [M, K] which of the ``scored_classes`` they have; ``left_out`` are the
    classes asked for that the images cannot decide, with a reason. ``positives`` are the binary problems that the metric is
    a mean of (classes taken as positive -> bool [M]). A single binary problem has ``n_rarer`` images on its rarer side, and
    their patients as ``n_eff``; otherwise ``n_eff`` is the number of patients. ``why_undefined`` says why there is no value.
    """

    kind: str
    label_kind: str
    classes: tuple[int, ...]
    scored_classes: tuple[int, ...]
    among: tuple[int, ...] | None
    chosen: np.ndarray
    labels: np.ndarray
    grades: np.ndarray
    patients: Patients | None
    positives: dict[tuple[int, ...], np.ndarray]
    left_out: dict[str, str]
    n_rarer: int | None
    n_eff: int | None
    why_undefined: str | None

    @classmethod
    def of(cls, kind: str, classes: Sequence[int], images: Images, *, restrict: bool = False) -> MetricOnImages:
        """Return the metric ``kind`` of ``classes``, with ``restrict`` only on images that have one of them.

        With ``restrict``, labels that exclude one another are scored as if there were no other classes: their
        probabilities are shared out among ``classes`` (AUROC and AP keep the scores, which rank against all classes).
        A class without a positive or without a negative image is left out of everything that is a mean over classes, as
        the Brier score and log loss of findings are. Raises StatisticsError for an unknown kind, labels that it does not
        fit, and part of the classes where it is about all of them.
        """
        _check(kind, classes, images, restrict=restrict)
        labels = images.labels > 0
        chosen = np.flatnonzero(labels[:, list(classes)].any(axis=1)) if restrict else np.arange(len(labels))
        labels, groups = labels[chosen], images.groups[chosen]
        problems, left_out = _decidable(_over_classes(kind, classes, images.label_kind), labels, images.class_names)
        positives = problems if KINDS[kind].made_of in ("any", "each") else {}
        scored = tuple(k for of_one in problems for k in of_one) or tuple(classes)
        patients = Patients.of(groups) if np.unique(groups).size > 1 else None
        n_rarer, n_eff = None, None if patients is None else patients.n_groups
        if patients is not None and len(positives) == 1:
            n_rarer, n_eff = _rarer_side(next(iter(positives.values())), patients)
        grades = np.asarray(classes)[labels[:, list(classes)].argmax(axis=1)]
        return cls(
            kind=kind,
            label_kind=images.label_kind,
            classes=tuple(classes),
            scored_classes=scored,
            among=tuple(classes) if restrict else None,
            chosen=chosen,
            labels=labels[:, list(scored)],
            grades=grades,
            patients=patients,
            positives=positives,
            left_out=left_out,
            n_rarer=n_rarer,
            n_eff=n_eff,
            why_undefined=_why_undefined(kind, patients, problems, left_out, grades),
        )

    @property
    def pooled_rarer(self) -> tuple[int, ...]:
        """Images on the rarer side of each class that is pooled: empty for a single class and for a mean of images."""
        sides = list(self.positives.values())
        if KINDS[self.kind].made_of == "grades":
            sides = [self.grades == grade for grade in self.classes]
        return tuple(int(min(side.sum(), (~side).sum())) for side in sides) if len(sides) > 1 else ()

    @property
    def why_no_interval(self) -> str | None:
        """Why a value has no interval of its own; None when it has."""
        if self.n_rarer is not None and self.n_rarer < MIN_FOR_INTERVAL:
            return f"{self.n_rarer} test images on the rarer side; an interval needs {MIN_FOR_INTERVAL}"
        if self.n_eff is not None and self.n_eff < 2:
            return "one patient on the rarer side; an interval needs two"
        return None

    def evaluate(
        self, logits: np.ndarray, cache: BinaryCache | None = None, thresholds: np.ndarray | None = None
    ) -> Measurement:
        """Return (value [R], influence [R, C]) for finite ``logits`` [R, N, K] of all images.

        ``cache`` holds, and is given, the binary measurements of the same logits. ``thresholds`` [R, K] are the logits at
        or above which a class is called: balanced accuracy of multilabel scores needs them.
        """
        if self.patients is None or self.why_undefined is not None:
            raise StatisticsError(f"This metric has no value on these images: {self.why_undefined}.")
        cache = {} if cache is None else cache
        return EVALUATORS[self.kind](_Evaluation(self, self.patients, logits, cache, thresholds))


@dataclass(frozen=True)
class _Evaluation:
    """A metric and the logits of one arm."""

    metric: MetricOnImages
    patients: Patients
    logits: np.ndarray
    cache: BinaryCache
    thresholds: np.ndarray | None

    def of_classes(self, replicate: int) -> np.ndarray:
        """Return the logits [M, K] of the scored classes on the images used."""
        return self.logits[replicate][self.metric.chosen][:, list(self.metric.scored_classes)]

    def most_likely(self) -> np.ndarray:
        """Return the most probable [R, M] of the classes asked for."""
        classes = np.asarray(self.metric.classes)
        return np.stack([classes[row[self.metric.chosen][:, classes].argmax(axis=1)] for row in self.logits])

    def mean_of_binary(self, measure: Callable[[np.ndarray, np.ndarray, Patients], Measurement]) -> Measurement:
        """Return the mean over the binary problems of ``measure(scores [R, M], positive [M], patients)``."""
        return _mean([self._binary(measure, classes) for classes in self.metric.positives])

    def mean_of_images(self, per_image: Callable[[np.ndarray], np.ndarray]) -> Measurement:
        """Return the mean over images of ``per_image(logits [M, K])`` [M]."""
        rows = [per_image(self.of_classes(replicate)) for replicate in range(len(self.logits))]
        return mean_influence(np.stack(rows), self.patients)

    def _binary(
        self, measure: Callable[[np.ndarray, np.ndarray, Patients], Measurement], classes: tuple[int, ...]
    ) -> Measurement:
        metric = self.metric
        key = (measure, classes, metric.among)
        if key not in self.cache:
            scores = any_of_scores(self.logits, metric.label_kind, classes)
            scores = scores if metric.among is None else scores[:, metric.chosen]
            self.cache[key] = measure(np.ascontiguousarray(scores), metric.positives[classes], self.patients)
        return self.cache[key]


def _auroc(evaluation: _Evaluation) -> Measurement:
    return evaluation.mean_of_binary(binary_influence)


def _average_precision(evaluation: _Evaluation) -> Measurement:
    return evaluation.mean_of_binary(binary_ap_influence)


def _kappa(evaluation: _Evaluation) -> Measurement:
    metric = evaluation.metric
    n_grades = max(metric.classes) + 1
    pairs = [qwk_influence(row, metric.grades, n_grades, evaluation.patients.code) for row in evaluation.most_likely()]
    return np.array([value for value, _ in pairs]), np.stack([influence for _, influence in pairs])


def _balanced_accuracy(evaluation: _Evaluation) -> Measurement:
    metric = evaluation.metric
    if metric.label_kind not in EXCLUSIVE:
        return _balanced_calls(evaluation)
    predicted = evaluation.most_likely()
    return _mean(
        [recall_influence(predicted == k, positive, evaluation.patients) for (k,), positive in metric.positives.items()]
    )


def _balanced_calls(evaluation: _Evaluation) -> Measurement:
    metric, logits = evaluation.metric, evaluation.logits
    thresholds = checked_thresholds(evaluation.thresholds, (len(logits), logits.shape[2]), metric.scored_classes)
    return _mean(
        [
            called_influence(logits[:, metric.chosen, k] >= thresholds[:, k, None], positive, evaluation.patients)
            for (k,), positive in metric.positives.items()
        ]
    )


def _recall(evaluation: _Evaluation) -> Measurement:
    """Return the mean recall of some classes; where these exclude one another, the most probable of all classes is called."""
    metric, logits = evaluation.metric, evaluation.logits[:, evaluation.metric.chosen]
    if metric.label_kind in EXCLUSIVE:
        predicted = logits.argmax(axis=2)
        called = {k: predicted == k for (k,) in metric.positives}
    else:
        shape = (logits.shape[0], logits.shape[2])
        thresholds = checked_thresholds(evaluation.thresholds, shape, metric.scored_classes)
        called = {k: logits[..., k] >= thresholds[:, k, None] for (k,) in metric.positives}
    return _mean(
        [recall_influence(called[k], positive, evaluation.patients) for (k,), positive in metric.positives.items()]
    )


def _absolute_error(evaluation: _Evaluation) -> Measurement:
    return mean_influence(np.abs(evaluation.most_likely() - evaluation.metric.grades), evaluation.patients)


def _brier(evaluation: _Evaluation) -> Measurement:
    labels, kind = evaluation.metric.labels, evaluation.metric.label_kind
    return evaluation.mean_of_images(lambda logits: brier_per_image(probabilities(logits, kind), labels, kind))


def _log_loss(evaluation: _Evaluation) -> Measurement:
    labels, kind = evaluation.metric.labels, evaluation.metric.label_kind
    return evaluation.mean_of_images(lambda logits: log_loss_per_image(logits, labels, kind))


EVALUATORS: dict[str, Callable[[_Evaluation], Measurement]] = {
    "auroc": _auroc,
    "macro_auroc": _auroc,
    "macro_ap": _average_precision,
    "qwk": _kappa,
    "balanced_accuracy": _balanced_accuracy,
    "recall": _recall,
    "mae": _absolute_error,
    "brier": _brier,
    "log_loss": _log_loss,
}


def _mean(measurements: list[Measurement]) -> Measurement:
    value = np.mean([value for value, _ in measurements], axis=0)
    influence = measurements[0][1].copy()
    for _, other in measurements[1:]:
        influence += other
    return value, influence / len(measurements)


def _check(kind: str, classes: Sequence[int], images: Images, *, restrict: bool) -> None:
    if kind not in KINDS:
        raise StatisticsError(f"Unknown kind of endpoint {kind!r}.{near_names(kind, KINDS)}")
    fits = KINDS[kind].label_kinds
    if images.label_kind not in fits:
        raise StatisticsError(f"{kind} is for {' or '.join(fits)} labels; these are {images.label_kind}.")
    missing = sorted(set(range(len(images.class_names))) - set(classes))
    if KINDS[kind].whole and images.label_kind in EXCLUSIVE and missing and not restrict:
        offenders = first_offenders(images.class_names[k] for k in missing)
        raise StatisticsError(
            f"{kind} is about all classes at once; missing are {offenders}. Name them, or restrict it to the images "
            "that have one of the others."
        )


def _over_classes(kind: str, classes: Sequence[int], label_kind: str) -> list[tuple[int, ...]]:
    """Return the classes that each of the metric's parts is about; none where it is not a mean over classes."""
    if KINDS[kind].made_of == "any":
        return [tuple(classes)]
    over_findings = KINDS[kind].made_of == "images" and label_kind not in EXCLUSIVE
    return [(k,) for k in classes] if KINDS[kind].made_of == "each" or over_findings else []


def _decidable(
    parts: list[tuple[int, ...]], labels: np.ndarray, class_names: Sequence[str]
) -> tuple[dict[tuple[int, ...], np.ndarray], dict[str, str]]:
    positives: dict[tuple[int, ...], np.ndarray] = {}
    left_out: dict[str, str] = {}
    for classes in parts:
        positive = np.asarray(labels[:, list(classes)].any(axis=1))
        if positive.any() and not positive.all():
            positives[classes] = positive
            continue
        name = " or ".join(class_names[k] for k in classes)
        left_out[name] = "no negative image" if positive.any() else "no positive image"
    return positives, left_out


def _rarer_side(positive: np.ndarray, patients: Patients) -> tuple[int, int]:
    """Return how many images, and how many patients, the rarer side has (each the smaller of its two counts)."""
    sides = (positive, ~positive)
    return min(int(side.sum()) for side in sides), min(int(np.unique(patients.code[side]).size) for side in sides)


def _why_undefined(
    kind: str,
    patients: Patients | None,
    problems: Mapping[tuple[int, ...], np.ndarray],
    left_out: Mapping[str, str],
    grades: np.ndarray,
) -> str | None:
    if patients is None:
        return "fewer than two patients"
    if KINDS[kind].made_of == "grades":
        return "all images have the same grade" if np.unique(grades).size < 2 else None
    return UNDEFINED if left_out and not problems else None


def metric_of(endpoint: Endpoint, images: Images) -> MetricOnImages:
    """Return the metric of an endpoint on images."""
    classes = [images.class_names.index(name) for name in endpoint.classes]
    return MetricOnImages.of(endpoint.kind, classes, images, restrict=endpoint.restrict)
