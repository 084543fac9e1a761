"""How generators are found."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.generators.ldm import Ldm
from qaugbench.generators.shared.discovery import generator_class
from tests.generators.registering import GROUP, entry_points


@pytest.mark.parametrize("name", [name for name in definitions.names("baselines") if name != "folder"])
def test_every_file_of_facts_has_its_class(name: str) -> None:
    assert generator_class(name).kind == definitions.generator_card(name).kind
    assert generator_class(name).__module__ == definitions.generator_module(name)


@pytest.mark.parametrize("name", ["qldn", "contract", "training", "../circuits/block", ""])
def test_an_unknown_generator_is_answered_with_how_to_list_all(name: str) -> None:
    with pytest.raises(DefinitionError, match=r"no generator .* 'qaugbench list generators' lists all\.$"):
        generator_class(name)


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'qldm'"):
        generator_class("qldn")


def test_another_package_registers_a_class() -> None:
    with entry_points(EntryPoint("theirs", "qaugbench.generators.ldm:Ldm", GROUP)):
        assert issubclass(generator_class("theirs"), Ldm)


def test_a_name_of_this_package_is_never_another_package_s() -> None:
    with entry_points(EntryPoint("qldm", "qaugbench.generators.ldm:Ldm", GROUP)):
        assert generator_class("qldm").__name__ == "Qldm"
        assert definitions.generator_card("qldm").kind == "hybrid"


def test_two_packages_cannot_share_a_name() -> None:
    points = [EntryPoint("theirs", value, GROUP) for value in ("qaugbench.generators.ldm:Ldm", "elsewhere:Other")]
    with (
        entry_points(*points),
        pytest.raises(DefinitionError, match=r"registered more than once: as qaugbench.*elsewhere:Other"),
    ):
        generator_class("theirs")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("collections:Counter", "not a subclass"),
        ("qaugbench.generators.contract:Generator", "lacks the methods draw"),
        ("absent_package.module:Model", "cannot be imported from absent_package.module:Model: ModuleNotFoundError"),
    ],
)
def test_what_is_no_generator_cannot_be_registered(value: str, message: str) -> None:
    with entry_points(EntryPoint("theirs", value, GROUP)), pytest.raises(DefinitionError, match=message):
        generator_class("theirs")
