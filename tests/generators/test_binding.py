"""Facts and class are compared before a run computes anything, and what does not fit is named with its file and key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from qaugbench import definitions
from qaugbench.cards import GeneratorCard, build_card
from qaugbench.errors import DefinitionError
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.generators.ldm import Ldm
from qaugbench.generators.shared.binding import bound, check_facts, check_labels

LDM = definitions.generator_card("ldm")
FACTS = definitions.read_toml("baselines", "ldm")


def with_hyper(**changes: Any) -> GeneratorCard:
    return replace(LDM, hyper={**LDM.hyper, **changes})


@pytest.mark.parametrize("track", ["smoke", "lite", "standard", "full"])
def test_the_shipped_settings_fit(track: str) -> None:
    recipe = bound(LDM, Ldm, track)
    assert recipe.training.steps == LDM.tracks[track]["steps"]
    assert isinstance(recipe.hyper, Ldm.Hyper)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("learning_rat", 0.1, r"baselines/ldm\.toml, settings of the track 'smoke': unknown key 'learning_rat'"),
        ("device", "cuda", "unknown key 'device'"),
        ("sampling_step", 4, "unknown key 'sampling_step'. Did you mean 'sampling_steps'"),
        ("learning_rate", "fast", "key 'learning_rate': expected float, got 'fast'"),
        ("layers_per_block", 1.5, "key 'layers_per_block': expected int, got 1.5"),
        ("layers_per_block", True, "expected int, got True"),
        ("channels", 24, "key 'channels': expected a list, got 24"),
        ("channels", [24, "48"], "key 'channels': expected int, got '48'"),
        ("schedule", "cosinus", "key 'schedule': 'cosinus' is not allowed. Did you mean 'cosine'"),
    ],
)
def test_what_the_class_does_not_take_is_named(key: str, value: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        bound(with_hyper(**{key: value}), Ldm, "smoke")


def test_a_key_of_one_track_is_found_there() -> None:
    card = replace(LDM, tracks={**LDM.tracks, "lite": {**LDM.tracks["lite"], "sampling_step": 4}})
    bound(card, Ldm, "smoke")
    with pytest.raises(DefinitionError, match="track 'lite': unknown key 'sampling_step'"):
        bound(card, Ldm, "lite")


def test_a_whole_number_may_stand_for_a_real_one() -> None:
    assert bound(with_hyper(clip=4), Ldm, "smoke").hyper.clip == 4.0


def test_a_setting_without_default_has_to_be_given() -> None:
    class Needy(Ldm):
        @dataclass(frozen=True)
        class Hyper:
            depth: int

    bare = replace(LDM, hyper={}, tracks={"smoke": {"steps": 1, "batch_size": 1}})
    with pytest.raises(DefinitionError, match="the key 'depth' is missing"):
        bound(bare, Needy, "smoke")


@pytest.mark.parametrize("hyper", [None, dict])
def test_a_class_needs_a_dataclass_for_its_settings(hyper: Any) -> None:
    with pytest.raises(
        DefinitionError, match=r"Bare \(.*baselines/ldm.toml\) has (no Hyper|a Hyper that is no dataclass .*dict)"
    ):
        bound(LDM, type("Bare", (Ldm,), {"Hyper": hyper}), "smoke")


def test_a_class_that_cannot_be_built_is_named_before_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Ldm, *arguments: Any) -> None:
        raise RuntimeError("forgot something")

    task = definitions.task("kneeoa")
    monkeypatch.setattr(Ldm, "__init__", broken)
    with pytest.raises(DefinitionError, match=r"class Ldm cannot be built .* RuntimeError: forgot something"):
        choose_generators(["ldm"], task, task.tracks["smoke"])


def test_a_stepped_generator_needs_steps() -> None:
    bare = replace(LDM, tracks={})
    with pytest.raises(DefinitionError, match="Ldm learns step by step; give steps and batch_size"):
        bound(bare, Ldm, "smoke")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "quantum-inspired"}, "'ldm' is 'quantum-inspired', but its class Ldm is 'classical'"),
        ({"controls": ("twinn",)}, "no control 'twinn'. Did you mean 'twin'"),
    ],
)
def test_card_and_class_have_to_agree(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        check_facts(replace(LDM, **changes), Ldm)


def test_a_class_for_one_label_each_is_refused_for_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    check_labels(LDM, Ldm, "multilabel")
    monkeypatch.setattr(Ldm, "multi_label", False)
    check_labels(LDM, Ldm, "ordinal")
    with pytest.raises(DefinitionError, match="'ldm' learns images of exactly one class each"):
        check_labels(LDM, Ldm, "multilabel")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"average": 1.0}, "average must be at least 0 and below 1, got 1.0"),
        ({"warm_up": -0.1}, "warm_up must be at least 0 and below 1"),
    ],
)
def test_training_settings_are_checked_where_they_are_read(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        build_card({**FACTS, "hyper": {**FACTS["hyper"], **settings}}, "here")


def test_training_settings_need_steps() -> None:
    facts = {key: value for key, value in FACTS.items() if key != "track"}
    with pytest.raises(DefinitionError, match="'learning_rate' is given, but no 'steps' and 'batch_size'"):
        build_card(facts, "here")


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"chanels": [8]}, "space 'latent': unknown key 'chanels'. Did you mean 'channels'"),
        ({"channels": [8, 16, 32, 64, 64, 64]}, "multiple of 64, but 32x32"),
    ],
)
def test_settings_of_the_space_are_checked_before_a_run(
    space: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = definitions.task("kneeoa")
    monkeypatch.setattr(definitions, "generator_card", lambda name: replace(LDM, space_settings=space))
    with pytest.raises(DefinitionError, match=message):
        choose_generators(["ldm"], task, task.tracks["smoke"])


def test_a_run_is_refused_before_its_data_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    task = definitions.task("kneeoa")
    monkeypatch.setattr(definitions, "generator_card", lambda name: with_hyper(chanels=[8]))
    with pytest.raises(DefinitionError, match=r"unknown key 'chanels'. Did you mean 'channels'"):
        choose_generators(["ldm"], task, task.tracks["smoke"])
