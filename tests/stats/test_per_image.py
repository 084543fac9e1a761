"""Influence on means over images: against the generic jackknife, in ratio form, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from qaugbench.errors import StatisticsError
from qaugbench.metrics.calibration import brier_score, log_loss
from qaugbench.metrics.decisions import mean_absolute_error
from qaugbench.stats.influence import Patients
from qaugbench.stats.jackknife import jackknife_influence
from qaugbench.stats.per_image import (
    absolute_error_influence,
    brier_influence,
    log_loss_influence,
    mean_influence,
)


def _images(n: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    labels = np.eye(4, dtype=int)[random.integers(0, 4, n)]
    return random.normal(size=(n, 4)) + labels, labels, random.integers(0, 90, n)


def test_by_hand() -> None:
    # Images 1, 3 and 8 have mean 4; patient 5 has the first and last: (1 - 4 + 8 - 4) / 3 and (3 - 4) / 3.
    value, influence = mean_influence(np.array([[1.0, 3.0, 8.0]]), Patients.of(np.array([5, 6, 5])))
    assert value.tolist() == [4.0]
    np.testing.assert_allclose(influence, [[1 / 3, -1 / 3]], atol=1e-15)


def test_ratio_form_is_the_jackknife_scaled_by_the_images_left() -> None:
    # Without a patient of n_c images the mean moves by (sum of his images' deviations) / (N - n_c): exactly.
    logits, labels, groups = _images()
    value, influence = log_loss_influence(logits, labels, groups, "multiclass")
    metric_value, exact = jackknife_influence(lambda kept: log_loss(logits[kept], labels[kept], "multiclass"), groups)
    sizes = np.unique(groups, return_counts=True)[1]
    assert value == pytest.approx(metric_value, abs=1e-14)
    np.testing.assert_allclose(
        exact, (sizes.size - 1) / sizes.size * influence * 240 / (240 - sizes), rtol=0, atol=1e-14
    )


def test_each_metric_and_its_influence_belong_together() -> None:
    logits, labels, groups = _images()
    chances, true, predicted = softmax(logits, axis=1), labels.argmax(axis=1), logits.argmax(axis=1)
    pairs = [
        (brier_influence(chances, labels, groups, "ordinal"), brier_score(chances, labels, "ordinal")),
        (log_loss_influence(logits, labels, groups, "multilabel"), log_loss(logits, labels, "multilabel")),
        (absolute_error_influence(predicted, true, 4, groups), mean_absolute_error(predicted, true, 4)),
    ]
    for (value, influence), expected in pairs:
        assert value == pytest.approx(expected, abs=1e-15)
        assert influence.sum() == pytest.approx(0, abs=1e-14)
        assert influence.shape == (np.unique(groups).size,)


def test_one_image_a_patient_gives_the_standard_error_of_a_mean() -> None:
    logits, labels, _ = _images()
    _, influence = brier_influence(softmax(logits, axis=1), labels, np.arange(240), "multiclass")
    squares = ((softmax(logits, axis=1) - labels) ** 2).sum(axis=1)
    assert 240 / 239 * (influence**2).sum() == pytest.approx(squares.var(ddof=1) / 240, rel=1e-12)


def test_refusals() -> None:
    logits, labels, groups = _images()
    with pytest.raises(StatisticsError, match="at least two patients"):
        log_loss_influence(logits, labels, np.zeros(240), "multiclass")
    with pytest.raises(StatisticsError, match="One model's predictions"):
        log_loss_influence(logits[None], labels, groups, "multiclass")
    with pytest.raises(StatisticsError, match="one patient code per image"):
        absolute_error_influence(labels[:, 0], labels[:, 1], 2, groups[:-1])
    with pytest.raises(StatisticsError, match=r"\[B, 240\]; given \(240,\)"):
        mean_influence(np.zeros(240), Patients.of(groups))
