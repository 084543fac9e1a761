"""R*, the reference of every claim: the best of the arms that train on the real images alone, chosen on validation.

Against classical augmentation alone (R+), whatever fills the further places of a batch without harm would seem to help,
because R+ sees fewer images in each step. The compute-matched (R+cm) and the oversampling arm (R+os) fill them with the
real images themselves; a generator helps when it does better than the best of the three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qaugbench.errors import StatisticsError, near_names
from qaugbench.predictions import REFERENCE_ROLES
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.metric_on_images import MetricOnImages
from qaugbench.stats.results import Reference

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

CHOSEN = "best mean validation score of the primary endpoint among the arms that train on the real images alone"


def choose_reference(
    present: Present, primary: Endpoint, metric: MetricOnImages, forced: str | None = None
) -> Reference:
    """Return R*; ties go to R+, then R+cm, then R+os.

    ``metric`` is the primary endpoint on the validation images. An arm that was dropped is not eligible. ``forced``
    names the arm to take instead, as a board does whose entries must share one. Raises StatisticsError when that is not
    an arm that trains on the real images alone.
    """
    candidates = eligible(present)
    means = validation_means(present, candidates, metric)
    arm, reason = max(means, key=lambda name: means[name], default=None), f"{CHOSEN}{_without(present)}"
    if not candidates:
        reason = f"no arm that trains on the real images alone has predictions{_without(present)}"
    elif metric.why_undefined is not None:
        reason = f"it cannot be chosen on the validation images: {metric.why_undefined}"
    if forced is not None:
        arm, reason = _forced(present, candidates, forced)
    return Reference(arm, primary.id, means, metric.chosen.size, reason, KINDS[primary.kind].unit)


def best_over_folds(chosen: Sequence[Reference]) -> str | None:
    """Return the arm with the best mean validation score over several choices of R*, among those eligible in all of them."""
    shared = [arm for arm in chosen[0].validation_means if all(arm in one.validation_means for one in chosen)]
    means = {arm: sum(one.validation_means[arm] for one in chosen) / len(chosen) for arm in shared}
    return max(means, key=lambda arm: means[arm], default=None)


def eligible(present: Present) -> list[str]:
    """Return the arms that may be R*, in the order that settles ties."""
    return [arm for role in REFERENCE_ROLES for arm in present.with_role(role)]


def validation_means(present: Present, arms: list[str], metric: MetricOnImages) -> dict[str, float]:
    """Return the mean of ``metric`` over the replicates of each arm, on validation images; empty where it has no value."""
    if metric.why_undefined is not None:
        return {}
    return {arm: float(metric.evaluate(present.val_logits(arm))[0].mean()) for arm in arms}


def _without(present: Present) -> str:
    dropped = [
        f"{arm} was left out: {why}" for arm, why in present.dropped.items() if present.roles[arm] in REFERENCE_ROLES
    ]
    return f" ({'; '.join(dropped)})" if dropped else ""


def _forced(present: Present, candidates: list[str], forced: str) -> tuple[str | None, str]:
    if forced in candidates:
        return forced, "chosen for all entries of the board together"
    if forced in present.dropped and present.roles[forced] in REFERENCE_ROLES:
        return None, f"the board's reference, {forced}, was left out: {present.dropped[forced]}"
    raise StatisticsError(
        f"The reference must be an arm that trains on the real images alone; given {forced!r}.{near_names(forced, candidates)}"
    )
