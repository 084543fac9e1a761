"""What a comparison states of its predictions, computed from them alone: of one test set, or of those of several folds.

Each fold has models of its own, whose scores are not on one scale: every number is computed fold by fold and averaged, and so is
the influence, over the patients of all folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from qaugbench.classification import compare
from qaugbench.classification.compare import estimated
from qaugbench.classification.results import PLAIN_ARM, RECIPE, ClassifierBoard, Comparison, Gain, Row
from qaugbench.errors import EntryError
from qaugbench.formatting import count
from qaugbench.limits import MIN_FOR_INTERVAL
from qaugbench.metrics.calibration import log_loss
from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet, Role
from qaugbench.stats.calibrated import calibration_score
from qaugbench.stats.folds import averaged
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_kinds import EXCLUSIVE
from qaugbench.stats.metric_on_images import Images, Measurement, MetricOnImages, metric_of
from qaugbench.stats.reference import best_over_folds, choose_reference
from qaugbench.stats.results import ArmCalibration
from qaugbench.task import Endpoint

ROLES: Mapping[str, Role] = {PLAIN_ARM: "augmented", "R+cm": "compute-matched", "R+os": "oversampling"}
"""What the arms of real images are, from which R* is chosen; every other arm is of a generator."""


def judged(found: Comparison, predictions: Sequence[PredictionSet]) -> Comparison:
    """Return ``found`` with every number that ``predictions`` give, those on one test set or on that of each fold.

    Its rows, boards and gains say what is asked of them, and their other facts stay. Without those on validation images,
    calibration after scaling and the choice of R* stay as they are stated. Raises EntryError for predictions that lack an arm.
    """
    by_key = {key: _Judged(found, _parts(found, predictions, key)) for key in found.recipe}
    images = next(iter(by_key.values())).metrics
    return replace(
        found,
        n_test_images=sum(int(one.chosen.size) for one in images),
        n_test_patients=sum(0 if one.patients is None else one.patients.n_groups for one in images),
        recipe={key: by_key[key].row(row) for key, row in found.recipe.items()},
        boards=tuple(by_key[board.fraction].board(board) for board in found.boards),
        against_each_other={key: by_key[key].between_classifiers(key) for key in found.recipe},
        gains={key: tuple(map(by_key[key].gain, its)) for key, its in found.gains.items()},
    )


def _parts(found: Comparison, predictions: Sequence[PredictionSet], key: str) -> tuple[_Part, ...]:
    if len(predictions) != len(found.decided_by):
        needed, given = len(found.decided_by), len(predictions)
        raise EntryError(f"The comparison is over {count(needed, 'test set')}, and there are predictions of {given}.")
    return tuple(_Part(found, one, endpoint, key) for one, endpoint in zip(predictions, found.decided_by, strict=True))


@dataclass(frozen=True)
class _Part:
    """The predictions of one fraction on one test set; ``endpoint`` is what is primary there."""

    found: Comparison
    predictions: PredictionSet
    endpoint: Endpoint
    key: str

    @cached_property
    def images(self) -> Images:
        """The test images."""
        one = self.predictions
        return Images(one.test_labels, one.test_groups, self.found.class_names, self.found.label_kind)

    @cached_property
    def validation(self) -> Images | None:
        """The validation images, where predictions of them were kept."""
        one = self.predictions
        if not len(one.val_ids):
            return None
        return Images(one.val_labels, one.val_groups, self.found.class_names, self.found.label_kind)

    @cached_property
    def metric(self) -> MetricOnImages:
        """The primary endpoint on the test images."""
        return metric_of(self.endpoint, self.images)

    @cached_property
    def on_real(self) -> Present:
        """The recipe and the classifiers under all controls, on real images."""
        rows = [RECIPE, *(row.id for board in self.found.boards if board.fraction == self.key for row in board.rows)]
        return self.present({name: (name, "augmented") for name in rows})

    def under(self, judge: str) -> Present:
        """Return the arms of images that a classifier, or the recipe, was trained on."""
        named = {PLAIN_ARM: judge}
        prefix = f"{judge} on "
        named |= {name.removeprefix(prefix): name for name in self.predictions.arms if name.startswith(prefix)}
        return self.present({arm: (name, ROLES.get(arm, "synthetic")) for arm, name in named.items()})

    def present(self, named: Mapping[str, tuple[str, Role]]) -> Present:
        """Return arms by id, each with its name among the predictions and its role."""
        places = {name: place for place, name in enumerate(self.predictions.arms)}
        lacking = [name for name, _ in named.values() if name not in places]
        if lacking or self.key not in self.predictions.fractions:
            raise EntryError(
                f"The predictions lack {lacking[0] if lacking else self.key}. Copy the whole folder again."
            )
        of_all, chosen = self.predictions.fractions[self.key], [places[name] for name, _ in named.values()]
        kept = FractionPredictions(of_all.test_logits[chosen], of_all.val_logits[chosen])
        infos = {arm: ArmInfo(id=arm, role=role) for arm, (_, role) in named.items()}
        return Present.of(list(named), kept, infos)


@dataclass(frozen=True)
class _Basis:
    """What intervals over several test sets rest on."""

    n_eff: int
    why_no_interval: str | None = None

    @classmethod
    def of(cls, metrics: Sequence[MetricOnImages]) -> _Basis:
        n_eff, rarer = sum(int(one.n_eff or 0) for one in metrics), [one.n_rarer for one in metrics]
        few = None if None in rarer else sum(n for n in rarer if n is not None)
        if few is not None and few < MIN_FOR_INTERVAL:
            return cls(n_eff, f"{few} test images on the rarer side; an interval needs {MIN_FOR_INTERVAL}")
        return cls(n_eff, None if n_eff > 1 else "one patient on the rarer side; an interval needs two")


@dataclass(frozen=True)
class _Judged:
    """Everything that is computed of one fraction."""

    found: Comparison
    parts: tuple[_Part, ...]

    @cached_property
    def metrics(self) -> list[MetricOnImages]:
        return [part.metric for part in self.parts]

    @cached_property
    def basis(self) -> _Basis:
        return _Basis.of(self.metrics)

    @cached_property
    def measured(self) -> dict[str, Measurement]:
        """The primary endpoint of every arm on real images that has predictions throughout."""
        shared = [name for name in self.parts[0].on_real.arms if not self._why_dropped(name)]
        return {
            name: averaged([part.metric.evaluate(part.on_real.test_logits(name)) for part in self.parts])
            for name in shared
        }

    def _why_dropped(self, name: str) -> str:
        reasons = {number: part.on_real.dropped.get(name) for number, part in enumerate(self.parts, 1)}
        of_fold = "fold {}: " if len(self.parts) > 1 else ""
        return "; ".join(f"{of_fold.format(number)}{reason}" for number, reason in reasons.items() if reason)

    def board(self, board: ClassifierBoard) -> ClassifierBoard:
        asked = compare.of_controls(board.classifier, [row.id for row in board.rows if row.id in self.measured])
        return replace(
            board,
            rows=tuple(map(self.row, board.rows)),
            differences=compare.differences(asked, self.measured, self.basis),
        )

    def between_classifiers(self, key: str) -> tuple[Any, ...]:
        names = dict.fromkeys(board.classifier for board in self.found.boards if board.fraction == key)
        asked = compare.of_each_other([name for name in names if name in self.measured])
        return compare.differences(asked, self.measured, self.basis)

    def row(self, row: Row) -> Row:
        """Return a row with what is measured of its predictions; None throughout where it has none."""
        reason = self._why_dropped(row.id)
        if row.id not in self.measured:
            names = ("score", "accuracy", "log_loss", "calibration", "calibration_scaled", "uncertainty_gap")
            nothing: dict[str, Any] = dict.fromkeys(names)
            return replace(row, **nothing, scores=(), reason=reason)
        calibrated = [self._calibration(part, row.id) for part in self.parts]
        as_trained = [None if one is None else one.as_trained.mean for one in calibrated]
        scaled = [None if one is None or one.scaled is None else one.scaled.mean for one in calibrated]
        stated = any(part.validation is None for part in self.parts)
        gaps = [self._gap(part, row.id) for part in self.parts]
        of_patients = _Basis.of([_every_patient(part) for part in self.parts])
        return replace(
            row,
            score=estimated(self.measured[row.id], self.basis),
            scores=tuple(map(float, self.measured[row.id][0])),
            accuracy=_mean([_accuracy(part, row.id) for part in self.parts]),
            log_loss=_mean([_log_loss(part, row.id) for part in self.parts]),
            calibration=_mean(as_trained),
            calibration_scaled=row.calibration_scaled if stated else _mean(scaled),
            uncertainty_gap=None
            if None in gaps
            else estimated(averaged([one for one in gaps if one is not None]), of_patients),
            reason=reason,
        )

    def _calibration(self, part: _Part, name: str) -> ArmCalibration | None:
        known = part.validation
        scored = calibration_score(part.on_real, [name], part.images, known or part.images, scaled=known is not None)
        return scored.arms.get(name)

    def _gap(self, part: _Part, name: str) -> Measurement | None:
        logits = part.on_real.test_logits(name).astype(np.float64)
        return compare.uncertainty_gap(logits, part.images.labels, part.images.groups, part.images.label_kind)

    def gain(self, asked: Gain) -> Gain:
        """Return the gain of a generator over R* under one classifier; R* is chosen on validation images under the same."""
        presents = [part.under(asked.judge) for part in self.parts]
        reference = self._reference(asked, presents)
        dropped = [present.dropped[asked.generator] for present in presents if asked.generator in present.dropped]
        if dropped or reference is None or any(reference not in present.arms for present in presents):
            reason = dropped[0] if dropped else "no real-only arm has predictions in every replicate"
            return replace(asked, reference=reference, gain=None, reason=reason)
        own, other = (
            averaged(
                [
                    part.metric.evaluate(present.test_logits(arm))
                    for part, present in zip(self.parts, presents, strict=True)
                ]
            )
            for arm in (asked.generator, reference)
        )
        found = estimated((own[0] - other[0], own[1] - other[1]), self.basis)
        return replace(asked, reference=reference, gain=found, reason=_filled_in(asked.generator, presents))

    def _reference(self, asked: Gain, presents: Sequence[Present]) -> str | None:
        known = [part.validation for part in self.parts]
        if None in known:
            return asked.reference
        return best_over_folds(
            [
                choose_reference(present, part.endpoint, metric_of(part.endpoint, images))
                for part, present, images in zip(self.parts, presents, known, strict=True)
                if images is not None
            ]
        )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _log_loss(part: _Part, name: str) -> float:
    logits, images = part.on_real.test_logits(name).astype(np.float64), part.images
    return float(np.mean([log_loss(one, images.labels, images.label_kind) for one in logits]))


def _accuracy(part: _Part, name: str) -> float | None:
    if part.images.label_kind not in EXCLUSIVE:
        return None
    logits = part.on_real.test_logits(name)
    return float((logits.argmax(axis=2) == part.images.labels.argmax(axis=1)).mean())


def _every_patient(part: _Part) -> MetricOnImages:
    """Return a metric over all test images, of which only patients and replicates count."""
    return MetricOnImages.of("log_loss", range(len(part.images.class_names)), part.images)


def _filled_in(name: str, presents: Sequence[Present]) -> str:
    """Return which replicates of a generator failed and count as the arm that stands in for them; "" where none did."""
    runs = sum(len(present.flagged.get(name, [])) for present in presents)
    return f"{count(runs, 'failed replicate')} filled in with {presents[0].substitute}" if runs else ""
