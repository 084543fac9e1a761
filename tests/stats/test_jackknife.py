"""The generic jackknife, which asks any metric again without each patient."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.discrimination import auroc, average_precision, quadratic_weighted_kappa
from qaugbench.stats.average_precision import average_precision_influence
from qaugbench.stats.influence import qwk_influence
from qaugbench.stats.jackknife import jackknife_influence


def test_of_a_mean_it_is_each_value_less_the_mean() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=40)
    value, influence = jackknife_influence(lambda kept: values[kept].mean(), np.arange(40))
    assert value == pytest.approx(values.mean())
    np.testing.assert_allclose(influence, (values - values.mean()) / 40, atol=1e-15)


def test_fast_forms_agree_with_it() -> None:
    random = np.random.default_rng(1)
    labels, groups = random.random(90) < 0.4, random.permutation(np.repeat(np.arange(30), 3)) + 7
    scores, grades = random.integers(0, 9, 90) + 2.0 * labels, random.integers(0, 4, 90)
    predicted = np.clip(grades + random.integers(-1, 2, 90), 0, 3)
    pairs = [
        (
            average_precision_influence(scores[:, None], labels[:, None], groups),
            lambda kept: average_precision(scores[kept], labels[kept]),
        ),
        (
            qwk_influence(predicted, grades, 4, groups),
            lambda kept: quadratic_weighted_kappa(predicted[kept], grades[kept], 4),
        ),
    ]
    for (value, fast), metric in pairs:
        expected, slow = jackknife_influence(metric, groups)
        assert value == pytest.approx(expected, abs=1e-12)
        np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-12)


def test_a_patients_images_go_together_and_in_ascending_order() -> None:
    seen: list[list[int]] = []
    jackknife_influence(lambda kept: float(seen.append(kept.tolist()) or kept.size), np.array(["b", "a", "b"]))
    assert seen == [[0, 1, 2], [0, 2], [1]]


def test_where_the_metric_is_undefined_the_patient_is_named() -> None:
    scores, labels = np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1])
    with pytest.raises(StatisticsError, match=r"undefined without group c, .* 0 positives and 2 negatives"):
        jackknife_influence(lambda kept: auroc(scores[kept], labels[kept]), np.array(["a", "b", "c"]))
    with pytest.raises(StatisticsError, match="nan on all images"):
        jackknife_influence(lambda kept: float("nan"), np.arange(3))
    with pytest.raises(StatisticsError, match="at least two patients"):
        jackknife_influence(lambda kept: 1.0, np.zeros(3))
