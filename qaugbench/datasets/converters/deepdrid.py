"""DeepDRiD: the regular photographs of three parts; quality has two grades, which become Good and Reject."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.spreadsheet import first_sheet
from qaugbench.datasets.raw import Raw, checked_columns, unique
from qaugbench.errors import DataError, first_offenders

GRADES = {"1": "Good", "0": "Reject"}
FOLDERS = {
    "regular-fundus-training": ("train", "regular-fundus-training.csv"),
    "regular-fundus-validation": ("val", "regular-fundus-validation.csv"),
    "Online-Challenge1&2-Evaluation": ("test", "Challenge2_labels.xlsx"),
}
"""Folder: (part, table of its grades)."""
COLUMNS = ("image_id", "Overall quality", "Artifact", "Clarity", "Field definition")


def convert(raw: Raw) -> Converted:
    """Return the regular photographs with patient, eye, overall quality and part."""
    graded = {folder: _grades(raw, table) for folder, (_, table) in FOLDERS.items()}
    found = raw.find(rf"(?P<folder>{'|'.join(FOLDERS)})/Images/[^/]+/[^/]+\.jpe?g")
    unique([item.file for item, _ in found], raw.source.id)
    absent = sorted({name for names in graded.values() for name in names} - {item.stem for item, _ in found})
    if absent:
        raise DataError(
            f"deepdrid: {len(absent)} of the graded photographs are missing: {first_offenders(absent)}. Give the whole archive."
        )
    used = [(item, match["folder"]) for item, match in found if item.stem in graded[match["folder"]]]
    rows = [_row(item.stem, item.file, graded[folder][item.stem], FOLDERS[folder][0]) for item, folder in used]
    notes = (
        "Overall quality 1 (good enough for diagnosis) became Good and 0 became Reject; no image is Usable, which is left out.",
        "Patients are numbered across the parts; the parts are those of the ISBI 2020 challenge.",
    )
    return Converted(rows, raw.stream([item for item, _ in used]), notes=notes)


def _grades(raw: Raw, file: str) -> dict[str, dict[str, str]]:
    if file.endswith(".xlsx"):
        rows = checked_columns(first_sheet(raw.read(raw.one(file)), file), COLUMNS, file)
    else:
        rows = raw.table(file, COLUMNS)
    return {row["image_id"].strip(): row for row in rows if row["image_id"].strip()}


def _row(name: str, file: str, row: dict[str, str], part: str) -> dict[str, object]:
    grade = row["Overall quality"].strip().removesuffix(".0")
    if grade not in GRADES:
        raise DataError(
            f"deepdrid: {name} has the overall quality {grade!r}, none of {', '.join(GRADES)}. Fetch the table again."
        )
    patient, _, view = name.partition("_")
    return {
        "filename": file,
        "label": GRADES[grade],
        "patient_id": patient,
        "eye": {"l": "left", "r": "right"}.get(view[:1], ""),
        "artifact": row["Artifact"],
        "clarity": row["Clarity"],
        "field_definition": row["Field definition"],
        "split": part,
    }
