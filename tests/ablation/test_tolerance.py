"""How much noise a generator stands, from the levels of a study with a planted loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qaugbench.ablation.findings import study_data
from qaugbench.ablation.levels import asked_sweeps
from qaugbench.ablation.study import LevelResult, Side, StudyResult
from qaugbench.ablation.text import table
from qaugbench.ablation.tolerance import Answer, answers
from tests.ablation.made_up import made_up

REPLICATES = 5
ADVANTAGE, LOSS_PER_DECADE = 0.04, 0.02
"""Of the probe over its twin without noise, and what each decade above the lowest level takes from it."""


def side(probe: float, random: np.random.Generator) -> Side:
    """Return replicates close around a probe's score."""
    return Side("ok", "", tuple({"probe": {"value": probe + random.normal(0, 0.0005)}} for _ in range(REPLICATES)))


def planted(advantage: float = ADVANTAGE) -> StudyResult:
    """Return a study of the two-qubit error in which the advantage over the twin, if any, is gone between 1e-3 and 1e-1."""
    random = np.random.default_rng(1)
    (sweep,) = asked_sweeps(("two_qubit=1e-4,1e-3,1e-2,1e-1",), (), scaled=False, recipe_levels=False)
    levels = []
    for place, level in enumerate(sweep.levels):
        own = side(0.8 + advantage - LOSS_PER_DECADE * max(place - 1, 0), random)
        noisy = None if level.is_clean else side(0.8, random)
        levels.append(LevelResult(sweep.name, level, own, noisy, None, None, 1.0))
    study = replace(made_up().study, replicates=REPLICATES, sweeps=(sweep,))
    return StudyResult(study, side(0.8, random), tuple(levels))


def about(found: list[Answer], words: str) -> str:
    """Return the words of the one answer to a question that has these ``words`` in it."""
    (one,) = (one.words for one in found if words in one.question)
    return one


def test_a_planted_advantage_is_gone_where_it_was_planted() -> None:
    found = answers(planted())
    for twin in ("the clean twin", "the twin with equal noise"):
        value = float(about(found, twin).split()[0])
        assert 0.005 < value < 0.02  # .04 are lost at 1e-2
    assert 3e-4 < float(about(found, ".010 is lost").split()[0]) < 1e-3
    assert about(found, "ever helps").startswith("no level of noise was better than none")


def test_without_an_advantage_there_is_nothing_to_lose() -> None:
    found = answers(planted(advantage=0.0))
    assert about(found, "the clean twin").startswith("not estimable: no noiseless advantage")


def test_nothing_is_said_before_all_levels_are_done_or_of_few_replicates() -> None:
    whole = planted()
    assert answers(replace(whole, levels=whole.levels[:-1])) == []
    assert answers(made_up()) == []


def test_answers_are_printed_and_stored() -> None:
    found = planted()
    assert "How much noise it stands" in table(found)
    assert [one["question"] for one in study_data(found)["tolerance"]] == [one.question for one in answers(found)]


def test_a_sweep_with_too_few_levels_that_succeeded_says_nothing() -> None:
    whole = planted()
    failed = Side("error", "too many wires", ({},) * REPLICATES)
    few = [replace(one, generator=failed) if place > 1 else one for place, one in enumerate(whole.levels)]
    assert answers(replace(whole, levels=tuple(few))) == []
