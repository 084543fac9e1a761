"""What a study concludes from its trials: the best so far, what is expected of fewer trials, and failures."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaugbench.files import json_text
from qaugbench.search_space import search_space
from qaugbench.tuning.plot import tuning_png
from qaugbench.tuning.study import Study, StudyResult, best_so_far, expected_best
from qaugbench.tuning.text import conclusion, opening, table
from qaugbench.tuning.trial_result import TrialResult
from tests.tuning.spaces import card

SPACE = search_space(card(layers={"choices": [1, 2]}), "smoke")
STUDY = Study(
    variant="flat:twin",
    task="kneeoa@2",
    source="made",
    source_sha256="0" * 64,
    track="smoke",
    fraction="10%",
    replicates=2,
    trials=4,
    steps=None,
    endpoint="macro_auroc",
    endpoint_title="macro-AUROC",
    n_images=20,
    phantom=False,
    design_seed=1,
    space=SPACE,
)


def result(number: int, *scores: float | None) -> TrialResult:
    failed = None in scores
    outcome, reason = ("diverged", "DivergedError: it left.") if failed else ("ok", "")
    return TrialResult(number, {"layers": 1 + number % 2}, outcome, reason, scores, 2.0)


def of(*means: float | None) -> list[TrialResult]:
    return [result(number, mean, mean) for number, mean in enumerate(means)]


def test_the_mean_needs_every_replicate() -> None:
    assert result(0, 0.6, 0.8).mean == pytest.approx(0.7)
    assert result(0, 0.6, None).mean is None


def test_the_best_so_far_is_the_earliest_of_equals_and_skips_failures() -> None:
    found = best_so_far(of(None, 0.7, 0.6, 0.7, 0.9))
    assert [None if one is None else one.number for one in found] == [None, 1, 1, 1, 4]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=8))
def test_curves_never_fall(means: list[float | None]) -> None:
    for curve in ([one and one.mean for one in best_so_far(of(*means))], expected_best(of(*means))):
        known = [value for value in curve if value is not None]
        assert all(later >= earlier - 1e-12 for earlier, later in pairwise(known))
        assert None not in curve[curve.index(known[0]) :] if known else set(curve) == {None}


@pytest.mark.parametrize("means", [(0.5,), (0.9, 0.5, 0.7, 0.7), (0.9, None, 0.6)])
def test_the_expected_best_is_the_mean_over_all_ways_to_draw_so_many(means: tuple[float | None, ...]) -> None:
    worst = min(mean for mean in means if mean is not None)
    values = [worst if mean is None else mean for mean in means]
    for drawn, expected in enumerate(expected_best(of(*means)), start=1):
        every = [max(some) for some in combinations(values, drawn)]
        assert expected == pytest.approx(sum(every) / len(every))


def test_a_failure_counts_in_the_budget_and_keeps_its_reason() -> None:
    found = StudyResult(STUDY, (result(0, 0.7, 0.6), result(1, 0.9, None))).to_dict()
    assert found["budget"] == {"trials": 4, "steps": None, "replicates": 2, "trials_done": 2, "seconds": 4.0}
    assert found["trials"][1]["reason"] == "DivergedError: it left."
    assert (found["trials"][1]["mean"], found["trials"][1]["best_trial"]) == (None, 0)
    assert found["chosen"] == {"trial": 0, "settings": {"layers": 1}}
    assert json.loads(json_text(found)) == found


def test_the_conclusion_is_lines_to_paste_only_where_a_trial_beat_the_default() -> None:
    assert "nothing to paste" in conclusion(StudyResult(STUDY, tuple(of(0.7, 0.7))))
    better = conclusion(StudyResult(STUDY, tuple(of(0.7, 0.75))))
    assert better.endswith(
        "Trial 1 is best (+.050 over the default), which is beyond the noise. To use it:\n\n[track.smoke]\nlayers = 2"
    )
    assert "Trial 1 is best; the untuned default failed. To use it" in conclusion(
        StudyResult(STUDY, tuple(of(None, 0.75)))
    )
    assert "nothing is chosen" in conclusion(StudyResult(STUDY, tuple(of(None, None))))


def test_a_gain_within_the_noise_keeps_the_default_and_says_what_was_best() -> None:
    found = StudyResult(STUDY, (result(0, 0.70, 0.60), result(1, 0.75, 0.67)))
    assert found.best is found.results[1]
    assert found.chosen is found.results[0]
    assert conclusion(found, 999).splitlines() == [
        "The means of 2 trials are within .060 of one another; by chance, two differ with a standard error of .010 (paired "
        "over the replicates).",
        "Trial 1 is best (+.060 over the default), which is within the noise: as one trial, it would have to be over +.063. "
        "Keep the untuned default; there is nothing to paste.",
    ]
    lines = table(found).splitlines()
    assert lines[3].endswith("chosen")
    assert lines[4].endswith("best")
    stored = found.to_dict()
    assert (stored["best"]["trial"], stored["chosen"]["trial"]) == (1, 0)
    assert stored["noise"]["gain_of_best"] == pytest.approx(0.06)
    assert stored["noise"]["gain_needed"] == pytest.approx(0.0631, abs=1e-4)  # t(1 df, one-sided 5 %) = 6.314


def test_with_one_replicate_the_noise_is_unknown_and_nothing_is_recommended() -> None:
    study = replace(STUDY, replicates=1)
    found = StudyResult(study, (result(0, 0.7), result(1, 0.9)))
    assert found.chosen is found.results[0]
    assert found.to_dict()["noise"] is None
    assert "with one tuning replicate, how much of that is noise is unknown" in conclusion(found, 999)
    assert "Trial 1 is best (+.200 over the default), which cannot be told from noise: --replicates 2" in conclusion(
        found, 999
    )
    assert "the noise is unknown" in opening(study)
    assert "the noise is unknown" not in opening(STUDY)


def test_the_table_shows_every_trial_and_its_replicates() -> None:
    lines = table(StudyResult(STUDY, (result(0, 0.7, 0.6), result(1, 0.8, 0.8), result(2, 0.9, None)))).splitlines()
    assert lines[1].split() == ["trial", "layers", "mean", "replicates", "best", "time"]
    assert lines[3].split() == ["default", "1", ".650", ".700", ".600", ".650", "2.0", "s", "chosen"]
    assert lines[4].split() == ["1", "2", ".800", ".800", ".800", ".800", "2.0", "s", "best"]
    assert lines[5].split() == ["2", "1", "-", ".900", "-", ".800", "2.0", "s", "diverged"]


def test_a_space_smaller_than_the_budget_is_said() -> None:
    assert "only 2 settings" in opening(STUDY)
    assert "Search space: 2 combinations." in opening(STUDY)


@pytest.mark.parametrize("means", [(0.7, 0.6, None, 0.8), (None, None), (0.5,)])
def test_the_picture_is_a_png_whose_bytes_depend_on_the_results_alone(means: tuple[float | None, ...]) -> None:
    found = StudyResult(STUDY, tuple(of(*means)))
    first = tuning_png(found)
    assert first.startswith(b"\x89PNG")
    assert first == tuning_png(found)
    assert first != tuning_png(StudyResult(STUDY, tuple(of(0.1, 0.2))))
