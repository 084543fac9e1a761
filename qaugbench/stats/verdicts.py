"""What one endpoint lets us say of every generator: its claims, in words and as a sentence."""

from __future__ import annotations

from qaugbench.stats.bayes import posterior_of_one
from qaugbench.stats.comparators import competitors
from qaugbench.stats.decide import too_few_replicates, why_no_verdict
from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.ladder import climb
from qaugbench.stats.results import ArmVerdict
from qaugbench.stats.wording import verdict_sentence, verdict_text


def verdicts(
    fraction: Fraction, measured: ArmMeasurements, *, title: str, margin: float | None
) -> dict[str, ArmVerdict]:
    """Return the verdict on every generator; none without a reference, or from too few test images.

    ``title`` names the metric in the sentences.
    """
    reference = fraction.reference_arm
    if reference not in measured.by_arm or reference is None or measured.metric.why_no_interval is not None:
        return {}
    return {
        arm: _verdict(fraction, measured, arm, reference, title, margin)
        for arm in fraction.present.with_role("synthetic")
        if arm in measured.by_arm
    }


def _verdict(
    fraction: Fraction, measured: ArmMeasurements, arm: str, reference: str, title: str, margin: float | None
) -> ArmVerdict:
    metric, present = measured.metric, fraction.present
    helps = measured.compare(arm, reference)
    ladder = climb(
        arm,
        competitors(fraction, arm, reference),
        measured.by_arm,
        n_eff=int(metric.n_eff or 0),
        margin=margin,
        why_none=fraction.no_verdict
        or why_no_verdict(
            helps,
            present.n_replicates,
            present.flagged_fraction(arm, reference),
            metric.n_rarer,
            metric.pooled_rarer,
        ),
        flagged={name: present.flagged_fraction(name) for name in present.arms},
    )
    enough = too_few_replicates(present.n_replicates) is None and fraction.no_verdict is None
    has_posterior = margin is not None and helps.se > 0 and enough
    return ArmVerdict(
        ladder=ladder,
        words=verdict_text(ladder),
        sentence=verdict_sentence(ladder, metric=title, fraction=fraction.key, task=fraction.task),
        posterior=posterior_of_one(helps.estimate, helps.se, margin=margin)
        if has_posterior and margin is not None
        else None,
    )
