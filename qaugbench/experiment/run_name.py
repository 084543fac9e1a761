"""The name of a run's folder: what was run, what of it departs from the track, and a hash of all the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from qaugbench.experiment.plan import Plan

MOST_NAMED = 4
"""Generators, and arms, that a name spells out; of more, the rest is counted."""
LONGEST_PART = 60
LONGEST_NAME = 255
HASH_DIGITS = 8


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
    parts = (*_board(plan), _several([choice.card.id for choice in plan.generators]), *_departures(plan, arms, split))
    return "-".join((*map(_slug, parts), plan.config_sha256[:HASH_DIGITS]))


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
        yield f"arms-{_several(list(arms))}"
    if split is not None:
        yield f"split-{split}"
    if plan.setting.withhold_test:
        yield "no-test"
    if plan.device != "cpu":
        yield plan.device


def _several(names: list[str]) -> str:
    named = [_slug(name) for name in names[:MOST_NAMED]]
    more = len(names) - len(named)
    return "+".join([*named, *([f"{more}-more"] if more else [])])


def _slug(text: str) -> str:
    """Return a text as part of a folder's name.

    >>> _slug("fold:1/5"), _slug("P-noise"), _slug("qldm+gmm")
    ('fold-1-5', 'p-noise', 'qldm+gmm')
    """
    return re.sub(r"[^a-z0-9.+-]+", "-", text.lower())[:LONGEST_PART].strip("-+.") or "x"
