"""EyeQ: three grades of quality for photographs of the Kaggle competition, fetched by the user."""

from __future__ import annotations

import re

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.raw import IMAGE, Raw, unique
from qaugbench.errors import DataError, first_offenders

GRADES = {"0": "Good", "1": "Usable", "2": "Reject"}
PARTS = ("train", "test")


def convert(raw: Raw) -> Converted:
    """Return the graded photographs with patient, eye, grade of retinopathy and published part."""
    graded: dict[str, dict[str, str]] = {}
    for part in PARTS:
        for row in raw.table(f"Label_EyeQ_{part}.csv", ("image", "quality", "DR_grade")):
            graded[row["image"].rpartition(".")[0]] = row | {"part": part}
    found = [
        (item, match)
        for item, match in raw.find(rf"(?P<patient>\d+)_(?P<eye>left|right){IMAGE}")
        if item.stem in graded
    ]
    unique([item.stem for item, _ in found], raw.source.id)
    absent = sorted(set(graded) - {item.stem for item, _ in found})
    if absent:
        raise DataError(
            f"eyeq: {len(absent):,} of the {len(graded):,} graded photographs are missing: {first_offenders(absent)}. Give the "
            "images of both train and test of the competition."
        )
    rows = [_row(item.file, match, graded[item.stem]) for item, match in found]
    notes = ("The photographs are as the competition published them: not cropped to the retina.",)
    return Converted(rows, raw.stream([item for item, _ in found]), notes=notes)


def _row(file: str, match: re.Match[str], row: dict[str, str]) -> dict[str, object]:
    if row["quality"] not in GRADES:
        raise DataError(
            f"eyeq: {file} has the quality {row['quality']!r}, none of {', '.join(GRADES)}. Fetch the table again."
        )
    return {
        "filename": file,
        "label": GRADES[row["quality"]],
        "patient_id": match["patient"],
        "eye": match["eye"].lower(),
        "dr_grade": row["DR_grade"],
        "split": row["part"],
    }
