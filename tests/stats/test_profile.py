"""What decides nothing: calibration, recall by rarity, and scores by age, sex and site."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import recall_score, roc_auc_score

from qaugbench.metrics.decisions import youden_thresholds
from qaugbench.metrics.discrimination import class_scores
from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.rarity import rarity_groups
from qaugbench.stats.results import Profile
from qaugbench.stats.score import score
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, GRADES, run

MACRO = Endpoint(id="macro_auroc", title="macro-AUROC", kind="macro_auroc", classes=GRADES)
COUNTS = {"none": 1500, "mild": 400, "severe": 40}


def _profile(predictions: PredictionSet, kind: str = "ordinal", arms: Any = ARMS, **options: Any) -> Profile:
    scored = score(predictions, arms, options.pop("endpoints", [MACRO]), kind, GRADES, **options).fractions["10%"]
    assert scored.profile is not None
    return scored.profile


def _drawn_from_what_is_stated(n: int, sharpness: float, seed: int = 0) -> PredictionSet:
    """Return predictions whose labels were drawn from the probabilities of the logits divided by ``sharpness``."""
    random = np.random.default_rng(seed)
    arms = ARMS[:3]

    def part() -> tuple[np.ndarray, np.ndarray]:
        logits = 1.5 * random.normal(size=(n, 3))
        drawn = [random.choice(3, p=chances) for chances in softmax(logits, axis=1)]
        return np.eye(3, dtype=np.uint8)[drawn], (sharpness * logits).astype(np.float32)

    (test, test_logits), (val, val_logits) = part(), part()
    ids, groups = np.array([f"image-{i}" for i in range(n)]), np.arange(n)
    both = FractionPredictions(*(np.tile(one, (len(arms), 3, 1, 1)) for one in (test_logits, val_logits)))
    return PredictionSet(tuple(arm.id for arm in arms), ids, test, groups, ids, val, groups, {"10%": both})


def test_probabilities_that_hold_have_no_calibration_error_and_need_no_temperature() -> None:
    found = _profile(_drawn_from_what_is_stated(4000, 1.0), arms=ARMS[:3]).calibration.arms["R"]
    assert found.as_trained.mean < 0.02
    assert found.temperatures == pytest.approx([1.0] * 3, abs=0.08)


def test_a_temperature_from_validation_undoes_confidence_that_the_test_images_do_not_bear_out() -> None:
    calibration = _profile(_drawn_from_what_is_stated(4000, 4.0), arms=ARMS[:3]).calibration
    found = calibration.arms["R+"]
    assert found.temperatures == pytest.approx([4.0] * 3, rel=0.08)
    assert found.as_trained.mean > 0.15
    assert found.scaled is not None
    assert found.scaled.mean < 0.02
    assert (calibration.n_statements, calibration.statements) == (4000, "the class called on each image")
    stated = [one.stated for one in found.as_trained.curve]
    assert stated == sorted(stated)
    assert sum(one.n for one in found.as_trained.curve) == 3 * 4000  # all replicates together


def test_every_finding_on_every_image_is_a_statement_unless_all_images_agree_on_it() -> None:
    predictions = _findings()
    predictions.test_labels[:, 2] = 0
    calibration = _profile(predictions, "multilabel").calibration
    assert calibration.n_statements == 2 * len(predictions.test_labels)
    assert calibration.statements == "each finding on each image"


def test_validation_images_that_are_scored_themselves_are_not_scaled_on() -> None:
    withheld = run().without_test()
    found = _profile(withheld, test_withheld=True).calibration.arms["qldm"]
    assert found.scaled is None
    assert found.temperatures == []


def test_too_few_images_for_a_calibration_error_say_so() -> None:
    calibration = _profile(run(counts=(3, 3, 3), replicates=3)).calibration
    assert calibration.arms == {}
    assert "needs 10 images, not 9" in str(calibration.note)


def test_arms_that_check_the_benchmark_have_no_profile() -> None:
    arms = (*ARMS, ArmInfo(id="copycat", role="copycat"))
    found = _profile(run({**dict.fromkeys((arm.id for arm in arms), 1.5)}, arms=arms), arms=arms)
    assert set(found.calibration.arms) == {arm.id for arm in ARMS}


def test_classes_are_rare_by_their_training_images_or_as_the_task_says() -> None:
    assert rarity_groups([], {"a": 1001, "b": 1000, "c": 100, "d": 99, "e": 0}) == {
        "head": ("a",),
        "medium": ("b", "c"),
        "tail": ("d",),
    }
    own = [MACRO, replace(MACRO, id="tail", classes=("none",))]
    assert rarity_groups(own, COUNTS) == {"tail": ("none",)}
    assert rarity_groups([MACRO], {}) == {}


def test_recall_is_that_of_scikit_learn_among_all_classes() -> None:
    predictions = run(counts=(60, 60, 60))
    found = _profile(predictions, training_counts=COUNTS).recalls
    true, place = predictions.test_labels.argmax(axis=1), predictions.arms.index("qldm")
    for k, group in enumerate(("head", "medium", "tail")):
        rows = predictions.fractions["10%"].test_logits[place]
        expected = [recall_score(true, row.argmax(axis=1), labels=[k], average="macro") for row in rows]
        assert found[group].arms["qldm"].values == pytest.approx(expected, abs=1e-12)
        assert found[group].classes == [GRADES[k]]
        assert found[group].differences == {}
    assert found["tail"].title == "recall of tail classes (40 training images each) over 1 of 3 grades: severe"
    interval = found["tail"].arms["qldm"]
    assert interval.ci_low is not None
    assert interval.ci_low < interval.mean < interval.ci_high


def test_a_finding_is_called_from_its_validation_threshold_on() -> None:
    predictions = _findings()
    found = _profile(predictions, "multilabel", training_counts={"none": 50, "mild": 20, "severe": 5000}).recalls
    place, part = predictions.arms.index("R+"), predictions.fractions["10%"]
    thresholds = youden_thresholds(part.val_logits[place], predictions.val_labels)
    for row, chosen, value in zip(part.test_logits[place], thresholds, found["tail"].arms["R+"].values, strict=True):
        recalls = [recall_score(predictions.test_labels[:, k], row[:, k] >= chosen[k]) for k in (0, 1)]
        assert value == pytest.approx(np.mean(recalls), abs=1e-12)


def test_a_class_without_test_images_has_no_recall() -> None:
    found = _profile(run(counts=(90, 0, 90)), training_counts=COUNTS).recalls["medium"]
    assert found.arms == {}
    assert found.note == "no class has both a positive and a negative image"


def _grouped(predictions: PredictionSet, names: np.ndarray, column: str = "sex") -> PredictionSet:
    return replace(predictions, test_subgroups={column: names}, val_subgroups={column: names})


def test_a_group_has_the_macro_auroc_of_its_own_images() -> None:
    predictions = run(counts=(80, 80, 80))
    names = np.where(predictions.test_groups % 2 == 0, "female", "male")
    found = _profile(_grouped(predictions, names)).subgroups["sex"]
    part, place = predictions.fractions["10%"].test_logits, predictions.arms.index("qldm")
    for group in found.groups:
        rows = names == group.name
        expected = [
            roc_auc_score(predictions.test_labels[rows], class_scores(row[rows], "ordinal"), average="macro")
            for row in part[place]
        ]
        assert group.arms["qldm"].values == pytest.approx(expected, abs=1e-12)
        assert (group.n_images, group.n_patients, group.note) == (120, 60, None)
    female, male = (group.arms["qldm"].mean for group in found.groups)
    assert found.gaps["qldm"] == pytest.approx(abs(female - male), abs=1e-15)
    assert found.title == "macro-AUROC over 3 of 3 grades"


def test_one_group_of_everyone_has_the_endpoints_value_and_interval() -> None:
    predictions = run(counts=(80, 80, 80))
    names = np.full(len(predictions.test_ids), "Oslo")
    scored = score(_grouped(predictions, names, "site"), ARMS, [MACRO], "ordinal", GRADES).fractions["10%"]
    assert scored.profile is not None
    found = scored.profile.subgroups["site"]
    assert found.groups[0].arms == scored.endpoints["macro_auroc"].arms
    assert found.gaps == {}


def test_a_model_that_fails_in_one_group_shows_the_gap() -> None:
    predictions = run({**dict.fromkeys((arm.id for arm in ARMS), 3.0)}, counts=(80, 80, 80))
    names = np.where(predictions.test_groups % 2 == 0, "female", "male")
    logits = predictions.fractions["10%"].test_logits
    place, rows = predictions.arms.index("ddpm"), np.flatnonzero(names == "male")
    logits[place][:, rows] = np.random.default_rng(0).normal(size=logits[place][:, rows].shape)
    found = _profile(_grouped(predictions, names)).subgroups["sex"]
    assert found.gaps["ddpm"] > 0.3
    assert found.gaps["qldm"] < 0.1


def test_groups_that_are_too_small_say_so_and_do_not_shorten_the_others_list_of_classes() -> None:
    predictions = run(counts=(120, 120, 60))  # two images per patient
    grades = predictions.test_labels.argmax(axis=1)
    names = np.where(predictions.test_groups % 2 == 0, "a", "b").astype("<U10")
    names[:40] = "few"  # 20 patients
    names[(grades == 0) & (np.arange(300) >= 40)] = "one grade"
    found = _profile(_grouped(predictions, names, "site")).subgroups["site"]
    notes = {group.name: group.note for group in found.groups}
    assert notes["few"] == "20 of the 30 that a score needs"
    assert notes["one grade"] == "0 of 3 grades have 10 test images on either side; a score needs half of them"
    assert (notes["a"], notes["b"]) == (None, None)
    assert found.classes == ["mild", "severe"]
    assert found.title == "macro-AUROC over 2 of 3 grades"
    assert all(not group.arms for group in found.groups if group.note is not None)


def test_groups_keep_the_order_of_age_and_the_unknown_comes_last() -> None:
    predictions = run(counts=(100, 100, 100))
    bands = np.array(["80 and over", "under 20", "not stated", "20 to 39"])
    found = _profile(_grouped(predictions, bands[predictions.test_groups % 4], "age")).subgroups["age"]
    assert [group.name for group in found.groups] == ["under 20", "20 to 39", "80 and over", "not stated"]


def _findings() -> PredictionSet:
    """Return a run over findings, of which an image may have several."""
    predictions = run()
    random = np.random.default_rng(4)
    labels = (random.random(predictions.test_labels.shape) < [0.2, 0.4, 0.6]).astype(np.uint8)
    return replace(predictions, test_labels=labels, val_labels=labels[::-1].copy())
