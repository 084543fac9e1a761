"""What a comparison states follows from its predictions alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qaugbench.classification.judged import judged
from qaugbench.classification.results import RECIPE, Comparison, Gain
from qaugbench.classification.verified import checked_comparison
from qaugbench.errors import EntryError
from qaugbench.predictions import PredictionSet
from qaugbench.stats import compare_models
from qaugbench.stats.metric_on_images import Images, metric_of
from tests.classifiers.made_up import CLASSES, KEY, MACRO, RUNS, comparison, predictions, write

UNDER = {"R+": 1.0, "R+cm": 1.5, "R+os": 1.0, "gmm": 2.0}
CROSSED = {RECIPE: 1.0, "qumi": 1.0, "qumi:bottleneck": 1.0, "qumi:linear": 1.0} | {
    f"qumi on {arm}": signal for arm, signal in UNDER.items() if arm != "R+"
}
ASKED = comparison(gains={KEY: (Gain("gmm", "qumi", None, None),)})


def gain(drawn: PredictionSet, asked: Comparison = ASKED) -> Gain:
    return judged(asked, [drawn]).gains[KEY][0]


def test_a_difference_is_that_of_two_models() -> None:
    drawn = predictions()
    (board,) = judged(comparison(), [drawn]).boards
    from qaugbench.metrics.discrimination import class_scores

    logits = dict(zip(drawn.arms, drawn.fractions[KEY].test_logits, strict=True))
    own, plain = (class_scores(logits[name], "multiclass") for name in ("qumi", "qumi:linear"))
    alone = compare_models(own, plain, drawn.test_labels, groups=drawn.test_groups)
    found = next(one for one in board.differences if (one.arm, one.against) == ("qumi", "qumi:linear"))
    assert (found.estimate.value, found.estimate.low) == pytest.approx((alone.estimate, alone.ci_low))
    accuracy = np.mean(logits["qumi"].argmax(axis=2) == drawn.test_labels.argmax(axis=1))
    assert board.rows[0].accuracy == pytest.approx(accuracy)


def test_a_gain_is_over_the_best_real_only_arm_on_validation_under_the_same_classifier() -> None:
    drawn = predictions(signals=CROSSED)
    logits = dict(zip(drawn.arms, drawn.fractions[KEY].test_logits, strict=True))
    val = drawn.fractions[KEY].val_logits
    val[drawn.arms.index("qumi on R+os")] += 9.0 * drawn.val_labels
    metric = metric_of(MACRO, Images(drawn.test_labels, drawn.test_groups, CLASSES, "multiclass"))
    found = gain(drawn)
    assert found.reference == "R+os"
    expected = metric.evaluate(logits["qumi on gmm"])[0] - metric.evaluate(logits["qumi on R+os"])[0]
    assert found.gain.value == pytest.approx(expected.mean())
    again = judged(ASKED, [drawn])
    assert judged(again, [drawn.without_validation()]).gains == again.gains  # R* stays as it was chosen
    logits["qumi on gmm"][0] = np.nan
    assert gain(drawn).reason == "1 failed replicate filled in with R+cm"
    logits["qumi on gmm"][:] = np.nan
    assert (gain(drawn).gain, gain(drawn).reason) == (None, "no replicate has usable predictions")


def test_a_gain_that_is_not_stated_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "all", signals=CROSSED, gains=ASKED.gains)
    assert checked_comparison(tmp_path / "all").found.gains[KEY][0].gain is not None
    write(tmp_path / "less", signals=CROSSED)
    with pytest.raises(EntryError, match="lacks qumi on gmm at 10%, of which there are predictions"):
        checked_comparison(tmp_path / "less")


def test_a_classifier_without_predictions_has_no_score_and_says_why() -> None:
    drawn = predictions()
    drawn.fractions[KEY].test_logits[drawn.arms.index("qumi:linear")] = np.nan
    (board,) = judged(comparison(), [drawn]).boards
    linear = board.rows[2]
    assert (linear.score, linear.scores, linear.reason) == (None, (), "no replicate has usable predictions")
    assert [one.against for one in board.differences] == ["qumi:bottleneck"]


def test_predictions_that_lack_a_row_are_refused() -> None:
    with pytest.raises(EntryError, match="The predictions lack qumi"):
        judged(comparison(), [predictions(signals={RECIPE: 1.0})])
    with pytest.raises(EntryError, match="over 1 test set, and there are predictions of 2"):
        judged(comparison(), [predictions(), predictions(1)])


def test_as_many_scores_as_replicates() -> None:
    (board,) = judged(comparison(), [predictions()]).boards
    assert {len(row.scores) for row in board.rows} == {RUNS}
