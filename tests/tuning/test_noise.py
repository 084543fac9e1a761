"""The noise between trials, against SciPy's paired t test, a linear model, and studies in which no setting matters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_rel

from qaugbench.tuning.noise import LEVEL, noise_of
from qaugbench.tuning.study import StudyResult
from qaugbench.tuning.trial_result import TrialResult
from tests.tuning.test_study import STUDY


def trials(scores: np.ndarray) -> tuple[TrialResult, ...]:
    """Return a trial with settings of its own for each row of ``scores``."""
    return tuple(
        TrialResult(number, {"layers": number}, "ok", "", tuple(map(float, row)), 1.0)
        for number, row in enumerate(scores)
    )


@given(st.integers(0, 999), st.integers(2, 6))
def test_of_two_trials_it_is_the_paired_t_test(seed: int, replicates: int) -> None:
    scores = np.random.default_rng(seed).normal([[0.80], [0.82]], 0.02, (2, replicates))
    found = StudyResult(STUDY, trials(scores))
    p = ttest_rel(scores[1], scores[0], alternative="greater").pvalue
    assert (found.chosen is found.results[1]) == (p < LEVEL)


def test_the_standard_error_is_that_of_a_linear_model_of_trials_and_replicates() -> None:
    scores = np.random.default_rng(5).normal(size=(5, 3))
    trial, replicate = np.indices(scores.shape).reshape(2, -1)
    model = np.column_stack([*(trial == one for one in range(5)), *(replicate == one for one in range(1, 3))]).astype(
        float
    )
    left = scores.ravel() - model @ np.linalg.lstsq(model, scores.ravel(), rcond=None)[0]
    variance = left @ left / (scores.size - model.shape[1])
    covariance = variance * np.linalg.inv(model.T @ model)
    found = noise_of(trials(scores))
    assert found is not None
    assert found.degrees_of_freedom == scores.size - model.shape[1]
    assert found.standard_error**2 == pytest.approx(covariance[1, 1] + covariance[0, 0] - 2 * covariance[0, 1])
    assert found.needed == pytest.approx(t.ppf(1 - 0.05 / 4, 8) * found.standard_error)


def test_what_a_replicate_adds_to_every_trial_is_no_noise() -> None:
    scores = np.random.default_rng(6).normal(size=(4, 3))
    found, shifted = noise_of(trials(scores)), noise_of(trials(np.add(scores, [0.0, 5.0, -3.0])))
    assert found is not None
    assert shifted is not None
    assert shifted.standard_error == pytest.approx(found.standard_error)


def test_studies_in_which_nothing_matters_seldom_recommend_a_trial() -> None:
    random = np.random.default_rng(7)
    null = [random.normal(0.9, 0.01, (6, 2)) + random.normal(0, 0.03, 2) for _ in range(400)]
    recommended = sum(StudyResult(STUDY, trials(scores)).chosen.number > 0 for scores in null)  # type: ignore[union-attr]
    assert recommended / len(null) <= LEVEL + 2 * (LEVEL * (1 - LEVEL) / len(null)) ** 0.5


def test_it_is_unknown_with_one_replicate_or_one_trial_and_repeated_settings_count_once() -> None:
    assert noise_of(trials(np.array([[0.7], [0.8]]))) is None
    assert noise_of(trials(np.array([[0.7, 0.8]]))) is None
    two = trials(np.array([[0.7, 0.6], [0.75, 0.67]]))
    again = TrialResult(2, two[1].settings, "ok", "", two[1].scores, 0.0)
    failed = TrialResult(3, {"layers": 9}, "diverged", "it left", (0.9, None), 1.0)
    assert noise_of((*two, again, failed)) == noise_of(two)
    assert noise_of(()) is None
