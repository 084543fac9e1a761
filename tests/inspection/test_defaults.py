"""What a generator's file does not state, as 'show' prints it: the defaults of its code, and the settings of its space."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from qaugbench import definitions
from qaugbench.catalogue import definition_facts, show_definition
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.inspection.defaults import hyper_defaults
from tests.generators.documented import PAINTER, PRINTED
from tests.generators.registering import registered


def test_the_defaults_and_the_space_of_a_plug_in_are_shown(tmp_path: Path) -> None:
    facts = PRINTED["paintingcircuit.toml"].replace("layers = 2\n", "")
    with registered(tmp_path, PAINTER.name, PAINTER.source, facts, attribute=PAINTER.attribute):
        text, data = show_definition(PAINTER.name), definition_facts(PAINTER.name)
    assert "Not stated in its file, so as its code has them: layers 2." in text
    assert re.search(r"Settings of its space, pixels, on each track\nsetting +every track\n-+\nside +8\n", text)
    assert data["defaults"] == {"layers": 2}
    assert data["settings_of_space"]["lite"] == {"side": 8}


def test_the_defaults_of_our_own_generators_are_those_of_their_classes() -> None:
    found = {card.id: hyper_defaults(card) for card in definitions.usable_cards()}
    some = [name for name, defaults in found.items() if defaults][:3]
    assert some
    for name in some:
        own = {field.name: field.default for field in dataclasses.fields(generator_class(name).Hyper)}
        assert {key: own[key] for key in found[name]} == found[name]
