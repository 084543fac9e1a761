"""Whether circuits in a generator and circuits in its space change the primary endpoint, each apart from the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.mrmc import interval
from qaugbench.stats.results import FactorEffect, FactorEffectName, TwoByTwo

TWIN = "twin"
ALLOWED_MISSING = ("se", "df", "ci_low", "ci_high", "p_value")


def two_by_two(fraction: Fraction, measured: ArmMeasurements) -> list[TwoByTwo]:
    """Return one table per generator of which all four arms were measured; none from too few test images.

    The intervals are those of any contrast of arms (``mrmc.interval``): over replicates and patients.
    """
    if measured.metric.why_no_interval is not None:
        return []
    exact = [arm for arm in fraction.present.arms.values() if arm.execution is None]
    by_place = {(arm.generator, arm.control): arm.id for arm in exact}
    pairs = {
        str(arm.generator): arm.space_twin_of
        for arm in exact
        if arm.control == "none" and arm.space_twin_of is not None
    }
    found = []
    for variant, generator in pairs.items():
        places = [(generator, "none"), (variant, "none"), (generator, TWIN), (variant, TWIN)]
        arms = [by_place[place] for place in places if by_place.get(place) in measured.by_arm]
        if len(arms) == len(places):
            found.append(_table(measured, str(generator), *arms))
    return found


def _table(
    measured: ArmMeasurements, generator: str, both: str, in_generator: str, in_space: str, neither: str
) -> TwoByTwo:
    weights: dict[FactorEffectName, dict[str, float]] = {
        "generator": {both: 0.5, in_space: -0.5, in_generator: 0.5, neither: -0.5},
        "space": {both: 0.5, in_generator: -0.5, in_space: 0.5, neither: -0.5},
        "interaction": {both: 1.0, in_space: -1.0, in_generator: -1.0, neither: 1.0},
    }
    effects = [_effect(measured, name, contrast) for name, contrast in weights.items()]
    return TwoByTwo(generator, both, in_generator, in_space, neither, effects)


def _effect(measured: ArmMeasurements, name: FactorEffectName, contrast: Mapping[str, float]) -> FactorEffect:
    values, influence = measured.combined(contrast)
    unit, why_not = KINDS[measured.metric.kind].unit, measured.why_no_interval
    if why_not is not None:
        missing = dict.fromkeys(ALLOWED_MISSING)
        method, size = f"no interval: {why_not}", values.size
        return FactorEffect(
            name,
            float(values.mean()),
            **missing,
            method=method,
            n_replicates=size,
            n_groups=influence.shape[1],
            unit=unit,
        )
    facts = asdict(interval(values, influence, measured.metric.n_eff))
    facts.pop("mde")
    return FactorEffect(name, **facts, unit=unit)
