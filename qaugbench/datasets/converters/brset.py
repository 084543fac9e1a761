"""BRSET: photographs graded Adequate or Inadequate, which become Good and Reject."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.raw import IMAGE, Raw, unique
from qaugbench.errors import DataError, first_offenders

TABLE = "labels_brset.csv"
GRADES = {"adequate": "Good", "inadequate": "Reject"}
SEX = {"1": "M", "2": "F"}
EYE = {"1": "right", "2": "left"}


def convert(raw: Raw) -> Converted:
    """Return the photographs with patient, age, sex, eye, camera and overall quality."""
    table = {row["image_id"]: row for row in raw.table(TABLE, ("image_id", "patient_id", "quality"))}
    found = [item for item, _ in raw.find(rf"[^/]+{IMAGE}") if item.stem in table]
    unique([item.stem for item in found], raw.source.id)
    absent = sorted(set(table) - {item.stem for item in found})
    if absent:
        raise DataError(
            f"brset: {len(absent):,} of the {len(table):,} photographs of {TABLE} are missing: "
            f"{first_offenders(absent)}. Give the whole folder fundus_photos."
        )
    rows = [_row(item.file, table[item.stem]) for item in found]
    notes = (
        "Quality Adequate became Good and Inadequate became Reject; no image is Usable, which is left out.",
        "There is no published split.",
    )
    return Converted(rows, raw.stream(found), notes=notes)


def _row(file: str, row: dict[str, str]) -> dict[str, object]:
    grade = GRADES.get(row["quality"].strip().lower())
    if grade is None:
        raise DataError(
            f"brset: {file} has the quality {row['quality']!r}; known are Adequate and Inadequate. Fetch {TABLE} again."
        )
    return {
        "filename": file,
        "label": grade,
        "patient_id": row["patient_id"],
        "age": row.get("patient_age", ""),
        "sex": SEX.get(row.get("patient_sex", "").removesuffix(".0"), ""),
        "eye": EYE.get(row.get("exam_eye", "").removesuffix(".0"), ""),
        "camera": row.get("camera", ""),
    }
