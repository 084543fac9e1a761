"""What the arms of a run are, and what makes a run no entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaugbench import definitions
from qaugbench.experiment.arms import reconstruction_arms, variant_arms
from qaugbench.experiment.assemble import departures
from qaugbench.experiment.generator_choice import choose_generators
from tests.experiment.small import SPACE, small_choice, small_plan, small_setting, small_source, small_split

KINDS = {
    "qldm:denoiser": "hybrid",
    "qldm:denoiser:twin": "classical",
    "qldm:denoiser:no-entanglement": "hybrid",
    "qldm:denoiser:permuted": "hybrid",
    "qldm:denoiser:frozen": "hybrid",
    "qldm:denoiser:random": "classical",
    "qldm:denoiser:fourier": "classical",
}
FOUR = ("qldm", "qldm:twin", "qldm:twin-autoencoder", "qldm:twin-autoencoder:twin")


def test_a_control_is_of_its_generator_s_kind_where_a_circuit_still_runs() -> None:
    controls = tuple(name.removeprefix("qldm:denoiser:") for name in KINDS if name != "qldm:denoiser")
    choice = small_choice("qldm:denoiser", controls=controls)
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


def test_spaces_that_lose_nothing_may_be_written_in_two_ways() -> None:
    task = definitions.task("brainmri")
    choices = choose_generators(["andra-qgan", "mediq-gan"], task, definitions.track(task, "smoke"))
    assert len({str(choice.space.settings) for choice in choices if choice.space}) == 2  # a side of 32, and as it is
    assert reconstruction_arms(choices) == ()


def test_circuits_in_the_denoiser_and_in_the_autoencoder_are_four_arms_with_a_ceiling_for_either_space() -> None:
    task = definitions.task("brainmri")
    names = ["qldm:twin-autoencoder:twin", "qldm", "qldm:denoiser", "ldm"]
    choices = choose_generators(names, task, definitions.track(task, "smoke"))
    own, twin, shared = "R+rec:quantum-latent-4x8x8", "R+rec:quantum-latent-4x8x8-twin", "R+rec:latent-4x8x8"
    assert [arm.info.id for arm in reconstruction_arms(choices)] == [twin, own, shared]
    arms = {arm.info.id: arm.info for choice in choices for arm in variant_arms(choice)}
    four = {name: (arms[name].space_arm, arms[name].kind, arms[name].space_twin_of) for name in FOUR}
    assert four == {
        "qldm": (own, "hybrid", None),
        "qldm:twin": (own, "hybrid", None),
        "qldm:twin-autoencoder": (twin, "hybrid", "qldm"),
        "qldm:twin-autoencoder:twin": (twin, "classical", "qldm"),
    }
    assert arms["qldm:denoiser"].space_arm == arms["ldm"].space_arm == shared
    assert arms["qldm:denoiser:twin"].kind == "classical"


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
