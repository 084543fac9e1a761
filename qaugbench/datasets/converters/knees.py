"""Single-knee images named by participant and side, joined to a table of Kellgren-Lawrence grades."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.raw import IMAGE, Raw
from qaugbench.errors import DataError, first_offenders

Grades = Mapping[tuple[str, str], str]
"""The grade "0" to "4" of a knee: (participant in upper case, "L" or "R")."""
_NAME = re.compile(r"(?P<patient>[A-Z]*\d+)(?:[ _.-].*?)?[ _.-]*(?P<side>LEFT|RIGHT|L|R)", re.IGNORECASE)


def graded_knees(raw: Raw, grades: Grades, notes: tuple[str, ...]) -> Converted:
    """Return the knees with both an image and a grade; raise DataError for two images of one knee.

    An image is named <participant>_<L or R>, with or without a separator, and possibly words between them.
    """
    pairs = []
    for item, _ in raw.find(rf"[^/]+{IMAGE}"):
        match = _NAME.fullmatch(item.stem)
        if match:
            pairs.append((item, (match["patient"].upper(), match["side"][0].upper())))
    if not pairs:
        raise raw.lacking("images named by participant and side, such as 9000099_R.png")
    _refuse_two_visits([knee for _, knee in pairs])
    used = [(item, knee) for item, knee in pairs if knee in grades]
    if not used:
        raise DataError(
            f"{raw.source.id}: none of the {len(pairs):,} images has the number of a participant with a grade: "
            f"{first_offenders(item.file for item, _ in pairs)}. Name them by participant and side."
        )
    rows = [
        {"filename": f"{patient}{side}{item.name[item.name.rindex('.') :].lower()}", "label": grades[patient, side]}
        | {"patient_id": patient, "side": side}
        for item, (patient, side) in used
    ]
    without = (
        f"{len(pairs) - len(used):,} images without a grade and {len(grades) - len(used):,} graded knees without an image "
        "were left out."
    )
    return Converted(rows, raw.stream([item for item, _ in used]), notes=(*notes, without))


def whole_grade(value: str) -> str | None:
    """Return a grade as "0" to "4", None for anything else: missing, replaced, or between two grades.

    >>> [whole_grade(value) for value in ("2", "3.0", "2: Minimal", "1.9", ".A: Not Expected", "")]
    ['2', '3', '2', None, None, None]
    """
    match = re.fullmatch(r"([0-4])(?:\.0*)?(?:\s*:.*)?", value.strip())
    return match[1] if match else None


def _refuse_two_visits(knees: list[tuple[str, str]]) -> None:
    twice = sorted(f"{patient}{side}" for (patient, side), count in Counter(knees).items() if count > 1)
    if twice:
        raise DataError(
            f"{len(twice)} knees have more than one image: {first_offenders(twice)}. Give those of the baseline visit only, "
            "one per knee."
        )
