"""Figures: the same bytes twice, lines where the numbers say, nothing hidden, and colours that follow a dark page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qaugbench.report.class_plot import ArmValue, ClassRow, per_class
from qaugbench.report.colours import contrast, on_dark
from qaugbench.report.curve_plot import Curve, curves
from qaugbench.report.drawing import svg
from qaugbench.report.forest import Difference, Panel, forest
from qaugbench.report.identity import Look

LOOK = Look("A method", "as it is", "#6a3fb5", "o", "solid")
OTHER = Look("Its twin", "without it", "#482b7b", "s", "dashed", "none")
ROWS = [Difference("a", 0.02, -0.01, 0.05, LOOK), Difference("a:twin", -0.03, -0.06, 0.0, OTHER)]


def _forest(rows: list[Difference], *, narrow: bool = False) -> Figure:
    return forest([Panel("against R+", rows), Panel("empty", [])], unit="AUROC", margin=0.01, narrow=narrow)


def _lines(figure: Figure) -> list[Line2D]:
    return figure.axes[0].get_lines()


def _across(line: Line2D) -> list[float]:
    return np.asarray(line.get_xdata(), dtype=float).tolist()


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("narrow", [False, True])
def test_forest_is_svg_without_a_date_and_the_same_twice(narrow: bool) -> None:
    first = svg(_forest(ROWS, narrow=narrow))
    assert ElementTree.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"
    assert first == svg(_forest(ROWS, narrow=narrow))
    assert "dc:date" not in first


def test_a_long_name_leaves_room_for_its_numbers_in_a_narrow_figure() -> None:
    figure = _forest([replace(ROWS[0], label="a-generator-of-a-very-long-name:no-entanglement")], narrow=True)
    figure.draw_without_rendering()
    drawn = {text.get_text(): text.get_window_extent() for text in figure.axes[0].texts}
    (label,) = [place for words, place in drawn.items() if words.startswith("a-gen")]
    assert label.x1 < drawn["+.020 [-.010, +.050]"].x0


def test_forest_grows_with_its_rows() -> None:
    heights = [_forest(ROWS * n).get_size_inches()[1] for n in (1, 5)]
    assert heights[1] > heights[0] + 2


def test_forest_changes_with_a_number() -> None:
    moved = [Difference("a", 0.021, -0.01, 0.05, LOOK), ROWS[1]]
    assert svg(_forest(moved)) != svg(_forest(ROWS))


def test_the_margin_is_drawn_and_named() -> None:
    drawn = [_across(line) for line in _lines(_forest(ROWS))]
    assert all([at, at] in drawn for at in (-0.01, 0.0, 0.01))
    assert "too small to matter: ±.010" in _texts(_forest(ROWS))


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("no_interval", [None, "no interval: 2 replicates"])
def test_the_zero_line_ends_below_the_words_above_the_plot(narrow: bool, no_interval: str | None) -> None:
    figure = forest([Panel("against R+", ROWS)], unit="AUROC", margin=0.01, no_interval=no_interval, narrow=narrow)
    figure.draw_without_rendering()
    words = next(
        text for text in figure.axes[0].texts if text.get_text() in (no_interval, "too small to matter: ±.010")
    )
    zero = next(line for line in _lines(figure) if _across(line) == [0, 0])
    assert zero.get_window_extent().y1 < words.get_window_extent().y0


def test_numbers_on_the_axis_are_written_as_in_the_tables() -> None:
    figure = _forest(ROWS)
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert all(re.fullmatch(r"[+-]\.\d{3}|\.000", label) for label in labels)
    assert len(set(labels)) == len(labels)


def _ends_and_mark(figure: Figure, place: float) -> tuple[Line2D, Line2D]:
    here = [line for line in _lines(figure) if np.all(np.asarray(line.get_ydata(), dtype=float) == place)]
    ends = next(line for line in here if line.get_marker() == "|")
    return ends, next(line for line in here if line.get_marker() not in ("|", "None"))


def test_whiskers_are_never_hidden_by_their_mark() -> None:
    narrow_interval = Difference("a", 0.0, -0.0001, 0.0001, LOOK)
    ends, mark = _ends_and_mark(_forest([narrow_interval, ROWS[0]]), 1)
    assert _across(ends) == [-0.0001, 0.0001]
    assert ends.get_zorder() > mark.get_zorder()
    assert ends.get_markersize() > 1.4 * mark.get_markersize()


def test_without_any_interval_the_picture_says_so_and_no_mark_passes_for_a_finding() -> None:
    bare = [Difference("a", 0.004, None, None, LOOK)]
    figure = forest([Panel("x", bare)], unit="AUROC", margin=0.01, no_interval="no interval: 2 replicates")
    assert "no interval: 2 replicates" in _texts(figure)
    assert not any("too small to matter" in text for text in _texts(figure))
    assert not any(_across(line) == [0.01, 0.01] for line in _lines(figure))
    (mark,) = [line for line in _lines(figure) if line.get_marker() == LOOK.marker]
    assert mark.get_markerfacecolor() == "#ffffff"
    assert mark.get_color() != LOOK.color


def test_a_difference_without_an_interval_is_a_mark_alone() -> None:
    figure = _forest([Difference("a", 0.02, None, None, LOOK)])
    assert not [line for line in _lines(figure) if line.get_marker() == "|"]
    assert "+.020" in _texts(figure)


def test_interval_of_no_width_and_zero_can_be_drawn() -> None:
    assert "<svg" in svg(_forest([Difference("same", 0.0, 0.0, 0.0, LOOK)]))


def test_a_hollow_mark_and_a_half_filled_one_differ_from_a_filled_one() -> None:
    half = Look("Half", "half", "#6a3fb5", "o", "solid", "left")
    hollow = Look("Hollow", "hollow", "#6a3fb5", "o", "solid", "none")
    drawn = {svg(_forest([Difference("a", 0.0, -0.01, 0.01, look)])) for look in (LOOK, half, hollow)}
    assert len(drawn) == 3


def test_an_svg_has_a_dark_colour_for_every_colour_and_no_colour_beside_them() -> None:
    drawn = svg(_forest(ROWS))
    style, body = drawn.split("</style>", 1)
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    pairs = dict(re.findall(r"(--c\d+):(#[0-9a-f]{6})", light)), dict(re.findall(r"(--c\d+):(#[0-9a-f]{6})", dark))
    assert pairs[0].keys() == pairs[1].keys() == set(re.findall(r"var\((--c\d+)\)", body))
    assert all(pairs[1][name] == on_dark(color) for name, color in pairs[0].items())
    assert not re.search(r": #[0-9a-f]{6}", body)


@pytest.mark.parametrize("color", ["#20262d", "#4a5360", "#6a3fb5", "#eef1f4"])
def test_a_colour_keeps_its_contrast_in_the_dark(color: str) -> None:
    assert contrast(on_dark(color), on_dark("#ffffff")) == pytest.approx(contrast(color, "#ffffff"), rel=0.03)


def test_curves_of_unequal_length_and_one_replicate() -> None:
    panels = {
        "one": [Curve("a", [0, 1, 2], [3.0, 2.0, 1.0]), Curve("a", [0, 1], [3.5, 2.5])],
        "two": [Curve("b", [0, 1, 2], [300.0, 2.0, 1.0])],
        "none": [],
    }
    for narrow in (False, True):
        drawn = svg(curves(panels, {"a": LOOK, "b": OTHER}, ylabel="loss", narrow=narrow))
        assert ElementTree.fromstring(drawn).tag.endswith("svg")
        assert drawn == svg(curves(panels, {"a": LOOK, "b": OTHER}, ylabel="loss", narrow=narrow))


CLASSES = [
    ClassRow("Mass", 300, False, [ArmValue("a", 0.7, (0.65, 0.75)), ArmValue("b", 0.8, None)]),
    ClassRow("Hernia", 3, True, [ArmValue("a", 0.5, None)]),
]


def test_classes_show_intervals_chance_and_which_have_few_positives() -> None:
    figure = per_class(CLASSES, {"a": LOOK, "b": OTHER}, xlabel="AUROC")
    figure.draw_without_rendering()
    labels = figure.axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["Mass\n300 positive", "Hernia\n3 positive (few)"]
    assert [label.get_fontstyle() for label in labels] == ["normal", "italic"]
    ends = [_across(line) for line in _lines(figure) if line.get_marker() == "|"]
    assert ends == [[0.65, 0.75]]
    assert [0.5, 0.5] in [_across(line) for line in _lines(figure)]
    assert "chance" in _texts(figure)


def test_a_narrow_figure_is_as_wide_as_a_telephone() -> None:
    for figure in (
        _forest(ROWS, narrow=True),
        per_class(CLASSES, {"a": LOOK, "b": OTHER}, xlabel="AUROC", narrow=True),
    ):
        assert 96 * figure.get_size_inches()[0] <= 390


def _class_axis(*values: tuple[float, float, float]) -> Axes:
    rows = [ClassRow("Mass", 40, False, [ArmValue("a", mean, (low, high))]) for mean, low, high in values]
    return per_class(rows, {"a": LOOK}, xlabel="AUROC").axes[0]


def test_high_values_fill_the_axis_and_chance_is_named_at_its_edge() -> None:
    axis = _class_axis((0.97, 0.96, 0.98), (0.99, 0.985, 0.995))
    low, high = axis.get_xlim()
    assert 0.95 < low < 0.96
    assert 0.995 < high < 1.005
    assert "\N{LEFTWARDS ARROW} chance .500" in [text.get_text() for text in axis.texts]
    assert not any(_across(line) == [0.5, 0.5] for line in axis.get_lines())


@pytest.mark.parametrize("value", [(0.62, 0.55, 0.7), (0.4, 0.3, 0.48), (0.55, 0.4, 0.9)])
def test_chance_is_a_line_where_the_values_are_near_it(value: tuple[float, float, float]) -> None:
    axis = _class_axis(value)
    low, high = axis.get_xlim()
    assert low < 0.5 < high
    assert any(_across(line) == [0.5, 0.5] for line in axis.get_lines())


def test_values_far_below_chance_name_it_at_the_other_edge() -> None:
    assert "chance .500 \N{RIGHTWARDS ARROW}" in [text.get_text() for text in _class_axis((0.1, 0.09, 0.11)).texts]
