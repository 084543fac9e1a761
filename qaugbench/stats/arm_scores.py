"""The value of one metric on each arm, per replicate and on average, with its interval where it has one."""

from __future__ import annotations

from qaugbench.stats.fraction import ArmMeasurements
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.mrmc import interval
from qaugbench.stats.results import ArmScore


def arm_scores(present: Present, measured: ArmMeasurements, method: str | None = None) -> dict[str, ArmScore]:
    """Return the score of every arm measured, by id; ``method`` replaces the name of the interval's method."""
    return {arm: _arm_score(present, measured, arm, method) for arm in sorted(measured.by_arm)}


def _arm_score(present: Present, measured: ArmMeasurements, arm: str, method: str | None) -> ArmScore:
    values, influence = measured.by_arm[arm]
    metric, kind = measured.metric, KINDS[measured.metric.kind]
    why_not = measured.why_no_interval
    own = interval(values, influence, metric.n_eff) if why_not is None else None
    return ArmScore(
        arm=arm,
        role=present.arms[arm].role,
        values=values.tolist(),
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)) if values.size > 1 else None,
        se=None if own is None else own.se,
        df=None if own is None else own.df,
        ci_low=None if own is None else max(own.ci_low, kind.lowest),
        ci_high=None if own is None else min(own.ci_high, kind.highest),
        method=f"no interval: {why_not}" if own is None else method or own.method,
        n_replicates=values.size,
        n_flagged=len(present.flagged.get(arm, ())),
        n_images=metric.chosen.size,
        n_patients=influence.shape[1],
        unit=kind.unit,
        direction=kind.direction,
    )
