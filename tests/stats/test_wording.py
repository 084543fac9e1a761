"""The sentence of every verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaugbench.formatting import signed
from qaugbench.stats.ladder import Ladder, Rung
from qaugbench.stats.wording import WORDS, verdict_sentence, verdict_text

HELPS = Rung("helps", "qldm - R+", 0.004, 0.005, 9.0, -0.008, 0.016, 0.22, passed=False)
ASSAYS = (
    Rung("assay", "R+os - R+", 0.02, 0.004, 9.0, 0.011, 0.029, 0.001, passed=True),
    Rung("assay", "O-real - R+", 0.03, 0.004, 9.0, 0.021, 0.039, 0.001, passed=True),
)
RETAINS = Rung("retains", "qldm - 0.5 R+os - 0.5 R+", 0.02, 0.004, 9.0, 0.011, 0.029, 0.001, passed=True)
SUPERIOR = Rung("superior", "qldm - R+os", 0.015, 0.004, 9.0, 0.006, 0.024, 0.001, passed=True)
TWIN = Rung("twin", "qldm - qldm:twin", 0.012, 0.004, 9.0, 0.003, 0.021, 0.01, passed=True)
UNTESTED = replace(SUPERIOR, passed=None, reason="nobody looked")
LADDER = Ladder(
    arm="qldm",
    reference="R+",
    best_classical="R+os",
    oracle="O-real",
    verdict="INCONCLUSIVE",
    reason=None,
    below_margin=False,
    margin=0.01,
    gain=0.004,
    mde=0.021,
    rungs=[HELPS, *ASSAYS, RETAINS, SUPERIOR],
    equivalences=[],
    attribution="NOT-TESTED",
    attribution_reason="it was not shown to help, so there is no gain to attribute",
    controls=[TWIN],
)
GAIN = replace(HELPS, estimate=0.03, ci_low=0.02, ci_high=0.04, passed=True)


def _say(ladder: Ladder, task: str | None = "brainmri", fraction: str = "10%") -> str:
    return verdict_sentence(ladder, metric="macro-AUROC", fraction=fraction, task=task)


def _clause(ladder: Ladder) -> str:
    return _say(ladder).partition("(R+): ")[2]


def test_an_inconclusive_sentence_says_how_little_could_be_seen() -> None:
    assert _say(LADDER) == (
        "On brainmri at 10 % of the training data, qldm changed macro-AUROC by +.004 (95 % CI -.008 to +.016) against "
        "the best real-only training (R+): inconclusive; a difference under .021 could not have been seen."
    )


def test_it_says_where() -> None:
    assert _say(LADDER, fraction="100%").startswith("On brainmri with all of the training data, qldm")
    assert _say(LADDER, task=None).startswith("With 10 % of the training data, qldm")


@pytest.mark.parametrize(
    ("ladder", "clause"),
    [
        (
            replace(LADDER, verdict="SUPERIOR", below_margin=True),
            "it helps, and more than the best classical arm, R+os (+.015, +.006 to +.024), though by less than the .010 "
            "that would matter.",
        ),
        (
            replace(LADDER, verdict="NON-INFERIOR"),
            "it helps, and keeps at least half of the gain of the best classical arm, R+os (+.020, +.011 to +.029); that "
            "it does better was not shown.",
        ),
        (
            replace(LADDER, verdict="HELPS", rungs=[HELPS, replace(RETAINS, passed=None, reason="nothing else did")]),
            "it helps; whether as much as classical methods cannot be said, because nothing else did.",
        ),
        (
            replace(LADDER, verdict="HELPS", rungs=[HELPS]),
            "it helps; there was no classical arm to compare it with.",
        ),
        (replace(LADDER, verdict="HURTS"), "it hurts."),
        (
            replace(LADDER, verdict="SUPERIOR", best_classical="R+"),
            "it helps; no classical generator did better on validation than the reference itself.",
        ),
        (
            replace(LADDER, verdict="NON-INFERIOR", best_classical="R+", rungs=[HELPS, UNTESTED]),
            "it helps; no classical generator did better on validation than the reference itself; nobody looked.",
        ),
        (
            replace(LADDER, verdict="NEITHER-HELPS"),
            "shown to be less than the .010 that would matter, and so is the change by the best classical arm, R+os "
            "(+.020, +.011 to +.029): neither helps.",
        ),
        (
            replace(LADDER, verdict="NEITHER-HELPS", best_classical="R+", rungs=[HELPS]),
            "shown to be less than the .010 that would matter, so it does not help.",
        ),
        (
            replace(LADDER, verdict="INFERIOR"),
            "not shown to help, and worse than the best classical arm, R+os (+.015, +.006 to +.024).",
        ),
        (
            replace(LADDER, verdict="NO-ASSAY-SENSITIVITY"),
            "not shown to help, but neither was R+os (+.020, +.011 to +.029) or O-real (+.030, +.021 to +.039): this task "
            "may be unable to show a gain.",
        ),
        (
            replace(LADDER, verdict="EQUIVALENT"),
            "not shown to help, but within .010 of the best classical arm, R+os (+.015, +.006 to +.024).",
        ),
        (replace(LADDER, verdict="NO-VERDICT", reason="nobody looked"), "no verdict (nobody looked)."),
    ],
)
def test_every_verdict_has_its_clause(ladder: Ladder, clause: str) -> None:
    assert _clause(ladder) == clause


def test_a_circuit_that_helps_gets_a_second_sentence() -> None:
    helps = replace(LADDER, verdict="SUPERIOR", rungs=[GAIN, *LADDER.rungs[1:]])
    said = {code: _say(replace(helps, attribution=code, attribution_reason="why")) for code in ATTRIBUTIONS}  # type: ignore[arg-type]
    for code, words in ATTRIBUTIONS.items():
        assert said[code].endswith(words)
    assert _say(replace(helps, attribution=None)).endswith("(+.015, +.006 to +.024).")


ATTRIBUTIONS = {
    "QUANTUM-ATTRIBUTED": "each of its controls, twin (+.012, +.003 to +.021): the gain is attributed to its circuit.",
    "NOT-ATTRIBUTED": "The gain is not attributed to its circuit: why.",
    "NOT-TESTED": "Whether its circuit is what helps was not tested: why.",
}


def test_without_rungs_the_difference_is_said_without_an_interval() -> None:
    bare = replace(LADDER, verdict="NO-VERDICT", reason="2 replicates are too few", rungs=[], controls=[], mde=None)
    assert _say(bare).endswith(
        "changed macro-AUROC by +.004 against the best real-only training (R+): no verdict (2 replicates are too few)."
    )


def test_words_fit_a_table() -> None:
    assert verdict_text(replace(LADDER, verdict="SUPERIOR", below_margin=True)) == "superior, below margin"
    assert max(len(words) for words in WORDS.values()) <= 22


def test_numbers_have_a_sign_and_no_leading_zero() -> None:
    assert [signed(value) for value in (0.0041, -0.012, -0.0001, 1.0)] == ["+.004", "-.012", ".000", "+1.000"]
