"""An endpoint asked of given images: which classes they can decide, and the answer with each patient's influence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.metrics.discrimination import any_of_scores
from qaugbench.stats.influence import Patients, binary_image_influence, qwk_influence

MIN_FOR_INTERVAL = 10

Answer = tuple[np.ndarray, np.ndarray]
Answers = dict[tuple[tuple[int, ...], tuple[int, ...] | None], Answer]
"""Answers to binary questions by (classes taken as positive, classes whose images are used); endpoints share them."""


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

    ``chosen`` [M] are the images used, ``positives`` the binary questions that they can decide (classes taken as
    positive -> bool [M]), ``left_out`` the others with a reason. A single AUROC has ``n_rarer`` images on its rarer
    side, and their patients as ``n_eff``; otherwise ``n_eff`` is the number of patients. ``undecidable`` says why
    there is no value at all.
    """

    kind: str
    label_kind: str
    classes: tuple[int, ...]
    among: tuple[int, ...] | None
    chosen: np.ndarray
    grades: np.ndarray
    patients: Patients | None
    positives: dict[tuple[int, ...], np.ndarray]
    left_out: dict[str, str]
    n_rarer: int | None
    n_eff: int | None
    undecidable: str | None

    @classmethod
    def of(cls, kind: str, classes: Sequence[int], images: Images, *, restrict: bool = False) -> Question:
        """Return the question ``kind`` about ``classes``, with ``restrict`` only on images that have one of them."""
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
            grades=grades,
            patients=patients,
            positives=positives,
            left_out=left_out,
            n_rarer=n_rarer,
            n_eff=n_eff,
            undecidable=_why_undecidable(kind, patients, positives, grades),
        )

    @property
    def pooled_rarer(self) -> tuple[int, ...]:
        """Images on the rarer side of each class that is pooled: empty for a single AUROC."""
        if self.kind == "qwk":
            sides: list[np.ndarray] = [self.grades == grade for grade in range(len(self.classes))]
        else:
            sides = list(self.positives.values())
        return tuple(int(min(side.sum(), (~side).sum())) for side in sides) if len(sides) > 1 else ()

    @property
    def why_no_interval(self) -> str | None:
        """Why a value has no interval of its own; None when it has."""
        if self.n_rarer is not None and self.n_rarer < MIN_FOR_INTERVAL:
            return f"{self.n_rarer} test images on the rarer side; an interval needs {MIN_FOR_INTERVAL}"
        if self.n_eff is not None and self.n_eff < 2:
            return "one patient on the rarer side; an interval needs two"
        return None

    def answer(self, logits: np.ndarray, known: Answers) -> Answer:
        """Return (value [R], influence [R, C]) for finite ``logits`` [R, N, K] of all images.

        ``known`` holds, and is given, the answers to binary questions about the same logits.
        """
        if self.patients is None:
            raise StatisticsError(f"This question has no answer: {self.undecidable}.")
        if self.kind == "qwk":
            predicted = logits[:, self.chosen][:, :, list(self.classes)].argmax(axis=2)
            pairs = [qwk_influence(row, self.grades, len(self.classes), self.patients.code) for row in predicted]
            return np.array([value for value, _ in pairs]), np.stack([influence for _, influence in pairs])
        answers = [self._binary(classes, logits, known) for classes in self.positives]
        value = np.mean([value for value, _ in answers], axis=0)
        influence = answers[0][1].copy()
        for _, other in answers[1:]:
            influence += other
        return value, influence / len(answers)

    def _binary(self, classes: tuple[int, ...], logits: np.ndarray, known: Answers) -> Answer:
        key = (classes, self.among)
        if key not in known:
            assert self.patients is not None
            scores = any_of_scores(logits, self.label_kind, classes)
            scores = scores if self.among is None else scores[:, self.chosen]
            value, per_image = binary_image_influence(np.ascontiguousarray(scores), self.positives[classes])
            known[key] = value, self.patients.sums(per_image)
        return known[key]


def _binary_questions(kind: str, classes: Sequence[int]) -> list[tuple[int, ...]]:
    if kind == "auroc":
        return [tuple(classes)]
    return [(k,) for k in classes] if kind == "macro_auroc" else []


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
    if kind == "qwk":
        return "all images have the same grade" if np.unique(grades).size < 2 else None
    return None if positives else "no class has both a positive and a negative image"
