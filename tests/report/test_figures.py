"""Figures: valid SVG, the same bytes twice, and lines where the numbers say."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from qaugbench.report import figures
from qaugbench.report.figures import Curve, Interval, Panel
from qaugbench.report.identity import Look

LOOK = Look("A method", "as it is", "#6a3fb5", "o", "solid")
OTHER = Look("Its twin", "without it", "#6a3fb5", "s", "dashed")
ROWS = [Interval("a", 0.02, -0.01, 0.05, LOOK), Interval("a:twin", -0.03, -0.06, 0.0, OTHER)]


def _forest(rows: list[Interval]) -> str:
    return figures.forest([Panel("against R+", rows), Panel("empty", [])], unit="AUROC", margin=0.01)


def test_forest_is_svg_without_a_date_and_the_same_twice() -> None:
    first = _forest(ROWS)
    assert ElementTree.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"
    assert first == _forest(ROWS)
    assert "dc:date" not in first


def test_forest_grows_with_its_rows() -> None:
    heights = [float(ElementTree.fromstring(_forest(ROWS * n)).attrib["height"].removesuffix("pt")) for n in (1, 5)]
    assert heights[1] > heights[0] + 150


def test_forest_changes_with_a_number() -> None:
    moved = [Interval("a", 0.021, -0.01, 0.05, LOOK), ROWS[1]]
    assert _forest(moved) != _forest(ROWS)


def test_interval_of_no_width_and_zero_can_be_drawn() -> None:
    assert "<svg" in _forest([Interval("same", 0.0, 0.0, 0.0, LOOK)])


def test_curves_of_unequal_length_and_one_replicate() -> None:
    panels = {
        "one": [Curve("a", [0, 1, 2], [3.0, 2.0, 1.0]), Curve("a", [0, 1], [3.5, 2.5])],
        "two": [Curve("b", [0, 1, 2], [300.0, 2.0, 1.0])],
        "none": [],
    }
    drawn = figures.curves(panels, {"a": LOOK, "b": OTHER}, ylabel="loss")
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert drawn == figures.curves(panels, {"a": LOOK, "b": OTHER}, ylabel="loss")


def test_classes_where_arms_are_missing() -> None:
    drawn = figures.per_class(
        {"Mass (3)": {"a": 0.7, "b": 0.8}, "Hernia (0)": {"a": 0.5}}, {"a": LOOK, "b": OTHER}, xlabel="AUROC"
    )
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
