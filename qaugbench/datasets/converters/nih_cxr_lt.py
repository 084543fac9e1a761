"""NIH ChestX-ray14 in its image archives, with the labels and the patient split of NIH-CXR-LT."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.chestmnist import FINDINGS
from qaugbench.datasets.raw import Raw, unique
from qaugbench.errors import DataError, first_offenders
from qaugbench.task import PARTS

FURTHER = (
    "No Finding", "Subcutaneous Emphysema", "Tortuous Aorta", "Calcification of the Aorta", "Pneumoperitoneum",
    "Pneumomediastinum",
)  # fmt: skip
"""The columns of NIH-CXR-LT beyond the 14 findings of ChestX-ray14."""
ENTRY = "Data_Entry_2017*.csv"


def convert(raw: Raw) -> Converted:
    """Return all images that the three label tables name, with patient, age, sex, view and the 20 labels."""
    labels = {part: _labels(raw, part) for part in PARTS}
    part_of = {name: part for part, table in labels.items() for name in table}
    entries = {row["Image Index"]: row for row in raw.table(ENTRY, ("Image Index", "Finding Labels", "Patient ID"))}
    found = [item for item, _ in raw.find(r"\d{8}_\d{3}\.png")]
    unique([item.file for item in found], raw.source.id)
    _check_all_there(part_of, {item.file for item in found}, set(entries))
    used = [item for item in found if item.file in part_of]
    rows = [_row(entries[item.file], labels[part_of[item.file]][item.file], part_of[item.file]) for item in used]
    notes = (
        "Labels and split are those of NIH-CXR-LT (MICCAI 2023), whose split is by patient; the columns "
        f"{', '.join(FURTHER)} are beyond the task.",
        *_disagreement(rows, entries),
        *(
            [f"{len(found) - len(used)} images without a label in NIH-CXR-LT were left out."]
            if len(used) < len(found)
            else []
        ),
    )
    return Converted(rows, raw.stream(used), notes=notes)


def _labels(raw: Raw, part: str) -> dict[str, dict[str, str]]:
    file = f"miccai2023_nih-cxr-lt_labels_{part}.csv"
    columns = [finding.replace("_", " ") for finding in FINDINGS] + list(FURTHER)
    return {row["id"]: {column: row[column] for column in columns} for row in raw.table(file, ["id", *columns])}


def _row(entry: dict[str, str], labels: dict[str, str], part: str) -> dict[str, object]:
    present = {name: labels[name.replace("_", " ")].removesuffix(".0") for name in FINDINGS}
    return {
        "filename": entry["Image Index"],
        "patient_id": entry["Patient ID"],
        "split": part,
        "age": entry.get("Patient Age", "").rstrip("Y").lstrip("0"),
        "sex": entry.get("Patient Gender") or entry.get("Patient Sex") or "",
        "view": entry.get("View Position", ""),
        **present,
        **{name.replace(" ", "_"): labels[name].removesuffix(".0") for name in FURTHER},
    }


def _check_all_there(part_of: dict[str, str], images: set[str], entries: set[str]) -> None:
    absent = sorted(set(part_of) - images)
    if absent:
        raise DataError(
            f"nih-cxr-lt: {len(absent):,} of the {len(part_of):,} images that the label tables name are missing: "
            f"{first_offenders(absent)}. Give all twelve archives images_001.tar.gz to images_012.tar.gz."
        )
    unknown = sorted(set(part_of) - entries)
    if unknown:
        raise DataError(
            f"nih-cxr-lt: {ENTRY} has no line for {len(unknown):,} labelled images: {first_offenders(unknown)}. "
            "Fetch the table again."
        )


def _disagreement(rows: list[dict[str, object]], entries: dict[str, dict[str, str]]) -> list[str]:
    """Return a note if NIH-CXR-LT and the table of NIH name different findings for the same image."""
    differ = 0
    for row in rows:
        nih = set(entries[str(row["filename"])]["Finding Labels"].split("|"))
        differ += any((name in nih) != (row[name] == "1") for name in FINDINGS)
    return [f"In {differ:,} images the 14 findings differ from those of {ENTRY}."] if differ else []
