"""What a comparison states is what the library's statistics say of the predictions."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.classification.compare import (
    Asked,
    differences,
    of_controls,
    of_each_other,
    steps_to,
    uncertainty_gap,
)
from qaugbench.stats import compare_models
from qaugbench.stats.jackknife import jackknife_influence
from qaugbench.stats.metric_on_images import Images, metric_of
from qaugbench.task import Endpoint

CLASSES = ("a", "b", "c")
RNG = np.random.default_rng(0)
N, RUNS = 90, 3
LABELS = np.eye(3, dtype=np.uint8)[np.arange(N) % 3]
GROUPS = np.arange(N) // 2
IMAGES = Images(LABELS, GROUPS, CLASSES, "multiclass")

ENDPOINT = Endpoint("macro_auroc", "macro-AUROC", "macro_auroc", CLASSES, margin=0.01)


def logits(signal: float) -> np.ndarray:
    """Return logits [R, N, K] that tell the classes apart the better the larger ``signal`` is."""
    return (RNG.normal(size=(RUNS, N, 3)) + signal * LABELS).astype(np.float32)


def test_a_difference_is_that_of_two_models_and_holds_together_with_the_others() -> None:
    metric = metric_of(ENDPOINT, IMAGES)
    of = {"one": logits(2.0), "one:twin": logits(1.5), "one:linear": logits(1.9)}
    measured = {name: metric.evaluate(one) for name, one in of.items()}
    found = differences([Asked("one", "one:twin", "?"), Asked("one", "one:linear", "?")], measured, metric)
    from qaugbench.metrics.discrimination import class_scores

    scores = {name: class_scores(one, "multiclass") for name, one in of.items()}
    alone = compare_models(scores["one"], scores["one:twin"], LABELS, groups=GROUPS)
    assert found[0].estimate.value == pytest.approx(alone.estimate)
    assert (found[0].estimate.low, found[0].estimate.high) == pytest.approx((alone.ci_low, alone.ci_high))
    for one in found:
        assert one.low_together < one.estimate.low
        assert one.high_together > one.estimate.high
        assert one.p_together >= one.p_value


def test_with_two_runs_there_is_an_estimate_and_no_interval() -> None:
    metric = metric_of(ENDPOINT, IMAGES)
    measured = {name: metric.evaluate(logits(1.0)[:2]) for name in ("one", "other")}
    (found,) = differences(of_each_other(["one", "other"]), measured, metric)
    assert found.estimate.value == pytest.approx((measured["one"][0] - measured["other"][0]).mean())
    assert (found.estimate.low, found.low_together, found.p_value) == (None, None, None)


def test_what_is_not_there_is_not_asked() -> None:
    assert of_controls("one", ["one", "one:frozen"]) == [
        Asked("one", "one:frozen", "does training the circuit matter?")
    ]
    assert of_controls("one", ["one:twin"]) == []
    assert of_each_other(["one"]) == []


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_the_uncertainty_gap_is_higher_where_wrong_answers_are_less_sure(kind: str) -> None:
    value, influence = uncertainty_gap(logits(1.0)[:1], LABELS, GROUPS, kind)
    assert value[0] > 0
    assert abs(influence.sum()) < 1e-9

    def gap(kept: np.ndarray) -> float:
        return float(uncertainty_gap(one[:, kept], LABELS[kept], GROUPS[kept], kind)[0][0])

    one = logits(1.0)[:1]
    _, ours = uncertainty_gap(one, LABELS, GROUPS, kind)
    _, jackknifed = jackknife_influence(gap, GROUPS)
    assert np.corrcoef(ours[0], jackknifed)[0, 1] > 0.99


def test_there_is_no_gap_where_every_answer_is_right() -> None:
    assert uncertainty_gap(100.0 * LABELS[None], LABELS, GROUPS, "multiclass") is None


def test_steps_to_a_share_of_the_last_score() -> None:
    looks = [{"step": step, "val_metric": score} for step, score in ((5, 0.5), (10, 0.96), (15, 0.9), (20, 1.0))]
    assert steps_to(looks) == 10
    assert steps_to(looks, share=1.0) == 20
