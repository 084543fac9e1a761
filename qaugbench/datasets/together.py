"""Everything that is wrong with a table at once, so that nobody mends it in as many rounds as it has kinds of faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qaugbench.errors import DataError


def together(*checks: Callable[[], Any]) -> list[Any]:
    """Return what each of the checks returns; raise one DataError with all that they raise, one line for each."""
    results: list[Any] = []
    errors: list[DataError] = []
    for check in checks:
        try:
            results.append(check())
        except DataError as error:
            errors.append(error)
    if len(errors) > 1:
        raise DataError("\n".join(map(str, errors))) from errors[0]
    if errors:
        raise errors[0]
    return results
