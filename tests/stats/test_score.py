"""A run's scores: planted differences are found, nothing depends on order, and what is missing is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.record import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.score import score
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, EQUAL, GRADES, run

MACRO = Endpoint("macro_auroc", "macro-AUROC", "macro_auroc", GRADES, margin=0.01)
SEVERE = Endpoint("severe", "AUROC of severe", "auroc", ("severe",))
KAPPA = Endpoint("qwk", "quadratic weighted kappa", "qwk", GRADES)


def _score(
    predictions: PredictionSet, endpoints: Sequence[Endpoint] = (MACRO, SEVERE, KAPPA), arms: Sequence[ArmInfo] = ARMS
) -> dict[str, Any]:
    scores = score(predictions, arms, endpoints, "ordinal", GRADES, task="kneeoa").to_dict()
    return json.loads(json.dumps(scores, allow_nan=False))["fractions"]["10%"]


def _contrast(
    scored: dict[str, Any], arm: str, against: str, family: str, endpoint: str = "macro_auroc"
) -> dict[str, Any]:
    contrasts = scored["endpoints"][endpoint]["contrasts"]
    (found,) = [c for c in contrasts if (c["arm"], c["against"], c["family"]) == (arm, against, family)]
    return found


def test_values_are_the_metric_of_each_replicate() -> None:
    predictions = run()
    of_qldm = _score(predictions)["endpoints"]["severe"]["arms"]["qldm"]
    logits = predictions.fractions["10%"].test_logits[5].astype(float)
    log_odds = logits[..., 2] - np.logaddexp(logits[..., 0], logits[..., 1])
    expected = [roc_auc_score(predictions.test_labels[:, 2], row) for row in log_odds]
    np.testing.assert_allclose(of_qldm["values"], expected, atol=1e-12)
    assert of_qldm["mean"] == pytest.approx(np.mean(expected))
    assert of_qldm["ci_low"] < of_qldm["mean"] < of_qldm["ci_high"]
    assert (of_qldm["n_images"], of_qldm["n_patients"], of_qldm["direction"]) == (180, 90, "higher is better")


def test_planted_differences_are_found() -> None:
    scored = _score(run({**EQUAL, "qldm": 2.5, "R": 0.8}))
    for endpoint in ("macro_auroc", "severe", "qwk"):
        assert _contrast(scored, "qldm", "R+", "reference", endpoint)["words"] == "helps"
        assert _contrast(scored, "qldm", "qldm:twin", "control", endpoint)["words"] == "better than qldm:twin"
        assert _contrast(scored, "R", "R+", "reference", endpoint)["verdict"] == "HURTS"
    assert _contrast(scored, "ddpm", "R+", "reference")["verdict"] == "INCONCLUSIVE"


def test_contrasts_are_exactly_the_three_families() -> None:
    scored = _score(run({**EQUAL, "ddpm": 2.5}))
    pairs = {(c["family"], c["arm"], c["against"]) for c in scored["endpoints"]["macro_auroc"]["contrasts"]}
    reference = {("reference", arm.id, "R+") for arm in ARMS if arm.id != "R+"}
    assert pairs == reference | {("best-classical", "qldm", "ddpm"), ("control", "qldm", "qldm:twin")}


def test_best_classical_is_chosen_on_validation_and_never_the_oracle_or_a_control() -> None:
    predictions = run({**EQUAL, "O-real": 3.0, "qldm:twin": 3.0, "qldm": 3.0, "R": 3.0, "ddpm": 1.6})
    part = predictions.fractions["10%"]
    boosted = part.val_logits.copy()
    boosted[3] += 3 * predictions.val_labels
    swapped = replace(predictions, fractions={"10%": FractionPredictions(part.test_logits, boosted)})
    assert _score(predictions)["best_classical"]["arm"] == "ddpm"
    assert _score(swapped)["best_classical"]["arm"] == "R+os"
    assert set(_score(swapped)["best_classical"]["validation_means"]) == {"R+", "R+cm", "R+os", "ddpm"}


def test_equal_classical_arms_go_by_name() -> None:
    predictions = run()
    predictions.fractions["10%"].val_logits[:] = predictions.fractions["10%"].val_logits[0]
    assert _score(predictions)["best_classical"]["arm"] == "R+"


def test_order_of_arms_does_not_matter() -> None:
    predictions, order = run(), [6, 2, 0, 7, 5, 1, 4, 3]
    part = predictions.fractions["10%"]
    moved = replace(
        predictions,
        arms=tuple(predictions.arms[i] for i in order),
        fractions={"10%": FractionPredictions(part.test_logits[order], part.val_logits[order])},
    )
    assert _score(moved, arms=ARMS[::-1]) == _score(predictions)


def test_order_of_images_and_names_of_patients_do_not_matter() -> None:
    predictions = run()
    order = np.random.default_rng(0).permutation(len(predictions.test_labels))
    part = predictions.fractions["10%"]
    moved = replace(
        predictions,
        test_labels=predictions.test_labels[order],
        test_groups=1000 - predictions.test_groups[order],
        fractions={"10%": FractionPredictions(part.test_logits[:, :, order], part.val_logits)},
    )
    there, back = (_contrast(_score(p), "qldm", "R+", "reference") for p in (predictions, moved))
    assert [back[key] for key in ("estimate", "se", "p_value")] == pytest.approx(
        [there[key] for key in ("estimate", "se", "p_value")], rel=1e-9
    )


def test_arms_with_the_same_predictions_do_not_differ() -> None:
    predictions = run()
    predictions.fractions["10%"].test_logits[5] = predictions.fractions["10%"].test_logits[1]
    same = _contrast(_score(predictions), "qldm", "R+", "reference")
    assert (same["estimate"], same["se"], same["p_value"], same["verdict"]) == (0, 0, 1, "INCONCLUSIVE")


@pytest.mark.parametrize(("replicates", "failed", "verdict"), [(10, 1, "HELPS"), (10, 2, "NO-VERDICT")])
def test_more_than_ten_percent_filled_in_is_no_verdict(replicates: int, failed: int, verdict: str) -> None:
    predictions = run({**EQUAL, "qldm": 3.0}, replicates=replicates)
    predictions.fractions["10%"].test_logits[5, :failed] = np.nan
    scored = _score(predictions)
    assert scored["flagged"] == {"qldm": list(range(failed))}
    assert _contrast(scored, "qldm", "R+", "reference")["verdict"] == verdict
    assert scored["endpoints"]["macro_auroc"]["arms"]["qldm"]["n_flagged"] == failed


def test_without_the_reference_no_contrast_names_it() -> None:
    predictions = run()
    predictions.fractions["10%"].test_logits[1, 0] = np.nan
    scored = _score(predictions)
    assert "R+" in scored["dropped"]
    assert scored["endpoints"]["macro_auroc"]["note"] == "the reference arm was dropped"
    families = {c["family"] for c in scored["endpoints"]["macro_auroc"]["contrasts"]}
    assert families == {"best-classical", "control"}


@pytest.mark.parametrize(("replicates", "verdict"), [(1, "NO-VERDICT"), (2, "NO-VERDICT"), (5, "HELPS")])
def test_few_replicates_are_no_verdict(replicates: int, verdict: str) -> None:
    scored = _score(run({**EQUAL, "qldm": 4.0}, replicates=replicates))
    assert _contrast(scored, "qldm", "R+", "reference")["verdict"] == verdict


@pytest.mark.parametrize(
    ("severe", "interval", "verdict"), [(8, False, None), (20, True, "NO-VERDICT"), (30, True, "HELPS")]
)
def test_rare_classes_get_no_interval_then_no_verdict(severe: int, interval: bool, verdict: str | None) -> None:
    scored = _score(run({**EQUAL, "qldm": 4.0}, counts=(80, 80, severe)))
    endpoint = scored["endpoints"]["severe"]
    assert (endpoint["arms"]["qldm"]["ci_low"] is not None) == interval
    assert {c["verdict"] for c in endpoint["contrasts"] if c["arm"] == "qldm"} == ({verdict} if verdict else set())
    assert (scored["classes"]["severe"]["arms"]["qldm"]["ci_low"] is not None) == interval
    assert ("qldm" in scored["classes"]["severe"]["differences"]) == interval


def test_a_class_missing_from_the_test_images_is_named_and_the_rest_scored() -> None:
    scored = _score(run(counts=(60, 60, 0)))
    assert scored["endpoints"]["macro_auroc"]["left_out"] == {"severe": "no positive image"}
    assert scored["endpoints"]["macro_auroc"]["classes"] == ["none", "mild"]
    assert scored["endpoints"]["severe"]["note"] == "no class has both a positive and a negative image"
    assert scored["endpoints"]["severe"]["arms"] == {}


def test_fractions_are_scored_apart_in_order() -> None:
    predictions = run()
    both = replace(predictions, fractions={"100%": predictions.fractions["10%"], **predictions.fractions})
    scores = score(both, ARMS, [MACRO], "ordinal", GRADES)
    assert list(scores.fractions) == ["10%", "100%"]
    assert (
        "with all of the training data"
        in scores.fractions["100%"].endpoints["macro_auroc"].contrasts[0].sentence.lower()
    )


@pytest.mark.parametrize(
    ("endpoints", "arms", "message"),
    [
        ([], ARMS, "no endpoint"),
        ([replace(MACRO, kind="auc")], ARMS, "unknown kind 'auc'"),
        ([replace(MACRO, classes=("milt",))], ARMS, "Did you mean 'mild'"),
        ([replace(KAPPA, classes=("none", "mild"))], ARMS, "missing are: severe"),
        ([MACRO], ARMS[:-1], "must be the same, each once: ddpm"),
    ],
)
def test_refuses_what_does_not_fit(endpoints: list[Endpoint], arms: Sequence[ArmInfo], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        _score(run(), endpoints, arms)


def test_refuses_logits_of_another_shape() -> None:
    predictions = run()
    part = predictions.fractions["10%"]
    short = replace(predictions, fractions={"10%": FractionPredictions(part.test_logits[:, :, :-1], part.val_logits)})
    with pytest.raises(StatisticsError, match="test logits must be"):
        _score(short)
