"""Numbers as the cells of a leaderboard's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NONE = "–"
SMALLEST = 0.0001


def change_text(difference: Mapping[str, Any] | None) -> str:
    """Return a difference with its interval.

    >>> change_text({"estimate": 0.012, "ci_low": -0.001, "ci_high": 0.025})
    '+0.0120 [-0.0010, +0.0250]'
    """
    if difference is None:
        return NONE
    return f"{difference['estimate']:+.4f} [{difference['ci_low']:+.4f}, {difference['ci_high']:+.4f}]"


def adjusted_text(p_value: float | None) -> str:
    """Return an adjusted p-value, and a dash for what is not in the confirmatory family.

    >>> adjusted_text(0.0312), adjusted_text(1e-5), adjusted_text(None)
    ('0.0312', '<0.0001', '–')
    """
    if p_value is None:
        return NONE
    return f"{p_value:.4f}" if p_value >= SMALLEST else f"<{SMALLEST}"


def span_text(ranks: tuple[int, int] | None) -> str:
    """Return the first and last rank that a row may have.

    >>> span_text((1, 3)), span_text((2, 2)), span_text(None)
    ('1–3', '2', '–')
    """
    if ranks is None:
        return NONE
    first, last = ranks
    return str(first) if first == last else f"{first}–{last}"


def markdown_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown.

    >>> print(markdown_table(["rank", "method"], [["1", "qldm"]]))
    | rank | method |
    | :-- | :-- |
    | 1 | qldm |
    """
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, (":--",) * len(header), *lines))
