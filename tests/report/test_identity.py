"""Looks: controls share their generator's hue and are never solid; every task's classes and arms can be drawn."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import pytest
from matplotlib.colors import is_color_like
from matplotlib.lines import Line2D

from qaugbench import definitions
from qaugbench.predictions import ArmInfo
from qaugbench.report.colours import DARK_GROUND, LIGHT_GROUND, contrast, on_dark
from qaugbench.report.identity import Look, looks
from tests.board.factory import CHECKS

REAL = [
    ArmInfo(id="R", role="real-only"),
    ArmInfo(id="R+", role="augmented"),
    ArmInfo(id="R+cm", role="compute-matched"),
    ArmInfo(id="R+os", role="oversampling"),
    ArmInfo(id="O-real", role="oracle"),
]


def _variants(generator: str, *controls: str) -> list[ArmInfo]:
    own = ArmInfo(id=generator, role="synthetic", generator=generator, control="none", kind="hybrid")
    return [own] + [
        ArmInfo(id=f"{generator}:{name}", role="control", generator=generator, control=name, kind="hybrid")
        for name in controls
    ]


def _drawable(look: Look) -> bool:
    Line2D([], [], color=look.color, marker=look.marker, linestyle=look.dash)
    return is_color_like(look.color) and bool(look.title) and bool(look.words)


def test_every_shipped_generator_and_control_can_be_drawn() -> None:
    cards = [definitions.generator_card(name) for name in definitions.names("baselines")]
    found = looks([*REAL, *(arm for card in cards for arm in _variants(card.id, *card.controls))])
    assert all(_drawable(look) for look in found.values())


def test_shipped_generators_have_hues_of_their_own() -> None:
    cards = [definitions.generator_card(name) for name in definitions.names("baselines")]
    found = looks([arm for card in cards for arm in _variants(card.id)])
    assert len({look.color for look in found.values()}) == len(cards)


def _hue(color: str) -> float:
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)[0]


def test_controls_keep_the_hue_in_shades_of_their_own_and_are_dashed_differently() -> None:
    found = looks(_variants("qldm", "twin", "no-entanglement", "permuted", "frozen", "random", "fourier"))
    assert all(abs(_hue(look.color) - _hue(found["qldm"].color)) < 0.02 for look in found.values())
    assert len({look.color for look in found.values()}) == len(found)
    assert found.pop("qldm").dash == "solid"
    assert "solid" not in {look.dash for look in found.values()}
    assert len({(look.dash, look.marker) for look in found.values()}) == len(found)


def test_unlisted_generators_and_controls_get_a_look_too() -> None:
    found = looks([*_variants("mine", "twin", "odd"), *_variants("yours")])
    assert all(_drawable(look) for look in found.values())
    assert found["mine"].color != found["yours"].color
    assert abs(_hue(found["mine"].color) - _hue(found["mine:odd"].color)) < 0.02


SHIPPED = definitions.names("baselines")
IN_A_RECORD = 12
"""Generators whose arms are told apart by their marks; for more of them there are too few, and colours alone differ."""


def _everything(names: Sequence[str] = SHIPPED) -> dict[str, Look]:
    """Return the looks of all real-data arms, checks, shipped generators and controls, and three more quantum generators."""
    cards = [definitions.generator_card(name) for name in names]
    checks = [ArmInfo(id=name, role=role) for name, role in CHECKS.items()]  # type: ignore[arg-type]
    more = [arm for name in ("qddpm", "mosaiq", "mine") for arm in _variants(name, "twin", "frozen", "no-entanglement")]
    return looks([*REAL, *checks, *more, *(arm for card in cards for arm in _variants(card.id, *card.controls))])


@pytest.mark.parametrize("first", range(len(SHIPPED) - IN_A_RECORD + 1))
def test_in_grey_print_every_arm_of_a_record_is_told_by_its_mark_alone(first: int) -> None:
    found = _everything(SHIPPED[first : first + IN_A_RECORD])
    assert len({(look.marker, look.fill) for look in found.values()}) == len(found)


def test_every_arm_has_a_colour_of_its_own_that_is_seen_on_white_and_on_dark_pages() -> None:
    found = _everything()
    assert len({look.color for look in found.values()}) == len(found)
    assert min(contrast(look.color, LIGHT_GROUND) for look in found.values()) >= 3
    assert min(contrast(on_dark(look.color), DARK_GROUND) for look in found.values()) >= 3


def test_a_quantum_generator_keeps_its_mark_beside_classical_ones() -> None:
    ldm = ArmInfo(id="alike", role="synthetic", generator="alike", control="none", kind="classical")
    found = looks([ldm, *_variants("qldm")])
    assert (found["qldm"].marker, found["qldm"].fill) == ("o", "full")
    assert (found["alike"].marker, found["alike"].fill) != ("o", "full")


def test_no_arm_is_called_the_reference_since_that_is_decided_by_validation() -> None:
    for look in looks(REAL).values():
        assert "reference" not in f"{look.title} {look.words}"
        assert "every claim" not in look.words


def test_looks_do_not_depend_on_the_order_of_arms() -> None:
    arms = [*REAL, *_variants("mine", "twin"), *_variants("yours")]
    assert looks(arms) == looks(reversed(arms))
