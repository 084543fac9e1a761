"""Every metric of a run measured on every arm of one fraction, each arm's logits read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.metric_on_images import BinaryCache, MetricOnImages, metric_of
from qaugbench.stats.secondary import Secondary

if TYPE_CHECKING:
    from qaugbench.task import Endpoint


@dataclass(frozen=True)
class Measured:
    """The endpoints and secondary metrics in the order given, the ensemble of the primary endpoint, the AUROC of each class."""

    endpoints: list[ArmMeasurements]
    secondary: list[ArmMeasurements]
    ensemble: ArmMeasurements
    classes: list[ArmMeasurements]


def measure_arms(fraction: Fraction, endpoints: Sequence[Endpoint], secondary: Sequence[Secondary]) -> Measured:
    """Return everything that is measured at one fraction; what the test images cannot decide has no measurement."""
    images, present = fraction.images, fraction.present
    measured = Measured(
        endpoints=[ArmMeasurements(metric_of(endpoint, images), {}) for endpoint in endpoints],
        secondary=[ArmMeasurements(metric.on(images), {}) for metric in secondary],
        ensemble=ArmMeasurements(metric_of(endpoints[0], images), {}),
        classes=[ArmMeasurements(MetricOnImages.of("auroc", [k], images), {}) for k in range(len(images.class_names))],
    )
    for arm in present.arms:
        logits = present.test_logits(arm)
        cache: BinaryCache = {}
        for one in (*measured.endpoints, *measured.classes):
            _measure(one, arm, logits, cache)
        for metric, one in zip(secondary, measured.secondary, strict=True):
            _measure(one, arm, logits, cache, metric.thresholds(present.val_logits(arm)))
        _measure(measured.ensemble, arm, logits.mean(axis=0, keepdims=True, dtype=np.float64), {})
    return measured


def _measure(
    one: ArmMeasurements, arm: str, logits: np.ndarray, cache: BinaryCache, thresholds: np.ndarray | None = None
) -> None:
    if one.metric.why_undefined is None:
        one.by_arm[arm] = one.metric.evaluate(logits, cache, thresholds)
