"""Finds and reads ``tasks/`` and ``baselines/``; refuses unknown keys and suggests near names.

The two folders travel inside the wheel and lie at the repository root in a checkout.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import tomllib
import types
import typing
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from qaugbench.errors import DefinitionError, near_names
from qaugbench.task import Task, Track

_PACKAGE = Path(__file__).parent
AUTOENCODER = "autoencoder"
ENTRY_POINT_GROUP = "qaugbench.generators"
Built = TypeVar("Built")


@dataclasses.dataclass(frozen=True)
class Citation:
    """Whom to cite for a generator."""

    authors: str
    title: str
    year: int
    identifier: str = ""
    arxiv: str = ""
    doi: str = ""
    url: str = ""

    @property
    def text(self) -> str:
        """The citation as one line."""
        where = ", ".join(
            part for part in (f"arXiv:{self.arxiv}" if self.arxiv else "", self.doi, self.identifier, self.url) if part
        )
        return f"{self.authors} ({self.year}). {self.title}. {where}".rstrip(". ") + "."


@dataclasses.dataclass(frozen=True)
class GeneratorCard:
    """The facts of a generator: what it is, how close to its paper, its controls and its hyper-parameters a track."""

    id: str
    title: str
    kind: str
    fidelity: str
    space: str
    controls: tuple[str, ...]
    tracks: dict[str, dict[str, Any]]
    citation: Citation | None = None
    deviations: tuple[str, ...] = ()
    hyper: dict[str, Any] = dataclasses.field(default_factory=dict)

    def settings(self, track: str) -> dict[str, Any]:
        """Return hyper-parameters and budget for ``track``: the defaults overlaid by the track's own values."""
        if track not in self.tracks:
            raise DefinitionError(
                f"Generator {self.id!r} has no settings for track {track!r}.{near_names(track, self.tracks)}"
            )
        return {**self.hyper, **self.tracks[track]}


def folder(kind: str) -> Path:
    """Return the folder of ``tasks`` or ``baselines``: inside the installed package, else beside it in a checkout."""
    for place in (_PACKAGE / kind, _PACKAGE.parent / kind):
        if place.is_dir():
            return place
    raise DefinitionError(f"The folder {kind!r} is missing from this installation; reinstall qaugbench.")


def names(kind: str) -> list[str]:
    """Return the ids of all tasks or generators, sorted; the autoencoder is no generator."""
    return sorted({path.stem for path in folder(kind).glob("*.toml")} - {AUTOENCODER})


def read_toml(kind: str, name: str) -> dict[str, Any]:
    """Return one definition file as a dictionary; an unknown name is answered with near ones."""
    path = folder(kind) / f"{name}.toml"
    if not path.is_file() or Path(name).name != name:
        singular = {"tasks": "task", "baselines": "generator"}[kind]
        known = names("tasks") if kind == "tasks" else generator_names()
        raise DefinitionError(f"There is no {singular} {name!r}.{near_names(name, known)}")
    return parse_toml(path)


def parse_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file as a dictionary; a syntax error names file and line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{path} is not valid TOML: {error}.") from error


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
    """Return a task from the dictionary of its file; the recipe of each track inherits from ``[recipe]``."""
    facts = dict(facts)
    shared_recipe = facts.pop("recipe", {})
    tracks = {}
    for track_name, track in facts.pop("track", {}).items():
        recipe = {**shared_recipe, **track.get("recipe", {})}
        tracks[track_name] = from_dict(
            Track, {**track, "name": track_name, "recipe": recipe}, f"{origin} [track.{track_name}]"
        )
    task_facts = facts.pop("task", {})
    return from_dict(Task, {**task_facts, **facts, "tracks": tracks}, origin)


