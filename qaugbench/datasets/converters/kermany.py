"""Kermany's paediatric chest X-rays: pneumonia or not, and nothing said of the 13 other findings of the task."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.chestmnist import FINDINGS
from qaugbench.datasets.converters.folders import class_folders
from qaugbench.datasets.raw import Raw
from qaugbench.errors import DataError, first_offenders

ANNOTATED = "Pneumonia"
CAUSES = ("normal", "bacteria", "virus")


def convert(raw: Raw) -> Converted:
    """Return the images of train and test with the one finding that is known.

    The 13 others are 0 in every image, so that no image is positive: each score leaves such a class out ("no positive
    image"), and what is measured is pneumonia alone. ``annotated`` and the column of that name say that a 0 there means
    "not known".
    """
    files = class_folders(
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
    notes = (
        "Only Pneumonia is annotated. The 13 other findings are not known: their columns are 0 throughout because the task "
        "has them, which says nothing of any image; without a positive image they are left out of every score.",
    )
    return Converted(rows, raw.stream([item for item, _ in files]), notes=notes, annotated=(ANNOTATED,))


def _named(stem: str) -> tuple[str, str]:
    """Return (cause, patient number) from a name such as BACTERIA-7422-0001."""
    cause, _, rest = stem.partition("-")
    patient = rest.partition("-")[0]
    if cause.lower() not in CAUSES or not patient.isdigit():
        raise DataError(
            f"kermany: {first_offenders([stem])} is not named like BACTERIA-7422-0001, so its patient is not known. Fetch "
            "ChestXRay2017.zip of Mendeley Data, version 2; the copy on Kaggle has other names."
        )
    return cause.lower(), patient
