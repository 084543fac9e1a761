"""Everything that is wrong with a source at once, so that nobody mends it in as many rounds as it has kinds of faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qaugbench.errors import DataError


def together(*checks: Callable[[], Any], if_any: Callable[[], Any] | None = None) -> list[Any]:
    """Return what each of the checks returns; raise one DataError with all that they raise, one line for each.

    ``if_any`` is a costly check, made only if another fails: of what passes here, it is made later anyway.
    """
    results: list[Any] = []
    errors: list[DataError] = []
    for check in checks:
        try:
            results.append(check())
        except DataError as error:
            errors.append(error)
    if errors and if_any is not None:
        try:
            if_any()
        except DataError as error:
            errors.append(error)
    if len(errors) > 1:
        raise DataError("\n".join(map(str, errors))) from errors[0]
    if errors:
        raise errors[0]
    return results
