"""The one number style: what every table, sentence and page prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qaugbench.formatting import duration, markdown_table, p_value, share, signed, unsigned


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01234, "+.012"), (-0.5, "-.500"), (-0.0001, ".000"), (0.0, ".000"), (1.25, "+1.250"), (None, "-")],
)
def test_differences_are_signed(value: float | None, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.9587, ".959"), (-0.25, "-.250"), (-0.0004, ".000"), (1.0, "1.000")])
def test_values_have_no_leading_zero(value: float, text: str) -> None:
    assert unsigned(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "<.001"), (0.00099, "<.001"), (0.001, ".001"), (0.005, ".005"), (0.0099, ".010"), (0.04, ".040")],
)
def test_a_p_value_is_a_bound_below_a_thousandth_only(value: float, text: str) -> None:
    assert p_value(value) == text


@pytest.mark.parametrize(
    ("part", "text"), [(0.004, "under 1 %"), (0.0051, "1 %"), (0.996, "over 99 %"), (1.0, "100 %")]
)
def test_a_share_is_never_rounded_to_none_or_all(part: float, text: str) -> None:
    assert share(part) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (119, "119 s"), (120, "2 min"), (5400, "1.5 h")])
def test_a_duration_has_one_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "leaderboards" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
OTHERWISE = re.compile(r"(?<![\w.])[+-]0\.\d+|(?<![\w.])\.\d+ %|[−–](?=\.\d)")
"""A difference with a zero before its point, a percentage without one, a minus that is no hyphen."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documents_write_numbers_as_the_program_does(page: Path) -> None:
    assert OTHERWISE.findall(CODE.sub("", page.read_text(encoding="utf-8"))) == []


def test_a_cell_cannot_break_out_of_its_table() -> None:
    lines = markdown_table(("a", "b"), [("x|y", "1\n2")]).splitlines()
    assert lines[2] == "| x\\|y | 1\\n2 |"
