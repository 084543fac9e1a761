"""Which steps of a run failed, and which were not tried because of those: one definition for all that count them."""

from __future__ import annotations

from collections.abc import Iterable

NOT_COMPUTED = "not computed"
"""How the reason of a step begins that was not tried, because one that it needs failed."""
EARLIER = "needs "
"""How it began in records of earlier releases."""


def was_blocked(reason: str) -> bool:
    """Return whether a step with this reason was not tried, because one that it needs failed."""
    return reason.startswith((NOT_COMPUTED, EARLIER))


def failed_and_blocked(reasons: Iterable[str]) -> tuple[int, int]:
    """Return how many steps failed and how many were not computed because of them, from the reasons of a record's failures.

    >>> failed_and_blocked(["ValueError: no", "not computed: fit gmm 10% r0 failed"])
    (1, 1)
    """
    blocked = [was_blocked(reason) for reason in reasons]
    return len(blocked) - sum(blocked), sum(blocked)
