"""Variants: what a table [variant.NAME] of a generator's file changes, and how a name is read."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from qaugbench import definitions
from qaugbench.cards import GeneratorCard, build_card, overlaid
from qaugbench.errors import DefinitionError

DEFECT = "The circuit is never called."
FACTS: dict[str, Any] = {
    "deviations": ["Smaller."],
    "generator": {
        "id": "flat",
        "title": "Flat images",
        "kind": "hybrid",
        "fidelity": "faithful",
        "space": "pca",
        "controls": ["twin"],
    },
    "hyper": {"width": 4, "learning_rate": 0.1},
    "space": {"components": 8},
    "track": {"smoke": {"steps": 10, "batch_size": 2}, "lite": {"steps": 100, "batch_size": 2, "learning_rate": 0.2}},
    "tune": {"width": {"low": 1, "high": 9}},
    "variant": {
        "as-released": {
            "deviations": ["Ours."],
            "defect": DEFECT,
            "fails": ["is called"],
            "hyper": {"epochs": 3, "learning_rate": 0.5},
            "track": {"lite": {"width": 6}},
        }
    },
}


def card(variant: str = "", **changes: Any) -> GeneratorCard:
    """Return a card of the file, whose variant has ``changes``."""
    facts = copy.deepcopy(FACTS)
    facts["variant"]["as-released"] |= changes
    return build_card(facts, "flat.toml", variant)


def test_a_variant_is_the_generator_but_for_what_it_states() -> None:
    own, other = card(), card("as-released")
    assert (own.variants, own.defect, own.disclosed) == (("as-released",), "", ("Smaller.",))
    assert (other.id, other.title) == ("flat:as-released", "Flat images, as released")
    assert (other.kind, other.fidelity, other.controls) == (own.kind, own.fidelity, own.controls)
    assert other.disclosed == (f"Keeps a defect of the published code: {DEFECT}", "Ours.")
    assert (other.tune, other.variants, other.fails) == ({}, (), ("is called",))


def test_its_settings_lie_over_those_of_every_track_and_epochs_replace_steps() -> None:
    other = card("as-released")
    assert other.settings("smoke") == {"width": 4, "learning_rate": 0.5, "epochs": 3, "batch_size": 2}
    assert other.settings("lite") == {"width": 6, "learning_rate": 0.5, "epochs": 3, "batch_size": 2}
    assert card().settings("lite") == {"width": 4, "learning_rate": 0.2, "steps": 100, "batch_size": 2}
    assert overlaid({"epochs": 3}, {"steps": 5}) == {"steps": 5}


def test_its_space_is_the_generator_s_unless_it_states_another() -> None:
    assert (card("as-released").space_settings, card("as-released").own_space) == ({"components": 8}, False)
    other = card("as-released", space={"components": 4})
    assert (other.space_settings, other.own_space) == ({"components": 4}, True)


def test_a_variant_can_learn_in_another_space_to_which_the_generator_s_settings_do_not_apply() -> None:
    other = card("as-released", in_space="pixels", space={"side": 8})
    assert (other.space, other.space_settings) == ("pixels", {"side": 8})
    assert card("as-released").space == card().space == "pca"


def test_a_twin_in_the_space_alone_is_said_to_be_one_of_its_generator() -> None:
    facts = copy.deepcopy(FACTS)
    facts |= {"generator": {**facts["generator"], "space": "quantum-latent"}, "space": {}}
    twin = {"deviations": [], "space": {"control": "twin"}}
    facts["variant"] = {"a": twin, "b": {**twin, "hyper": {"width": 9}}, "c": {**twin, "in_space": "latent"}}
    found = {name: build_card(facts, "flat.toml", name) for name in ("", "a", "b", "c")}
    assert {name: one.space_twin_of for name, one in found.items()} == {"": "", "a": "flat", "b": "", "c": ""}
    assert {name: one.kind_under("twin") for name, one in found.items()} == {
        "": "hybrid",  # circuits are left in its space
        **dict.fromkeys("abc", "classical"),
    }
    assert {one.kind_under("frozen") for one in found.values()} == {"hybrid"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"deviation": []}, r"table \[variant\.as-released\]: unknown key 'deviation'"),
        ({"track": {"lit": {}}}, r"table \[variant\.as-released\]: the generator has no track 'lit'"),
        ({"in_space": "quantum"}, "'quantum' is not allowed.*Did you mean 'quantum-latent'"),
        ({"hyper": {"epochs": 0}}, "epochs must be a whole number from 1, got 0"),
    ],
)
def test_what_cannot_stand_in_a_variant_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=rf"flat\.toml.*{message}"):
        card(**changed)


def test_a_variant_without_circuits_is_classical_and_has_no_controls() -> None:
    facts = copy.deepcopy(FACTS)
    facts["generator"] |= {"kind": "hybrid", "controls": ["twin"]}
    facts["variant"]["as-released"]["kind"] = "classical"
    own, other = build_card(facts, "flat.toml"), build_card(facts, "flat.toml", "as-released")
    assert (own.kind, own.controls) == ("hybrid", ("twin",))
    assert (other.kind, other.controls) == ("classical", ())


def test_a_variant_may_have_other_controls_than_its_generator() -> None:
    facts = copy.deepcopy(FACTS)
    facts["generator"] |= {"kind": "hybrid", "controls": ["twin", "frozen"]}
    facts["variant"]["as-released"]["controls"] = ["frozen"]
    assert build_card(facts, "flat.toml").controls == ("twin", "frozen")
    assert build_card(facts, "flat.toml", "as-released").controls == ("frozen",)


def test_labels_of_different_sizes_cannot_be_counted_in_epochs() -> None:
    facts = copy.deepcopy(FACTS)
    facts["generator"]["per_label"] = True
    with pytest.raises(DefinitionError, match="with per_label, give steps"):
        build_card(facts, "flat.toml")


FILE = """
deviations = []

