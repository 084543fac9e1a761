"""What a generator has to beat: R*, the best classical arm by validation, the oracle, its own controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaugbench.kinds import is_classical, is_quantum
from qaugbench.stats.decide import MAX_FLAGGED
from qaugbench.stats.fraction import Fraction
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.ladder import Competitors
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.metric_on_images import MetricOnImages
from qaugbench.stats.reference import validation_means
from qaugbench.stats.results import BestClassical, Reference

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

TWIN = "twin"


def best_classical(present: Present, primary: Endpoint, metric: MetricOnImages, reference: Reference) -> BestClassical:
    """Return the best of R* and the classical generators by mean validation score; ties go to R*, then by name.

    ``metric`` is the primary endpoint on the validation images. The other arms that train on the real images alone
    do not compete: R* was chosen among them. A generator of which more than a tenth of the replicates were filled in is
    not eligible.
    """
    generators = [
        arm
        for arm in present.with_role("synthetic")
        if is_classical(present.arms[arm].kind) and present.flagged_fraction(arm) <= MAX_FLAGGED
    ]
    means = validation_means(present, ([] if reference.arm is None else [reference.arm]) + generators, metric)
    best = max(means, key=lambda arm: means[arm], default=None)
    reason = "best mean validation score of the primary endpoint among the reference and the classical generators"
    if metric.why_undefined is not None:
        reason = f"it cannot be chosen on the validation images: {metric.why_undefined}"
    elif best is None:
        reason = "there is no reference and no classical generator with predictions"
    return BestClassical(best, primary.id, means, metric.chosen.size, reason, KINDS[primary.kind].unit)


def best_other(best: BestClassical, arm: str) -> str | None:
    """Return the best classical arm other than ``arm`` itself."""
    means = {name: mean for name, mean in best.validation_means.items() if name != arm}
    return max(means, key=lambda name: means[name], default=None)


def best_classical_generator(best: BestClassical, arm: str, reference: str) -> str | None:
    """Return the best classical generator other than ``arm`` on validation, though R* may be better."""
    means = {name: mean for name, mean in best.validation_means.items() if name not in (arm, reference)}
    return max(means, key=lambda name: means[name], default=None)


def controls_of(present: Present, arm: str) -> dict[str, str]:
    """Return the arms of a generator's controls by control name, in the order of their ids."""
    generator = present.arms[arm].generator
    return {
        str(present.arms[name].control): name
        for name in present.with_role("control")
        if present.arms[name].generator == generator
    }


def exact_and_twin(present: Present, noisy: str) -> list[str]:
    """Return what the arm ``noisy`` is measured against: the same fits drawn exactly, and the twin, as far as they are there."""
    info = present.arms[noisy]
    own = [
        name
        for name in present.with_role("synthetic")
        if (present.arms[name].generator, present.arms[name].control) == (info.generator, info.control)
    ]
    return [*own, *(name for control, name in controls_of(present, noisy).items() if control == TWIN)]


def competitors(fraction: Fraction, arm: str, reference: str) -> Competitors:
    """Return what the generator ``arm`` is measured against."""
    present, best = fraction.present, fraction.best
    return Competitors(
        reference=reference,
        best_classical=best_other(best, arm),
        oracle=next(iter(present.with_role("oracle")), None),
        controls=controls_of(present, arm),
        quantum=is_quantum(present.arms[arm].kind),
        classical_generator=best_classical_generator(best, arm, reference),
        unattributable=fraction.unattributable.get(arm),
    )
