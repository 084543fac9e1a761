"""Turning a metric that may refuse into a measure: its number, or None with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qaugbench.errors import StatisticsError
from qaugbench.image_facts import Measure
from qaugbench.metrics.shares import Share

Z = 1.959963984540054
"""Half width of a 95 % interval in standard errors."""


def measured(make: Callable[[], Measure]) -> Measure:
    """Return what ``make`` returns, or a measure without a value and with the reason where it raises StatisticsError."""
    try:
        return make()
    except StatisticsError as error:
        return Measure(value=None, reason=str(error))


def of_share(found: Share, **facts: Any) -> Measure:
    """Return a share as a measure."""
    return Measure(value=found.rate, ci_low=found.ci_low, ci_high=found.ci_high, n=found.n, **facts)


def with_error(value: float, error: float, **facts: Any) -> Measure:
    """Return a value with a 95 % interval from its standard error."""
    return Measure(value=value, ci_low=value - Z * error, ci_high=value + Z * error, **facts)
