"""Chen's knees: the 224-pixel crops kneeKL224 of train, val and test; auto_test repeats the knees of test."""

from __future__ import annotations

import re

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.raw import IMAGE, Raw, unique
from qaugbench.errors import DataError, first_offenders


def convert(raw: Raw) -> Converted:
    """Return the knees with grade, participant, side and published part.

    The folder kneeKL224 is used, or the folders train, val and test alone; kneeKL299 has the same knees at a larger size.
    """
    below = rf"(?P<part>train|val|test)/(?P<grade>[0-4])/(?P<patient>\d+)(?P<side>[LR]){IMAGE}"
    found = [pair for pair in raw.find(below) if not re.search(r"(^|/)kneeKL(?!224/)", pair[0].name, re.IGNORECASE)]
    if not found:
        raise DataError("chen2018: there is no folder kneeKL224. Give the whole archive, or that folder.")
    unique([item.file for item, _ in found], raw.source.id)
    rows = [
        {
            "filename": item.file,
            "label": match["grade"],
            "patient_id": match["patient"],
            "side": match["side"].upper(),
            "split": match["part"].lower(),
        }
        for item, match in found
    ]
    _check_one_grade(rows)
    notes = ("The crops of 224 pixels were used; auto_test was left out.",)
    return Converted(rows, raw.stream([item for item, _ in found]), notes=notes)


def _check_one_grade(rows: list[dict[str, str]]) -> None:
    grades: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        grades.setdefault((row["patient_id"], row["side"]), set()).add(row["label"])
    two = [f"{patient}{side}" for (patient, side), found in grades.items() if len(found) > 1]
    if two:
        raise DataError(f"chen2018: {len(two)} knees have two grades: {first_offenders(two)}. Fetch the archive again.")
