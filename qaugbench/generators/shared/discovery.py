"""Finds the class of a generator by its id: a file of this package, or an entry point of another package.

A file is a generator if it holds exactly one ``Generator`` subclass and ``baselines/<id>.toml`` states its facts. Another
package registers a class in the entry-point group ``qaugbench.generators``, under the id.
"""

from __future__ import annotations

import importlib
import inspect
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from qaugbench import definitions
from qaugbench.errors import DefinitionError, near_names
from qaugbench.generators.contract import Generator


def generator_class(name: str) -> type[Generator]:
    """Return the class of the generator with this id; an unknown id is answered with near ones.

    >>> generator_class("ddpm").kind
    'classical'
    """
    for point in _registered():
        if point.name == name:
            return _checked(point.load(), point)
    if not name.isidentifier() or not _file_of(name).is_file():
        raise DefinitionError(f"There is no generator {name!r}.{near_names(name, definitions.generator_names())}")
    module = importlib.import_module(f"qaugbench.generators.{name}")
    found = [
        member
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Generator) and member.__module__ == module.__name__
    ]
    if len(found) != 1 or inspect.isabstract(found[0]):
        raise DefinitionError(f"There is no generator {name!r}.{near_names(name, definitions.generator_names())}")
    return found[0]


def _file_of(name: str) -> Path:
    return Path(__file__).parents[1] / f"{name}.py"


def _registered() -> list[EntryPoint]:
    return list(entry_points(group=definitions.ENTRY_POINT_GROUP))


def _checked(loaded: object, point: EntryPoint) -> type[Generator]:
    if not (inspect.isclass(loaded) and issubclass(loaded, Generator)):
        raise DefinitionError(
            f"The entry point {point.name!r} of group {definitions.ENTRY_POINT_GROUP!r} is {point.value}, which is not a "
            "subclass of qaugbench.generators.contract.Generator; register the class itself."
        )
    return loaded
