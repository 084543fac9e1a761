"""What may be said about a comparison: one of four verdicts, and one sentence in plain English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qaugbench.stats.mrmc import NO_VARIATION, Comparison

VerdictCode = Literal["HELPS", "HURTS", "INCONCLUSIVE", "NO-VERDICT"]

MIN_REPLICATES = 5
MAX_FLAGGED = 0.10
MIN_FOR_VERDICT = 30


@dataclass(frozen=True)
class Verdict:
    """A verdict; ``reason`` says why there is none, and is None otherwise."""

    code: VerdictCode
    reason: str | None = None


def verdict(
    comparison: Comparison,
    n_replicates: int,
    flagged_fraction: float,
    *,
    n_rarer: int | None = None,
    pooled_rarer: Sequence[int] = (),
) -> Verdict:
    """Return HELPS or HURTS when the 95 % interval lies on one side of 0, else INCONCLUSIVE; higher values are better.

    NO-VERDICT, with a reason, below five replicates, when more than 10 % of the replicates were filled in
    (``flagged_fraction``), when nothing varied, and on too few test images: fewer than 30 on the rarer side of a single
    class (``n_rarer``; None where classes are pooled), or of more than half of the classes that are pooled
    (``pooled_rarer``).
    """
    reason = _why_no_verdict(comparison, n_replicates, flagged_fraction, n_rarer, pooled_rarer)
    if reason is not None:
        return Verdict("NO-VERDICT", reason)
    if comparison.ci_low > 0:
        return Verdict("HELPS")
    if comparison.ci_high < 0:
        return Verdict("HURTS")
    return Verdict("INCONCLUSIVE")


def verdict_words(code: VerdictCode, against: str | None = None) -> str:
    """Return a verdict as words: about augmentation itself, or about one arm ``against`` another.

    >>> verdict_words("HELPS"), verdict_words("HELPS", "qldm:twin")
    ('helps', 'better than qldm:twin')
    """
    if code == "HELPS":
        return "helps" if against is None else f"better than {against}"
    if code == "HURTS":
        return "hurts" if against is None else f"worse than {against}"
    return "inconclusive" if code == "INCONCLUSIVE" else "no verdict"


def sentence(
    comparison: Comparison,
    decided: Verdict,
    *,
    arm: str,
    against: str,
    metric: str,
    fraction: str,
    words: str,
    task: str | None = None,
    margin: float | None = None,
) -> str:
    """Return one plain-English sentence: the difference, its interval, the verdict, and how little could be seen.

    ``words`` are ``verdict_words``; ``fraction`` is a key such as "10%"; ``margin`` is the smallest difference that
    matters, when the task names one.
    """
    difference = f"{signed(comparison.estimate)} (95 % CI {signed(comparison.ci_low)} to {signed(comparison.ci_high)})"
    opening = f"{_where(task, fraction)}, {arm} changed {metric} by {difference} against {against}"
    if decided.code == "NO-VERDICT":
        return f"{opening}: no verdict, because {decided.reason}."
    if decided.code != "INCONCLUSIVE":
        return f"{opening}: {'it ' if words in ('helps', 'hurts') else ''}{words}."
    smallest = f"the smallest difference this run could detect is {unsigned(comparison.mde)}"
    if margin is not None and comparison.mde > margin:
        smallest += f", more than the {unsigned(margin)} that would matter, so it may have missed a real one"
    return f"{opening}: inconclusive; {smallest}."


def signed(value: float) -> str:
    """Return three decimals with a sign and no leading zero: ``+.004``, ``-.012``, ``.000``."""
    text = unsigned(abs(value))
    if text == ".000":
        return text
    return f"{'-' if value < 0 else '+'}{text}"


def unsigned(value: float) -> str:
    """Return three decimals without a leading zero: ``.021``, ``1.000``."""
    text = f"{value:.3f}"
    return text.removeprefix("0")


def _why_no_verdict(
    comparison: Comparison,
    n_replicates: int,
    flagged_fraction: float,
    n_rarer: int | None,
    pooled_rarer: Sequence[int],
) -> str | None:
    if n_replicates == 1:
        return "a single replicate cannot say what the next one would show"
    if n_replicates < MIN_REPLICATES:
        return f"{n_replicates} replicates are a smoke test and a verdict needs {MIN_REPLICATES}"
    if flagged_fraction > MAX_FLAGGED:
        filled, allowed = round(100 * flagged_fraction), round(100 * MAX_FLAGGED)
        return f"{filled} % of the replicates failed and were filled in, and at most {allowed} % may be"
    if n_rarer is not None and n_rarer < MIN_FOR_VERDICT:
        return f"the rarer side of this class has {n_rarer} test images and a verdict needs {MIN_FOR_VERDICT}"
    few = sum(images < MIN_FOR_VERDICT for images in pooled_rarer)
    if 2 * few > len(pooled_rarer):
        return (
            f"{few} of the {len(pooled_rarer)} classes have fewer than {MIN_FOR_VERDICT} test images on their rarer side: "
            "the source is too small"
        )
    if comparison.method == NO_VARIATION:
        return "nothing varied over replicates or patients, so the uncertainty cannot be estimated"
    return None


def _where(task: str | None, fraction: str) -> str:
    share = fraction.removesuffix("%").strip()
    amount = "all of the training data" if share == "100" else f"{share} % of the training data"
    if task is None:
        return f"With {amount}"
    return f"On {task} with {amount}" if share == "100" else f"On {task} at {amount}"
