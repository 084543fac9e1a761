"""Everything that a record states at one fraction, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.stats.arm_scores import arm_scores
from qaugbench.stats.class_notes import class_notes, left_out_notes, note, scored_title
from qaugbench.stats.contrasts import contrasts
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.exploratory import class_scores, ensemble_score, metric_scores
from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.measure_arms import measure_arms
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.ranks import rank_sets
from qaugbench.stats.results import EndpointScore, FractionScore, Rank
from qaugbench.stats.secondary import Secondary
from qaugbench.stats.two_by_two import two_by_two
from qaugbench.stats.verdicts import verdicts

if TYPE_CHECKING:
    from qaugbench.task import Endpoint

RANKED_ROLES = ("augmented", "compute-matched", "oversampling", "synthetic")


def score_fraction(
    fraction: Fraction, endpoints: Sequence[Endpoint], secondary: Sequence[Secondary]
) -> tuple[FractionScore, ArmMeasurements]:
    """Return the scores, and the primary endpoint's measurements for what concerns all fractions together."""
    measured = measure_arms(fraction, endpoints, secondary)
    present = fraction.present
    scores = FractionScore(
        n_replicates=present.n_replicates,
        too_few_replicates=too_few_replicates(present.n_replicates),
        reference=fraction.reference,
        best_classical=fraction.best,
        dropped=present.dropped,
        flagged=present.flagged,
        substitute=present.substitute,
        endpoints={
            endpoint.id: endpoint_score(fraction, endpoint, one)
            for endpoint, one in zip(endpoints, measured.endpoints, strict=True)
        },
        ranks=ranks(fraction, measured.endpoints[0]),
        metrics=metric_scores(fraction, secondary, measured.secondary),
        ensemble=ensemble_score(fraction, endpoints[0], measured.ensemble),
        classes=class_scores(fraction, measured.classes),
        class_notes=class_notes(measured.classes, fraction.images.class_names),
        two_by_two=two_by_two(fraction, measured.endpoints[0]),
    )
    return scores, measured.endpoints[0]


def endpoint_score(fraction: Fraction, endpoint: Endpoint, measured: ArmMeasurements) -> EndpointScore:
    """Return everything that is stated of one endpoint."""
    names, metric = fraction.images.class_names, measured.metric
    no_reference = None if fraction.reference_arm is not None else f"no reference: {fraction.reference.reason}"
    return EndpointScore(
        id=endpoint.id,
        title=scored_title(endpoint.title, metric, names),
        kind=endpoint.kind,
        classes=[names[k] for k in metric.scored_classes],
        left_out=left_out_notes(metric, len(endpoint.classes)),
        n_images=metric.chosen.size,
        n_patients=0 if metric.patients is None else metric.patients.n_groups,
        n_rarer=metric.n_rarer,
        n_eff=metric.n_eff,
        margin=endpoint.margin,
        note=note(metric) or no_reference,
        arms=arm_scores(fraction.present, measured),
        contrasts=contrasts(fraction, measured),
        verdicts=verdicts(
            fraction,
            measured,
            title=scored_title(endpoint.title, metric, names, listed=False),
            margin=endpoint.margin,
        ),
        unit=KINDS[endpoint.kind].unit,
    )


def ranks(fraction: Fraction, measured: ArmMeasurements) -> dict[str, Rank]:
    """Return the possible ranks of the competing arms; none where there is nothing to compare or nothing to compare it by."""
    present = fraction.present
    competing = [arm for arm in present.with_role(*RANKED_ROLES) if arm in measured.by_arm]
    too_few = too_few_replicates(present.n_replicates)
    if len(competing) < 2 or too_few is not None or measured.why_no_interval is not None:
        return {}
    theta = np.stack([measured.by_arm[arm][0] for arm in competing])
    influence = np.stack([measured.by_arm[arm][1] for arm in competing])
    found = rank_sets(theta, influence, int(measured.metric.n_eff or 0))
    return {arm: Rank(int(found.low[a]), int(found.high[a])) for a, arm in enumerate(competing)}
