"""What all numbers at one fraction of the training data have in common, and one metric measured on every arm of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qaugbench.stats.decide import why_no_interval
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Images, Measurement, MetricOnImages
from qaugbench.stats.mrmc import Comparison, interval
from qaugbench.stats.results import BestClassical, Reference


@dataclass(frozen=True)
class Fraction:
    """One fraction: its key, the arms present, R* and the best classical arm, the test images.

    ``task`` names the task in sentences; ``unattributable`` says by generator why a gain cannot be attributed to its circuit,
    and ``no_verdict`` why nothing at all may be claimed, where that is so.
    """

    key: str
    task: str | None
    present: Present
    reference: Reference
    best: BestClassical
    images: Images
    unattributable: Mapping[str, str]
    no_verdict: str | None = None

    @property
    def reference_arm(self) -> str | None:
        """The id of R*, or None where there is none."""
        return self.reference.arm


@dataclass(frozen=True)
class ArmMeasurements:
    """One metric on the test images, and its measurement on every arm; none where the images cannot decide it."""

    metric: MetricOnImages
    by_arm: dict[str, Measurement]

    @property
    def n_replicates(self) -> int:
        """The replicates measured; 0 without an arm."""
        return next((values.size for values, _ in self.by_arm.values()), 0)

    @property
    def why_no_interval(self) -> str | None:
        """Why values and differences have no interval, for want of images or of replicates; None when they have."""
        return self.metric.why_no_interval or (why_no_interval(self.n_replicates) if self.by_arm else None)

    def difference(self, arm: str, against: str) -> Measurement:
        """Return ``arm`` minus ``against``, replicate by replicate and patient by patient."""
        one, other = self.by_arm[arm], self.by_arm[against]
        return one[0] - other[0], one[1] - other[1]

    def combined(self, weights: Mapping[str, float]) -> Measurement:
        """Return the sum of arms times their ``weights``, replicate by replicate and patient by patient."""
        values = sum(weight * self.by_arm[arm][0] for arm, weight in weights.items())
        influence = sum(weight * self.by_arm[arm][1] for arm, weight in weights.items())
        return np.asarray(values), np.asarray(influence)

    def compare(self, arm: str, against: str) -> Comparison:
        """Return ``arm`` minus ``against`` with its interval."""
        return interval(*self.difference(arm, against), self.metric.n_eff)
