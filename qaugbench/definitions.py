"""Finds and reads ``tasks/`` and ``baselines/``; refuses unknown keys and suggests near names.

The two folders are inside the wheel, or at the root of a checkout.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from qaugbench.augmentations import Augmentations, Losses
from qaugbench.cards import GeneratorCard, build_card, overlaid
from qaugbench.errors import DefinitionError, near_names
from qaugbench.plugins import entry_point, facts_file, registered
from qaugbench.plugins import module_path as module_path  # also available from here
from qaugbench.task import RecipeName, Task, Track
from qaugbench.typed import from_dict

Built = TypeVar("Built")
_PACKAGE = Path(__file__).parent
SPACES = "spaces"


def folder(kind: str) -> Path:
    """Return the folder of ``tasks`` or ``baselines``: inside the installed package, or beside it in a checkout."""
    for place in (_PACKAGE / kind, _PACKAGE.parent / kind):
        if place.is_dir():
            return place
    raise DefinitionError(f"The folder {kind!r} is missing from this installation; reinstall qaugbench.")


def names(kind: str) -> list[str]:
    """Return the ids of all tasks or generators, sorted."""
    return sorted(path.stem for path in folder(kind).glob("*.toml"))


def read_toml(kind: str, name: str) -> dict[str, Any]:
    """Return one definition file as a dictionary; an unknown name raises with near names."""
    path = folder(kind) / f"{name}.toml"
    if not path.is_file() or Path(name).name != name:
        if kind == "baselines":
            raise unknown_generator(name)
        raise DefinitionError(f"There is no task {name!r}.{near_names(name, names('tasks'))}")
    return parse_toml(path)


def parse_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file as a dictionary; one that cannot be read is named, and a syntax error with its line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{path} is not valid TOML: {error}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path} cannot be read as UTF-8 text: {error}.") from error


@cache
def task(name: str) -> Task:
    """Return the task called ``name``; ``name`` may carry the version, as in ``brainmri@1``."""
    bare, _, version = name.partition("@")
    found = build_task(read_toml("tasks", bare), origin=f"tasks/{bare}.toml")
    if version and version != str(found.version):
        raise DefinitionError(
            f"Task {bare!r} is at version {found.version}; version {version!r} is not in this release."
        )
    return found


def build_task(facts: dict[str, Any], origin: str) -> Task:
    """Return a task from the dictionary of its file; the recipes of each track inherit from ``[recipe]`` and ``[recipe_b]``."""
    facts = dict(facts)
    recipes = facts.pop("recipe", {}), facts.pop("recipe_b", {})
    tracks = {
        name: _track(name, track, *recipes, f"{origin} [track.{name}]")
        for name, track in facts.pop("track", {}).items()
    }
    optional = {
        "augmentations": _in_range(Augmentations, facts.pop("augmentations", {}), f"{origin} [augmentations]"),
        "losses": _in_range(Losses, facts.pop("losses", {}), f"{origin} [losses]"),
    }
    task_facts = facts.pop("task", {})
    return from_dict(Task, {**task_facts, **facts, **optional, "tracks": tracks}, origin)


def _track(name: str, facts: dict[str, Any], shared: dict[str, Any], shared_b: dict[str, Any], origin: str) -> Track:
    """Return a track; its recipe B is its recipe with the values of ``[recipe_b]``, but without pretrained weights, which
    belong to one network."""
    facts = dict(facts)
    recipe = {**shared, **facts.pop("recipe", {})}
    different = {**shared_b, **facts.pop("recipe_b", {})}
    recipe_b = {**recipe, "pretrained": None, **different} if different else None
    return from_dict(Track, {**facts, "name": name, "recipe": recipe, "recipe_b": recipe_b}, origin)


def _in_range(kind: type[Built], facts: dict[str, Any], origin: str) -> Built:
    """Return settings built from ``facts``; a value out of range names ``origin``."""
    try:
        return from_dict(kind, facts, origin)
    except ValueError as error:
        raise DefinitionError(f"{origin} {error}.") from error


@cache
def generator_card(name: str) -> GeneratorCard:
    """Return the facts of the generator called ``name``: a file of ``baselines/``, or that of a registered generator.

    A name of this package always means its own generator. After a colon may be the name of a variant that the file states.
    """
    family, colon, variant = name.partition(":")
    facts, origin = _facts(family if family in families() else name)
    card = build_card(facts, origin)
    if card.id != family:
        raise DefinitionError(f"{origin}: the id is {card.id!r}, but the generator is called {family!r}; use one name.")
    if card.module and family not in names("baselines"):
        raise DefinitionError(
            f"{origin}: the entry point {family!r} names the class, so [generator] cannot name a module; remove 'module'."
        )
    if colon and variant not in card.variants:
        raise unknown_generator(name)
    return build_card(facts, origin, variant) if colon else card


def _facts(name: str) -> tuple[dict[str, Any], str]:
    """Return the file of a generator as a dictionary, and where it is."""
    if name in names("baselines") or name not in registered():
        return read_toml("baselines", name), f"baselines/{name}.toml"
    path = facts_file(entry_point(name))
    return parse_toml(path), str(path)


def split_name(name: str) -> tuple[str, str]:
    """Return the generator that ``name`` means, with its variant, and what follows: a control, or where images or weights are.

    >>> split_name("qldm:twin"), split_name("folder:C:images")
    (('qldm', 'twin'), ('folder', 'C:images'))
    """
    family, _, rest = name.partition(":")
    variant, _, after = rest.partition(":")
    return (f"{family}:{variant}", after) if variant in _variants(family) else (family, rest)


def _variants(name: str) -> tuple[str, ...]:
    """Return the variants of a generator; none of one whose file cannot be used."""
    try:
        return generator_card(name).variants
    except DefinitionError:
        return ()


def every_card() -> dict[str, GeneratorCard | DefinitionError]:
    """Return the facts of each generator by name, or the reason why it cannot be used: one faulty file does not hide
    the others. Variants are not among them."""
    found: dict[str, GeneratorCard | DefinitionError] = {}
    for name in families():
        try:
            found[name] = generator_card(name)
        except DefinitionError as error:
            found[name] = error
    return found


def usable_cards() -> list[GeneratorCard]:
    """Return the facts of each generator that can be used, in the order of their names; variants are not among them."""
    return [card for card in every_card().values() if isinstance(card, GeneratorCard)]


def families() -> list[str]:
    """Return the ids of all generators, those of other packages included, without their variants."""
    return sorted({*names("baselines"), *registered()})


def generator_names() -> list[str]:
    """Return the ids of all generators, each followed by those of its variants."""
    return [name for family in families() for name in (family, *(f"{family}:{one}" for one in _variants(family)))]


def unknown_generator(name: str) -> DefinitionError:
    """Return the error that answers a name that no generator has, or several names where one belongs.

    >>> str(unknown_generator("gmm,kde"))
    "There is no generator 'gmm,kde'. Repeat the option for several: --generator gmm --generator kde."
    """
    several = [one.strip() for one in name.split(",")]
    if len(several) > 1 and all(split_name(one)[0] in generator_names() for one in several):
        asked = " ".join(f"--generator {one}" for one in several)
        return DefinitionError(f"There is no generator {name!r}. Repeat the option for several: {asked}.")
    listed = " 'qaugbench list generators' lists all."
    return DefinitionError(f"There is no generator {name!r}.{near_names(name, generator_names())}{listed}")


def generator_module(name: str) -> str:
    """Return the name of the module that holds the class of the generator called ``name``, or of a variant of it.

    Of this package it is the one that the facts name, or else the id with an underscore for each dash.

    >>> generator_module("ldm")
    'qaugbench.generators.ldm'
    """
    family = name.partition(":")[0]
    if family in names("baselines"):
        return f"qaugbench.generators.{generator_card(family).module or family.replace('-', '_')}"
    return entry_point(family).module


def space_settings(space: str, task_id: str, track: str) -> dict[str, Any]:
    """Return the settings of a space on one track of a task: its defaults, those of the track, those of the task's track.

    They are in ``baselines/spaces/<space>.toml``: the tables [hyper], [track.NAME] and [task.TASK.NAME].
    """
    path = folder("baselines") / SPACES / f"{space}.toml"
    facts = parse_toml(path)
    for key in facts:
        if key not in ("hyper", "track", "task"):
            raise DefinitionError(f"{path}: unknown table {key!r}.{near_names(key, ('hyper', 'track', 'task'))}")
    tracks = facts.get("track", {})
    if tracks and track not in tracks:
        raise DefinitionError(f"{path} has no settings for track {track!r}.{near_names(track, tracks)}")
    own = facts.get("task", {}).get(task_id, {})
    return overlaid(facts.get("hyper", {}), tracks.get(track, {}), own.get(track, {}))


def space_of(card: GeneratorCard, task_id: str, track: str) -> dict[str, Any]:
    """Return the settings of the space that a generator learns in, on one track of a task: its own over those of the space."""
    return overlaid(space_settings(card.space, task_id, track), card.space_settings)


def with_recipe(task_found: Task, track_found: Track, recipe: RecipeName) -> Track:
    """Return a track whose ``recipe`` is the one so named; DefinitionError where it has none."""
    recipes = {"A": track_found.recipe, "B": track_found.recipe_b}
    if recipe not in recipes:
        raise DefinitionError(f"There is no recipe {recipe!r}.{near_names(recipe, recipes)}")
    chosen = recipes[recipe]
    if chosen is None:
        raise DefinitionError(
            f"The track {track_found.name!r} of task {task_found.id!r} has no recipe {recipe}. Give [recipe_b] in the task."
        )
    return replace(track_found, recipe=chosen)


def track(task_found: Task, name: str) -> Track:
    """Return one track of a task; an unknown name raises with near names."""
    if name not in task_found.tracks:
        raise DefinitionError(
            f"There is no track {name!r} of task {task_found.id!r}.{near_names(name, task_found.tracks)}"
        )
    return task_found.tracks[name]
