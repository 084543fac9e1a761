"""The page of a study: it answers first, has a picture and a table for each sweep, and asks for nothing outside itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from qaugbench.ablation.findings import findings
from qaugbench.ablation.page import headlines, noise_page
from qaugbench.ablation.study import StudyResult
from tests.ablation.made_up import made_up
from tests.ablation.planted import planted


@pytest.fixture(scope="module")
def study() -> StudyResult:
    """Return a study of one device in all strengths."""
    whole = planted("ibm_heron_r1")
    device = whole.study.sweeps[2]
    levels = tuple(one for one in whole.levels if one.sweep == device.name)
    return replace(whole, study=replace(whole.study, sweeps=(device,)), levels=levels)


def test_the_page_answers_and_is_whole_in_itself(study: StudyResult) -> None:
    page = noise_page(study, findings(study))
    words = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())
    assert "PHANTOM DATA" in words
    assert "IBM Heron r1 (Torino): .010 of the classifier is lost with noise of at most 1 (95 % CI at most 1)" in words
    assert "ibm_heron_r1 needs all errors 3.3 times lower" in words
    assert "with zero-noise: up to 2.1 % of outputs were outside [-1, 1] and clipped" in words
    assert "with readout at 0.1, 0.3, 1, 3 and 10: not applicable: no bit is misread at this level" in words
    assert page.count("<figure>") == len(study.study.sweeps)
    assert not re.search(r"<script|(?:src|href|srcset)=\"(?!data:|#)", page)


def test_where_no_level_costs_that_much_the_answer_does_not_sound_as_if_one_did(study: StudyResult) -> None:
    (device,), none = study.study.sweeps, study.levels[0].generator
    still = replace(study, levels=tuple(replace(one, generator=none) for one in study.levels))
    words = " ".join(headlines(still, findings(still)))
    assert f"{device.title}: by their means no level costs .010 of the " in words
    assert "; that would take noise of at least 10 (95 % CI at least 10)." in words
    assert "is lost with noise of" not in words


def test_an_unfinished_study_says_how_far_it_is() -> None:
    whole = made_up()
    sweep = whole.study.sweeps[1]
    part = replace(whole, levels=tuple(one for one in whole.levels if one.sweep == sweep.name)[:2])
    page = noise_page(part, findings(part))
    assert "2 of 17 levels are done" in page
    assert 'id="needed"' not in page
