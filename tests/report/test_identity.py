"""Looks: controls share their generator's hue and are never solid; every task's classes and arms can be drawn."""

from __future__ import annotations

from matplotlib.colors import is_color_like
from matplotlib.lines import Line2D

from qaugbench import definitions
from qaugbench.predictions import ArmInfo
from qaugbench.report.identity import Look, looks

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


def test_controls_keep_the_hue_and_are_dashed_differently() -> None:
    found = looks(
        _variants("qldm", "twin", "no-entanglement", "permuted", "frozen", "random", "fourier", "as-released")
    )
    assert {look.color for look in found.values()} == {found["qldm"].color}
    assert found.pop("qldm").dash == "solid"
    assert "solid" not in {look.dash for look in found.values()}
    assert len({(look.dash, look.marker) for look in found.values()}) == len(found)


def test_unlisted_generators_and_controls_get_a_look_too() -> None:
    found = looks([*_variants("mine", "twin", "odd"), *_variants("yours")])
    assert all(_drawable(look) for look in found.values())
    assert found["mine"].color == found["mine:odd"].color != found["yours"].color


def test_no_arm_is_called_the_reference_since_that_is_decided_by_validation() -> None:
    for look in looks(REAL).values():
        assert "reference" not in f"{look.title} {look.words}"
        assert "every claim" not in look.words


def test_looks_do_not_depend_on_the_order_of_arms() -> None:
    arms = [*REAL, *_variants("mine", "twin"), *_variants("yours")]
    assert looks(arms) == looks(reversed(arms))
