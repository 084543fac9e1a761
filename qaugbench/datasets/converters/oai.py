"""The Osteoarthritis Initiative: the user's single-knee images, graded by the central reading of the baseline visit."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.knees import graded_knees, whole_grade
from qaugbench.datasets.raw import Raw
from qaugbench.errors import DataError

TABLE = "kxr_sq_bu00.txt"
PROJECT = "15"
"""The reading project that read the whole cohort."""
SIDES = {"1": "R", "2": "L"}


def convert(raw: Raw) -> Converted:
    """Return the knees with participant, side and the grade of reading project 15."""
    grades: dict[tuple[str, str], str] = {}
    unread = 0
    for row in raw.table(TABLE, ("ID", "SIDE", "READPRJ", "V00XRKL"), delimiter="|"):
        if _code(row["READPRJ"]) != PROJECT:
            continue
        side = SIDES.get(_code(row["SIDE"]))
        if side is None:
            raise DataError(
                f"oai: {TABLE} names the side {row['SIDE']!r} of {row['ID']}; known are 1 (right) and 2 (left)."
            )
        grade = whole_grade(row["V00XRKL"])
        if grade is None:
            unread += 1
        elif grades.setdefault((row["ID"].strip(), side), grade) != grade:
            raise DataError(f"oai: {TABLE} gives {row['ID']} {side} two grades in project {PROJECT}. Fetch it again.")
    notes = (
        f"Grades are V00XRKL of reading project {PROJECT} in {TABLE}; {unread:,} readings without a whole grade were left out.",
        "The knees were cropped from the radiographs by the user.",
    )
    return graded_knees(raw, grades, notes)


def _code(value: str) -> str:
    """Return the code of a value such as "1: Right"."""
    return value.partition(":")[0].strip().removesuffix(".0")
