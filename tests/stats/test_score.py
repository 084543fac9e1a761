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
from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.mrmc import SINGLE_RUN
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


def _gain(scored: dict[str, Any], arm: str, endpoint: str = "macro_auroc") -> dict[str, Any]:
    """Return the contrast of an arm with the run's reference."""
    return _contrast(scored, arm, scored["reference"]["arm"], "reference", endpoint)


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
        assert _gain(scored, "qldm", endpoint)["words"] == "helps"
        assert _contrast(scored, "qldm", "qldm:twin", "control", endpoint)["words"] == "better than qldm:twin"
        assert _gain(scored, "R", endpoint)["verdict"] == "HURTS"
    assert _gain(scored, "ddpm")["verdict"] == "INCONCLUSIVE"


def test_contrasts_are_exactly_the_four_families() -> None:
    scored = _score(run({**EQUAL, "ddpm": 2.5}))
    pairs = {(c["family"], c["arm"], c["against"]) for c in scored["endpoints"]["macro_auroc"]["contrasts"]}
    best, star = scored["best_classical"], scored["reference"]["arm"]
    reference = {("reference", arm.id, star) for arm in ARMS if arm.id != star}
    augmented = {("augmented", arm.id, "R+") for arm in ARMS if arm.id != "R+"}
    others = {
        ("best-classical", "qldm", "ddpm"),
        ("best-classical", "ddpm", star),
        ("control", "qldm", "qldm:twin"),
    }
    assert best["arm"] == "ddpm"
    assert pairs == reference | augmented | others


def test_what_papers_report_carries_no_verdict() -> None:
    scored = _score(run({**EQUAL, "qldm": 4.0}))
    said = {arm: _contrast(scored, arm, "R+", "augmented") for arm in ("qldm", "R+cm", "R")}
    assert all(found["verdict"] == "NO-VERDICT" and found["ci_low"] is not None for found in said.values())
    assert said["qldm"]["words"] == said["R+cm"]["words"] == "not matched for computing"
    assert said["R"]["words"] == "no verdict"


def test_best_classical_is_chosen_on_validation_and_never_the_oracle_or_a_control() -> None:
    predictions = run({**EQUAL, "O-real": 3.0, "qldm:twin": 3.0, "qldm": 3.0, "R": 3.0, "ddpm": 1.6})
    part = predictions.fractions["10%"]
    boosted = part.val_logits.copy()
    boosted[3] += 3 * predictions.val_labels
    swapped = replace(predictions, fractions={"10%": FractionPredictions(part.test_logits, boosted)})
    assert _score(predictions)["best_classical"]["arm"] == "ddpm"
    assert _score(swapped)["best_classical"]["arm"] == _score(swapped)["reference"]["arm"] == "R+os"
    assert set(_score(swapped)["best_classical"]["validation_means"]) == {"R+os", "ddpm"}


def test_equal_arms_go_by_their_order_and_the_reference_first() -> None:
    predictions = run()
    predictions.fractions["10%"].val_logits[:] = predictions.fractions["10%"].val_logits[0]
    scored = _score(predictions)
    assert (scored["reference"]["arm"], scored["best_classical"]["arm"]) == ("R+", "R+")


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
    there, back = (_gain(_score(p), "qldm") for p in (predictions, moved))
    assert [back[key] for key in ("estimate", "se", "p_value")] == pytest.approx(
        [there[key] for key in ("estimate", "se", "p_value")], rel=1e-9
    )


def test_arms_with_the_same_predictions_do_not_differ() -> None:
    predictions = run()
    star = _score(predictions)["reference"]["arm"]
    place = predictions.arms.index(star)
    predictions.fractions["10%"].test_logits[5] = predictions.fractions["10%"].test_logits[place]
    same = _gain(_score(predictions), "qldm")
    assert (same["estimate"], same["se"], same["p_value"], same["verdict"]) == (0, 0, 1, "INCONCLUSIVE")


