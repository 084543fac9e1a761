"""The differences between arms that a record states: from R*, R+, the best classical arm, the controls, and without noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from qaugbench.predictions import CHECK_ROLES, GENERATED_ROLES
from qaugbench.stats.comparators import best_other, controls_of, exact_and_twin
from qaugbench.stats.decide import NOT_MATCHED, Verdict, too_few_replicates, verdict, verdict_words
from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.results import Contrast, ContrastFamily

FILLED_SLOTS = (
    "compute-matched",
    "oversampling",
    "oracle",
    "augmentation",
    "synthetic",
    "control",
    "noisy",
    *(role for role in CHECK_ROLES if role != "duplicate"),
)
Pair = tuple[ContrastFamily, str, str]


def contrasts(fraction: Fraction, measured: ArmMeasurements) -> list[Contrast]:
    """Return every contrast of one metric, in the order in which they are read; none from too few test images.

    With too few replicates for an interval over training runs, the estimates alone.
    """
    if measured.metric.why_no_interval is not None:
        return []
    return [
        _contrast(fraction, measured, pair)
        for pair in _pairs(fraction)
        if pair[1] in measured.by_arm and pair[2] in measured.by_arm
    ]


def _pairs(fraction: Fraction) -> Iterator[Pair]:
    """Yield (family, arm, against) of every contrast."""
    present = fraction.present
    synthetic = present.with_role("synthetic")
    for reference in [] if fraction.reference_arm is None else [fraction.reference_arm]:
        yield from (("reference", arm, reference) for arm in present.arms if arm != reference)
    for augmented in present.with_role("augmented"):
        yield from (("augmented", arm, augmented) for arm in present.arms if arm != augmented)
    for arm in synthetic:
        best = best_other(fraction.best, arm)
        if best is not None:
            yield "best-classical", arm, best
    for arm in synthetic:
        yield from (("control", arm, control) for control in controls_of(present, arm).values())
    for arm in present.with_role("noisy"):
        yield from (("execution", arm, other) for other in exact_and_twin(present, arm))


def _contrast(fraction: Fraction, measured: ArmMeasurements, pair: Pair) -> Contrast:
    family, arm, against = pair
    decided, words = _decided(fraction, measured, pair)
    return Contrast(
        arm=arm,
        against=against,
        family=family,
        **_numbers(measured, arm, against),
        n_images=measured.metric.chosen.size,
        flagged_fraction=fraction.present.flagged_fraction(arm, against),
        verdict=decided.code,
        words=words,
        reason=decided.reason,
        unit=KINDS[measured.metric.kind].unit,
    )


def _numbers(measured: ArmMeasurements, arm: str, against: str) -> dict[str, Any]:
    """Return the fields of a Comparison, those None that the number of replicates does not allow."""
    too_few = too_few_replicates(measured.n_replicates)
    if measured.why_no_interval is None:
        return asdict(measured.compare(arm, against)) | ({} if too_few is None else {"mde": None})
    values, influence = measured.difference(arm, against)
    missing = dict.fromkeys(("se", "df", "ci_low", "ci_high", "p_value", "mde"))
    return {
        "estimate": float(values.mean()),
        **missing,
        "method": f"no interval: {measured.why_no_interval}",
        "n_replicates": values.size,
        "n_groups": influence.shape[1],
    }


def _decided(fraction: Fraction, measured: ArmMeasurements, pair: Pair) -> tuple[Verdict, str]:
    """Return the verdict on a contrast and its words."""
    family, arm, against = pair
    if fraction.no_verdict is not None:
        return Verdict("NO-VERDICT", fraction.no_verdict), "no verdict"
    role = fraction.present.arms[arm].role
    if family == "augmented":
        if role in FILLED_SLOTS:
            return Verdict("NO-VERDICT", f"{NOT_MATCHED}: {against} sees fewer images in each step"), NOT_MATCHED
        return Verdict("NO-VERDICT", "only differences from the reference carry a verdict"), "no verdict"
    decided = verdict(
        measured.compare(arm, against),
        measured.n_replicates,
        fraction.present.flagged_fraction(arm, against),
        n_rarer=measured.metric.n_rarer,
        pooled_rarer=measured.metric.pooled_rarer,
    )
    # "Helps" is said of synthetic images against R*; two arms are better or worse than one another.
    helps = family == "reference" and role in GENERATED_ROLES
    return decided, verdict_words(decided.code, None if helps else against)
