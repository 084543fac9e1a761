"""How generators are found."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.generators.ddpm import Ddpm
from qaugbench.generators.shared import discovery
from qaugbench.generators.shared.discovery import generator_class


def register(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = EntryPoint("theirs", value, definitions.ENTRY_POINT_GROUP)
    monkeypatch.setattr(discovery, "entry_points", lambda group: [point] if group == point.group else [])


@pytest.mark.parametrize("name", definitions.names("baselines"))
def test_every_file_of_facts_has_its_class(name: str) -> None:
    assert generator_class(name).kind == definitions.generator_card(name).kind
    assert generator_class(name).__module__ == f"qaugbench.generators.{name}"


@pytest.mark.parametrize("name", ["qldn", "contract", "latent_diffusion", "../circuits/block", ""])
def test_an_unknown_generator_is_answered_with_the_known(name: str) -> None:
    with pytest.raises(DefinitionError, match=r"no generator .*Known: .*qldm"):
        generator_class(name)


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'qldm'"):
        generator_class("qldn")


def test_another_package_registers_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "qaugbench.generators.ddpm:Ddpm")
    assert generator_class("theirs") is Ddpm


def test_what_is_no_generator_cannot_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "collections:Counter")
    with pytest.raises(DefinitionError, match="not a subclass"):
        generator_class("theirs")
