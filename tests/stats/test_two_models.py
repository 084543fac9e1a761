"""Two arrays of predictions and the labels: what someone gets who has nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, f1_score, log_loss, roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.stats import compare, compare_models, delong_test, evaluate_model
from qaugbench.stats.influence import auroc_influence
from qaugbench.stats.mrmc import OR_HILLIS, SINGLE_RUN

RANDOM = np.random.default_rng(0)
LABELS = (RANDOM.random(200) < 0.3).astype(int)
RUNS = RANDOM.normal(size=(2, 5, 200)) + np.array([1.5, 1.0])[:, None, None] * LABELS
CLASSES = np.eye(3)[RANDOM.integers(0, 3, 200)]


def test_one_run_each_is_delong_and_says_so() -> None:
    found, exact = compare_models(RUNS[0, 0], RUNS[1, 0], LABELS), delong_test(RUNS[0, 0], RUNS[1, 0], LABELS)
    assert found.method == SINGLE_RUN
    assert found.estimate == pytest.approx(exact.estimate, abs=1e-12)
    assert (found.se, found.p_value) == pytest.approx((exact.se, exact.p_value), rel=1e-12)


def test_several_runs_count_patients_and_runs() -> None:
    measurements = [[auroc_influence(run[:, None], LABELS[:, None], np.arange(200)) for run in model] for model in RUNS]
    theta = np.array([[value for value, _ in model] for model in measurements])
    influence = np.array([[of_patients for _, of_patients in model] for model in measurements])
    expected = compare(theta, influence, np.array([1.0, -1.0]), n_eff=int(LABELS.sum()))
    assert compare_models(RUNS[0], RUNS[1], LABELS) == expected
    assert expected.method == OR_HILLIS


def test_classes_are_averaged_and_patients_summed() -> None:
    scores = RANDOM.normal(size=(200, 3)) + CLASSES
    alone = evaluate_model(scores, CLASSES)
    twice = evaluate_model(np.repeat(scores, 2, axis=0), np.repeat(CLASSES, 2, axis=0), groups=np.repeat(range(200), 2))
    assert alone.estimate == pytest.approx(roc_auc_score(CLASSES, scores))
    assert (twice.estimate, twice.se) == pytest.approx((alone.estimate, alone.se))
    assert twice.n_groups == 200


def test_probabilities_have_a_brier_score() -> None:
    probabilities = RANDOM.dirichlet(np.ones(3), 200)
    found = evaluate_model(probabilities, CLASSES, metric="brier")
    expected = brier_score_loss(CLASSES.argmax(axis=1), probabilities, scale_by_half=False, labels=[0, 1, 2])
    assert found.estimate == pytest.approx(expected, abs=1e-12)


def test_the_log_loss_of_probabilities_and_of_their_logits_is_scikit_learns() -> None:
    one, other = expit(RUNS[0, 0]), expit(RUNS[1, 0])
    found = compare_models(one, other, LABELS, metric="log_loss")
    assert found.estimate == pytest.approx(log_loss(LABELS, one) - log_loss(LABELS, other), abs=1e-12)
    of_logits = compare_models(RUNS[0, 0], RUNS[1, 0], LABELS, metric="log_loss_of_logits")
    assert (of_logits.estimate, of_logits.se) == (pytest.approx(found.estimate), pytest.approx(found.se))
    several = RANDOM.dirichlet(np.ones(3), 200)
    of_classes = evaluate_model(several, CLASSES, metric="log_loss").estimate
    assert of_classes == pytest.approx(log_loss(CLASSES.argmax(axis=1), several), abs=1e-12)


@pytest.mark.parametrize("metric", ["brier", "log_loss"])
def test_logits_are_refused_where_probabilities_are_wanted(metric: str) -> None:
    with pytest.raises(StatisticsError, match="Are they logits"):
        compare_models(RUNS[0], RUNS[1], LABELS, metric=metric)


def test_any_metric_is_jackknifed() -> None:
    def f1(scores: np.ndarray, labels: np.ndarray) -> float:
        return float(f1_score(labels[:, 0], scores[:, 0] > 0.5))

    found = evaluate_model(RUNS[0, 0], LABELS, metric=f1)
    without = np.array([f1_score(np.delete(LABELS, i), np.delete(RUNS[0, 0], i) > 0.5) for i in range(200)])
    assert found.estimate == pytest.approx(f1_score(LABELS, RUNS[0, 0] > 0.5))
    assert found.se == pytest.approx(np.sqrt(199 / 200 * ((without - without.mean()) ** 2).sum()))


def test_swapping_the_models_turns_the_sign() -> None:
    there, back = compare_models(RUNS[0], RUNS[1], LABELS), compare_models(RUNS[1], RUNS[0], LABELS)
    assert (back.estimate, back.ci_low, back.p_value) == (-there.estimate, -there.ci_high, there.p_value)


@pytest.mark.parametrize(
    ("one", "other", "options", "message"),
    [
        (RUNS[0], RUNS[1], {"metric": "auc"}, "no metric 'auc'.*auroc"),
        (RUNS[0], RUNS[1, :3], {}, "as many runs; given 5 and 3"),
        (RUNS[0, :, :50], RUNS[1], {}, "shaped like the labels"),
        (RUNS[0], RUNS[1] * np.nan, {}, "NaN"),
        (RUNS[0], RUNS[1], {"groups": np.zeros(200)}, "two patients"),
        (RUNS[0], RUNS[1], {"groups": np.zeros(7)}, "one patient code per image"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    one: np.ndarray, other: np.ndarray, options: dict[str, object], message: str
) -> None:
    with pytest.raises(StatisticsError, match=message):
        compare_models(one, other, LABELS, **options)  # type: ignore[arg-type]
