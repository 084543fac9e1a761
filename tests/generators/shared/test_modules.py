"""Which file holds the class of a generator: named after the id, or named by the facts."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.generators.shared.discovery import generator_class
from tests.generators.registering import registered

FACTS = """
[generator]
id = "{name}"
title = "A variant"
kind = "classical"
fidelity = "original"
space = "pixels"
controls = []
{extra}
"""


@pytest.fixture
def facts(tmp_path: Path):
    """A folder of facts in place of ``baselines``; the function returned writes one file there."""

    def write(name: str, extra: str = "") -> str:
        (tmp_path / f"{name}.toml").write_text(FACTS.format(name=name, extra=extra), encoding="utf-8")
        return name

    definitions.generator_card.cache_clear()
    with mock.patch.object(definitions, "folder", return_value=tmp_path):
        yield write
    definitions.generator_card.cache_clear()


def test_a_dash_in_an_id_is_an_underscore_in_its_file(facts) -> None:
    name = facts("cwgan-gp")
    assert definitions.generator_module(name) == "qaugbench.generators.cwgan_gp"
    assert generator_class(name).__name__ == "CwganGp"


def test_facts_may_name_the_file_of_another_generator(facts) -> None:
    first, second = facts("cwgan-gp"), facts("any-variant", 'module = "cwgan_gp"')
    assert generator_class(first) is generator_class(second)
    assert definitions.generator_card(second).id == "any-variant"


@pytest.mark.parametrize("extra", ["", 'module = "cwgan"'])
def test_a_file_that_does_not_exist_is_named(facts, extra: str) -> None:
    name = facts("no-such-file", extra)
    with pytest.raises(
        DefinitionError, match=r"no-such-file.*there is no module 'qaugbench.generators.(no_such_file|cwgan)'"
    ):
        generator_class(name)


def test_the_facts_of_another_package_cannot_name_a_module(tmp_path: Path) -> None:
    facts_of_it = FACTS.format(name="theirs", extra='module = "cwgan_gp"')
    with (
        registered(tmp_path, "theirs", "class Theirs: ...", facts_of_it, attribute="Theirs"),
        pytest.raises(DefinitionError, match="the entry point 'theirs' names the class"),
    ):
        definitions.generator_card("theirs")


def test_the_two_wasserstein_gans_are_one_class_in_two_spaces() -> None:
    assert generator_class("cwgan-gp") is generator_class("cwgan-gp-pixels")
    assert [definitions.generator_card(name).space for name in ("cwgan-gp", "cwgan-gp-pixels")] == ["latent", "pixels"]
