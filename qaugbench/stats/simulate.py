"""Scores of simulated classifiers whose true metric values are known: what the inference is tested on.

Within a class a score is normal with variance 1: one part of a patient's effect is shared by all arms, one is kept by
each arm over its replicates, the rest is new with every replicate. Arms of equal value then disagree on patients, as
trained networks do. ``seeds`` is the standard deviation of the separation of the classes from replicate to replicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal, Protocol

import numpy as np
from scipy import special

from qaugbench.errors import StatisticsError
from qaugbench.metrics.calibration import brier_per_image
from qaugbench.stats.average_precision import binary_ap_influence
from qaugbench.stats.influence import Patients, binary_influence, qwk_influence
from qaugbench.stats.per_image import mean_influence
from qaugbench.stats.truth import (
    auroc_truth,
    brier_truth,
    calibrated_logit,
    expected_average_precision,
    kappa_truth,
    solved,
)

FindingsMetric = Literal["macro_auroc", "ap", "brier"]

LABELS_ALIKE = 0.7  # correlation of the latent severity between two images of a patient
CLASSES_ALIKE = 0.5  # share of a patient's effect that is the same for every class


@dataclass(frozen=True)
class Effects:
    """Variances of a score within its class, summing to 1, and ``seeds``, an SD of the separation over replicates."""

    shared: float = 0.5
    own: float = 0.15
    residual: float = 0.35
    seeds: float = 0.0

    def __post_init__(self) -> None:
        """Raise StatisticsError unless the variances are a partition of 1."""
        if min(self.shared, self.own, self.residual, self.seeds) < 0 or abs(self._total - 1) > 1e-12:
            raise StatisticsError(f"Variances shared, own, residual must be >= 0 and sum to 1; given {self}.")

    @property
    def _total(self) -> float:
        return self.shared + self.own + self.residual


IDENTICAL = Effects(shared=0.65, own=0.0)
DISAGREEING = Effects()
TRAINED = Effects(seeds=0.04)


@dataclass(frozen=True)
class Sample:
    """One simulated comparison: theta [A, R], influence [A, R, C], and n_eff as in ``mrmc.compare``."""

    theta: np.ndarray
    influence: np.ndarray
    n_eff: int


class Population(Protocol):
    """Arms whose true metric values are known, from which samples are drawn."""

    @property
    def values(self) -> tuple[float, ...]:
        """The true value of each arm."""
        ...

    def draw(self, random: np.random.Generator) -> Sample:
        """Return new replicates on new patients."""
        ...


@dataclass(frozen=True)
class OneFinding:
    """AUROC ``values`` of the arms on ``positives`` and ``negatives`` patients, one image each.

    >>> population = OneFinding((0.85, 0.85), replicates=5, positives=30, negatives=70)
    >>> population.draw(np.random.default_rng(0)).influence.shape
    (2, 5, 100)
    """

    values: tuple[float, ...]
    replicates: int
    positives: int
    negatives: int
    effects: Effects = DISAGREEING

    @cached_property
    def separations(self) -> np.ndarray:
        """Difference of the class means [A] that gives the values."""
        return np.array([solved(lambda d: auroc_truth(d, self.effects.seeds), value) for value in self.values])

    def draw(self, random: np.random.Generator) -> Sample:
        """Return new replicates on new patients."""
        n_images = self.positives + self.negatives
        positive = np.arange(n_images) < self.positives
        patients = Patients(np.arange(n_images), n_images)
        scores = draw_scores(
            random, self.effects, self.separations, positive[None], patients.code, replicates=self.replicates
        )
        value, influence = binary_influence(scores.reshape(-1, n_images), positive, patients)
        shape = (len(self.values), self.replicates)
        return Sample(value.reshape(shape), influence.reshape(*shape, -1), min(self.positives, self.negatives))


@dataclass(frozen=True)
class Findings:
    """Means over findings of AUROC, average precision or Brier score: ``values`` of the arms, patients with
    ``images_each`` images, a finding present with its ``prevalences``, anew in every sample.

    The value of an average precision is its expectation over test sets of this size, the only metric here for which
    that differs from the value in an unlimited population.

    ``exclusive`` findings are the grades of one image; otherwise an image may have several or none. ``grouped=False``
    forgets which images share a patient, as a careless analysis does; the scores stay the same.
    """

    metric: FindingsMetric
    values: tuple[float, ...]
    replicates: int
    patients: int
    prevalences: tuple[float, ...]
    images_each: int = 1
    effects: Effects = TRAINED
    exclusive: bool = False
    grouped: bool = True

    def __post_init__(self) -> None:
        """Raise StatisticsError for an average precision of patients with several images: its expectation is unknown."""
        if self.metric == "ap" and self.images_each > 1:
            raise StatisticsError(f"Simulated AP needs one image per patient; given {self.images_each}.")

    @property
    def separations(self) -> np.ndarray:
        """Difference of the means [A] that gives the values; the same for every finding."""
        n_images = self.patients if self.metric == "ap" else None
        seeds = self.effects.seeds
        return np.array([_separation(self.metric, value, self.prevalences, seeds, n_images) for value in self.values])

    def draw(self, random: np.random.Generator) -> Sample:
        """Return new replicates on new patients."""
        patient, positive = self._labels(random)
        scores = draw_scores(random, self.effects, self.separations, positive, patient, replicates=self.replicates)
        shape = (len(self.values), self.replicates)
        patients = Patients(patient, self.patients)
        if not self.grouped:
            patients = Patients(np.arange(patient.size), patient.size)
        value, influence = np.zeros(shape), np.zeros((*shape, patients.n_groups))
        for k, prevalence in enumerate(self.prevalences):
            of_finding = self._answer(scores[k], positive[k], prevalence, patients)
            value += of_finding[0].reshape(shape) / len(self.prevalences)
            influence += of_finding[1].reshape(influence.shape) / len(self.prevalences)
        return Sample(value, influence, patients.n_groups)

    def _labels(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the patient [N] of each image and which findings it has [K, N]."""
        patient = np.repeat(np.arange(self.patients), self.images_each)
        if self.exclusive:
            grade = draw_grades(random, self.prevalences, patient)
            return patient, grade == np.arange(len(self.prevalences))[:, None]
        return patient, np.stack([draw_grades(random, (1 - share, share), patient) > 0 for share in self.prevalences])

    def _answer(
        self, scores: np.ndarray, positive: np.ndarray, prevalence: float, patients: Patients
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.metric == "brier":
            logits = calibrated_logit(scores, self.separations[:, None, None], prevalence)
            probabilities = special.expit(logits.astype(np.float64)).reshape(-1, positive.size, 1)
            return mean_influence(brier_per_image(probabilities, positive[:, None], "multilabel"), patients)
        rows = scores.reshape(-1, positive.size)
        return (binary_ap_influence if self.metric == "ap" else binary_influence)(rows, positive, patients)


@cache
def _separation(
    metric: FindingsMetric, value: float, prevalences: tuple[float, ...], seeds: float, n_images: int | None
) -> float:
    def mean_at(separation: float) -> float:
        if metric == "macro_auroc":
            return auroc_truth(separation, seeds)
        if n_images is None:
            return float(np.mean([brier_truth(separation, share, seeds) for share in prevalences]))
        return float(np.mean([expected_average_precision(separation, share, n_images, seeds) for share in prevalences]))

    return solved(mean_at, value)


@dataclass(frozen=True)
class Grades:
    """Quadratic weighted kappa ``values`` of arms that read grades, as of two knees of a patient, off their scores."""

    values: tuple[float, ...]
    replicates: int
    patients: int
    prevalences: tuple[float, ...]
    images_each: int = 2
    effects: Effects = TRAINED
    grouped: bool = True

    @cached_property
    def separations(self) -> np.ndarray:
        """Distance of the means of neighbouring grades [A] that gives the values."""
        return np.array(
            [solved(lambda d: kappa_truth(d, self.prevalences, self.effects.seeds), value) for value in self.values]
        )

    def draw(self, random: np.random.Generator) -> Sample:
        """Return new replicates on new patients."""
        patient = np.repeat(np.arange(self.patients), self.images_each)
        grade = draw_grades(random, self.prevalences, patient)
        scores = draw_scores(random, self.effects, self.separations, grade[None], patient, replicates=self.replicates)[
            0
        ]
        cuts = (np.arange(len(self.prevalences) - 1) + 0.5) * self.separations[:, None]
        groups = patient if self.grouped else np.arange(patient.size)
        pairs = [
            qwk_influence(np.searchsorted(cuts[arm], row), grade, len(self.prevalences), groups)
            for arm in range(len(self.values))
            for row in scores[arm]
        ]
        value = np.array([value for value, _ in pairs]).reshape(len(self.values), self.replicates)
        influence = np.stack([influence for _, influence in pairs]).reshape(*value.shape, -1)
        return Sample(value, influence, influence.shape[-1])


def draw_grades(random: np.random.Generator, prevalences: tuple[float, ...], patient: np.ndarray) -> np.ndarray:
    """Return grades [N] with ``prevalences``, alike for images of the same ``patient`` [N]."""
    together = random.standard_normal(int(patient.max()) + 1)[patient]
    alone = random.standard_normal(patient.size)
    severity = np.sqrt(LABELS_ALIKE) * together + np.sqrt(1 - LABELS_ALIKE) * alone
    return np.searchsorted(special.ndtri(np.cumsum(prevalences)[:-1]), severity)


def draw_scores(
    random: np.random.Generator,
    effects: Effects,
    separations: np.ndarray,
    positive: np.ndarray,
    patient: np.ndarray,
    *,
    replicates: int,
) -> np.ndarray:
    """Return scores [K, A, R, N], float32, of ``separations`` [A] on ``positive`` [K, N] for images of ``patient`` [N].

    All effects but the residual are the same for the images of a patient.
    """
    n_classes, n_images = positive.shape
    n_arms, n_patients = separations.size, int(patient.max()) + 1
    scores = random.standard_normal((n_classes, n_arms, replicates, n_images), dtype=np.float32)
    scores *= np.float32(np.sqrt(effects.residual))
    kept = np.sqrt(effects.shared) * _patient_effect(random, n_classes, 1, n_patients)
    if effects.own > 0:
        kept = kept + np.sqrt(effects.own) * _patient_effect(random, n_classes, n_arms, n_patients)
    scores += kept[:, :, None, patient].astype(np.float32)
    drawn = separations[:, None] + effects.seeds * random.standard_normal((n_arms, replicates))
    scores += drawn.astype(np.float32)[None, :, :, None] * positive[:, None, None, :].astype(np.float32)
    return scores


def _patient_effect(random: np.random.Generator, n_classes: int, n_arms: int, n_patients: int) -> np.ndarray:
    alone = random.standard_normal((n_classes, n_arms, n_patients), dtype=np.float32)
    if n_classes == 1:
        return alone
    common = random.standard_normal((1, n_arms, n_patients), dtype=np.float32)
    return np.sqrt(CLASSES_ALIKE) * common + np.sqrt(1 - CLASSES_ALIKE) * alone
