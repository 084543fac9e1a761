"""How each method looks and what it is called wherever it is drawn; the facts are in ``identity.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

from qaugbench.definitions import split_name
from qaugbench.kinds import is_quantum
from qaugbench.predictions import ArmInfo
from qaugbench.report.colours import shaded

Fill = Literal["full", "left", "right", "bottom", "top", "none"]
Mark = tuple[str, Fill]
"""A matplotlib marker and how it is filled."""
FOLLOWING = ("control", "noisy")
"""Roles of arms that look like their generator, in another shade and with a hollow mark."""


@dataclass(frozen=True)
class Look:
    """One method as drawn: display name, what it is in words, colour, marker, matplotlib's line style and fill style."""

    title: str
    words: str
    color: str
    marker: str
    dash: str
    fill: Fill = "full"


def looks(arms: Iterable[ArmInfo]) -> dict[str, Look]:
    """Return the look of every arm by its id; the same arms always look the same, and no two of them have the same mark.

    A control has its generator's hue in a shade of its own, and its own marker and dash. A generator that ``identity.toml``
    does not list takes a spare colour, in the alphabetical order of such generators.
    """
    arms = list(arms)
    facts = _facts()
    listed = facts["generator"]
    named = {arm.generator for arm in arms if arm.generator}
    unlisted = sorted(name for name in named if name not in listed and not _is_variant(name, facts))
    spare = {name: facts["spare"][number % len(facts["spare"])] for number, name in enumerate(unlisted)}
    return _marked_apart(arms, {arm.id: _look(arm, facts, spare) for arm in arms}, facts)


def _look(arm: ArmInfo, facts: dict[str, Any], spare: dict[str, str]) -> Look:
    if arm.generator is None:
        name, _, rest = arm.id.partition(":")
        look = facts["arm"].get(arm.id) or facts["arm"].get(name, {**facts["arm_other"], "title": arm.id})
        return Look(**{**look, "title": f"{look['title']}, {rest}" if rest and name in facts["arm"] else look["title"]})
    generator = _generator(arm.generator, facts, spare)
    if arm.execution is not None:
        return _under_noise(arm.execution, generator, facts["noisy"])
    name = arm.control or "none"
    control = facts["control"].get(name, {**facts["control_other"], "title": name})
    title = f"{generator['title']}, {control['title']}" if control["title"] else generator["title"]
    color, marker = shaded(generator["color"], control.get("shade", 0.0)), control.get("marker", generator["marker"])
    return Look(title, control["words"], color, marker, control["dash"], "full" if name == "none" else "none")


def _under_noise(execution: str, generator: dict[str, Any], noisy: dict[str, Any]) -> Look:
    """Return the look of a generator whose images were drawn under noise: its marker, hollow, and its hue in another shade."""
    title = f"{generator['title']}, {noisy['title'].format(execution=execution)}"
    return Look(
        title, noisy["words"], shaded(generator["color"], noisy["shade"]), generator["marker"], noisy["dash"], "none"
    )


def _generator(name: str, facts: dict[str, Any], spare: dict[str, str]) -> dict[str, Any]:
    """Return title, colour and marker of a generator; a variant of a listed one has its hue in another shade."""
    family, _, variant = name.partition(":")
    if name in facts["generator"] or not _is_variant(name, facts):
        default = {"title": name, "color": spare.get(name, ""), "marker": facts["spare_markers"][0]}
        return dict(facts["generator"].get(name, default))
    own, differs = (
        facts["generator"][family],
        facts["variant"].get(variant, {**facts["variant_other"], "title": variant}),
    )
    color = shaded(own["color"], differs["shade"])
    return {"title": f"{own['title']}, {differs['title']}", "color": color, "marker": differs["marker"]}


def _is_variant(name: str, facts: dict[str, Any]) -> bool:
    """Return whether a generator is a variant of a listed one: what else has a colon are images or weights from a folder."""
    return name.partition(":")[0] in facts["generator"] and split_name(name)[0] == name and ":" in name


def _marked_apart(arms: list[ArmInfo], found: dict[str, Look], facts: dict[str, Any]) -> dict[str, Look]:
    """Return the looks with marks that differ: arms on real images keep theirs, then come generators, then controls."""
    taken: set[Mark] = set()
    chosen: dict[str, Look] = {}
    for arm in sorted(arms, key=_precedence):
        own = found[arm.id]
        mark = next((mark for mark in _marks(own, arm, facts) if mark not in taken), (own.marker, own.fill))
        taken.add(mark)
        chosen[arm.id] = replace(own, marker=mark[0], fill=mark[1])
    return {arm.id: chosen[arm.id] for arm in arms}


def _precedence(arm: ArmInfo) -> tuple[bool, bool, bool, str]:
    return arm.generator is not None, arm.role in FOLLOWING, not is_quantum(arm.kind), arm.id


def _marks(own: Look, arm: ArmInfo, facts: dict[str, Any]) -> Iterator[Mark]:
    """Yield the marks that an arm may take, the dearest first: a control keeps its marker, a generator a filled one."""
    yield own.marker, own.fill
    if arm.role in FOLLOWING:
        yield from ((own.marker, fill) for fill in facts["fills"])
    else:
        yield from ((marker, "full") for marker in facts["spare_markers"])
    yield from product([own.marker, *facts["spare_markers"]], facts["fills"])


@cache
def _facts() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "identity.toml").read_text(encoding="utf-8"))
