"""Generators of another package for the time of a test: a module and its facts, written and registered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from unittest import mock

from qaugbench import definitions, plugins

GROUP = plugins.ENTRY_POINT_GROUP


@contextmanager
def entry_points(*points: EntryPoint) -> Iterator[None]:
    """Let these be the only registered generators; nothing that was found before is remembered."""
    _forget()
    with mock.patch.object(plugins, "entry_points", lambda group: [point for point in points if point.group == group]):
        yield
    _forget()


@contextmanager
def registered(folder: Path, name: str, source: str, facts: str | None, *, attribute: str) -> Iterator[None]:
    """Register the class ``attribute`` of a module with this ``source`` as the generator ``name``, its ``facts`` beside it."""
    module = f"plugged_{name}"
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    if facts is not None:
        (folder / f"{name}.toml").write_text(facts, encoding="utf-8")
    with (
        mock.patch.object(sys, "path", [str(folder), *sys.path]),
        entry_points(EntryPoint(name, f"{module}:{attribute}", GROUP)),
    ):
        yield
    sys.modules.pop(module, None)


def _forget() -> None:
    for function in (plugins.registered, plugins.module_path, definitions.generator_card):
        function.cache_clear()
