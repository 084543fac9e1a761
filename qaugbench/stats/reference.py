"""R*, the reference of every claim: the best of the arms that train on the real images alone, chosen on validation.

Against classical augmentation alone (R+), whatever fills the further places of a batch without harm would seem to help,
because R+ sees fewer images in each step. The compute-matched (R+cm) and the oversampling arm (R+os) fill them with the
real images themselves; a generator helps when it does better than the best of the three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaugbench.errors import StatisticsError, near_names
from qaugbench.predictions import REFERENCE_ROLES
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.metric_on_images import Question
from qaugbench.stats.results import Reference

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

CHOSEN = "best mean validation score of the primary endpoint among the arms that train on the real images alone"


def choose_reference(present: Present, primary: Endpoint, question: Question, forced: str | None = None) -> Reference:
    """Return R*; ties go to R+, then R+cm, then R+os.

    ``question`` is the primary endpoint asked of the validation images. An arm that was dropped is not eligible. ``forced``
    names the arm to take instead, as a board does whose entries must share one. Raises StatisticsError when that is not
    an arm that trains on the real images alone.
    """
    candidates = eligible(present)
    means = validation_means(present, candidates, question)
    arm, reason = max(means, key=lambda name: means[name], default=None), f"{CHOSEN}{_without(present)}"
    if not candidates:
        reason = f"no arm that trains on the real images alone has predictions{_without(present)}"
    elif question.undecidable is not None:
        reason = f"it cannot be chosen on the validation images: {question.undecidable}"
    if forced is not None:
        arm, reason = _forced(present, candidates, forced)
    return Reference(arm, primary.id, means, question.chosen.size, reason, KINDS[primary.kind].unit)


def eligible(present: Present) -> list[str]:
    """Return the arms that may be R*, in the order that settles ties."""
    return [arm for role in REFERENCE_ROLES for arm in present.with_role(role)]


def validation_means(present: Present, arms: list[str], question: Question) -> dict[str, float]:
    """Return the mean of ``question`` over the replicates of each arm, on validation images; empty where it has no value."""
    if question.undecidable is not None:
        return {}
    return {arm: float(question.answer(present.val_logits(arm), {})[0].mean()) for arm in arms}


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
