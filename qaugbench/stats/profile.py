"""What else is known of the classifiers of one fraction, and decides nothing: calibration, recall by rarity, scores by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.predictions import CHECK_ROLES, SubgroupColumn
from qaugbench.stats.calibrated import calibration_score
from qaugbench.stats.exploratory import metric_score
from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.metric_on_images import Images
from qaugbench.stats.rarity import recall_metrics
from qaugbench.stats.results import MetricScore, Profile
from qaugbench.stats.secondary import Secondary
from qaugbench.stats.subgroup_scores import subgroup_scores

if TYPE_CHECKING:
    from qaugbench.task import Endpoint


@dataclass(frozen=True)
class Background:
    """What a profile needs beside predictions: the validation images, training images by class, groups [N] by column.

    ``validation_is_scored`` where the validation images are in the place of the test images.
    """

    validation: Images
    training_counts: Mapping[str, int]
    subgroups: Mapping[SubgroupColumn, np.ndarray]
    validation_is_scored: bool = False


def profile(fraction: Fraction, endpoints: Sequence[Endpoint], background: Background) -> Profile:
    """Return the profile of the classifiers at one fraction, of every arm that does not check the benchmark itself."""
    present, images = fraction.present, fraction.images
    arms = [arm for arm in present.arms if present.roles[arm] not in CHECK_ROLES]
    recalls = recall_metrics(endpoints, background.training_counts, background.validation)
    return Profile(
        calibration=calibration_score(
            present, arms, images, background.validation, scaled=not background.validation_is_scored
        ),
        recalls={group: _recall(fraction, arms, metric) for group, metric in recalls.items()},
        subgroups=subgroup_scores(present, arms, endpoints[0], images, background.subgroups),
    )


def _recall(fraction: Fraction, arms: Sequence[str], metric: Secondary) -> MetricScore:
    present, on_images = fraction.present, metric.on(fraction.images)
    measured = ArmMeasurements(on_images, {})
    if on_images.why_undefined is None:
        for arm in arms:
            thresholds = metric.thresholds(present.val_logits(arm))
            measured.by_arm[arm] = on_images.evaluate(present.test_logits(arm), {}, thresholds)
    return metric_score(fraction, metric.id, metric.title, measured, {})
