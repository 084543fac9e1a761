"""What concerns all fractions of a run together: the confirmatory family, and what synthetic images were worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qaugbench.stats.bootstrap import pigeonhole
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.families import simultaneous
from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.image_equivalents import Worth, sentence, worth
from qaugbench.stats.inversion import minus
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.results import Adjusted, ArmWorth, Confirmatory

Primary = Mapping[str, tuple[Fraction, ArmMeasurements]]


def confirmatory(primary: Primary) -> Confirmatory:
    """Return every generator against R* at every fraction, adjusted for one another by max-T.

    ``primary`` holds, by fraction, the measurements of the primary endpoint. All are of the same test patients, and replicate
    r of one fraction nests its training patients in those of the next, so the fractions vary together too.
    """
    pairs = [
        (key, arm, str(fraction.reference_arm))
        for key, (fraction, measured) in primary.items()
        if fraction.reference_arm in measured.by_arm and _has_family(measured) and fraction.no_verdict is None
        for arm in fraction.present.with_role("synthetic")
    ]
    if not pairs:
        few = [
            fraction.no_verdict or too_few_replicates(measured.n_replicates)
            for fraction, measured in primary.values()
            if measured.by_arm
        ]
        why = next(
            (reason for reason in few if reason is not None), "no generator could be compared with the reference"
        )
        return Confirmatory(f"none: {why}", "none", None, None, [])
    rows = [
        (key, arm)
        for key, (fraction, measured) in primary.items()
        for arm in sorted(measured.by_arm)
        if fraction.present.arms[arm].execution is None  # what is drawn for the others does not depend on noisy arms
    ]
    theta = np.stack([primary[key][1].by_arm[arm][0] for key, arm in rows])
    influence = np.stack([primary[key][1].by_arm[arm][1] for key, arm in rows])
    contrasts = np.zeros((len(pairs), len(rows)))
    for number, (key, arm, reference) in enumerate(pairs):
        contrasts[number, rows.index((key, arm))] = 1.0
        contrasts[number, rows.index((key, reference))] = -1.0
    n_eff = int(primary[pairs[0][0]][1].metric.n_eff or 0)
    family = simultaneous(contrast_covariance(theta, influence, contrasts, n_eff))
    drawn = [
        pigeonhole(*minus(primary[key][1].by_arm[arm], primary[key][1].by_arm[reference]))
        for key, arm, reference in pairs
    ]
    return Confirmatory(
        method=family.method,
        bootstrap=drawn[0].method,
        df=float(family.df.min()),
        quantile=family.quantile,
        members=[
            Adjusted(
                fraction=key,
                arm=arm,
                against=reference,
                estimate=float(family.estimate[m]),
                se=float(family.se[m]),
                low=float(family.low[m]),
                high=float(family.high[m]),
                p_value=float(family.p_value[m]),
                p_single_step=float(family.p_single_step[m]),
                p_step_down=float(family.p_step_down[m]),
                bootstrap_low=drawn[m].ci_low,
                bootstrap_high=drawn[m].ci_high,
            )
            for m, (key, arm, reference) in enumerate(pairs)
        ],
    )


def worths(
    primary: Primary, n_real: Mapping[str, int], n_fill: Mapping[str, int], n_oracle: Mapping[str, int] | None = None
) -> dict[str, dict[str, ArmWorth]]:
    """Return, by fraction and generator, how many real images the synthetic ones were worth on the primary endpoint.

    ``n_real`` and ``n_fill`` are real and synthetic training images by fraction; a fraction without them is left out.
    ``n_oracle`` are the oracle's further real images, where they are not as many as the synthetic ones.
    """
    points = {
        n_real[key]: measured.by_arm[str(fraction.reference_arm)]
        for key, (fraction, measured) in primary.items()
        if key in n_real and fraction.reference_arm in measured.by_arm
    }
    return {
        key: _worths_at(fraction, measured, points, n_real[key], n_fill[key], (n_oracle or {}).get(key))
        for key, (fraction, measured) in primary.items()
        if key in n_real and n_fill.get(key) and fraction.reference_arm in measured.by_arm
        if measured.metric.why_no_interval is None
    }


def _has_family(measured: ArmMeasurements) -> bool:
    return measured.metric.why_no_interval is None and too_few_replicates(measured.n_replicates) is None


def _worths_at(
    fraction: Fraction,
    measured: ArmMeasurements,
    points: Mapping[int, Measurement],
    n_real: int,
    n_fill: int,
    n_oracle: int | None,
) -> dict[str, ArmWorth]:
    too_few = too_few_replicates(measured.n_replicates)
    if too_few is not None:
        nothing = Worth(None, n_real, n_fill, reason=too_few)
        return {arm: ArmWorth(nothing, None, sentence(nothing)) for arm in fraction.present.with_role("synthetic")}
    oracle = next(
        (measured.by_arm[arm] for arm in fraction.present.with_role("oracle") if arm in measured.by_arm), None
    )
    found = {}
    for arm in fraction.present.with_role("synthetic"):
        value = worth(
            measured.by_arm[arm],
            points,
            n_real=n_real,
            n_synthetic=n_fill,
            oracle=oracle,
            n_oracle=n_oracle,
            n_eff=measured.metric.n_eff,
        )
        curve = value if oracle is None and len(points) > 1 else None
        if oracle is not None and len(points) > 1:
            curve = worth(measured.by_arm[arm], points, n_real=n_real, n_synthetic=n_fill, n_eff=measured.metric.n_eff)
        found[arm] = ArmWorth(value, curve, sentence(value))
    return found
