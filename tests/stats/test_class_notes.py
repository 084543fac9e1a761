"""Titles say over how many classes a value is, and one sentence names all classes of which the same has to be said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from qaugbench.predictions import FractionPredictions, PredictionSet
from qaugbench.stats.results import FractionScore
from qaugbench.stats.score import score
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, EQUAL, GRADES, run

FINDINGS = tuple(f"finding {k}" for k in range(14))
CHEST = Endpoint("macro_auroc", "macro-AUROC over 14 findings", "macro_auroc", FINDINGS, margin=0.01)
MACRO = Endpoint("macro_auroc", "macro-AUROC", "macro_auroc", GRADES, margin=0.01)


def _chest(counts: dict[int, int], replicates: int = 3) -> PredictionSet:
    """Return a run on 14 findings of which the source has those of ``counts``, on as many images each."""
    random = np.random.default_rng(0)
    labels = np.zeros((200, 14), dtype=np.uint8)
    for k, count in counts.items():
        labels[random.permutation(200)[:count], k] = 1
    logits = (labels + random.normal(size=(len(ARMS), replicates, 200, 14))).astype(np.float32)
    ids, stored = np.arange(200).astype(str), {"10%": FractionPredictions(logits, logits)}
    groups = np.arange(200)
    return PredictionSet(tuple(arm.id for arm in ARMS), ids, labels, groups, ids, labels, groups, stored)


def _score(predictions: PredictionSet) -> FractionScore:
    return score(predictions, ARMS, [CHEST], "multilabel", FINDINGS).fractions["10%"]


def test_a_source_with_one_finding_of_fourteen_is_scored_on_that_one_everywhere() -> None:
    predictions = _chest({6: 90})
    scored = _score(predictions)
    assert scored.endpoints["macro_auroc"].title == "macro-AUROC over 1 of 14 findings: finding 6"
    titles = {metric.id: metric.title for metric in (*scored.metrics.values(), scored.ensemble)}
    assert titles == {
        "macro_ap": "macro-AP over 1 of 14 findings: finding 6",
        "brier": "Brier score over 1 of 14 findings: finding 6",
        "log_loss": "log loss over 1 of 14 findings: finding 6",
        "balanced_accuracy": "balanced accuracy over 1 of 14 findings: finding 6",
        "ensemble": "macro-AUROC over 1 of 14 findings: finding 6, ensemble of the replicates",
    }
    true = predictions.test_labels[:, 6]
    chances = expit(predictions.fractions["10%"].test_logits[1, :, :, 6].astype(float))
    for metric, of_one in (("brier", brier_score_loss), ("log_loss", log_loss)):
        found = scored.metrics[metric]
        assert found.arms["R+"].values == pytest.approx([of_one(true, chance) for chance in chances], abs=1e-12)
        assert found.classes == ["finding 6"]
        assert len(found.left_out) == 1
    assert list(scored.classes) == ["finding 6"]
    (said,) = scored.class_notes
    assert said.classes == [name for name in FINDINGS if name != "finding 6"]
    assert said.sentence.startswith("13 of 14 findings have no positive test image: finding 0, finding 1,")


def test_few_images_are_one_note_for_all_classes_with_their_numbers() -> None:
    scored = _score(_chest(dict.fromkeys(range(9), 100) | {9: 4, 10: 8, 11: 20, 12: 29, 13: 29}))
    assert scored.endpoints["macro_auroc"].title == CHEST.title
    assert [note.sentence for note in scored.class_notes] == [
        "2 of 14 findings have fewer than 10 test images on the rarer side, so no interval: finding 9 4, finding 10 8.",
        "3 of 14 findings have fewer than 30 test images on the rarer side, so no verdict: finding 11 20, finding 12 29, "
        "finding 13 29.",
    ]
    assert scored.class_notes[0].classes == ["finding 9", "finding 10"]


def test_a_finding_without_a_validation_threshold_is_left_out_of_the_decisions_alone() -> None:
    predictions = _chest({0: 100, 1: 60})
    validation = predictions.val_labels.copy()
    validation[:, 1] = 0
    scored = _score(replace(predictions, val_labels=validation))
    assert scored.metrics["balanced_accuracy"].classes == ["finding 0"]
    reasons = {note.reason: note.classes for note in scored.metrics["balanced_accuracy"].left_out}
    assert "finding 1" in reasons["no positive or no negative validation image to choose its threshold on"]
    assert scored.metrics["brier"].classes == ["finding 0", "finding 1"]


def test_an_endpoint_that_names_fewer_classes_is_scored_among_these() -> None:
    predictions = run(EQUAL, counts=(60, 60, 0))
    two = Endpoint("macro_auroc", "macro-AUROC over 3 grades", "macro_auroc", GRADES[:2], margin=0.01)
    scored = score(predictions, ARMS, [two], "ordinal", GRADES).fractions["10%"]
    logits = predictions.fractions["10%"].test_logits[1].astype(float)
    labels = predictions.test_labels[:, :2]
    expected = [roc_auc_score(labels, softmax(row, axis=1)[:, :2]) for row in logits]
    assert scored.endpoints["macro_auroc"].arms["R+"].values == pytest.approx(expected, abs=1e-9)
    assert scored.endpoints["macro_auroc"].title == "macro-AUROC over 2 of 3 grades: none, mild"
    true, among = labels.argmax(axis=1), softmax(logits[..., :2], axis=2)
    assert scored.metrics["log_loss"].arms["R+"].values == pytest.approx([log_loss(true, row) for row in among])
    brier = [brier_score_loss(true, row, scale_by_half=False, labels=[0, 1]) for row in among]
    assert scored.metrics["brier"].arms["R+"].values == pytest.approx(brier)
    accuracy = [np.mean([(row.argmax(axis=1) == true)[true == k].mean() for k in (0, 1)]) for row in logits[..., :2]]
    assert scored.metrics["balanced_accuracy"].arms["R+"].values == pytest.approx(accuracy)
    assert scored.metrics["brier"].title == "Brier score over 2 of 3 grades: none, mild"


def test_a_single_auroc_beside_a_mean_does_not_narrow_the_other_metrics() -> None:
    severe = Endpoint("severe", "AUROC of severe", "auroc", ("severe",))
    for endpoints in ([MACRO, severe], [severe]):
        scored = score(run(), ARMS, endpoints, "ordinal", GRADES).fractions["10%"]
        assert scored.metrics["brier"].classes == list(GRADES)
        assert scored.metrics["brier"].title == "Brier score"
