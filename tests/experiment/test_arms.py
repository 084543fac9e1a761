"""What the arms of a run are, and what makes a run no entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaugbench.experiment.arms import reconstruction_arms, variant_arms
from qaugbench.experiment.assemble import departures
from tests.experiment.small import SPACE, small_choice, small_plan, small_setting, small_source, small_split

KINDS = {
    "qldm": "hybrid",
    "qldm:twin": "classical",
    "qldm:no-entanglement": "hybrid",
    "qldm:permuted": "hybrid",
    "qldm:frozen": "hybrid",
    "qldm:random": "classical",
    "qldm:fourier": "classical",
}


def test_a_control_is_of_its_generator_s_kind_where_a_circuit_still_runs() -> None:
    controls = tuple(name.partition(":")[2] for name in KINDS if ":" in name)
    choice = small_choice("qldm", controls=controls)
    assert {arm.info.id: arm.info.kind for arm in variant_arms(choice)} == KINDS


def test_a_generator_without_circuits_has_one_arm() -> None:
    (arm,) = variant_arms(small_choice("ldm", controls=()))
    assert (arm.info.id, arm.info.role, arm.info.kind, arm.fill) == ("ldm", "synthetic", "classical", "synthetic")


def test_generators_of_one_space_share_one_arm_of_reconstructions_and_name_it() -> None:
    other = replace(SPACE, settings={**SPACE.settings, "steps": 9}, title="latent-other")
    pixels = replace(SPACE, name="pixels", title="pixels-8", is_identity=True)
    choices = [small_choice("qldm"), small_choice("ldm", controls=())]
    choices += [replace(choices[1], space=other), replace(choices[1], space=pixels), replace(choices[1], space=None)]
    assert [arm.info.id for arm in reconstruction_arms(choices)] == ["R+rec:latent-small", "R+rec:latent-other"]
    named = [next(variant_arms(choice)).info.space_arm for choice in choices]
    assert named == ["R+rec:latent-small", "R+rec:latent-small", "R+rec:latent-other", None, None]


@pytest.mark.parametrize(
    ("fractions", "replicates", "split", "words"),
    [
        ((0.25,), 2, "own", []),
        ((0.5,), 2, "own", ["fractions other than those of the track"]),
        ((0.25, 0.5), 2, "own", ["fractions other than those of the track"]),
        ((0.25,), 3, "own", ["3 replicates instead of the 2 of the track"]),
        ((0.25,), 2, "fold:1/5", ["fold:1/5 as its split, one of several that belong together"]),
    ],
)
def test_other_amounts_than_the_track_s_are_departures(
    fractions: tuple[float, ...], replicates: int, split: str, words: list[str]
) -> None:
    source = small_source(split=replace(small_split(), name=split))
    plan = small_plan(small_setting(source=source), small_choice(), fractions=fractions, replicates=replicates)
    assert departures(plan) == words
