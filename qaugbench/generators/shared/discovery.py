"""The class of a generator by its id: a file of ``qaugbench/generators``, or an entry point of another package.

A file holds a generator if it defines exactly one ``Generator`` subclass and ``baselines/<id>.toml`` states its facts. Several
files of facts may name one module, for settings that make another arm of it (``module`` in [generator]). Another package
registers a class in the entry-point group ``qaugbench.generators``, under the id.
"""

from __future__ import annotations

import importlib.util
import inspect
from importlib.metadata import EntryPoint
from types import ModuleType

from qaugbench import definitions, plugins
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Generator
from qaugbench.generators.shared.author_code import described
from qaugbench.generators.shared.checked import checked


def generator_class(name: str) -> type[Generator]:
    """Return the class of the generator with this id, its answers ``checked``; an unknown id raises with near names.

    A variant has the class of its generator.

    >>> generator_class("ldm").kind
    'classical'
    """
    family = name.partition(":")[0]
    if family in definitions.names("baselines"):
        return checked(_own_class(family))
    if family in plugins.registered():
        return checked(_registered_class(plugins.entry_point(family)))
    raise definitions.unknown_generator(name)


def _module(name: str) -> ModuleType:
    module = definitions.generator_module(name)
    if importlib.util.find_spec(module) is None:
        raise DefinitionError(
            f"{definitions.generator_card(name).origin}: there is no module {module!r}; name its file after the id, "
            "with an underscore for each dash, or name the file of another generator as 'module' in [generator]."
        )
    return importlib.import_module(module)


def _own_class(name: str) -> type[Generator]:
    module = _module(name)
    found = [
        member
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Generator) and member.__module__ == module.__name__
    ]
    if len(found) != 1 or inspect.isabstract(found[0]):
        raise DefinitionError(
            f"{module.__file__} defines {len(found)} subclasses of Generator; it has to define exactly one, complete."
        )
    return found[0]


def _registered_class(point: EntryPoint) -> type[Generator]:
    try:
        loaded: object = point.load()
    except (Exception, SystemExit) as error:  # another package's code may raise anything; that package is then unusable
        raise DefinitionError(
            f"The registered generator {point.name!r} cannot be imported from {point.value}: {described(error, point.module)}"
        ) from error
    if not (inspect.isclass(loaded) and issubclass(loaded, Generator)):
        raise DefinitionError(
            f"The entry point {point.name!r} of group {plugins.ENTRY_POINT_GROUP!r} is {point.value}, which is not a "
            "subclass of qaugbench.generators.contract.Generator; register the class itself."
        )
    if inspect.isabstract(loaded):
        lacking = ", ".join(sorted(loaded.__abstractmethods__))
        raise DefinitionError(f"The registered generator {point.name!r} lacks the methods {lacking}.")
    return loaded
