"""A generator of another package: found by its entry point, its facts beside its module, its code in the cells' names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.experiment.fingerprint import closure, code_hash
from qaugbench.experiment.generator_choice import choose_generators

FACTS = """
[generator]
id = "flat"
title = "Flat images"
kind = "classical"
fidelity = "own"
space = "pixel"
controls = []

[track.smoke]
steps = 1
batch_size = 1
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder on the path with a module that an entry point names."""
    (tmp_path / "flat_images.py").write_text("class Flat:\n    VALUE = 1\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    point = EntryPoint("flat", "flat_images:Flat", definitions.ENTRY_POINT_GROUP)
    for module in ("qaugbench.definitions", "qaugbench.experiment.generator_choice"):
        monkeypatch.setattr(f"{module}.entry_points", lambda group: [point])
    cached = (definitions.registered_modules, definitions.generator_card, definitions.module_path, closure)
    for function in cached:
        function.cache_clear()
    yield tmp_path
    for function in cached:
        function.cache_clear()


def test_a_registered_generator_can_be_chosen(package: Path) -> None:
    (package / "flat_images.toml").write_text(FACTS)
    task = definitions.task("fundus")
    chosen = choose_generators(["flat"], task, task.tracks["smoke"])[0]
    assert (chosen.card.id, chosen.module) == ("flat", "flat_images")
    assert "flat" in definitions.generator_names()
    assert len(code_hash(chosen.module)) == 64


def test_missing_facts_are_named(package: Path) -> None:
    with pytest.raises(DefinitionError, match=r"flat_images\.toml is missing"):
        definitions.generator_card("flat")