@pytest.mark.parametrize(("replicates", "failed", "verdict"), [(10, 1, "HELPS"), (10, 2, "NO-VERDICT")])
def test_more_than_ten_percent_filled_in_is_no_verdict(replicates: int, failed: int, verdict: str) -> None:
    predictions = run({**EQUAL, "qldm": 3.0}, replicates=replicates)
    predictions.fractions["10%"].test_logits[5, :failed] = np.nan
    scored = _score(predictions)
    assert scored["flagged"] == {"qldm": list(range(failed))}
    assert _gain(scored, "qldm")["verdict"] == verdict
    assert scored["endpoints"]["macro_auroc"]["arms"]["qldm"]["n_flagged"] == failed


def test_without_any_real_only_arm_there_is_no_reference_and_no_verdict() -> None:
    predictions = run()
    predictions.fractions["10%"].test_logits[1:4, 0] = np.nan
    scored = _score(predictions)
    assert scored["reference"]["arm"] is None
    assert "R+cm was left out" in scored["reference"]["reason"]
    assert scored["endpoints"]["macro_auroc"]["note"].startswith("no reference: no arm that trains on the real images")
    families = {c["family"] for c in scored["endpoints"]["macro_auroc"]["contrasts"]}
    assert families == {"best-classical", "control"} & families
    assert scored["endpoints"]["macro_auroc"]["verdicts"] == {}


def test_a_single_replicate_has_the_interval_of_one_model_and_nothing_more() -> None:
    scored = _score(run({**EQUAL, "qldm": 4.0}, replicates=1))
    gain, endpoint = _gain(scored, "qldm"), scored["endpoints"]["macro_auroc"]
    assert gain["method"] == endpoint["arms"]["qldm"]["method"] == SINGLE_RUN
    assert gain["ci_low"] > 0
    assert (gain["verdict"], gain["mde"], scored["ranks"]) == ("NO-VERDICT", None, {})
    assert (
        gain["reason"] == scored["too_few_replicates"] == "a single replicate: an interval over training runs needs 3"
    )


def test_two_replicates_have_values_and_no_interval_anywhere() -> None:
    predictions = run({**EQUAL, "qldm": 4.0}, replicates=2)
    scores = score(predictions, ARMS, [MACRO], "ordinal", GRADES, n_real={"10%": 90}, n_fill={"10%": 90})
    scored = scores.fractions["10%"]
    endpoint, reason = scored.endpoints["macro_auroc"], "2 replicates: an interval over training runs needs 3"
    (gain,) = [c for c in endpoint.contrasts if (c.arm, c.family) == ("qldm", "reference")]
    assert gain.estimate == pytest.approx(endpoint.arms["qldm"].mean - endpoint.arms[str(scored.reference.arm)].mean)
    assert {gain.se, gain.df, gain.ci_low, gain.ci_high, gain.p_value, gain.mde} == {None}
    assert (gain.reason, gain.method) == (reason, f"no interval: {reason}")
    assert {one.ci_low for one in endpoint.arms.values()} == {None}
    assert (scored.ranks, scores.confirmatory.members) == ({}, [])
    assert scores.confirmatory.method == f"none: {reason}"
    assert all(metric.differences == {} for metric in scored.metrics.values())
    verdict = endpoint.verdicts["qldm"]
    assert (verdict.ladder.verdict, verdict.ladder.rungs, verdict.ladder.mde) == ("NO-VERDICT", [], None)
    assert verdict.sentence.endswith(f"no verdict ({reason}).")
    assert scores.worth["10%"]["qldm"].worth.reason == reason


@pytest.mark.parametrize(("replicates", "verdict"), [(3, "NO-VERDICT"), (4, "NO-VERDICT"), (5, "HELPS")])
def test_few_replicates_are_no_verdict(replicates: int, verdict: str) -> None:
    scored = _score(run({**EQUAL, "qldm": 4.0}, replicates=replicates))
    assert _gain(scored, "qldm")["verdict"] == verdict
    assert _gain(scored, "qldm")["mde"] > 0


