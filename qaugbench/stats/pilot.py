"""What a finished run says about the variance of a difference: the pilot from which a larger run is planned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders, near_names
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.inversion import minus
from qaugbench.stats.metric_on_images import Images, MetricOnImages, metric_of
from qaugbench.stats.mrmc import ROUNDING, variance_components
from qaugbench.stats.reference import choose_reference, eligible

if TYPE_CHECKING:
    from qaugbench.predictions import ArmInfo, PredictionSet
    from qaugbench.task import Endpoint

TestSet = float | tuple[int, int]
"""A test set to plan for: how many times the pilot's, or its patients (with the finding, without it)."""


@dataclass(frozen=True)
class Pilot:
    """What makes a difference between two arms vary, in parts, as a pilot measured it on its own test patients.

    ``seeds`` and ``residual`` are variances of the difference in one replicate: of training itself, and of what a
    replicate's model makes of the particular patients; they shrink with replicates, and the second with patients too.
    ``patients`` is the part that stays the same over replicates and shrinks with patients alone. ``n_eff`` as in
    ``mrmc.compare``; ``sides`` are the patients with and without the finding where one AUROC decides.
    """

    seeds: float
    residual: float
    patients: float
    n_replicates: int
    n_groups: int
    n_eff: int
    sides: tuple[int, int] | None = None
    contrasts: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        differences: np.ndarray,
        influence: np.ndarray,
        n_eff: int | None = None,
        *,
        sides: tuple[int, int] | None = None,
        contrast: str = "",
    ) -> Pilot:
        """Return the pilot of one contrast: ``differences`` [R] with ``influence`` [R, C], in the metric's own unit.

        Raises StatisticsError for one replicate, nothing that varies, NaN, and shapes that differ.

        >>> pilot = Pilot.of(np.array([0.01, 0.03]), np.array([[0.01, -0.01, 0.0], [0.01, 0.0, -0.01]]))
        >>> round(pilot.seeds, 6), round(pilot.residual, 6), round(pilot.patients, 6)
        (5e-05, 0.00015, 0.00015)
        """
        differences, influence = np.asarray(differences, dtype=np.float64), np.asarray(influence, dtype=np.float64)
        if differences.ndim != 1 or influence.ndim != 2 or influence.shape[0] != differences.size:
            raise StatisticsError(
                f"A pilot needs differences [R] and influence [R, C]; given {differences.shape} and {influence.shape}."
            )
        if differences.size < 2:
            raise StatisticsError(
                f"A pilot of {differences.size} replicate cannot say how much replicates differ: run at least 2, better 5."
            )
        n_groups = influence.shape[1]
        n_eff = n_groups if n_eff is None else n_eff
        if min(n_eff, n_groups) < 2:
            raise StatisticsError(
                f"A pilot needs at least two patients on the rarer side; given {min(n_eff, n_groups)}."
            )
        if not (np.isfinite(differences).all() and np.isfinite(influence).all()):
            raise StatisticsError("The pilot's differences or influence are not finite: leave the arm out.")
        one_replicate = float(differences.var(ddof=1))
        patients = variance_components(differences, influence).patients
        if one_replicate + patients < ROUNDING**2:
            raise StatisticsError(
                "Nothing varied in the pilot, over replicates or patients: the arms are the same, or the scores constant. "
                "Take another contrast."
            )
        # One replicate's own patient variance is the lasting part plus the residual one.
        alone = [variance_components(differences[[r]], influence[[r]]).patients for r in range(differences.size)]
        residual = min(max(float(np.mean(alone)) - patients, 0.0), one_replicate)
        return cls(
            seeds=one_replicate - residual,
            residual=residual,
            patients=patients,
            n_replicates=differences.size,
            n_groups=n_groups,
            n_eff=n_eff,
            sides=sides,
            contrasts=(contrast,) if contrast else (),
        )

    def on(self, test_set: TestSet) -> Pilot:
        """Return what the pilot would have measured on another test set, by 1/m + 1/n; errors for sizes below 2."""
        if isinstance(test_set, tuple):
            return self._on_sides(test_set)
        if not (math.isfinite(test_set) and test_set > 0):
            raise StatisticsError(f"A test set is a positive multiple of the pilot's; given {test_set}.")
        sides = None if self.sides is None else (_times(self.sides[0], test_set), _times(self.sides[1], test_set))
        return self._shrunk(test_set, _times(self.n_groups, test_set), _times(self.n_eff, test_set), sides)

    def _on_sides(self, sides: tuple[int, int]) -> Pilot:
        if self.sides is None:
            raise StatisticsError(
                "Patients with and without the finding can be planned for one AUROC; this pilot pools classes. Give a "
                "multiple of its test set."
            )
        factor = sum(1 / side for side in self.sides) / sum(1 / side for side in sides if side > 0)
        return self._shrunk(factor, sum(sides), min(sides), sides)

    def _shrunk(self, factor: float, n_groups: int, n_eff: int, sides: tuple[int, int] | None) -> Pilot:
        if n_eff < 2:
            raise StatisticsError(
                f"A test set needs at least two patients on the rarer side; planned are {n_eff}. Plan a larger one."
            )
        return replace(
            self,
            residual=self.residual / factor,
            patients=self.patients / factor,
            n_groups=n_groups,
            n_eff=n_eff,
            sides=sides,
        )


