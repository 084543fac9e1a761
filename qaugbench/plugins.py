"""Generators of other packages: their names, code and facts. None of their code is imported here.

A package registers a class in the entry-point group ``qaugbench.generators`` under the generator's id, and ships
``<id>.toml`` beside the module of the class or in the package's folder.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib.metadata import EntryPoint, entry_points, packages_distributions, version
from pathlib import Path

from qaugbench.errors import DefinitionError, shown

ENTRY_POINT_GROUP = "qaugbench.generators"
OURS = "qaugbench"


@cache
def registered() -> dict[str, tuple[EntryPoint, ...]]:
    """Return every entry point of the group by generator id; ``entry_point`` refuses an id with more than one."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point not in found.get(point.name, ()):
            found[point.name] = (*found.get(point.name, ()), point)
    return found


def entry_point(name: str) -> EntryPoint:
    """Return the entry point registered under ``name``; raise if several packages use that name or it names no object."""
    points = registered()[name]
    if len(points) > 1:
        raise DefinitionError(
            f"The generator {name!r} is registered more than once: as {' and as '.join(point.value for point in points)}. "
            "Uninstall one of the packages, or let it use another name."
        )
    if not EntryPoint.pattern.match(points[0].value):
        raise DefinitionError(
            f"The generator {name!r} is registered as {shown(points[0].value)!r}. Write it as package.module:Class, without quotes."
        )
    return points[0]


def facts_file(point: EntryPoint) -> Path:
    """Return the file with the facts of a registered generator: ``<id>.toml`` beside its module or in its package's folder."""
    module = module_path(point.module)
    if module is None:
        raise DefinitionError(f"The registered generator {point.name!r} is in {point.module!r}, which cannot be found.")
    package = module_path(point.module.partition(".")[0])
    places = dict.fromkeys(path.parent / f"{point.name}.toml" for path in (module, package) if path is not None)
    for place in places:
        if place.is_file():
            return place
    raise DefinitionError(
        f"The registered generator {point.name!r} states no facts: there is no {' and no '.join(map(str, places))}. "
        "The file holds what a file of baselines/ does."
    )


def package_of(module: str) -> str | None:
    """Return the installed package that registers or holds ``module``, with its version; None for a module of qaugbench.

    The entry points know it also where the files of an editable installation are elsewhere and not listed.
    """
    top = module.partition(".")[0]
    if top == OURS:
        return None
    points = [point for points in registered().values() for point in points]
    registering = {point.dist.name for point in points if point.dist and point.module.partition(".")[0] == top}
    found = sorted(registering or set(packages_distributions().get(top, [])))
    return ", ".join(f"{name} {version(name)}" for name in found) or f"{top}, not installed"


@cache
def module_path(module: str) -> Path | None:
    """Return the Python file of a module, found without importing anything; None if there is none."""
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
