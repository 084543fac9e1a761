"""The table [tune]: what it means, and what is refused with file, key and remedy."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.cards import build_card
from qaugbench.errors import DefinitionError
from qaugbench.search_space import Choices, Range, search_space
from qaugbench.tuning.text import toml_lines
from tests.tuning.spaces import HYPER, TUNED, card


def test_the_table_of_a_file_becomes_a_space() -> None:
    space = search_space(card(**TUNED), "smoke")
    assert list(space.dimensions) == ["layers", "learning_rate", "steps"]
    assert space.default == {"layers": 3, "learning_rate": 1e-3, "steps": 20}
    assert search_space(card(**TUNED), "lite").default["steps"] == 40
    assert (space.n_continuous, space.combinations) == (1, 3 * 31)
    assert space.size == "1 continuous setting, 93 combinations of the others"


def test_corners_and_middle_of_the_cube() -> None:
    space = search_space(card(**TUNED), "smoke")
    assert space.at([0.0, 0.0, 0.0]) == {"layers": 1, "learning_rate": 1e-4, "steps": 10}
    assert space.at([0.5, 0.5, 0.5]) == {"layers": 2, "learning_rate": 1e-3, "steps": 25}
    last = np.nextafter(1.0, 0.0)
    assert space.at([last] * 3) == {"layers": 4, "learning_rate": 1e-2, "steps": 40}


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_whole_numbers_reach_both_limits_and_stay_whole(scale: Any) -> None:
    values = [Range(1, 6, scale).at(unit) for unit in np.linspace(0, 1, 600, endpoint=False)]
    assert set(values) == {1, 2, 3, 4, 5, 6}
    assert {type(value) for value in values} == {int}
    if scale == "linear":
        assert {values.count(value) for value in range(1, 7)} == {100}


def test_a_continuous_value_is_the_one_that_is_printed() -> None:
    values = [Range(1e-4, 1e-2, "log").at(unit) for unit in np.linspace(0, 1, 50, endpoint=False)]
    assert values == [float(f"{value:.3g}") for value in values] == sorted(values)


def test_values_are_written_as_toml_reads_them() -> None:
    settings = {"learning_rate": 2.35e-05, "layers": 4, "channels": [8, 16], "flip": True, "kind": 'a "b"'}
    assert tomllib.loads(toml_lines("lite", settings)) == {"track": {"lite": settings}}


@pytest.mark.parametrize(
    ("tune", "words"),
    [
        ({}, r"says nothing about what to tune. Add a table \[tune\]"),
        (
            {"learning_rat": {"low": 1.0, "high": 2.0}},
            "no setting 'learning_rat' on the track smoke. Did you mean 'learn",
        ),
        ({"depth": {"choices": [1, 2]}}, "no setting 'depth' on the track smoke"),
        ({"layers": [1, 2]}, r"key 'layers': expected limits or choices, got \[1, 2\]"),
        ({"layers": {"choises": [1, 2]}}, "key 'layers': unknown key 'choises'"),
        ({"layers": {"choices": [2]}}, "at least two different values"),
        ({"layers": {"choices": [2, 2, 3]}}, "at least two different values"),
        ({"layers": {"choices": [1, 2.5]}}, "2.5 is not of the type of the untuned value, 3"),
        ({"flip": {"choices": [0, 1]}}, "0 is not of the type of the untuned value, False"),
        ({"layers": {"low": 1.0, "high": 3.5}}, "the untuned value is 3, so give whole limits"),
        ({"channels": {"low": 1, "high": 3}}, "so give choices"),
        ({"flip": {"low": 0, "high": 1}}, "so give choices"),
        ({"noise": {"low": 0.5, "high": 0.5}}, "low must be below high"),
        ({"noise": {"low": 0.5}}, "the key 'high' is missing"),
        ({"noise": {"low": 0.0, "high": float("inf")}}, "both finite"),
        ({"noise": {"low": 0.0, "high": 0.5, "scale": "log"}}, "needs low above 0, got 0.0"),
        ({"noise": {"low": 0.1, "high": 0.5, "scale": "lgo"}}, "Did you mean 'log'"),
        ({"noise": {"low": "a", "high": 0.5}}, "expected"),
    ],
)
def test_a_space_that_cannot_be_used_names_file_key_and_remedy(tune: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words) as raised:
        search_space(card(**tune), "smoke")
    assert str(raised.value).startswith("baselines/flat.toml")
    assert all(re.search(rf"'{key}'", str(raised.value)) for key in tune)


def test_whole_limits_of_a_continuous_setting_are_no_whole_numbers() -> None:
    space = search_space(card(noise={"low": 0, "high": 1}), "smoke")
    assert space.dimensions["noise"] == Range(0.0, 1.0)
    assert space.n_continuous == 1
    assert search_space(card(noise={"choices": [0, 0.5]}), "smoke").dimensions["noise"] == Choices((0, 0.5))


def test_a_file_may_have_the_table() -> None:
    facts = {
        "generator": {
            "id": "g",
            "title": "G",
            "kind": "classical",
            "fidelity": "original",
            "space": "pixels",
            "controls": [],
        },
        "hyper": {"layers": HYPER["layers"]},
        "tune": {"layers": {"choices": [1, 2]}},
    }
    found = build_card(facts, "g.toml")
    assert search_space(found, "lite").dimensions == {"layers": Choices((1, 2))}
    with pytest.raises(DefinitionError, match="'tune' is inside"):
        build_card({"generator": {**facts["generator"], "tune": {}}}, "g.toml")


def test_every_shipped_table_can_be_used_on_every_track() -> None:
    cards = [one for one in definitions.usable_cards() if one.tune]
    assert cards
    for one in cards:
        for track in one.tracks:
            assert search_space(one, track).dimensions
