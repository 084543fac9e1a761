"""The hyper-parameters of a generator as its source writes them, read without importing anything (torch takes seconds)."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

from qaugbench.cards import GeneratorCard, split_settings
from qaugbench.definitions import generator_module, module_path
from qaugbench.errors import DefinitionError
from qaugbench.typed import from_dict

PLAIN: dict[str, Any] = {"bool": bool, "dict": dict, "float": float, "int": int, "str": str}


def taken_as_written(card: GeneratorCard) -> Callable[[str], None]:
    """Return what raises DefinitionError where the source of one of our own generators does not take its settings on a track.

    A key that its ``Hyper`` does not have is found, and a value of another type where the annotation is a plain one; where
    ``Hyper`` cannot be told from the source, nothing is. DefinitionError at once if there is no source that can be parsed.
    """
    hyper = written_hyper(source_of(card))

    def check(track: str) -> None:
        origin = f"{card.origin}, settings of the track {track!r}"
        _, settings = split_settings(card.settings(track), origin)
        if hyper is not None:
            from_dict(hyper, settings, origin)

    return check


def source_of(card: GeneratorCard) -> Path:
    """Return the file of one of our own generators; DefinitionError if there is none."""
    module = generator_module(card.id)
    path = module_path(module)
    if path is None:
        raise DefinitionError(f"{card.origin}: there is no module {module!r}.")
    return path


def written_hyper(path: Path) -> type | None:
    """Return a dataclass with the fields of the one class ``Hyper`` in a Python file; None if it cannot be told from there."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise DefinitionError(f"{path} is no Python: {error}.") from error
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "Hyper"]
    if len(found) != 1:
        return None
    bases = [_written_base(base, tree) for base in found[0].bases]
    if None in bases:
        return None
    fields = [
        _field(one) for one in found[0].body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]
    return dataclasses.make_dataclass("Hyper", fields, bases=tuple(filter(None, bases)), kw_only=True)


def _written_base(written: ast.expr, tree: ast.Module) -> type | None:
    """Return the ``Hyper`` of another generator that is imported by name, for ``Other.Hyper``; None for any other base."""
    if not (isinstance(written, ast.Attribute) and written.attr == "Hyper" and isinstance(written.value, ast.Name)):
        return None
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any(one.name == written.value.id for one in node.names):
            path = module_path(node.module or "")
            return None if path is None else written_hyper(path)
    return None


def _field(written: ast.AnnAssign) -> tuple[str, Any, Any]:
    """Return name, type and default of a field; the default is None where it is no literal."""
    name = written.target.id if isinstance(written.target, ast.Name) else ""
    if "ClassVar" in ast.unparse(written.annotation):
        return name, ClassVar[Any], None
    missing = dataclasses.field() if written.value is None else dataclasses.field(default=_value(written.value))
    return name, _type(written.annotation), missing


def _value(written: ast.expr) -> Any:
    """Return the value of a literal; None for any other expression."""
    try:
        value = ast.literal_eval(written)
    except ValueError:
        return None
    return tuple(value) if isinstance(value, list) else value


def _type(written: ast.expr) -> Any:
    """Return the type that an annotation means: a plain one, a tuple of plain ones, literals; any where it is another."""
    match written:
        case ast.Name(id=name):
            return PLAIN.get(name, Any)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=items)):
            return tuple[tuple(... if ast.unparse(one) == "..." else _type(one) for one in items)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=items)):
            values = tuple(one.value for one in items if isinstance(one, ast.Constant))
            return Literal[values] if len(values) == len(items) else Any
        case _:
            return Any
