"""The metrics beside AUROC and kappa, asked of images as endpoints are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
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


def _answer(kind: str, images: Images, classes: list[int] = ALL, *, restrict: bool = False) -> np.ndarray:
    value, influence = MetricOnImages.of(kind, classes, images, restrict=restrict).evaluate(_logits(images), {})
    assert value.shape == (2,)
    assert np.isfinite(influence).all()
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_unit_a_range_a_direction_and_an_answer(kind: str) -> None:
    images = _images(20, 30, 40, kind="ordinal")
    question = MetricOnImages.of(kind, [1] if kind == "auroc" else ALL, images)
    value, influence = question.evaluate(_logits(images), {})
    assert influence.shape == (2, question.patients.n_groups)
    assert ((LOWEST[kind] <= value) & (value <= HIGHEST[kind])).all()
    perfect, _ = question.evaluate(100 * images.labels[None].astype(np.float32), {})
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
        np.testing.assert_allclose(_answer(kind, images), values, rtol=0, atol=1e-12)


def test_agreement_with_scikit_learn_on_findings() -> None:
    images = _findings()
    chances = [expit(row.astype(np.float64))[:, :2] for row in _logits(images)]
    labels = images.labels[:, :2]
    brier = [np.mean([brier_score_loss(labels[:, k], c[:, k]) for k in (0, 1)]) for c in chances]
    loss = [np.mean([log_loss(labels[:, k], c[:, k]) for k in (0, 1)]) for c in chances]
    np.testing.assert_allclose(_answer("brier", images, [0, 1]), brier, atol=1e-12)
    np.testing.assert_allclose(_answer("log_loss", images, [0, 1]), loss, atol=1e-12)
    expected = [average_precision_score(labels, row[:, :2]) for row in _logits(images)]
    np.testing.assert_allclose(_answer("macro_ap", images, [0, 1]), expected, atol=1e-12)


def test_restrict_shares_out_the_probabilities_among_the_classes_named() -> None:
    images = _images(20, 30, 40)
    true, rows = images.labels[:50].argmax(axis=1), _logits(images)[:, :50, :2].astype(np.float64)
    loss = [log_loss(true, softmax(row, axis=1)) for row in rows]
    np.testing.assert_allclose(_answer("log_loss", images, [0, 1], restrict=True), loss, atol=1e-12)
    recalls = [balanced_accuracy_score(true, row.argmax(axis=1)) for row in rows]
    np.testing.assert_allclose(_answer("balanced_accuracy", images, [0, 1], restrict=True), recalls, atol=1e-12)


def test_order_of_the_classes_is_the_callers() -> None:
    images = _images(20, 30, 40)
    for kind in ("balanced_accuracy", "brier", "macro_ap"):
        np.testing.assert_allclose(_answer(kind, images, [2, 0, 1]), _answer(kind, images), atol=1e-15)


def test_findings_are_called_by_each_replicates_thresholds() -> None:
    images, validation = _findings(), _findings(60)
    thresholds = youden_thresholds(_logits(validation), validation.labels)
    question = MetricOnImages.of("balanced_accuracy", ALL, images)
    value, _ = question.evaluate(_logits(images), {}, thresholds)
    for row, chosen, found in zip(_logits(images), thresholds, value, strict=True):
        by_class = [balanced_accuracy_score(images.labels[:, k], row[:, k] >= chosen[k]) for k in range(3)]
        assert found == pytest.approx(np.mean(by_class), abs=1e-12)
    with pytest.raises(StatisticsError, match="youden_thresholds"):
        question.evaluate(_logits(images), {})
    thresholds[0, 1] = np.nan
    with pytest.raises(StatisticsError, match="NaN for classes 1"):
        question.evaluate(_logits(images), {}, thresholds)
    assert MetricOnImages.of("balanced_accuracy", [0, 2], images).evaluate(_logits(images), {}, thresholds)[0].shape == (2,)


def test_classes_that_cannot_be_decided_are_left_out_of_what_pools_classes() -> None:
    images = _images(20, 0, 40)
    for kind in ("macro_ap", "balanced_accuracy"):
        question = MetricOnImages.of(kind, ALL, images)
        assert question.left_out == {"mild": "no positive image"}
        assert question.scored_classes == (0, 2)
        assert question.pooled_rarer == (20, 20)
    true = images.labels.argmax(axis=1)
    recalls = [recall_score(true, row.argmax(axis=1), labels=[0, 2], average="macro") for row in _logits(images)]
    np.testing.assert_allclose(_answer("balanced_accuracy", images), recalls, atol=1e-12)


@pytest.mark.parametrize("kind", ["brier", "log_loss", "mae"])
def test_means_over_images_need_no_rarer_side(kind: str) -> None:
    question = MetricOnImages.of(kind, ALL, _images(20, 0, 40, kind="ordinal"))
    assert (question.left_out, question.pooled_rarer, question.n_rarer) == ({}, (), None)
    assert (question.n_eff, question.why_undefined, question.scored_classes) == (30, None, (0, 1, 2))


def test_one_class_of_ap_has_the_rarer_sides_patients() -> None:
    question = MetricOnImages.of("macro_ap", [0], _images(20, 30, 40))
    assert (question.n_rarer, question.n_eff, question.pooled_rarer) == (20, 10, ())


def test_answers_to_binary_questions_are_shared_and_kept_apart() -> None:
    images = _images(20, 30, 40)
    logits, known = _logits(images), {}
    auroc = MetricOnImages.of("macro_auroc", ALL, images).evaluate(logits, known)
    precision = MetricOnImages.of("macro_ap", ALL, images).evaluate(logits, known)
    assert len(known) == 6
    assert not np.allclose(auroc[0], precision[0])
    fewer = MetricOnImages.of("macro_ap", [0, 1], images).evaluate(logits, known)
    assert len(known) == 6
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
def test_what_no_images_could_answer_is_refused(kind: str, label_kind: str, classes: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        MetricOnImages.of(kind, classes, _images(20, 30, 40, kind=label_kind))


def test_an_undecidable_question_says_why() -> None:
    images = _images(20, 0, 0)
    for kind in ("macro_auroc", "macro_ap", "balanced_accuracy"):
        question = MetricOnImages.of(kind, ALL, images)
        assert question.why_undefined == "no class has both a positive and a negative image"
        with pytest.raises(StatisticsError, match="no class has both"):
            question.evaluate(_logits(images), {})
