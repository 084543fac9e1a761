"""Whom a generator has to beat: the reference, the best classical arm by validation, the oracle, its own controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaugbench.stats.decide import MAX_FLAGGED
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.ladder import Competitors
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.metric_on_images import Question
from qaugbench.stats.results import BestClassical

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

CLASSICAL_ROLES = ("augmented", "compute-matched", "oversampling")
QUANTUM_KINDS = ("quantum", "hybrid")


def reference_arm(present: Present) -> str | None:
    """Return the id of the reference arm, or None when it was dropped."""
    return next(iter(present.with_role("augmented")), None)


def best_classical(present: Present, primary: Endpoint, question: Question) -> BestClassical:
    """Return the classical arm with the best validation mean of the primary endpoint; ties go by name.

    ``question`` is the primary endpoint asked of the validation images. An arm of which more than a tenth of the
    replicates were filled in is not eligible.
    """
    candidates = [arm for arm in present.arms if _is_classical(present, arm) and not _too_many_filled(present, arm)]
    means: dict[str, float] = {}
    if question.undecidable is None:
        means = {arm: float(question.answer(present.val_logits(arm), {})[0].mean()) for arm in candidates}
    best = min(means, key=lambda arm: (-means[arm], arm), default=None)
    reason = "best validation mean of the primary endpoint among the classical arms"
    if best is None:
        reason = (
            "no classical arm has predictions"
            if question.undecidable is None
            else f"validation: {question.undecidable}"
        )
    return BestClassical(best, primary.id, means, question.chosen.size, reason, KINDS[primary.kind].unit)


def best_other(best: BestClassical, arm: str) -> str | None:
    """Return the best classical arm other than ``arm`` itself."""
    means = {name: mean for name, mean in best.validation_means.items() if name != arm}
    return min(means, key=lambda name: (-means[name], name), default=None)


def controls_of(present: Present, arm: str) -> dict[str, str]:
    """Return the arms of a generator's controls by control name, in the order of their ids."""
    generator = present.arms[arm].generator
    return {
        str(present.arms[name].control): name
        for name in present.with_role("control")
        if present.arms[name].generator == generator
    }


def competitors(present: Present, best: BestClassical, arm: str, reference: str) -> Competitors:
    """Return whom the generator ``arm`` is measured against."""
    return Competitors(
        reference=reference,
        best_classical=best_other(best, arm),
        oracle=next(iter(present.with_role("oracle")), None),
        controls=controls_of(present, arm),
        quantum=present.arms[arm].kind in QUANTUM_KINDS,
    )


def _is_classical(present: Present, arm: str) -> bool:
    info = present.arms[arm]
    return info.role in CLASSICAL_ROLES or (info.role == "synthetic" and info.kind == "classical")


def _too_many_filled(present: Present, arm: str) -> bool:
    return present.flagged_fraction(arm) > MAX_FLAGGED
