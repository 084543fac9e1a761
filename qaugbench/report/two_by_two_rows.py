"""Circuits or twins in a generator, crossed with circuits or twins in its space, as rows of text; none of it decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qaugbench.formatting import NONE, Row, interval, p_value, signed, unsigned
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.stats.results import ArmScore, FactorEffectName, TwoByTwo

MEANS_HEADER: Row = ("in its space", "circuits in the generator", "twins in the generator", "R+rec")
EFFECTS_HEADER: Row = ("effect", "estimate", "95 % CI", "two-sided p", "n")
LEGEND = (
    "Means over replicates, with the arm; R+rec: real images sent through the space, its ceiling. Exploratory, not adjusted, no "
    "verdict. The effect of circuits in one place is circuits "
    "minus twins there, averaged over both states of the other place; the interaction is the difference of the two."
)
EFFECTS: Mapping[FactorEffectName, str] = {
    "generator": "circuits in the generator",
    "space": "circuits in its space",
    "interaction": "interaction",
}


@dataclass(frozen=True)
class TwoByTwoTables:
    """The two tables of one generator: the means of the four arms, and the effects with their intervals."""

    title: str
    means: list[Row]
    effects: list[Row]


def two_by_two_tables(record: Record, key: str) -> list[TwoByTwoTables]:
    """Return the tables of every generator at one fraction of which all four arms ran, under their two headers."""
    fraction = record.scores.fractions.get(key)
    scored = views.endpoint_score(record, key, record.endpoints[0].id)
    if fraction is None or scored is None:
        return []
    spaces = {arm.id: str(arm.space_arm) for arm in record.arms}
    return [_tables(found, scored.title, scored.arms, spaces) for found in fraction.two_by_two]


def _tables(found: TwoByTwo, metric: str, values: Mapping[str, ArmScore], spaces: Mapping[str, str]) -> TwoByTwoTables:
    def mean(arm: str) -> str:
        return unsigned(values[arm].mean) if arm in values else NONE

    def named(arm: str) -> str:
        return f"{mean(arm)} ({arm})"

    return TwoByTwoTables(
        title=f"Circuits in {found.generator} and circuits in its space, apart: {metric}",
        means=[
            ("circuits", named(found.both), named(found.in_space), mean(spaces[found.both])),
            ("twins", named(found.in_generator), named(found.neither), mean(spaces[found.in_generator])),
        ],
        effects=[
            (
                EFFECTS[one.name],
                signed(one.estimate),
                interval(one.ci_low, one.ci_high),
                p_value(one.p_value),
                str(one.n_replicates),
            )
            for one in found.effects
        ],
    )
