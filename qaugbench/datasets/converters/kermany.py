"""Kermany's paediatric chest X-rays: pneumonia or not; the 13 other findings of the task are not annotated."""

from __future__ import annotations

import re

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.chestmnist import FINDINGS
from qaugbench.datasets.converters.folders import class_folders_once
from qaugbench.datasets.raw import Raw
from qaugbench.errors import DataError, first_offenders

ANNOTATED = "Pneumonia"
NAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<cause>NORMAL|BACTERIA|VIRUS)-(?P<patient>\d+)-\d+",
        r"(?P<patient>person\d+)_(?P<cause>bacteria|virus)_\d+",
        r"(?:NORMAL2?-)?(?P<patient>IM-\d+)(?:-\d+)+",
    )
)
"""How images are named: by the publisher, and in the copy on Kaggle those with and those without pneumonia.

In that copy some numbers start again, so that one number may be several children. They are kept together: images of one
child are then never separated.
"""


def convert(raw: Raw) -> Converted:
    """Return the images of train and test with the one finding that is known.

    The 13 others are 0 in every image, so every score leaves them out ("no positive image") and measures pneumonia
    alone. ``annotated`` and the column of that name state that these 0 mean "not known".
    """
    files, again = class_folders_once(
        raw, {"normal": "0", "pneumonia": "1"}, parts={"train": "train", "val": "val", "test": "test"}
    )
    rows = []
    for item, row in files:
        cause, patient = _named(item.stem)
        unknown: dict[str, object] = {name: 0 for name in FINDINGS if name != ANNOTATED}
        rows.append(
            {
                "filename": item.file,
                "patient_id": patient,
                "split": row["split"],
                "cause": cause,
                "annotated": ANNOTATED,
                ANNOTATED: row["label"],
                **unknown,
            }
        )
    kaggle = sum(not str(row["patient_id"]).isdigit() for row in rows)
    notes = (
        *([f"{again:,} second copies of an image inside the archive were left out."] if again else []),
        *(
            [f"{kaggle:,} images are named as in the copy on Kaggle: those of one number count as one child."]
            if kaggle
            else []
        ),
        "Only Pneumonia is annotated. The 13 other findings are not known: their columns are 0 throughout because the task "
        "has them, which says nothing about any image; without a positive image they are left out of every score.",
    )
    return Converted(rows, raw.stream([item for item, _ in files]), notes=notes, annotated=(ANNOTATED,))


def _named(stem: str) -> tuple[str, str]:
    """Return (cause, patient) from a name such as BACTERIA-7422-0001, person1_virus_6 or NORMAL2-IM-0927-0001."""
    match = next((found for name in NAMES if (found := name.fullmatch(stem))), None)
    if match is None:
        raise DataError(
            f"kermany: {first_offenders([stem])} is named neither like BACTERIA-7422-0001 nor, as in the copy on Kaggle, like "
            "person1_virus_6 or IM-0115-0001, so its patient is not known. Fetch ChestXRay2017.zip of Mendeley Data, version 2."
        )
    said = match.groupdict()
    patient = said["patient"]
    return (said.get("cause") or "normal").lower(), patient if patient.isdigit() else patient.lower().replace(
        "im-", "IM-"
    )
