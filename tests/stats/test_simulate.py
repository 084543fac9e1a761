"""Simulated arms have the values that they are said to have, by independent libraries and large samples."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, cohen_kappa_score, roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.stats.simulate import (
    DISAGREEING,
    IDENTICAL,
    TRAINED,
    Effects,
    Findings,
    Grades,
    OneFinding,
    Population,
    draw_grades,
    draw_scores,
)
from qaugbench.stats.truth import (
    auroc_truth,
    average_precision_truth,
    brier_truth,
    calibrated_logit,
    expected_average_precision,
    kappa_truth,
    solved,
)

N_IMAGES = 200_000
SEPARATION = 1.4
GRADES = (0.4, 0.3, 0.2, 0.1)


def _finding(seed: int, separation: float = SEPARATION) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    positive = random.random(N_IMAGES) < 0.2
    return positive, separation * positive + random.normal(size=N_IMAGES)


def test_true_auroc_and_average_precision_are_those_of_a_large_sample() -> None:
    positive, scores = _finding(0)
    assert auroc_truth(SEPARATION) == pytest.approx(roc_auc_score(positive, scores), abs=0.004)
    assert average_precision_truth(SEPARATION, 0.2) == pytest.approx(
        average_precision_score(positive, scores), abs=0.008
    )


def test_true_brier_score_is_that_of_a_large_sample() -> None:
    positive, scores = _finding(1)
    probability = 1 / (1 + np.exp(-calibrated_logit(scores, SEPARATION, 0.2)))
    assert brier_truth(SEPARATION, 0.2) == pytest.approx(brier_score_loss(positive, probability), abs=0.001)


def test_true_kappa_is_that_of_a_large_sample() -> None:
    random = np.random.default_rng(2)
    grade = random.choice(len(GRADES), p=GRADES, size=N_IMAGES)
    read = np.searchsorted((np.arange(3) + 0.5) * SEPARATION, SEPARATION * grade + random.normal(size=N_IMAGES))
    assert kappa_truth(SEPARATION, GRADES) == pytest.approx(
        cohen_kappa_score(grade, read, weights="quadratic"), abs=0.004
    )


def test_truths_over_replicates_are_the_means_of_large_samples_with_other_separations() -> None:
    random = np.random.default_rng(3)
    grade = random.choice(len(GRADES), p=GRADES, size=10_000)
    positive = grade > 1
    found = []
    for _ in range(120):
        separation = random.normal(SEPARATION, 0.3)
        scores, read = random.normal(separation * positive), random.normal(separation * grade)
        called = np.searchsorted((np.arange(3) + 0.5) * SEPARATION, read)
        kappa = cohen_kappa_score(grade, called, weights="quadratic")
        found.append((roc_auc_score(positive, scores), average_precision_score(positive, scores), kappa))
    expected = (
        auroc_truth(SEPARATION, 0.3),
        average_precision_truth(SEPARATION, positive.mean(), 0.3),
        kappa_truth(SEPARATION, GRADES, 0.3),
    )
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - expected) < 3 * error + 0.002).all()
    assert (np.array(expected) < [auroc_truth(SEPARATION), 1, kappa_truth(SEPARATION, GRADES)]).all()


def test_expected_average_precision_is_the_mean_over_small_test_sets() -> None:
    random = np.random.default_rng(9)
    positive = random.random((40_000, 40)) < 0.3
    positive = positive[positive.any(axis=1)]
    scores = random.normal(1.2 * positive)
    ranked = np.take_along_axis(positive, np.argsort(-scores, axis=1), axis=1)
    precision = np.cumsum(ranked, axis=1) / np.arange(1, 41)
    of_sets = (precision * ranked).sum(axis=1) / ranked.sum(axis=1)
    assert of_sets[0] == pytest.approx(average_precision_score(positive[0], scores[0]))
    assert expected_average_precision(1.2, 0.3, 40) == pytest.approx(of_sets.mean(), abs=0.003)
    assert expected_average_precision(1.2, 0.3, 40) > average_precision_truth(1.2, 0.3) + 0.01
    assert expected_average_precision(1.2, 0.3, 10**5) == pytest.approx(average_precision_truth(1.2, 0.3), abs=1e-4)


def test_seeds_move_the_brier_score_as_a_large_sample_says() -> None:
    random = np.random.default_rng(4)
    positive = random.random(N_IMAGES) < 0.2
    scores = random.normal(SEPARATION, 0.3, size=N_IMAGES) * positive + random.normal(size=N_IMAGES)
    probability = 1 / (1 + np.exp(-calibrated_logit(scores, SEPARATION, 0.2)))
    assert brier_truth(SEPARATION, 0.2, 0.3) == pytest.approx(brier_score_loss(positive, probability), abs=0.001)


@pytest.mark.parametrize(
    "population",
    [
        OneFinding((0.87, 0.80), 4, 60, 140, TRAINED),
        Findings("macro_auroc", (0.87, 0.80), 4, 150, (0.3, 0.5)),
        Findings("ap", (0.75, 0.65), 4, 150, (0.3, 0.5)),
        Findings("brier", (0.18, 0.14), 4, 150, (0.3, 0.5), images_each=2),
        Grades((0.75, 0.65), 4, 150, GRADES),
    ],
    ids=lambda population: getattr(population, "metric", type(population).__name__),
)
def test_mean_of_many_draws_is_the_true_value(population: Population) -> None:
    random = np.random.default_rng(5)
    drawn = np.array([population.draw(random).theta.mean(axis=1) for _ in range(150)])
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    assert np.abs(drawn.mean(axis=0) - population.values) == pytest.approx(0, abs=float(4 * error.max()))


def test_scores_have_the_correlations_that_the_effects_name() -> None:
    patient, negative = np.arange(100_000), np.zeros((1, 100_000), dtype=bool)
    scores = draw_scores(np.random.default_rng(6), DISAGREEING, np.zeros(2), negative, patient, replicates=2)[0]
    correlation = np.corrcoef(scores.reshape(4, -1))
    assert scores.var() == pytest.approx(1, abs=0.02)
    assert correlation[0, 1] == pytest.approx(0.65, abs=0.01)  # one arm, two replicates: shared + own
    assert correlation[0, 2] == pytest.approx(0.50, abs=0.01)  # two arms: shared
    same = draw_scores(np.random.default_rng(6), IDENTICAL, np.zeros(2), negative, patient, replicates=2)[0]
    assert np.corrcoef(same.reshape(4, -1))[0] == pytest.approx([1, 0.65, 0.65, 0.65], abs=0.01)


def test_grades_have_their_prevalences_and_are_alike_within_a_patient() -> None:
    grade = draw_grades(np.random.default_rng(7), GRADES, np.repeat(np.arange(50_000), 2))
    assert np.bincount(grade) / grade.size == pytest.approx(GRADES, abs=0.01)
    assert np.corrcoef(grade[::2], grade[1::2])[0, 1] > 0.5


def test_forgetting_the_patients_leaves_the_scores_and_changes_the_influence() -> None:
    known, forgotten = (Grades((0.7, 0.7), 2, 50, GRADES, grouped=grouped) for grouped in (True, False))
    a, b = (population.draw(np.random.default_rng(8)) for population in (known, forgotten))
    assert np.array_equal(a.theta, b.theta)
    assert (a.influence.shape[2], b.influence.shape[2]) == (50, 100)


def test_impossible_values_and_effects_are_refused() -> None:
    with pytest.raises(StatisticsError, match=r"between 0\.503 and 1\.000; given 0\.4"):
        OneFinding((0.4, 0.4), 2, 10, 10).draw(np.random.default_rng(0))
    with pytest.raises(StatisticsError, match="one image per patient; given 2"):
        Findings("ap", (0.5, 0.5), 2, 100, (0.5,), images_each=2)
    with pytest.raises(StatisticsError, match="sum to 1"):
        Effects(shared=0.5, own=0.5, residual=0.5)
    assert solved(auroc_truth, 0.85) == pytest.approx(1.4657, abs=1e-4)