def pool(pilots: Sequence[Pilot]) -> Pilot:
    """Return the mean components of several contrasts on the same test patients.

    The mean, not the median: each component is then unbiased, and contrasts whose patient part was floored at 0 do not
    make the test set look unlimited. Raises StatisticsError for none, and for pilots of different runs.
    """
    if not pilots:
        raise StatisticsError("There is no pilot contrast to pool; a pilot run needs an arm besides the reference.")
    of_run = {(pilot.n_replicates, pilot.n_groups, pilot.n_eff, pilot.sides) for pilot in pilots}
    if len(of_run) > 1:
        raise StatisticsError(f"Pilots of one run share replicates and test patients; given {first_offenders(of_run)}.")
    return replace(
        pilots[0],
        seeds=float(np.mean([pilot.seeds for pilot in pilots])),
        residual=float(np.mean([pilot.residual for pilot in pilots])),
        patients=float(np.mean([pilot.patients for pilot in pilots])),
        contrasts=tuple(name for pilot in pilots for name in pilot.contrasts),
    )


def pilot_of_run(
    predictions: PredictionSet,
    arms: Sequence[ArmInfo],
    endpoint: Endpoint,
    label_kind: str,
    class_names: Sequence[str],
    key: str,
    *,
    primary: Endpoint | None = None,
) -> Pilot:
    """Return the pooled Pilot of a finished run at the fraction ``key``: every synthetic arm minus R*.

    ``primary`` is the endpoint by which R* is chosen on validation, ``endpoint`` itself when not given. A run without
    synthetic arms is a pilot too: the other arms that train on the real images alone then stand in, which differ from R* by
    less than new images would. Replicates that failed are filled in as they are for scoring. Raises StatisticsError for an
    unknown fraction or class, no reference or no other arm, an endpoint that the test images cannot decide, and fewer than
    three replicates.
    """
    if key not in predictions.fractions:
        raise StatisticsError(f"The run has no fraction {key!r}.{near_names(key, predictions.fractions)}")
    unknown = [name for name in endpoint.classes if name not in class_names]
    if unknown:
        raise StatisticsError(f"Endpoint {endpoint.id} names unknown classes: {first_offenders(unknown)}.")
    present = Present.of(predictions.arms, predictions.fractions[key], {arm.id: arm for arm in arms})
    _check_replicates(present.n_replicates)
    metric = metric_of(
        endpoint, Images(predictions.test_labels, predictions.test_groups, tuple(class_names), label_kind)
    )
    why_not = metric.why_undefined or metric.why_no_interval
    if why_not is not None:
        raise StatisticsError(f"Endpoint {endpoint.id} has no variance to plan with: {why_not}.")
    validation = Images(predictions.val_labels, predictions.val_groups, tuple(class_names), label_kind)
    by = primary or endpoint
    chosen = choose_reference(present, by, metric_of(by, validation))
    others = present.with_role("synthetic") or [arm for arm in eligible(present) if arm != chosen.arm]
    if chosen.arm is None or not others:
        lacking = chosen.reason if chosen.arm is None else "there is no arm to compare with the reference"
        raise StatisticsError(
            f"No pilot at {key}: {lacking}. Dropped were: {first_offenders(present.dropped) or 'none'}."
        )
    measurements = {arm: metric.evaluate(present.test_logits(arm)) for arm in (chosen.arm, *others)}
    return pool(
        [
            Pilot.of(
                *minus(measurements[arm], measurements[chosen.arm]),
                metric.n_eff,
                sides=_sides(metric),
                contrast=f"{arm} minus {chosen.arm}",
            )
            for arm in others
        ]
    )


def _check_replicates(n_replicates: int) -> None:
    too_few = too_few_replicates(n_replicates)
    if too_few is not None:
        raise StatisticsError(f"The run is no pilot ({too_few}). Run it with --replicates 5, better 10.")


def _times(count: int, factor: float) -> int:
    return round(count * factor)


def _sides(metric: MetricOnImages) -> tuple[int, int] | None:
    """Return the patients with and without the finding of a single AUROC; one with both kinds of image is in both."""
    if metric.patients is None or len(metric.positives) != 1:
        return None
    (positive,) = metric.positives.values()
    codes = metric.patients.code
    return int(np.unique(codes[positive]).size), int(np.unique(codes[~positive]).size)
