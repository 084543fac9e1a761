"""What the checks of a generator found, in words: each failure once, and a line per kind of check on what was looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import get_args

from qaugbench.formatting import count
from qaugbench.testing.verdict import About, CheckResult

PLACE = re.compile(r"\(\S[^()]*, line \d+, in [^()]+\)")
NUMBERS = re.compile(r"[\d\[\], ]+")


def findings_text(results: Sequence[CheckResult]) -> str:
    """Return the failures, each once with the variants that have it, in the order in which they were found; what was looked at
    and held, one line per kind of check; and how many checks failed.

    The first failure is the one to begin with: what comes later may follow from it. What several checks met, such as one
    exception of a method that all of them call, is said with the first of them.
    """
    reasons: dict[str, list[CheckResult]] = {}
    for result in results:
        if result.fails:
            reasons.setdefault(_cause(result.detail), []).append(result)
    lines = [f"fails  {met[0].promise} -- {met[0].detail} ({_where(met)})" for met in reasons.values()]
    return "\n".join([*lines, *_by_kind(results), _summary(results, len(reasons))])


def _cause(detail: str) -> str:
    """Return what failures of one cause have in common: at one line of code, all but numbers such as the shapes there.

    >>> _cause("draw returns [5, 64] (g.py, line 4, in draw).") == _cause("draw returns [1, 64] (g.py, line 4, in draw).")
    True
    """
    found = PLACE.search(detail)
    return detail if found is None else NUMBERS.sub("", detail[: found.start()]) + found[0]


def _where(met: Sequence[CheckResult]) -> str:
    variants = ", ".join(dict.fromkeys(result.variant for result in met))
    others = len({result.promise for result in met}) - 1
    return f"in {variants}" + (f"; {count(others, 'further check')} met it" if others else "")


def _by_kind(results: Sequence[CheckResult]) -> Iterator[str]:
    """Yield a line per kind of check; one that was not reached is named as well, one that does not apply is left out."""
    for about in get_args(About):
        found = [result for result in results if result.about == about]
        if not found or any(result.state != "does not apply" for result in found):
            yield f"{about:<8}  {_seen(found)}"


def _seen(results: Sequence[CheckResult]) -> str:
    """Return how many checks of one kind passed, and what they saw."""
    if not results:
        return "not reached: mend what fails first"
    applying = [result for result in results if result.state != "does not apply"]
    passed = [result for result in results if result.state == "passes"]
    details = "; ".join(filter(None, dict.fromkeys(result.detail for result in passed)))
    number = f"{len(passed)} of {count(len(applying), 'check')} passed"
    return f"{number}: {details}" if details else number


def _summary(results: Sequence[CheckResult], faults: int) -> str:
    applying = [result for result in results if result.state != "does not apply"]
    failed = sum(result.fails for result in results)
    if not failed:
        return f"Nothing fails in {count(len(applying), 'check')}. --all lists them."
    return (
        f"Failed: {failed} of {count(len(applying), 'check')}, for {count(faults, 'reason')}. Begin with the first: others may "
        "follow from it. --all lists every check."
    )
