"""Facts and class are compared before a run computes anything, and what does not fit is named with its file and key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from qaugbench.generators.ddpm import Ddpm

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.errors import DefinitionError
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.generators.shared.binding import check_binding

DDPM = definitions.generator_card("ddpm")


def with_hyper(**changes: Any) -> GeneratorCard:
    return replace(DDPM, hyper={**DDPM.hyper, **changes})


@pytest.mark.parametrize("track", ["smoke", "lite", "standard", "full"])
def test_the_shipped_settings_fit(track: str) -> None:
    check_binding(DDPM, Ddpm, track)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "learning_rat",
            0.1,
            r"baselines/ddpm\.toml, \[hyper\]: Ddpm has no hyper-parameter 'learning_rat'.*'learning_rate'",
        ),
        ("device", "cuda", "no hyper-parameter 'device'"),
        ("learning_rate", "fast", r"\[hyper\], key 'learning_rate': expected float, got 'fast'"),
        ("layers_per_block", 1.5, "key 'layers_per_block': expected int, got 1.5"),
        ("layers_per_block", True, "expected int, got True"),
        ("channels", 24, "key 'channels': expected a list, got 24"),
        ("channels", [24, "48"], "key 'channels': expected int, got '48'"),
    ],
)
def test_what_the_constructor_does_not_take_is_named(key: str, value: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        check_binding(with_hyper(**{key: value}), Ddpm, "smoke")


def test_a_key_of_one_track_is_found_in_its_table() -> None:
    card = replace(DDPM, tracks={**DDPM.tracks, "lite": {**DDPM.tracks["lite"], "sampling_step": 4}})
    check_binding(card, Ddpm, "smoke")
    with pytest.raises(DefinitionError, match=r"\[track\.lite\]: .*'sampling_step'. Did you mean 'sampling_steps'"):
        check_binding(card, Ddpm, "lite")


def test_a_whole_number_may_stand_for_a_real_one() -> None:
    check_binding(with_hyper(latent_clip=4), Ddpm, "smoke")


def test_an_argument_without_default_has_to_be_given() -> None:
    class Needy(Ddpm):
        def __init__(
            self, image_shape: Any, n_labels: int, *, control: str, device: str, depth: int, **others: Any
        ) -> None:
            super().__init__(image_shape, n_labels, control=control, device=device, **others)

    with pytest.raises(DefinitionError, match=r"Needy needs the hyper-parameter 'depth', but neither \[hyper\] nor"):
        check_binding(DDPM, Needy, "smoke")
    check_binding(DDPM, Needy, "smoke", supplied=["depth"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "quantum-inspired"}, "'ddpm' is 'quantum-inspired', but its class Ddpm is 'classical'"),
        ({"space": "pixels"}, "the space 'pixels', but its class Ddpm uses the shared autoencoder"),
        ({"controls": ("twinn",)}, "no control 'twinn'. Did you mean 'twin'"),
    ],
)
def test_card_and_class_have_to_agree(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        check_binding(replace(DDPM, **changes), Ddpm, "smoke")


def test_a_run_is_refused_before_its_data_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    task = definitions.task("kneeoa")
    monkeypatch.setattr(definitions, "generator_card", lambda name: with_hyper(chanels=[8]))
    with pytest.raises(DefinitionError, match=r"no hyper-parameter 'chanels'. Did you mean 'channels'"):
        choose_generators(["ddpm"], task, task.tracks["smoke"])
