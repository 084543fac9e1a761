"""What a run chooses before anything is scored on test images: R* and the best classical arm, at each fraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.predictions import FractionPredictions
from qaugbench.stats.comparators import best_classical
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Images, metric_of
from qaugbench.stats.reference import choose_reference
from qaugbench.stats.results import Choice

if TYPE_CHECKING:
    from qaugbench.predictions import ArmInfo, PredictionSet
    from qaugbench.task import Endpoint


def choose(
    predictions: PredictionSet,
    arms: Sequence[ArmInfo],
    primary: Endpoint,
    label_kind: str,
    class_names: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
) -> dict[str, Choice]:
    """Return by fraction which arm is R* and which is the best classical one, from the validation predictions alone.

    ``reference`` names R* by fraction where a board has chosen it. Of the test predictions nothing counts but whether a
    classifier left any: no finite value of theirs can change a choice.
    """
    images = Images(predictions.val_labels, predictions.val_groups, tuple(class_names), label_kind)
    metric, by_id = metric_of(primary, images), {arm.id: arm for arm in arms}
    found = {}
    for key, part in predictions.fractions.items():
        present = Present.of(predictions.arms, validation_alone(part), by_id)
        against = choose_reference(present, primary, metric, (reference or {}).get(key))
        found[key] = Choice(against, best_classical(present, primary, metric, against))
    return found


def validation_alone(part: FractionPredictions) -> FractionPredictions:
    """Return the validation logits in both places, NaN for a replicate of an arm that lacks test logits."""
    failed = ~np.isfinite(part.test_logits).all(axis=(2, 3), keepdims=True)
    logits = np.where(failed, np.float32(np.nan), part.val_logits)
    return FractionPredictions(logits, logits)
