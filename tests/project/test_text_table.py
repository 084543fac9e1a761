"""Tables that fit a width: nothing is lost, nothing is wider, and columns stay columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaugbench.text_table import aligned, fitted, listed, wrapped

HEADER = ("arm", "mean", "vs R*", "95 % CI", "n", "verdict")
BODY = [
    ("qldm", ".953", "-.009", "[-.017, -.002]", "5", "worse than R+os"),
    ("qldm:no-entanglement", ".951", "-.012", "[-.018, -.006]", "5", "inconclusive"),
]


@pytest.mark.parametrize("width", [60, 70, 80, 120])
def test_a_table_keeps_to_the_width_and_loses_no_cell(width: int) -> None:
    lines = aligned(HEADER, BODY, width)
    assert max(map(len, lines)) <= width
    found = " ".join(" ".join(lines).split())
    for row in BODY:
        for cell in row[1:-1]:
            assert cell in found
    assert {"worse", "than", "R+os", "inconclusive", "qldm:no-entanglement"} <= set(found.split())


def test_a_table_that_fits_is_in_one_piece_with_columns_under_their_names() -> None:
    lines = aligned(HEADER, BODY, 120)
    assert len(lines) == 4
    assert {line.index("w") for line in lines[2:3]} == {lines[0].index("verdict")}
    assert lines[1] == "-" * max(map(len, lines))


def test_what_finds_no_room_continues_below_under_the_first_column_again() -> None:
    lines = aligned(HEADER, BODY, 50)
    upper, lower = lines[: lines.index("")], lines[lines.index("") + 1 :]
    assert upper[0].split() == ["arm", "mean", "vs", "R*", "95", "%", "CI"]
    assert lower[0].split() == ["arm", "n", "verdict"]
    assert [line.split()[0] for line in lower[2:4]] == ["qldm", "qldm:no-entanglement"]


def test_names_that_are_far_too_long_are_cut() -> None:
    assert aligned(("arm", "mean", "verdict"), [("a" * 50, ".9", "helps")])[2].startswith("a" * 33 + "…")


@pytest.mark.parametrize("width", [40, 60, 110])
def test_a_list_wraps_its_texts_within_their_columns(width: int) -> None:
    title = "Hybrid quantum-classical latent diffusion of medical images"
    lines = listed(("generator", "title"), [("qldm", title), ("flow", "Flow matching")], width)
    assert max(map(len, lines)) <= width
    assert " ".join(line[11:] for line in lines[1:-1]).split() == title.split()
    assert lines[-1].split() == ["flow", "Flow", "matching"]


def test_an_empty_table_is_its_header() -> None:
    assert listed(("generator", "title"), []) == ["generator  title"]


def test_no_line_begins_with_a_sign_of_per_cent() -> None:
    text = "both are below 5 % of what another seed changes"
    for width in range(10, 50):
        lines = wrapped(text, width=width).splitlines()
        assert not any(line.startswith("%") for line in lines)
        assert " ".join(lines) == text


LINES_OF_TEXT = st.text(alphabet="ab ,.\n", max_size=300)


@pytest.mark.parametrize("width", [60, 80, 120])
@given(text=LINES_OF_TEXT)
def test_fitted_text_keeps_every_word_and_the_width(width: int, text: str) -> None:
    found = fitted(text, width)
    assert found.split() == text.split()
    longest = max(map(len, text.split()), default=0)
    assert all(len(line) <= max(width, longest + width // 2 + 2) for line in found.split("\n"))
    if longest < width // 3:
        assert all(len(line) <= width for line in found.split("\n"))


def test_commands_are_not_broken() -> None:
    command = "  qaugbench run --task brainmri --source nickparvar --generator qldm --track lite --replicates 5"
    assert fitted(f"Then:\n{command}", 60) == f"Then:\n{command}"


def test_what_goes_on_is_below_the_words_after_a_label() -> None:
    assert fitted("parameters    512 in 8 copies of one circuit", 30).split("\n") == [
        "parameters    512 in 8 copies",
        "              of one circuit",
    ]
