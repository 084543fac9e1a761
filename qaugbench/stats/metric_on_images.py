"""An endpoint asked of given images: which classes they can decide, and the answer with each patient's influence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

Answer = tuple[np.ndarray, np.ndarray]
Answers = dict[tuple[object, ...], Answer]
"""Answers to binary questions by (what is asked, classes taken as positive, classes whose images are used), which
endpoints share.
"""


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
class Question:
    """An endpoint on given images.

    ``chosen`` [M] are the images used and ``labels`` [M, K] which of ``classes`` they have, ``positives`` the binary
    questions that they can decide (classes taken as positive -> bool [M]), ``left_out`` the others with a reason. A
    single binary question has ``n_rarer`` images on its rarer side, and their patients as ``n_eff``; otherwise
    ``n_eff`` is the number of patients. ``undecidable`` says why there is no value at all.
    """

    kind: str
    label_kind: str
    classes: tuple[int, ...]
    among: tuple[int, ...] | None
    chosen: np.ndarray
    labels: np.ndarray
    grades: np.ndarray
    patients: Patients | None
    positives: dict[tuple[int, ...], np.ndarray]
    left_out: dict[str, str]
    n_rarer: int | None
    n_eff: int | None
    undecidable: str | None

    @classmethod
    def of(cls, kind: str, classes: Sequence[int], images: Images, *, restrict: bool = False) -> Question:
        """Return the question ``kind`` about ``classes``, with ``restrict`` only on images that have one of them.

        With ``restrict``, labels that exclude one another are asked about as if there were no other classes: their
        probabilities are shared out among ``classes`` (AUROC and AP keep the scores, which rank against all classes).
        Raises StatisticsError for an unknown kind, labels that it does not fit, and part of the classes where it is
        about all of them.
        """
        _check(kind, classes, images, restrict=restrict)
        labels = images.labels > 0
        among = tuple(classes) if restrict else None
        chosen = np.flatnonzero(labels[:, list(classes)].any(axis=1)) if restrict else np.arange(len(labels))
        labels = labels[chosen]
        grades = labels[:, list(classes)].argmax(axis=1)
        groups = images.groups[chosen]
        patients = Patients.of(groups) if np.unique(groups).size > 1 else None
        positives, left_out = _decidable(_binary_questions(kind, classes), labels, images.class_names)
        n_rarer, n_eff = None, None if patients is None else patients.n_groups
        if patients is not None and len(positives) == 1:
            n_rarer, n_eff = _rarer_side(next(iter(positives.values())), patients)
        return cls(
            kind=kind,
            label_kind=images.label_kind,
            classes=tuple(classes),
            among=among,
            chosen=chosen,
            labels=labels[:, list(classes)],
            grades=grades,
            patients=patients,
            positives=positives,
            left_out=left_out,
            n_rarer=n_rarer,
            n_eff=n_eff,
            undecidable=_why_undecidable(kind, patients, positives, grades),
        )

    @property
    def decided_classes(self) -> tuple[int, ...]:
        """The classes that the value is about: those asked, without those left out."""
        return tuple(k for classes in self.positives for k in classes) or self.classes

    @property
    def pooled_rarer(self) -> tuple[int, ...]:
        """Images on the rarer side of each class that is pooled: empty for a single class and for a mean of images."""
        sides = list(self.positives.values())
        if KINDS[self.kind].asks == "grades":
            sides = [self.grades == grade for grade in range(len(self.classes))]
        return tuple(int(min(side.sum(), (~side).sum())) for side in sides) if len(sides) > 1 else ()

    @property
    def why_no_interval(self) -> str | None:
        """Why a value has no interval of its own; None when it has."""
        if self.n_rarer is not None and self.n_rarer < MIN_FOR_INTERVAL:
            return f"{self.n_rarer} test images on the rarer side; an interval needs {MIN_FOR_INTERVAL}"
        if self.n_eff is not None and self.n_eff < 2:
            return "one patient on the rarer side; an interval needs two"
        return None

    def answer(self, logits: np.ndarray, known: Answers, thresholds: np.ndarray | None = None) -> Answer:
        """Return (value [R], influence [R, C]) for finite ``logits`` [R, N, K] of all images.

        ``known`` holds, and is given, the answers to binary questions about the same logits. ``thresholds`` [R, K] are
        the logits at or above which a class is called: balanced accuracy of multilabel scores needs them.
        """
        if self.patients is None or self.undecidable is not None:
            raise StatisticsError(f"This question has no answer: {self.undecidable}.")
        return ANSWERS[self.kind](_Asked(self, self.patients, logits, known, thresholds))


@dataclass(frozen=True)
class _Asked:
    """A question put to the logits of one arm."""

    question: Question
    patients: Patients
    logits: np.ndarray
    known: Answers
    thresholds: np.ndarray | None

    def of_classes(self, replicate: int) -> np.ndarray:
        """Return the logits [M, K] of the classes asked about on the images used."""
        return self.logits[replicate][self.question.chosen][:, list(self.question.classes)]

    def most_likely(self) -> np.ndarray:
        """Return the position [R, M] of the most probable of the classes asked about."""
        return np.stack([self.of_classes(replicate).argmax(axis=1) for replicate in range(len(self.logits))])

    def mean_of_binary(self, answer: Callable[[np.ndarray, np.ndarray, Patients], Answer]) -> Answer:
        """Return the mean over the binary questions of ``answer(scores [R, M], positive [M], patients)``."""
        return _mean([self._binary(answer, classes) for classes in self.question.positives])

    def mean_of_images(self, per_image: Callable[[np.ndarray], np.ndarray]) -> Answer:
        """Return the mean over images of ``per_image(logits [M, K])`` [M]."""
        rows = [per_image(self.of_classes(replicate)) for replicate in range(len(self.logits))]
        return mean_influence(np.stack(rows), self.patients)

    def _binary(self, answer: Callable[[np.ndarray, np.ndarray, Patients], Answer], classes: tuple[int, ...]) -> Answer:
        question = self.question
        key = (answer, classes, question.among)
        if key not in self.known:
            scores = any_of_scores(self.logits, question.label_kind, classes)
            scores = scores if question.among is None else scores[:, question.chosen]
            self.known[key] = answer(np.ascontiguousarray(scores), question.positives[classes], self.patients)
        return self.known[key]


def _auroc(asked: _Asked) -> Answer:
    return asked.mean_of_binary(binary_influence)


def _average_precision(asked: _Asked) -> Answer:
    return asked.mean_of_binary(binary_ap_influence)


def _kappa(asked: _Asked) -> Answer:
    question = asked.question
    pairs = [
        qwk_influence(row, question.grades, len(question.classes), asked.patients.code) for row in asked.most_likely()
    ]
    return np.array([value for value, _ in pairs]), np.stack([influence for _, influence in pairs])


def _balanced_accuracy(asked: _Asked) -> Answer:
    question = asked.question
    if question.label_kind not in EXCLUSIVE:
        return _balanced_calls(asked)
    predicted = asked.most_likely()
    return _mean(
        [
            recall_influence(predicted == question.classes.index(k), question.positives[k,], asked.patients)
            for (k,) in question.positives
        ]
    )


def _balanced_calls(asked: _Asked) -> Answer:
    question, logits = asked.question, asked.logits
    thresholds = checked_thresholds(asked.thresholds, (len(logits), logits.shape[2]), question.decided_classes)
    return _mean(
        [
            called_influence(logits[:, question.chosen, k] >= thresholds[:, k, None], positive, asked.patients)
            for (k,), positive in question.positives.items()
        ]
    )


def _absolute_error(asked: _Asked) -> Answer:
    return mean_influence(np.abs(asked.most_likely() - asked.question.grades), asked.patients)


def _brier(asked: _Asked) -> Answer:
    labels, kind = asked.question.labels, asked.question.label_kind
    return asked.mean_of_images(lambda logits: brier_per_image(probabilities(logits, kind), labels, kind))


def _log_loss(asked: _Asked) -> Answer:
    labels, kind = asked.question.labels, asked.question.label_kind
    return asked.mean_of_images(lambda logits: log_loss_per_image(logits, labels, kind))


ANSWERS: dict[str, Callable[[_Asked], Answer]] = {
    "auroc": _auroc,
    "macro_auroc": _auroc,
    "macro_ap": _average_precision,
    "qwk": _kappa,
    "balanced_accuracy": _balanced_accuracy,
    "mae": _absolute_error,
    "brier": _brier,
    "log_loss": _log_loss,
}


def _mean(answers: list[Answer]) -> Answer:
    value = np.mean([value for value, _ in answers], axis=0)
    influence = answers[0][1].copy()
    for _, other in answers[1:]:
        influence += other
    return value, influence / len(answers)


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


def _binary_questions(kind: str, classes: Sequence[int]) -> list[tuple[int, ...]]:
    if KINDS[kind].asks == "any":
        return [tuple(classes)]
    return [(k,) for k in classes] if KINDS[kind].asks == "each" else []


def _decidable(
    asked: list[tuple[int, ...]], labels: np.ndarray, class_names: Sequence[str]
) -> tuple[dict[tuple[int, ...], np.ndarray], dict[str, str]]:
    positives: dict[tuple[int, ...], np.ndarray] = {}
    left_out: dict[str, str] = {}
    for classes in asked:
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


def _why_undecidable(
    kind: str, patients: Patients | None, positives: dict[tuple[int, ...], np.ndarray], grades: np.ndarray
) -> str | None:
    if patients is None:
        return "fewer than two patients"
    if KINDS[kind].asks == "images":
        return None
    if KINDS[kind].asks == "grades":
        return "all images have the same grade" if np.unique(grades).size < 2 else None
    return None if positives else "no class has both a positive and a negative image"
