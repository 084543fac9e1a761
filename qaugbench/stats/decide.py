"""What may be said about one comparison: one of four verdicts, and when there can be none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from qaugbench.limits import MIN_FOR_VERDICT
from qaugbench.stats.mrmc import NO_VARIATION, Comparison

VerdictCode = Literal["HELPS", "HURTS", "INCONCLUSIVE", "NO-VERDICT"]

INTERVAL_REPLICATES = 3
MIN_REPLICATES = 5
LISTED_REPLICATES = 10
MAX_FLAGGED = 0.10
NOT_MATCHED = "not matched for computing"


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
    """Return HELPS or HURTS when the 95 % interval is on one side of 0, else INCONCLUSIVE; higher values are better.

    NO-VERDICT, with a reason, below five replicates, when more than 10 % of the replicates were filled in
    (``flagged_fraction``), when nothing varied, and on too few test images: fewer than 30 on the rarer side of a single
    class (``n_rarer``; None where classes are pooled), or of more than half of the classes that are pooled
    (``pooled_rarer``).
    """
    reason = why_no_verdict(comparison, n_replicates, flagged_fraction, n_rarer, pooled_rarer)
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


def why_no_verdict(
    comparison: Comparison,
    n_replicates: int,
    flagged_fraction: float,
    n_rarer: int | None,
    pooled_rarer: Sequence[int],
) -> str | None:
    """Return the first reason why no verdict may be given (see ``verdict``), or None."""
    found = reasons_for_none(comparison.method, n_replicates, flagged_fraction, n_rarer, pooled_rarer)
    return found[0] if found else None


def reasons_for_none(
    method: str, n_replicates: int, flagged_fraction: float, n_rarer: int | None, pooled_rarer: Sequence[int]
) -> list[str]:
    """Return every reason why no verdict may be given on a comparison made by ``method`` (see ``verdict``), in one order.

    >>> reasons_for_none("", 2, 0.0, 12, ())[1:]
    ['a verdict needs 5', 'the rarer side of this class has 12 test images and a verdict needs 30']
    """
    return [reason for reason in _reasons(method, n_replicates, flagged_fraction, n_rarer, pooled_rarer) if reason]


def _reasons(
    method: str, n_replicates: int, flagged_fraction: float, n_rarer: int | None, pooled_rarer: Sequence[int]
) -> Iterator[str | None]:
    too_few = too_few_replicates(n_replicates)
    yield too_few
    if n_replicates < MIN_REPLICATES:
        needed = f"a verdict needs {MIN_REPLICATES}"
        yield needed if too_few else f"{n_replicates} replicates, and {needed}"
    if flagged_fraction > MAX_FLAGGED:
        filled, allowed = round(100 * flagged_fraction), round(100 * MAX_FLAGGED)
        yield f"{filled} % of the replicates failed and were filled in, and at most {allowed} % may be"
    if n_rarer is not None and n_rarer < MIN_FOR_VERDICT:
        yield f"the rarer side of this class has {n_rarer} test images and a verdict needs {MIN_FOR_VERDICT}"
    few = sum(images < MIN_FOR_VERDICT for images in pooled_rarer)
    if 2 * few > len(pooled_rarer):
        yield (
            f"{few} of the {len(pooled_rarer)} classes have fewer than {MIN_FOR_VERDICT} test images on their rarer side: "
            "the source is too small"
        )
    if method == NO_VARIATION:
        yield "nothing varied over replicates or patients, so the uncertainty cannot be estimated"


def too_few_replicates(n_replicates: int) -> str | None:
    """Return why so few replicates allow no interval over training runs, or None.

    >>> too_few_replicates(2)
    '2 replicates: an interval over training runs needs 3'
    """
    if n_replicates >= INTERVAL_REPLICATES:
        return None
    counted = "a single replicate" if n_replicates == 1 else f"{n_replicates} replicates"
    return f"{counted}: an interval over training runs needs {INTERVAL_REPLICATES}"


def why_no_interval(n_replicates: int) -> str | None:
    """Return why a run shows no intervals, or None; those of a single run are conditional on its one model and say so."""
    return None if n_replicates == 1 else too_few_replicates(n_replicates)