@pytest.mark.parametrize(
    ("severe", "interval", "verdict"), [(8, False, None), (20, True, "NO-VERDICT"), (30, True, "HELPS")]
)
def test_rare_classes_get_no_interval_then_no_verdict(severe: int, interval: bool, verdict: str | None) -> None:
    scored = _score(run({**EQUAL, "qldm": 4.0}, counts=(80, 80, severe)))
    endpoint = scored["endpoints"]["severe"]
    assert (endpoint["arms"]["qldm"]["ci_low"] is not None) == interval
    said = {c["verdict"] for c in endpoint["contrasts"] if c["arm"] == "qldm" and c["family"] != "augmented"}
    assert said == ({verdict} if verdict else set())
    assert (scored["classes"]["severe"]["arms"]["qldm"]["ci_low"] is not None) == interval
    assert ("qldm" in scored["classes"]["severe"]["differences"]) == interval


def test_a_class_missing_from_the_test_images_is_named_and_the_rest_scored() -> None:
    scored = _score(run(counts=(60, 60, 0)))
    macro = scored["endpoints"]["macro_auroc"]
    assert macro["title"] == "macro-AUROC over 2 of 3 grades: none, mild"
    assert [note["sentence"] for note in macro["left_out"]] == [
        "1 of 3 grades has no positive test image and is left out: severe."
    ]
    assert macro["classes"] == scored["ensemble"]["classes"] == ["none", "mild"]
    assert "macro-AUROC over 2 of 3 grades by" in macro["verdicts"]["qldm"]["sentence"]
    assert scored["endpoints"]["severe"]["note"] == "no class has both a positive and a negative image"
    assert scored["endpoints"]["severe"]["arms"] == {}
    assert list(scored["classes"]) == ["none", "mild"]


def test_fractions_are_scored_apart_in_order() -> None:
    predictions = run()
    both = replace(predictions, fractions={"100%": predictions.fractions["10%"], **predictions.fractions})
    scores = score(both, ARMS, [MACRO], "ordinal", GRADES)
    assert list(scores.fractions) == ["10%", "100%"]
    said = scores.fractions["100%"].endpoints["macro_auroc"].verdicts["qldm"].sentence
    assert said.startswith("With all of the training data, qldm changed macro-AUROC by")


def test_a_generator_that_helps_climbs_as_far_as_its_replicates_allow() -> None:
    strength = {**EQUAL, "qldm": 2.5, "O-real": 2.5, "R+os": 1.7}
    verdicts = {r: _score(run(strength, replicates=r))["endpoints"]["macro_auroc"]["verdicts"] for r in (5, 10)}
    assert [verdicts[r]["qldm"]["words"] for r in (5, 10)] == ["non-inferior", "superior"]
    ladder = verdicts[10]["qldm"]["ladder"]
    assert ladder["attribution_reason"] == "it ran without its control no-entanglement"
    assert verdicts[10]["qldm"]["posterior"]["above"] > 0.99
    assert verdicts[10]["ddpm"]["ladder"]["attribution"] is None


def test_an_arm_with_too_many_filled_replicates_is_not_the_best_classical_one() -> None:
    predictions = run({**EQUAL, "ddpm": 3.0}, replicates=10)
    predictions.fractions["10%"].val_logits[7, :2] = np.nan
    predictions.fractions["10%"].test_logits[7, :2] = np.nan
    assert "ddpm" not in _score(predictions)["best_classical"]["validation_means"]


