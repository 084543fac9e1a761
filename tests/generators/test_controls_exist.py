"""Every control that a file names can be built: a run would find out only in the middle."""

from __future__ import annotations

import pytest

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.errors import NoControlError
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.testing import suite
from qaugbench.testing.variant import Variant
from tests.generators.published import published


def quantum_cards() -> list[GeneratorCard]:
    """Return the cards of all generators with circuits, and of their variants."""
    bases = [definitions.generator_card(name) for name in definitions.generator_names()]
    names = [name for card in bases for name in (card.id, *(f"{card.id}:{variant}" for variant in card.variants))]
    return [card for name in dict.fromkeys(names) if (card := definitions.generator_card(name)).controls]


NAMED = [(card.id, control) for card in quantum_cards() for control in card.controls]
RARE = [(name, control) for name, control in NAMED if control == "permuted"]
"""Of the control that circuits most often do not have."""


@pytest.mark.parametrize(("name", "control"), RARE)
def test_other_pairs_of_wires_can_be_coupled_where_the_facts_say_so(name: str, control: str) -> None:
    published(name, control=control)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "control"), NAMED)
def test_every_control_can_be_built_on_every_track(name: str, control: str) -> None:
    for track in definitions.generator_card(name).tracks:
        published(name, control=control, track=track)


def no_permuted(_: Variant) -> None:
    """It builds the generator."""
    raise NoControlError("no relabelling")


@pytest.mark.parametrize(("control", "state"), [("twin", "fails"), ("permuted", "does not apply")])
def test_a_control_that_does_not_exist_fails_where_the_facts_name_it(
    control: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = definitions.generator_card("qlatents")
    assert ("twin" in card.controls, "permuted" in card.controls) == (True, False)
    monkeypatch.setattr(suite, "CHECKS", (no_permuted,))
    (result,) = suite._variant_results(Variant(card, generator_class("qlatents"), control))
    assert result.state == state
    assert "no relabelling" in result.detail