[generator]
id = "{name}"
title = "Flat"
kind = "classical"
fidelity = "original"
space = "pixels"
controls = []

[variant.{variant}]
deviations = []
"""


@pytest.fixture
def folder(tmp_path: Path):
    """A folder in place of ``baselines`` with the generator ``flat`` and its variant ``as-released``."""
    (tmp_path / "flat.toml").write_text(FILE.format(name="flat", variant="as-released"), encoding="utf-8")
    definitions.generator_card.cache_clear()
    with mock.patch.object(definitions, "folder", return_value=tmp_path):
        yield tmp_path
    definitions.generator_card.cache_clear()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("flat", ("flat", "")),
        ("flat:twin", ("flat", "twin")),
        ("flat:as-released", ("flat:as-released", "")),
        ("flat:as-released:twin", ("flat:as-released", "twin")),
        ("folder:as-released:images", ("folder", "as-released:images")),
    ],
)
def test_a_name_is_read_as_generator_and_control(folder: Path, name: str, parts: tuple[str, str]) -> None:
    assert definitions.split_name(name) == parts


def test_a_variant_is_named_like_a_generator(folder: Path) -> None:
    assert definitions.generator_names() == ["flat", "flat:as-released"]
    assert definitions.families() == [one.id for one in definitions.usable_cards()] == ["flat"]
    assert definitions.generator_card("flat:as-released").id == "flat:as-released"
    assert definitions.generator_module("flat:as-released") == "qaugbench.generators.flat"
    with pytest.raises(DefinitionError, match=r"no generator 'flat:as-relased'\. Did you mean 'flat:as-released'"):
        definitions.generator_card("flat:as-relased")


def test_a_file_that_cannot_be_read_hides_no_other_name(folder: Path) -> None:
    (folder / "torn.toml").write_text("[generator", encoding="utf-8")
    assert definitions.generator_names() == ["flat", "flat:as-released", "torn"]