def test_the_family_holds_every_generator_at_every_fraction() -> None:
    predictions = run({**EQUAL, "qldm": 2.5}, replicates=10)
    other = run({**EQUAL, "qldm": 2.5}, replicates=10, seed=1)
    both = replace(predictions, fractions={"5%": other.fractions["10%"], **predictions.fractions})
    found = score(both, ARMS, [MACRO], "ordinal", GRADES).confirmatory
    assert [(m.fraction, m.arm) for m in found.members] == [(f, a) for f in ("5%", "10%") for a in ("ddpm", "qldm")]
    for member in found.members:
        assert member.p_value <= member.p_step_down <= member.p_single_step <= 1
        assert member.bootstrap_low < member.estimate < member.bootstrap_high
    helps = found.members[1]
    scored = score(both, ARMS, [MACRO], "ordinal", GRADES).fractions["5%"].endpoints["macro_auroc"]
    (alone,) = [c for c in scored.contrasts if (c.arm, c.family) == ("qldm", "reference")]
    assert (helps.estimate, helps.se) == (pytest.approx(alone.estimate), pytest.approx(alone.se))
    assert helps.low < alone.ci_low


def test_competing_arms_are_ranked_and_the_others_not() -> None:
    ranks = _score(run({**EQUAL, "qldm": 3.0, "qldm:twin": 3.0}, replicates=10))["ranks"]
    assert set(ranks) == {"R+", "R+cm", "R+os", "ddpm", "qldm"}
    assert ranks["qldm"] == {"low": 1, "high": 1}
    assert ranks["ddpm"]["low"] == 2


def test_other_metrics_and_the_ensemble_carry_a_false_discovery_rate_and_no_verdict() -> None:
    scored = _score(run({**EQUAL, "qldm": 2.5}))
    assert set(scored["metrics"]) == {"macro_ap", "brier", "log_loss", "balanced_accuracy", "mae"}
    assert scored["metrics"]["brier"]["differences"]["qldm"]["difference"]["estimate"] < 0
    assert scored["metrics"]["brier"]["direction"] == "lower is better"
    for metric in (*scored["metrics"].values(), scored["ensemble"]):
        for entry in metric["differences"].values():
            assert entry["q_value"] >= entry["difference"]["p_value"]
    assert scored["ensemble"]["arms"]["qldm"]["n_replicates"] == 1
    means = {arm: scored["endpoints"]["macro_auroc"]["arms"][arm]["mean"] for arm in ("R+", "qldm")}
    assert all(scored["ensemble"]["arms"][arm]["mean"] > mean for arm, mean in means.items())


def test_multilabel_decisions_take_their_thresholds_from_validation() -> None:
    predictions = run({**EQUAL, "qldm": 2.5})
    found = score(predictions, ARMS, [MACRO], "multilabel", GRADES).fractions["10%"].metrics["balanced_accuracy"]
    part = predictions.fractions["10%"]
    moved = replace(predictions, fractions={"10%": FractionPredictions(part.test_logits, part.val_logits + 100)})
    at_chance = score(moved, ARMS, [MACRO], "multilabel", GRADES).fractions["10%"].metrics["balanced_accuracy"]
    assert found.arms["qldm"].mean > 0.75
    assert at_chance.arms["qldm"].mean == pytest.approx(0.5)


def test_worth_is_said_where_the_numbers_of_images_are_known() -> None:
    predictions = run({**EQUAL, "qldm": 2.0, "O-real": 2.5})
    found = score(predictions, ARMS, [MACRO], "ordinal", GRADES, n_real={"10%": 500}, n_fill={"10%": 400}).worth["10%"]
    assert set(found) == {"qldm", "ddpm"}
    assert found["qldm"].worth.method == "oracle"
    assert found["qldm"].sentence.startswith("400 synthetic images were worth ")
    assert score(predictions, ARMS, [MACRO], "ordinal", GRADES).worth == {}


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


@pytest.mark.parametrize("part", ["test", "val"])
def test_refuses_an_image_counted_twice(part: str) -> None:
    predictions = run()
    ids = getattr(predictions, f"{part}_ids").copy()
    ids[7] = ids[3]
    with pytest.raises(StatisticsError, match="ids occur more than once: image-3"):
        _score(replace(predictions, **{f"{part}_ids": ids}))
    with pytest.raises(StatisticsError, match="179 ids for 180 images"):
        _score(replace(predictions, **{f"{part}_ids": ids[1:]}))
