"""Checks that the parts of a circuit share: each raises CircuitError saying what was given."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from qaugbench.errors import CircuitError, first_offenders, near_names


def finite(value: Any, what: str) -> float:
    """Return a finite number as float, or raise naming ``what``."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise CircuitError(f"{what[0].upper()}{what[1:]} must be a finite number, given {value!r}.")
    return float(value)


def is_index(value: Any) -> bool:
    """Return whether ``value`` counts from 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def as_tuple(values: Any, what: str) -> tuple[Any, ...]:
    """Return a list as a tuple, or raise naming ``what``."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise CircuitError(f"Expected a list for {what}, given {values!r}.")
    return tuple(values)


def without_gap(noun: str, used: set[int]) -> None:
    """Raise unless indices run from 0 without a gap."""
    missing = sorted(set(range(max(used, default=-1) + 1)) - used)
    if missing:
        raise CircuitError(
            f"No gate uses {noun} index {first_offenders(missing)}, though index {max(used)} is used; "
            f"number the {noun}s from 0 without a gap."
        )


def only_keys(data: Any, known: set[str], what: str, required: frozenset[str] | set[str] = frozenset()) -> None:
    """Raise for anything but a dictionary with the ``required`` keys and no unknown one."""
    if not isinstance(data, Mapping):
        raise CircuitError(f"Expected a dictionary for {what}, given {data!r}.")
    for key in data:
        if key not in known:
            raise CircuitError(f"Unknown key {key!r} in {what}.{near_names(str(key), known)}")
    missing = sorted(required - set(data))
    if missing:
        raise CircuitError(f"The key(s) {', '.join(missing)} are missing from {what}, given {dict(data)!r}.")
