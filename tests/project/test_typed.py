"""Values are brought into the form of their annotation, or refused with the place where they were found."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from qaugbench.errors import DefinitionError
from qaugbench.typed import converted


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (1, float, 1.0),
        ([1, 2], tuple[int, ...], (1, 2)),
        ([1, 2.5], tuple[int, float], (1, 2.5)),
        ([[1], [2, 3]], list[tuple[int, ...]], [(1,), (2, 3)]),
        ("x", int | str, "x"),
        (None, int | None, None),
        ("b", Literal["a", "b"], "b"),
        ({"a": 1}, dict[str, Any], {"a": 1}),
        ("anything", Any, "anything"),
    ],
)
def test_accepted(value: Any, hint: Any, expected: Any) -> None:
    found = converted(value, hint, "here")
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (True, int, "expected int, got True"),
        (True, float, "expected float, got True"),
        ("1", int | float, "expected int, got '1'"),
        ([1], tuple[int, int], "expected 2 values"),
        ("ab", tuple[str, ...], "expected a list, got 'ab'"),
        ([1, "2"], list[int], "expected int, got '2'"),
        ("c", Literal["a", "b"], "'c' is not allowed"),
        ([], dict, "expected dict"),
    ],
)
def test_refused(value: Any, hint: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=f"here: {message}"):
        converted(value, hint, "here")
