"""What devices would need, and whether errors of all kinds count alike, from a study in which both are planted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qaugbench.ablation.findings import findings, study_data
from qaugbench.ablation.needed import LOSE_LITTLE, REAL_ONLY, TWIN, Need, collapses, device_errors, needs
from qaugbench.ablation.study import StudyResult
from qaugbench.ablation.text import table
from qaugbench.ablation.tolerance import answers
from tests.ablation.planted import LOST_AN_ERROR, planted


@pytest.fixture(scope="module")
def study() -> StudyResult:
    return planted("ibm_heron_r1")


def about(found: list[Need], measure: str, target: str) -> Need:
    (one,) = (one for one in found if (one.measure, one.target) == (measure, target))
    return one


def test_a_device_needs_the_factor_that_was_planted(study: StudyResult) -> None:
    parts = device_errors(study, "ibm_heron_r1")
    total, allowed = sum(parts.values()), 0.01 / LOST_AN_ERROR
    assert set(parts) == {"two-qubit gates", "one-qubit gates", "readout", "waiting"}
    need = about(needs(study), "probe", LOSE_LITTLE)
    assert need.curve == "ibm_heron_r1"
    factors = {one.what: one.factor for one in need.improvements}
    assert factors["together"] == pytest.approx(total / allowed, rel=0.1)
    assert all(factors[cause] == float("inf") for cause in ("two-qubit gates", "one-qubit gates", "waiting"))
    stored = need.to_dict()["improvements"][0]
    assert (stored["words"], stored["factor"]) == ("not by this alone", None)


def test_a_score_that_all_noise_leaves_higher_is_reached_already(study: StudyResult) -> None:
    need = about(needs(study), "recipe", REAL_ONLY)
    assert {one.words for one in need.improvements} == {
        "reached already, as measured"
    }  # .7 less .03, and real images have .6


def test_a_twin_that_is_better_without_noise_is_reached_by_no_device() -> None:
    need = about(needs(planted("ibm_heron_r1", twin=0.9)), "probe", TWIN)
    assert need.improvements == ()
    assert need.reason.startswith("the target is missed even without noise")


def test_a_single_level_of_a_device_is_read_off_an_axis(study: StudyResult) -> None:
    sweeps = tuple(
        replace(one, kind="device", levels=(one.levels[0], next(level for level in one.levels if level.value == 1)))
        if one.name == "ibm_heron_r1"
        else one
        for one in study.study.sweeps
    )
    few = [one for one in study.levels if one.sweep != "ibm_heron_r1" or one.level.value in (0, 1)]
    found = needs(replace(study, study=replace(study.study, sweeps=sweeps), levels=tuple(few)))
    assert {one.curve for one in found} == {"two_qubit"}
    assert {one.measure for one in found} == {"probe"}  # nothing trains along an axis


def beside_one_level(study: StudyResult, loss: float) -> Need:
    """Return what a device needs that was measured at one level, with a ``loss`` there that the axis beside it does not tell."""
    clean = next(one for one in study.levels if one.sweep == "ibm_heron_r1" and one.level.is_clean)
    changed = tuple({"probe": {"value": row["probe"]["value"] - loss}} for row in clean.generator.measures)
    levels = [
        replace(one, generator=replace(one.generator, measures=changed))
        if one.sweep == "ibm_heron_r1" and one.level.value == 1
        else one
        for one in study.levels
        if one.sweep != "ibm_heron_r1" or one.level.value in (0, 1)
    ]
    found = needs(replace(study, levels=tuple(levels)))
    need = about(found, "probe", LOSE_LITTLE)
    assert need.curve == "two_qubit"
    return need


def test_a_device_that_loses_little_as_measured_has_reached_the_target_whatever_an_axis_says(
    study: StudyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qaugbench.ablation.needed.is_complete", lambda found: True)
    assert {one.words for one in beside_one_level(study, 0.001).improvements} == {"reached already, as measured"}


def test_a_device_that_loses_more_as_measured_has_not_reached_the_target_whatever_an_axis_says(
    study: StudyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qaugbench.ablation.needed.is_complete", lambda found: True)
    monkeypatch.setattr("qaugbench.ablation.needed.device_errors", lambda found, device: {"readout": 0.02})
    need = beside_one_level(study, 0.05)
    assert {one.words for one in need.improvements} == {"lower, but no level tells by how much"}


def test_axes_collapse_where_only_the_number_of_errors_counts(study: StudyResult) -> None:
    found = collapses(study)
    assert set(found) == {"kid", "probe"}  # one sweep alone has trained classifiers
    assert found["probe"].by_expected_errors > 0.95
    assert found["probe"].low > 0  # readout errors are none of the two-qubit gates
    assert found["probe"].n_axes == 3


def test_mitigation_has_thresholds_of_its_own(study: StudyResult) -> None:
    question = "noise at which .010 is lost"
    lost = {
        one.mitigation: one.words for one in answers(study) if one.sweep == "two_qubit" and one.question == question
    }
    assert set(lost) == {"", "zero-noise"}  # inversion had nothing to invert
    plain, mended = (float(lost[name].split()[0]) for name in ("", "zero-noise"))
    assert mended > 1.5 * plain  # half the loss


def test_all_of_it_is_printed_and_stored(study: StudyResult) -> None:
    concluded = findings(study)
    text = table(study, 110, concluded)
    assert all(len(line) <= 110 for line in text.splitlines())
    for words in (
        "What devices would need",
        "not by this alone",
        "as one axis for all kinds",
        "162,000",
        "up to 2.1 % of outputs were outside",
    ):
        assert words in text
    stored = json.loads(json.dumps(study_data(study, concluded), allow_nan=False))
    assert [one["target"] for one in stored["needed"]] == [one.target for one in needs(study)]
    assert set(stored["collapse"]) == {"kid", "probe"}
    assert stored["sweeps"][2]["levels"][3]["errors_by_cause"]["readout"] > 0


def test_few_replicates_say_nothing() -> None:
    few = planted("ibm_heron_r1", replicates=2)
    assert needs(few) == []
    assert collapses(few) == {}
