"""Verdicts on one comparison, and when there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaugbench.stats.decide import Verdict, reasons_for_none, verdict, verdict_words
from qaugbench.stats.mrmc import NO_VARIATION, OR_HILLIS, Comparison

SMALL = Comparison(0.004, 0.005, 9.0, -0.008, 0.016, 0.45, 0.021, OR_HILLIS, 10, 300)
GAIN = replace(SMALL, estimate=0.02, ci_low=0.009, ci_high=0.031)
LOSS = replace(SMALL, estimate=-0.02, ci_low=-0.031, ci_high=-0.009)


@pytest.mark.parametrize(("comparison", "code"), [(GAIN, "HELPS"), (LOSS, "HURTS"), (SMALL, "INCONCLUSIVE")])
def test_the_interval_decides(comparison: Comparison, code: str) -> None:
    assert verdict(comparison, 10, 0.0) == Verdict(code)  # type: ignore[arg-type]
    assert verdict(comparison, 5, 0.10, n_rarer=30) == Verdict(code)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("replicates", "flagged", "n_rarer", "reason"),
    [
        (1, 0.0, None, "single replicate"),
        (2, 0.0, None, "2 replicates: an interval over training runs needs 3"),
        (4, 0.0, None, "4 replicates, and a verdict needs 5"),
        (10, 0.2, None, "20 % of the replicates failed"),
        (10, 0.0, 29, "29 test images"),
    ],
)
def test_no_verdict_has_a_reason(replicates: int, flagged: float, n_rarer: int | None, reason: str) -> None:
    decided = verdict(GAIN, replicates, flagged, n_rarer=n_rarer)
    assert decided.code == "NO-VERDICT"
    assert reason in str(decided.reason)


def test_pooled_classes_need_a_majority_with_enough_images() -> None:
    assert verdict(GAIN, 10, 0.0, pooled_rarer=(30, 40, 29, 5)).code == "HELPS"
    decided = verdict(GAIN, 10, 0.0, pooled_rarer=(30, 29, 5))
    assert decided.code == "NO-VERDICT"
    assert "2 of the 3 classes" in str(decided.reason)


def test_no_verdict_where_nothing_varied() -> None:
    assert verdict(replace(GAIN, method=NO_VARIATION), 10, 0.0).code == "NO-VERDICT"


def test_arms_are_better_or_worse_than_one_another() -> None:
    assert verdict_words("HELPS", "qldm:twin") == "better than qldm:twin"
    assert verdict_words("HURTS", "qldm:twin") == "worse than qldm:twin"


def test_every_reason_that_holds_is_listed_at_once_and_the_first_is_the_verdicts_own() -> None:
    found = reasons_for_none(NO_VARIATION, 4, 0.2, 12, ())
    assert [words.split(" ", 1)[0] for words in found] == ["4", "20", "the", "nothing"]
    assert verdict(replace(GAIN, method=NO_VARIATION), 4, 0.2, n_rarer=12).reason == found[0]
    assert reasons_for_none(OR_HILLIS, 10, 0.0, None, (30, 40)) == []