@cache
def generator_card(name: str) -> GeneratorCard:
    """Return the facts of the generator called ``name``: a file of ``baselines/``, or one beside a registered class's module."""
    registered = registered_modules()
    if name not in registered:
        return build_card(read_toml("baselines", name), origin=f"baselines/{name}.toml")
    path = registered[name].with_suffix(".toml")
    if not path.is_file():
        raise DefinitionError(
            f"The registered generator {name!r} states no facts: {path} is missing. It holds what a file of baselines/ does."
        )
    return build_card(parse_toml(path), origin=str(path))


@cache
def registered_modules() -> dict[str, Path]:
    """Return the source files of the generators that other packages register, by id; nothing of them is imported."""
    found = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        path = module_path(point.module)
        if path is None:
            raise DefinitionError(
                f"The registered generator {point.name!r} is in {point.module!r}, which cannot be found."
            )
        found[point.name] = path
    return found


@cache
def module_path(module: str) -> Path | None:
    """Return the Python file of a module, found without importing anything; None where there is none."""
    top, *below = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    if not below:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    for place in spec.submodule_search_locations or ():
        path = Path(place, *below)
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def generator_names() -> list[str]:
    """Return the ids of all generators, those of other packages included."""
    return sorted({*names("baselines"), *registered_modules()})


def build_card(facts: dict[str, Any], origin: str) -> GeneratorCard:
    """Return a generator's card from the dictionary of its file."""
    facts = dict(facts)
    generator = facts.pop("generator", {})
    return from_dict(GeneratorCard, {**generator, "tracks": facts.pop("track", {}), **facts}, origin)


def autoencoder_settings(track: str) -> dict[str, Any]:
    """Return hyper-parameters and budget of the latent autoencoder that all latent generators of a track share."""
    facts = read_toml("baselines", AUTOENCODER)
    tracks = facts.get("track", {})
    if track not in tracks:
        raise DefinitionError(
            f"baselines/{AUTOENCODER}.toml has no settings for track {track!r}.{near_names(track, tracks)}"
        )
    return {**facts.get("hyper", {}), **tracks[track]}


def track(task_found: Task, name: str) -> Track:
    """Return one track of a task; an unknown name is answered with near ones."""
    if name not in task_found.tracks:
        raise DefinitionError(
            f"There is no track {name!r} of task {task_found.id!r}.{near_names(name, task_found.tracks)}"
        )
    return task_found.tracks[name]


def from_dict(kind: type[Built], facts: dict[str, Any], origin: str) -> Built:
    """Return a dataclass built from ``facts``; unknown and missing keys and wrong types name ``origin`` and the key."""
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in facts:
        if key not in fields:
            raise DefinitionError(f"{origin}: unknown key {key!r}.{near_names(key, fields)}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in facts:
            raise DefinitionError(f"{origin}: the key {name!r} is missing.")
    hints = typing.get_type_hints(kind)
    return kind(**{key: _convert(value, hints[key], f"{origin}, key {key!r}") for key, value in facts.items()})


def _convert(value: Any, hint: Any, origin: str) -> Any:
    """Return ``value`` as ``hint`` asks, or raise naming ``origin``."""
    if dataclasses.is_dataclass(value) or hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise DefinitionError(f"{origin}: expected a table, got {value!r}.")
        return from_dict(typing.cast(type, hint), value, origin)
    shape, arguments = typing.get_origin(hint), typing.get_args(hint)
    if shape in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(value, next(argument for argument in arguments if argument is not type(None)), origin)
    if shape is tuple:
        if not isinstance(value, list):
            raise DefinitionError(f"{origin}: expected a list, got {value!r}.")
        return tuple(_convert(item, arguments[0], origin) for item in value)
    if shape is typing.Literal:
        if value not in arguments:
            raise DefinitionError(f"{origin}: {value!r} is not allowed.{near_names(str(value), map(str, arguments))}")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = shape or hint
    if isinstance(plain, type) and plain in (int, float, str, bool, dict) and type(value) is not plain:
        raise DefinitionError(f"{origin}: expected {plain.__name__}, got {value!r}.")
    return value
