"""Calibration, recall by rarity and scores by age, sex and site as rows of text; none of it decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from qaugbench.formatting import NONE, Row, unsigned
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.claims import ARROW
from qaugbench.stats.results import ArmScore, Calibration, MetricScore, Profile, SubgroupScores
from qaugbench.stats.wording import listed

EXPLORATORY = "exploratory, no verdict"
TITLE = f"How well calibrated, and how good on rare classes ({EXPLORATORY})"
COLUMN_TITLES = {"age": "By age", "sex": "By sex", "site": "By site"}


@dataclass(frozen=True)
class GroupTable:
    """The scores by one column of a source: a title, a header, a row per group and one for the largest difference."""

    title: str
    header: Row
    rows: list[Row]


def profile_of(record: Record, key: str) -> Profile | None:
    """Return the profile of the classifiers at one fraction; None where nothing was scored, or by an older version."""
    fraction = record.scores.fractions.get(key)
    return None if fraction is None else fraction.profile


def profile_header(found: Profile) -> Row:
    """Return the columns of ``profile_rows``."""
    recalls = (f"recall, {group} {ARROW[one.direction]}" for group, one in scored_recalls(found).items())
    lower = ARROW[found.calibration.direction]
    return ("arm", f"calibration error {lower}", f"after scaling {lower}", "temperature", *recalls)


def profile_rows(record: Record, found: Profile) -> list[Row]:
    """Return one row per arm: calibration error (sd over replicates) before and after scaling, recalls with their intervals."""
    recalls = scored_recalls(found).values()
    arms = [arm.id for arm in views.main_arms(record)]
    known = {*found.calibration.arms, *(arm for one in recalls for arm in one.arms)}
    return [
        (arm, *_calibration(found, arm), *(_value(one.arms.get(arm)) for one in recalls))
        for arm in arms
        if arm in known
    ]


def scored_recalls(found: Profile) -> dict[str, MetricScore]:
    """Return the groups of classes that the test images decide."""
    return {group: one for group, one in found.recalls.items() if one.arms}


def profile_legend(found: Profile) -> str:
    """Return what the columns of ``profile_rows`` are."""
    calibration = found.calibration
    errors = (
        f"Calibration error: root mean square difference between what {calibration.n_statements:,} probabilities of "
        f"{calibration.statements} state and how often it happened, over bins of equally many, without what chance adds; sd over "
        "replicates in brackets. After scaling: with logits divided by a temperature fitted on validation."
    )
    without = f" Calibration could not be measured: {calibration.note}" if calibration.note else ""
    recalls = "".join(f" {one.title[0].upper()}{one.title[1:]}." for one in scored_recalls(found).values())
    small = [column for column, one in found.subgroups.items() if not _has_scores(one)]
    unscored = f" No group by {listed(small)} is large enough for a score." if small else ""
    return errors + without + recalls + unscored


def _has_scores(found: SubgroupScores) -> bool:
    return any(group.arms for group in found.groups)


def group_tables(record: Record, key: str) -> list[GroupTable]:
    """Return the scores by age, sex and site of R* and the generators; a column without any is left to ``profile_legend``."""
    found = profile_of(record, key)
    scored = {} if found is None else found.subgroups
    return [_group_table(record, key, column, one) for column, one in scored.items() if _has_scores(one)]


def shown_arms(record: Record, key: str) -> list[str]:
    """Return R* and the generators, quantum and hybrid ones first, each with what was drawn from its fits under noise."""
    reference = views.reference_arm(record, key)
    generators = [arm.id for arm in views.drawn_first_quantum(record.arms)]
    return [*([] if reference is None else [reference]), *generators]


def _group_table(record: Record, key: str, column: str, found: SubgroupScores) -> GroupTable:
    arms = [arm for arm in shown_arms(record, key) if any(arm in group.arms for group in found.groups)]
    header = ("group", views.grouping(record), "images", *arms)
    rows: list[Row] = [
        (group.name, f"{group.n_patients:,}", f"{group.n_images:,}", *(_value(group.arms.get(arm)) for arm in arms))
        for group in found.groups
    ]
    notes = [NONE if group.note is None else f"no score: {group.note}" for group in found.groups]
    if found.gaps:
        rows.append(("largest difference", NONE, NONE, *(unsigned(found.gaps.get(arm)) for arm in arms)))
        notes.append(NONE)
    if any(note != NONE for note in notes):
        header, rows = (*header, "note"), [(*row, note) for row, note in zip(rows, notes, strict=True)]
    return GroupTable(f"{COLUMN_TITLES[column]}: {found.title} ({EXPLORATORY})", header, rows)


def _calibration(found: Profile, arm: str) -> Sequence[str]:
    one = found.calibration.arms.get(arm)
    if one is None:
        return (NONE, NONE, NONE)
    temperature = f"{fmean(one.temperatures):.2f}" if one.temperatures else NONE
    return (_error(one.as_trained), NONE if one.scaled is None else _error(one.scaled), temperature)


def _error(one: Calibration) -> str:
    return unsigned(one.mean) if one.sd is None else f"{unsigned(one.mean)} ({unsigned(one.sd)})"


def _value(one: ArmScore | None) -> str:
    if one is None:
        return NONE
    limits = "" if one.ci_low is None or one.ci_high is None else f" [{unsigned(one.ci_low)}, {unsigned(one.ci_high)}]"
    return f"{unsigned(one.mean)}{limits}"
