"""What the checks of a generator found, in words: each failure once, however many of its variants have it."""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench.formatting import count
from qaugbench.testing.suite import CheckResult


def findings_text(results: Sequence[CheckResult]) -> str:
    """Return the failures, each once with the variants that have it, in the order in which they were found, and their number.

    The first is the one to begin with: what comes later may follow from it.
    """
    variants: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.fails:
            variants.setdefault((result.promise, result.detail), []).append(result.variant)
    lines = [f"fails  {promise} -- {detail} ({_where(found)})" for (promise, detail), found in variants.items()]
    return "\n".join([*lines, _summary(results, len(variants))])


def _where(variants: Sequence[str]) -> str:
    return f"in {', '.join(variants)}"


def _summary(results: Sequence[CheckResult], faults: int) -> str:
    applying = [result for result in results if result.state != "does not apply"]
    failed = sum(result.fails for result in results)
    if not failed:
        return f"Nothing fails in {count(len(applying), 'check')}. --all lists them."
    return (
        f"Failed: {failed} of {count(len(applying), 'check')}, for {count(faults, 'reason')}. Begin with the first: others may "
        "follow from it. --all lists every check."
    )
