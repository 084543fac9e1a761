"""Numbers as a table's cells."""

from __future__ import annotations

from qaugbench.report.record_views import Facts

Row = tuple[str, ...]


def signed(value: float) -> str:
    """Return a difference with its sign and four decimals.

    >>> signed(0.01234), signed(-0.00001)
    ('+0.0123', '0.0000')
    """
    text = f"{value:+.4f}"
    return text[1:] if float(text) == 0 else text


def interval(entry: Facts) -> str:
    """Return "[low, high]" of a difference."""
    return f"[{signed(entry['ci_low'])}, {signed(entry['ci_high'])}]"


def p_value(value: float) -> str:
    """Return a p-value with three decimals, or "<0.001"."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"
