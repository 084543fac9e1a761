"""The Multicenter Osteoarthritis Study: the user's single-knee images, graded by the reading of the baseline visit."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.knees import graded_knees, whole_grade
from qaugbench.datasets.raw import Raw

TABLE = "MOSTV01235XRAY.txt"
COLUMNS = {"R": "V0XRKL", "L": "V0XLKL"}


def convert(raw: Raw) -> Converted:
    """Return the knees with participant, side and the grade at baseline (V0)."""
    grades: dict[tuple[str, str], str] = {}
    left_out: dict[str, int] = {}
    for row in raw.table(TABLE, ("MOSTID", *COLUMNS.values()), delimiter="\t"):
        for side, column in COLUMNS.items():
            grade = whole_grade(row[column])
            if grade is None:
                left_out[row[column].strip()] = left_out.get(row[column].strip(), 0) + 1
            else:
                grades[row["MOSTID"].strip().upper(), side] = grade
    others = ", ".join(f"{value or 'empty'!r} {count:,}" for value, count in sorted(left_out.items())) or "none"
    notes = (
        f"Grades are V0XRKL and V0XLKL of {TABLE}; values other than 0 to 4 were left out: {others}.",
        "The knees were cropped from the radiographs by the user.",
    )
    return graded_knees(raw, grades, notes)
