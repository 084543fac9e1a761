"""Dataclasses from plain dictionaries: every key must be known and every value of the annotated type, or an error says
where it is not."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar

from qaugbench.errors import DefinitionError, near_names

Built = TypeVar("Built")
PLAIN = (int, float, str, bool, dict)


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
    return kind(**{key: converted(value, hints[key], f"{origin}, key {key!r}") for key, value in facts.items()})


def converted(value: Any, hint: Any, origin: str) -> Any:
    """Return ``value``, as TOML or JSON gives it, in the form that the annotation ``hint`` asks for.

    Lists become tuples, whole numbers floats and tables dataclasses where ``hint`` says so; other annotations accept
    any value. Raises DefinitionError naming ``origin``.

    >>> converted([1, 2], tuple[float, ...], "here")
    (1.0, 2.0)
    """
    if dataclasses.is_dataclass(value) or hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise DefinitionError(f"{origin}: expected a table, got {value!r}.")
        return from_dict(typing.cast(type, hint), value, origin)
    shape, arguments = typing.get_origin(hint), typing.get_args(hint)
    if shape in (typing.Union, types.UnionType):
        return _one_of(value, arguments, origin)
    if shape in (tuple, list):
        return _sequence(value, shape, arguments, origin)
    if shape is typing.Literal:
        if value not in arguments:
            raise DefinitionError(f"{origin}: {value!r} is not allowed.{near_names(str(value), map(str, arguments))}")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = shape or hint
    if plain in PLAIN and type(value) is not plain:
        raise DefinitionError(f"{origin}: expected {plain.__name__}, got {value!r}.")
    return value


def _one_of(value: Any, alternatives: tuple[Any, ...], origin: str) -> Any:
    """Return ``value`` as the first of ``alternatives`` that accepts it; if none does, raise the first one's error."""
    if value is None and type(None) in alternatives:
        return None
    errors = []
    for alternative in alternatives:
        if alternative is type(None):
            continue
        try:
            return converted(value, alternative, origin)
        except DefinitionError as error:
            errors.append(error)
    raise errors[0]


def _sequence(value: Any, shape: type, arguments: tuple[Any, ...], origin: str) -> Any:
    """Return a list or tuple with every item converted; ``tuple[int, int]`` also fixes the length."""
    if not isinstance(value, list | tuple):
        raise DefinitionError(f"{origin}: expected a list, got {value!r}.")
    if shape is list or not arguments or arguments[-1] is Ellipsis:
        item_hint = arguments[0] if arguments else Any
        return shape(converted(item, item_hint, origin) for item in value)
    if len(value) != len(arguments):
        raise DefinitionError(f"{origin}: expected {len(arguments)} values, got {value!r}.")
    return tuple(converted(item, hint, origin) for item, hint in zip(value, arguments, strict=True))
