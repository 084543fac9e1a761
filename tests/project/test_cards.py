"""A generator's facts have one form and known words, and say which file and key cannot stand."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from qaugbench import definitions
from qaugbench.cards import Training, build_card, split_settings
from qaugbench.errors import DefinitionError
from qaugbench.kinds import CIRCUIT_FREE_KINDS, QUANTUM_KINDS, is_classical, is_quantum, may_run_circuits

FACTS = """
deviations = ["None that matters."]

[generator]
id = "flat"
title = "Flat images"
kind = "hybrid"
fidelity = "original"
space = "pixels"
controls = ["twin"]

[citation]
authors = "A. Author"
title = "Title"
year = 2026

[hyper]
width = 4

[track.smoke]
steps = 10
batch_size = 2

[track.lite]
steps = 100
batch_size = 2
width = 8
"""


def facts(*path: str, **changes: Any) -> dict[str, Any]:
    """Return the facts with ``changes`` made in the table at ``path``; None takes a key away."""
    found = copy.deepcopy(tomllib.loads(FACTS))
    table = found
    for part in path:
        table = table[part]
    for key, value in changes.items():
        if value is None:
            del table[key]
        else:
            table[key] = value
    return found


def test_tracks_lie_over_the_common_settings() -> None:
    card = build_card(facts(), "flat.toml")
    assert card.settings("smoke") == {"width": 4, "steps": 10, "batch_size": 2}
    assert card.settings("lite") == {"width": 8, "steps": 100, "batch_size": 2}
    assert split_settings(card.settings("lite")) == (Training(steps=100, batch_size=2), {"width": 8})
    with pytest.raises(DefinitionError, match=r"no settings for track 'smok'\. Did you mean 'smoke'"):
        card.settings("smok")


def test_a_fit_without_steps_states_no_budget_and_needs_no_tracks() -> None:
    card = build_card(facts(track=None), "flat.toml")
    assert card.settings("full") == {"width": 4}
    assert split_settings(card.settings("full")) == (Training(), {"width": 4})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (facts("generator", kind="hybird"), "'hybird' is not allowed. Did you mean 'hybrid'"),
        (facts("generator", space="pixel"), "'pixel' is not allowed. Did you mean 'pixels'"),
        (facts("generator", space="latant"), "'latant' is not allowed. Did you mean 'latent'"),
        (facts("generator", fidelity="reconstructed"), "Did you mean 'reconstruction'"),
        (facts("generator", titel="x"), r"unknown key 'titel' in \[generator\]. Did you mean 'title'"),
        (facts("generator", kind=None), "the key 'kind' is missing"),
        (facts("generator", tracks={}), r"unknown key 'tracks' in \[generator\]"),
        (facts("generator", controls=[]), "a hybrid generator needs controls"),
        (facts("generator", kind="classical"), "kind 'classical' has no circuit that the controls twin could replace"),
        (facts("generator", citation={}), r"'citation' is inside \[generator\]; write it as a table \[citation\]"),
        (facts("generator", deviations=[]), r"'deviations' is inside \[generator\]; write it as the list 'deviations'"),
        (facts(generator=None), r"the table \[generator\] is missing"),
        (facts(hyperr={}), "unknown table or key 'hyperr'. Did you mean 'hyper'"),
        (facts("citation", yaer=2026), "unknown key 'yaer'. Did you mean 'year'"),
        (facts("track", "lite", steps=None), r"\[track\.lite\]: 'batch_size' is given without 'steps'"),
        (facts("track", "lite", steps=0), r"\[track\.lite\]: steps must be a whole number from 1, got 0"),
        (facts("track", "lite", steps=1.5), "steps must be a whole number from 1, got 1.5"),
    ],
)
def test_what_cannot_stand_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=rf"flat\.toml.*{message}"):
        build_card(changed, "flat.toml")


@pytest.mark.parametrize("name", definitions.names("baselines"))
def test_shipped_facts_name_their_file(name: str) -> None:
    assert definitions.generator_card(name).origin == f"baselines/{name}.toml"


def test_kinds_are_told_apart_once() -> None:
    kinds = ("quantum", "hybrid", "quantum-inspired", "classical", "external")
    assert [kind for kind in kinds if is_quantum(kind)] == list(QUANTUM_KINDS) == ["quantum", "hybrid"]
    assert (
        [kind for kind in kinds if not may_run_circuits(kind)] == list(CIRCUIT_FREE_KINDS) == ["classical", "external"]
    )
    assert [kind for kind in kinds if is_classical(kind)] == ["classical"]
