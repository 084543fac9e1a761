"""The JSON Schema of entry.json as it is published, and that the committed entry, and no changed one, is of this form."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qaugbench.board.bundle import entry_schema
from qaugbench.files import json_text
from tests.cli.committed import committed_entry

SCHEMA = entry_schema()
ENTRY: dict[str, Any] = json.loads((committed_entry() / "entry.json").read_text(encoding="utf-8"))
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
KEYWORDS = {
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "items",
    "maxItems",
}
KEYWORDS |= {
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "prefixItems",
    "properties",
    "required",
    "title",
    "type",
}


def faults(value: Any, schema: dict[str, Any], where: str = "entry") -> Iterator[str]:
    """Yield where a value is not what a schema asks for, by as much of JSON Schema as ours uses."""
    assert set(schema) <= KEYWORDS, set(schema) - KEYWORDS
    if "$ref" in schema:
        yield from faults(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], where)
    if "anyOf" in schema and all(list(faults(value, one, where)) for one in schema["anyOf"]):
        yield f"{where}: none of the alternatives"
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        yield f"{where}: not an allowed value"
    if "type" in schema:
        is_number = isinstance(value, bool) and schema["type"] in ("integer", "number")
        if is_number or not isinstance(value, TYPES[schema["type"]]):
            yield f"{where}: no {schema['type']}"
            return
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{where}: not of the pattern"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where}: out of range"
    if isinstance(value, str | list):
        kind = "Length" if isinstance(value, str) else "Items"
        if not schema.get(f"min{kind}", 0) <= len(value) <= schema.get(f"max{kind}", len(value)):
            yield f"{where}: too long or too short"
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), f"{where}[{number}]")
    if isinstance(value, dict):
        if len(value) > schema.get("maxProperties", len(value)):
            yield f"{where}: too many keys"
        yield from _of_object(value, schema, where)


def _of_object(value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f"{where}: lacks {key}" for key in schema.get("required", []) if key not in value)
    for key, item in value.items():
        if key in known:
            yield from faults(item, known[key], f"{where}.{key}")
        elif more is False:
            yield f"{where}: unknown {key}"
        elif isinstance(more, dict):
            yield from faults(item, more, f"{where}.{key}")


def test_the_published_schema_is_that_of_the_reader() -> None:
    """Where this fails: qaugbench leaderboard schema > docs/entry.schema.json"""
    published = Path(__file__).parents[2] / "docs" / "entry.schema.json"
    assert published.read_text(encoding="utf-8") == json_text(SCHEMA)


@pytest.mark.parametrize("entry", sorted(committed_entry().parent.iterdir()), ids=lambda entry: entry.name)
def test_committed_entries_are_of_the_published_form(entry: Path) -> None:
    assert list(faults(json.loads((entry / "entry.json").read_text(encoding="utf-8")), SCHEMA)) == []


@pytest.mark.parametrize(
    ("way", "value", "fault"),
    [
        (("samples",), "no", "entry.samples: no boolean"),
        (("award",), 1, "entry: unknown award"),
        (("record", "replicates"), 0, "entry.record.replicates: out of range"),
        (("record", "task_sha256"), "abc", "entry.record.task_sha256: not of the pattern"),
        (("record", "arms"), [], "entry.record.arms: too long or too short"),
        (("record", "arms", 0, "role"), "winner", "entry.record.arms[0].role: not an allowed value"),
        (("record", "data", "n_images", "test"), True, "entry.record.data.n_images.test: no integer"),
    ],
)
def test_another_form_is_not(way: tuple[Any, ...], value: Any, fault: str) -> None:
    changed = copy.deepcopy(ENTRY)
    inside: Any = changed
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = value
    assert fault in list(faults(changed, SCHEMA))
