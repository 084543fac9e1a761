"""How many images of generators and twins a judge takes for a group of classes, and the differences between the two, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qaugbench.board.label_words import judge_words
from qaugbench.formatting import NONE, Row, interval, signed, unsigned
from qaugbench.record import JudgedCount, Record
from qaugbench.stats.rates import Rate, rate, rate_difference

HEADER: Row = ("images of", "rate", "95 % CI", "real", "its generator minus it", "95 % CI", "images", "replicates")
UNIT = "share of images, 0 to 1"


@dataclass(frozen=True)
class ArmRate:
    """The rate of one arm, that of real images over the same mix of classes, and of a control its generator minus it."""

    arm: str
    rate: Rate
    real: float | None
    generator_minus_it: Rate | None


@dataclass(frozen=True)
class JudgedTable:
    """The rates of one group of classes: a title, a row per arm, and what they are."""

    title: str
    rows: list[Row]
    legend: str


def judged_tables(record: Record, key: str) -> list[JudgedTable]:
    """Return a table per group of classes at one fraction; none where the task has no group or nothing was judged."""
    return [_table(record, key, group) for group in record.judged.get(key, {})]


def arm_rates(record: Record, key: str, group: str) -> list[ArmRate]:
    """Return the rates of one group of classes, in the order of the arms."""
    counted = record.judged[key][group]
    found = []
    for arm in (one for one in record.arms if counted.get(one.id)):
        own = counted[arm.id]
        against = [] if arm.role != "control" else counted.get(str(arm.generator), [])
        reals = [one.real for one in own if one.real is not None]
        real = sum(reals) / len(reals) if len(reals) == len(own) else None
        found.append(ArmRate(arm.id, rate(_counts(own)), real, _difference(against, own)))
    return found


def group_words(record: Record, group: str) -> str:
    """Return a group of classes in the words of the endpoint that holds it against all others."""
    titles = {endpoint.id: endpoint.title for endpoint in record.endpoints}
    return titles.get(f"auroc_{group}", group).removeprefix("AUROC of ")


def _table(record: Record, key: str, group: str) -> JudgedTable:
    found, words = arm_rates(record, key, group), group_words(record, group)
    methods = " and ".join(dict.fromkeys(one.rate.method for one in found))
    legend = (
        f"The share of all images of an arm that the judge takes for {words}, whatever was asked for; real: of real images over "
        f"the same mix of classes. Intervals are {methods}. This describes, and decides nothing.{_judge_sentence(record, key)}"
    )
    return JudgedTable(f"Seen by the judge as {words}", [_row(one) for one in found], legend)


def _judge_sentence(record: Record, key: str) -> str:
    """Return how well the judge reads real images, with a space before it; empty where nothing was appraised."""
    said = {words for one in record.appraisals.get(key, {}).values() if (words := judge_words(one))}
    return f" Over all classes: {'; '.join(sorted(said))}." if said else ""


def _row(found: ArmRate) -> Row:
    one, apart = found.rate, found.generator_minus_it
    return (
        found.arm,
        unsigned(one.value),
        f"[{unsigned(one.ci_low)}, {unsigned(one.ci_high)}]",
        unsigned(found.real),
        NONE if apart is None else signed(apart.value),
        NONE if apart is None else interval(apart.ci_low, apart.ci_high),
        f"{one.n_images:,}",
        str(one.n_replicates),
    )


def _difference(against: Sequence[JudgedCount], own: Sequence[JudgedCount]) -> Rate | None:
    """Return the difference over the replicates that both have; None without any."""
    theirs = {one.replicate: one for one in against}
    both = [(theirs[one.replicate], one) for one in own if one.replicate in theirs]
    if not both:
        return None
    return rate_difference(_counts([one for one, _ in both]), _counts([one for _, one in both]))


def _counts(found: Sequence[JudgedCount]) -> list[tuple[int, int]]:
    return [(one.count, one.n) for one in found]
