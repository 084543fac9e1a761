"""Metrics on images: which classes can be decided, on which images, and with what scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.stats.metric_on_images import Images, MetricOnImages
from tests.stats.runs import GRADES, labels_and_groups


def _images(*counts: int, kind: str = "multiclass", images_each: int = 2) -> Images:
    return Images(*labels_and_groups(counts, images_each), GRADES, kind)


def _logits(images: Images, replicates: int = 2) -> np.ndarray:
    random = np.random.default_rng(0)
    return (images.labels + random.normal(size=(replicates, *images.labels.shape))).astype(np.float32)


def _measure(kind: str, classes: list[int], images: Images, *, restrict: bool = False) -> np.ndarray:
    return MetricOnImages.of(kind, classes, images, restrict=restrict).evaluate(_logits(images), {})[0]


def test_macro_auroc_is_the_mean_over_its_classes() -> None:
    images = _images(20, 30, 40)
    expected = [roc_auc_score(images.labels[:, :2], softmax(row, axis=1)[:, :2]) for row in _logits(images)]
    np.testing.assert_allclose(_measure("macro_auroc", [0, 1], images), expected, atol=1e-6)


def test_restrict_leaves_out_images_of_other_classes() -> None:
    images = _images(20, 30, 40)
    labels, scores = images.labels[:50, :2], softmax(_logits(images)[0].astype(float), axis=1)[:50, :2]
    found = _measure("macro_auroc", [0, 1], images, restrict=True)[0]
    assert found == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_one_auroc_pools_its_classes_by_summed_probability() -> None:
    images = _images(20, 30, 40)
    summed = softmax(_logits(images)[0].astype(float), axis=1)[:, 1:].sum(axis=1)
    expected = roc_auc_score(images.labels[:, 1:].any(axis=1), summed)
    assert _measure("auroc", [1, 2], images)[0] == pytest.approx(expected, abs=1e-12)


def test_kappa_takes_the_most_probable_grade() -> None:
    images = _images(20, 30, 40, kind="ordinal")
    grades = images.labels.argmax(axis=1)
    expected = [cohen_kappa_score(grades, row.argmax(axis=1), weights="quadratic") for row in _logits(images)]
    np.testing.assert_allclose(_measure("qwk", [0, 1, 2], images), expected, atol=1e-12)


def test_classes_that_cannot_be_decided_are_named() -> None:
    metric = MetricOnImages.of("macro_auroc", [0, 1, 2], _images(20, 0, 40))
    assert metric.left_out == {"mild": "no positive image"}
    assert list(metric.positives) == [(0,), (2,)]
    assert MetricOnImages.of("macro_auroc", [0, 1], _images(9, 0, 0)).why_undefined is not None


@pytest.mark.parametrize(("positives", "has_interval"), [(9, False), (10, True)])
def test_a_class_needs_ten_images_for_an_interval(positives: int, has_interval: bool) -> None:
    metric = MetricOnImages.of("auroc", [1], _images(30, positives, 0))
    assert metric.n_rarer == positives
    assert (metric.why_no_interval is None) == has_interval


def test_effective_sample_is_the_rarer_sides_patients_or_all() -> None:
    images = _images(20, 30, 40)
    assert MetricOnImages.of("auroc", [0], images).n_eff == 10
    assert MetricOnImages.of("macro_auroc", [0, 1, 2], images).n_eff == 45
    assert MetricOnImages.of("qwk", [0, 1, 2], images).n_eff == 45
    assert MetricOnImages.of("auroc", [0], _images(20, 30, 0, images_each=20)).why_no_interval is not None


def test_one_patient_has_no_measure() -> None:
    images = _images(2, 2, 2, images_each=6)
    metric = MetricOnImages.of("macro_auroc", [0, 1, 2], images)
    assert metric.why_undefined == "fewer than two patients"
    with pytest.raises(StatisticsError, match="fewer than two patients"):
        metric.evaluate(_logits(images), {})


def test_labels_and_groups_must_fit() -> None:
    labels, groups = labels_and_groups((3, 3, 3))
    with pytest.raises(StatisticsError, match="Groups must be"):
        Images(labels, groups[:-1], GRADES, "multiclass")
    with pytest.raises(StatisticsError, match="0 or 1; given 2"):
        Images(labels * 2, groups, GRADES, "multiclass")


def test_pooled_rarer_counts_the_smaller_side_of_each_class() -> None:
    images = _images(20, 30, 40)
    assert MetricOnImages.of("macro_auroc", [0, 1, 2], images).pooled_rarer == (20, 30, 40)
    assert MetricOnImages.of("qwk", [0, 1, 2], images).pooled_rarer == (20, 30, 40)
    assert MetricOnImages.of("auroc", [1, 2], images).pooled_rarer == ()
