"""The metrics beside AUROC and kappa, on images as endpoints are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    log_loss,
    mean_absolute_error,
    recall_score,
)

from qaugbench.errors import StatisticsError
from qaugbench.metrics.decisions import youden_thresholds
from qaugbench.stats.metric_kinds import DIRECTIONS, HIGHEST, KINDS, LOWEST, UNITS
from qaugbench.stats.metric_on_images import EVALUATORS, Images, MetricOnImages
from tests.stats.runs import GRADES, labels_and_groups

ALL = [0, 1, 2]


def _images(*counts: int, kind: str = "multiclass") -> Images:
    return Images(*labels_and_groups(counts), GRADES, kind)


def _findings(n: int = 90) -> Images:
    labels = (np.random.default_rng(1).random((n, 3)) < [0.2, 0.4, 0.6]).astype(np.uint8)
    return Images(labels, np.arange(n) // 2, GRADES, "multilabel")


def _logits(images: Images, replicates: int = 2) -> np.ndarray:
    random = np.random.default_rng(0)
    return (images.labels + random.normal(size=(replicates, *images.labels.shape))).astype(np.float32)


def _measure(kind: str, images: Images, classes: list[int] = ALL, *, restrict: bool = False) -> np.ndarray:
    value, influence = MetricOnImages.of(kind, classes, images, restrict=restrict).evaluate(_logits(images), {})
    assert value.shape == (2,)
    assert np.isfinite(influence).all()
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_unit_a_range_a_direction_and_an_measure(kind: str) -> None:
    images = _images(20, 30, 40, kind="ordinal")
    metric = MetricOnImages.of(kind, [1] if kind == "auroc" else ALL, images)
    value, influence = metric.evaluate(_logits(images), {})
    assert influence.shape == (2, metric.patients.n_groups)
    assert ((LOWEST[kind] <= value) & (value <= HIGHEST[kind])).all()
    perfect, _ = metric.evaluate(100 * images.labels[None].astype(np.float32), {})
    better = perfect > value if DIRECTIONS[kind] == "higher is better" else perfect < value
    assert better.all()
    assert UNITS[kind]
    assert kind in EVALUATORS


def test_agreement_with_scikit_learn_on_classes() -> None:
    images = _images(20, 30, 40, kind="ordinal")
    true = images.labels.argmax(axis=1)
    rows = [row.astype(np.float64) for row in _logits(images)]
    chances = [softmax(row, axis=1) for row in rows]
    expected = {
        "brier": [brier_score_loss(true, chance, scale_by_half=False) for chance in chances],
        "log_loss": [log_loss(true, chance) for chance in chances],
        "balanced_accuracy": [balanced_accuracy_score(true, row.argmax(axis=1)) for row in rows],
        "mae": [mean_absolute_error(true, row.argmax(axis=1)) for row in rows],
        "macro_ap": [average_precision_score(images.labels, chance) for chance in chances],
    }
    for kind, values in expected.items():
        np.testing.assert_allclose(_measure(kind, images), values, rtol=0, atol=1e-12)


def test_agreement_with_scikit_learn_on_findings() -> None:
    images = _findings()
    chances = [expit(row.astype(np.float64))[:, :2] for row in _logits(images)]
    labels = images.labels[:, :2]
    brier = [np.mean([brier_score_loss(labels[:, k], c[:, k]) for k in (0, 1)]) for c in chances]
    loss = [np.mean([log_loss(labels[:, k], c[:, k]) for k in (0, 1)]) for c in chances]
    np.testing.assert_allclose(_measure("brier", images, [0, 1]), brier, atol=1e-12)
    np.testing.assert_allclose(_measure("log_loss", images, [0, 1]), loss, atol=1e-12)
    expected = [average_precision_score(labels, row[:, :2]) for row in _logits(images)]
    np.testing.assert_allclose(_measure("macro_ap", images, [0, 1]), expected, atol=1e-12)


def test_restrict_shares_out_the_probabilities_among_the_classes_named() -> None:
    images = _images(20, 30, 40)
    true, rows = images.labels[:50].argmax(axis=1), _logits(images)[:, :50, :2].astype(np.float64)
    loss = [log_loss(true, softmax(row, axis=1)) for row in rows]
    np.testing.assert_allclose(_measure("log_loss", images, [0, 1], restrict=True), loss, atol=1e-12)
    recalls = [balanced_accuracy_score(true, row.argmax(axis=1)) for row in rows]
    np.testing.assert_allclose(_measure("balanced_accuracy", images, [0, 1], restrict=True), recalls, atol=1e-12)


def test_order_of_the_classes_is_the_callers() -> None:
    images = _images(20, 30, 40)
    for kind in ("balanced_accuracy", "brier", "macro_ap"):
        np.testing.assert_allclose(_measure(kind, images, [2, 0, 1]), _measure(kind, images), atol=1e-15)


def test_findings_are_called_by_each_replicates_thresholds() -> None:
    images, validation = _findings(), _findings(60)
    thresholds = youden_thresholds(_logits(validation), validation.labels)
    metric = MetricOnImages.of("balanced_accuracy", ALL, images)
    value, _ = metric.evaluate(_logits(images), {}, thresholds)
    for row, chosen, found in zip(_logits(images), thresholds, value, strict=True):
        by_class = [balanced_accuracy_score(images.labels[:, k], row[:, k] >= chosen[k]) for k in range(3)]
        assert found == pytest.approx(np.mean(by_class), abs=1e-12)
    with pytest.raises(StatisticsError, match="youden_thresholds"):
        metric.evaluate(_logits(images), {})
    thresholds[0, 1] = np.nan
    with pytest.raises(StatisticsError, match="NaN for classes 1"):
        metric.evaluate(_logits(images), {}, thresholds)
    assert MetricOnImages.of("balanced_accuracy", [0, 2], images).evaluate(_logits(images), {}, thresholds)[
        0
    ].shape == (2,)


def test_classes_that_cannot_be_decided_are_left_out_of_what_pools_classes() -> None:
    images = _images(20, 0, 40)
    for kind in ("macro_ap", "balanced_accuracy"):
        metric = MetricOnImages.of(kind, ALL, images)
        assert metric.left_out == {"mild": "no positive image"}
        assert metric.scored_classes == (0, 2)
        assert metric.pooled_rarer == (20, 20)
    true = images.labels.argmax(axis=1)
    recalls = [recall_score(true, row.argmax(axis=1), labels=[0, 2], average="macro") for row in _logits(images)]
    np.testing.assert_allclose(_measure("balanced_accuracy", images), recalls, atol=1e-12)


@pytest.mark.parametrize("kind", ["brier", "log_loss", "mae"])
def test_means_over_images_need_no_rarer_side(kind: str) -> None:
    metric = MetricOnImages.of(kind, ALL, _images(20, 0, 40, kind="ordinal"))
    assert (metric.left_out, metric.pooled_rarer, metric.n_rarer) == ({}, (), None)
    assert (metric.n_eff, metric.why_undefined, metric.scored_classes) == (30, None, (0, 1, 2))


@pytest.mark.parametrize("kind", ["brier", "log_loss"])
def test_calibration_is_over_the_findings_that_the_test_images_have(kind: str) -> None:
    images = _findings()
    images.labels[:, 0] = 0
    logits = _logits(images)
    metric = MetricOnImages.of(kind, ALL, images)
    assert metric.left_out == {"none": "no positive image"}
    assert metric.scored_classes == (1, 2)
    of_one = {"brier": brier_score_loss, "log_loss": log_loss}[kind]
    expected = [
        np.mean([of_one(images.labels[:, k], expit(row[:, k].astype(float))) for k in (1, 2)]) for row in logits
    ]
    np.testing.assert_allclose(metric.evaluate(logits)[0], expected, atol=1e-12)
    assert (metric.n_rarer, metric.n_eff, metric.pooled_rarer) == (None, 45, ())
    images.labels[:] = 0
    nothing = MetricOnImages.of(kind, ALL, images)
    assert nothing.why_undefined == "no class has both a positive and a negative image"


def test_grades_keep_their_distance_when_one_between_them_is_not_named() -> None:
    images = _images(20, 0, 40, kind="ordinal")
    rows, true = _logits(images)[..., [0, 2]], 2 * images.labels[:, 2].astype(int)
    predicted = [2 * row.argmax(axis=1) for row in rows]
    error = [mean_absolute_error(true, one) for one in predicted]
    np.testing.assert_allclose(_measure("mae", images, [0, 2], restrict=True), error, atol=1e-12)
    kappa = [cohen_kappa_score(true, one, labels=[0, 1, 2], weights="quadratic") for one in predicted]
    np.testing.assert_allclose(_measure("qwk", images, [0, 2], restrict=True), kappa, atol=1e-12)


def test_one_class_of_ap_has_the_rarer_sides_patients() -> None:
    metric = MetricOnImages.of("macro_ap", [0], _images(20, 30, 40))
    assert (metric.n_rarer, metric.n_eff, metric.pooled_rarer) == (20, 10, ())


def test_binary_measurements_are_shared_and_kept_apart() -> None:
    images = _images(20, 30, 40)
    logits, cache = _logits(images), {}
    auroc = MetricOnImages.of("macro_auroc", ALL, images).evaluate(logits, cache)
    precision = MetricOnImages.of("macro_ap", ALL, images).evaluate(logits, cache)
    assert len(cache) == 6
    assert not np.allclose(auroc[0], precision[0])
    fewer = MetricOnImages.of("macro_ap", [0, 1], images).evaluate(logits, cache)
    assert len(cache) == 6
    np.testing.assert_array_equal(fewer[0], MetricOnImages.of("macro_ap", [0, 1], images).evaluate(logits, {})[0])


@pytest.mark.parametrize(
    ("kind", "label_kind", "classes", "message"),
    [
        ("macro-ap", "multiclass", ALL, "Unknown kind of endpoint 'macro-ap'. Did you mean 'macro_ap'"),
        ("mae", "multiclass", ALL, "mae is for ordinal labels; these are multiclass"),
        ("qwk", "multilabel", ALL, "qwk is for multiclass or ordinal labels"),
        ("log_loss", "multiclass", [0, 1], "missing are severe. Name them, or restrict"),
        ("balanced_accuracy", "ordinal", [2], "missing are none, mild"),
    ],
)
def test_what_no_images_could_decide_is_refused(kind: str, label_kind: str, classes: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        MetricOnImages.of(kind, classes, _images(20, 30, 40, kind=label_kind))


def test_an_undefined_metric_says_why() -> None:
    images = _images(20, 0, 0)
    for kind in ("macro_auroc", "macro_ap", "balanced_accuracy"):
        metric = MetricOnImages.of(kind, ALL, images)
        assert metric.why_undefined == "no class has both a positive and a negative image"
        with pytest.raises(StatisticsError, match="no class has both"):
            metric.evaluate(_logits(images), {})
