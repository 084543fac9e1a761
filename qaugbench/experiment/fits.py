"""How the fits of a run's generators went, from the facts of their cells to what the record says of each variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.store import Store
from qaugbench.record import FitSummary, LossSummary


def fit_summaries(plan: Plan, store: Store, reports: Mapping[str, CellReport]) -> dict[str, dict[str, FitSummary]]:
    """Return the course of the finished fits, by fraction key and variant, over the replicates."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for (arm, fraction, _), cell in plan.train_cells.items():
        fit = _fit_of(cell)
        if fit is not None and cell.place.arm == fit.place.arm and reports[fit.name].outcome == "ok":
            found.setdefault(fraction, {}).setdefault(arm, []).append(store.meta("fit", fit.name))
    return {fraction: {arm: summary(metas) for arm, metas in variants.items()} for fraction, variants in found.items()}


def _fit_of(cell: Cell) -> Cell | None:
    return cell.needs["sample"].needs.get("fit") if "sample" in cell.needs else None


def summary(metas: Sequence[Mapping[str, Any]]) -> FitSummary:
    """Return the summary of the fits of one variant, given what their cells noted."""
    courses = [meta["facts"]["diagnostics"] for meta in metas]
    names = list(courses[0]["trends"])
    return FitSummary(
        fits=len(courses),
        updates=round(mean(course["updates"] for course in courses)),
        seen_per_image=mean(course["seen_per_image"] for course in courses),
        cpu_s=mean(meta["cpu_s"] for meta in metas),
        losses={name: _loss([course["trends"][name] for course in courses]) for name in names},
        movement={
            part: mean(course["movement"][part] for course in courses) for part in sorted(courses[0]["movement"])
        },
    )


def _loss(trends: Sequence[Mapping[str, Any]]) -> LossSummary:
    words = Counter(str(trend["words"]) for trend in trends)
    return LossSummary(mean=mean(trend["mean"] for trend in trends), words=dict(sorted(words.items())))
