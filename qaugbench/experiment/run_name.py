"""The name of a run's folder: what was run, what of it departs from the track, and a hash of all the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from qaugbench.board.entry_id import HASH_DIGITS, joined, several
from qaugbench.experiment.plan import Plan

LONGEST_NAME = 255


def run_folder(out: Path, plan: Plan, *, arms: Sequence[str] = (), split: str | None = None) -> Path:
    """Return the folder of a run below ``out``; one that was begun under the name of earlier versions keeps it."""
    named, earlier = out / run_name(plan, arms=arms, split=split), out / earlier_name(plan)
    kept = len(earlier.name) <= LONGEST_NAME and earlier.is_dir() and not named.is_dir()
    return earlier if kept else named


def run_name(plan: Plan, *, arms: Sequence[str] = (), split: str | None = None) -> str:
    """Return the name of a run: board, generators, departures from the track, and eight digits of the plan's hash.

    ``arms`` and ``split`` are what was given as ``--arm`` and ``--split``. The hash alone tells any two runs apart; the rest is
    for people, such as ``brainmri-phantom-lite-gmm-3r-25pct-0f3a9c11``.
    """
    generators = several([choice.card.id for choice in plan.generators])
    return joined((*_board(plan), generators, *_departures(plan, arms, split)), plan.config_sha256)


def earlier_name(plan: Plan) -> str:
    """Return the name that earlier versions gave a run: without its departures, but for the recipe."""
    names = "+".join(re.sub(r"[^a-z0-9.-]+", "-", choice.card.id.lower()) for choice in plan.generators)
    recipe = () if plan.setting.recipe == "A" else (f"recipe-{plan.setting.recipe.lower()}",)
    return "-".join((*_board(plan), names, *recipe, plan.config_sha256[:HASH_DIGITS]))


def _board(plan: Plan) -> tuple[str, str, str]:
    return plan.task.id, plan.source.facts.source, plan.track.name


def _departures(plan: Plan, arms: Sequence[str], split: str | None) -> Iterator[str]:
    """Yield in what a run departs from its track and the defaults."""
    if plan.setting.recipe != "A":
        yield f"recipe-{plan.setting.recipe}"
    if plan.replicates != plan.track.replicates:
        yield f"{plan.replicates}r"
    if plan.requested != tuple(plan.track.fractions):
        yield "+".join(f"{100 * fraction:g}" for fraction in plan.requested) + "pct"
    if plan.setting.ratio is not None:
        yield f"ratio-{plan.setting.ratio:g}"
    if arms:
        yield f"arms-{several(arms)}"
    if plan.executions:
        yield f"on-{several([one.name for one in plan.executions])}"
    if split is not None:
        yield f"split-{split}"
    if plan.setting.withhold_test:
        yield "no-test"
    if plan.device != "cpu":
        yield plan.device
