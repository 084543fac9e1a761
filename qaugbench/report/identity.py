"""How each method looks and what it is called wherever it is drawn; the facts are in ``identity.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qaugbench.predictions import ArmInfo


@dataclass(frozen=True)
class Look:
    """One method as drawn: display name, what it is in words, colour, marker and matplotlib's line style."""

    title: str
    words: str
    color: str
    marker: str
    dash: str


def looks(arms: Iterable[ArmInfo]) -> dict[str, Look]:
    """Return the look of every arm by its id; the same arms always look the same.

    A control has its generator's colour and its own marker and dash. A generator that ``identity.toml`` does not list
    takes a spare colour, in the alphabetical order of such generators.
    """
    arms = list(arms)
    facts = _facts()
    unlisted = sorted({arm.generator for arm in arms if arm.generator and arm.generator not in facts["generator"]})
    spare = {name: facts["spare"][number % len(facts["spare"])] for number, name in enumerate(unlisted)}
    return {arm.id: _look(arm, facts, spare) for arm in arms}


def _look(arm: ArmInfo, facts: dict[str, Any], spare: dict[str, str]) -> Look:
    if arm.generator is None:
        name, _, rest = arm.id.partition(":")
        look = facts["arm"].get(arm.id) or facts["arm"].get(name, {**facts["arm_other"], "title": arm.id})
        return Look(**{**look, "title": f"{look['title']}, {rest}" if rest and name in facts["arm"] else look["title"]})
    generator = facts["generator"].get(arm.generator, {"title": arm.generator, "color": spare.get(arm.generator, "")})
    name = arm.control or "none"
    control = facts["control"].get(name, {**facts["control_other"], "title": name})
    title = f"{generator['title']}, {control['title']}" if control["title"] else generator["title"]
    return Look(title, control["words"], generator["color"], control["marker"], control["dash"])


@cache
def _facts() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "identity.toml").read_text(encoding="utf-8"))
