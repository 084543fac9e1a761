"""How many images of each replicate a judge takes for a group of classes, from the finished cells of a run."""

from __future__ import annotations

from collections.abc import Mapping

from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.store import Store
from qaugbench.image_facts import Appraisal, Measure
from qaugbench.metrics.shares import share
from qaugbench.record import JudgedCount

Judged = dict[str, dict[str, dict[str, list[JudgedCount]]]]
"""Counts by fraction key, group of classes and arm, one per replicate."""


def judged(plan: Plan, store: Store, reports: Mapping[str, CellReport]) -> Judged:
    """Return the counts of every generator and twin; a replicate whose cell failed is left out."""
    found: Judged = {}
    for (arm, fraction, replicate), cell in plan.grade_cells.items():
        if reports[cell.name].outcome != "ok":
            continue
        for group, counted in store.meta("grade", cell.name)["facts"]["judged"].items():
            of_arm = found.setdefault(fraction, {}).setdefault(group, {}).setdefault(arm, [])
            of_arm.append(JudgedCount(replicate=replicate, **counted))
    return found


def with_rates(appraisals: Mapping[str, Mapping[str, Appraisal]], counted: Judged) -> dict[str, dict[str, Appraisal]]:
    """Return the appraisals with the rates of the first replicate, which is the one that they are of, among their measures."""
    return {
        fraction: {arm: _with_rates(arm, one, counted.get(fraction, {})) for arm, one in found.items()}
        for fraction, found in appraisals.items()
    }


def _with_rates(arm: str, appraisal: Appraisal, groups: Mapping[str, Mapping[str, list[JudgedCount]]]) -> Appraisal:
    first = {group: one for group, counts in groups.items() for one in counts.get(arm, []) if one.replicate == 0}
    rates = {f"labels/judged/{group}": _measure(one) for group, one in first.items()}
    return appraisal.model_copy(update={"measures": {**appraisal.measures, **rates}})


def _measure(counted: JudgedCount) -> Measure:
    found = share(counted.count, counted.n)
    return Measure(
        value=found.rate, ci_low=found.ci_low, ci_high=found.ci_high, real=counted.real, n=found.n, extractor="judge"
    )
