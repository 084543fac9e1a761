"""labels.csv and manifest of a user's converted images: labels joined to images, and counts instead of names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qaugbench.datasets.own.convert import hashed
from qaugbench.datasets.own.input import OwnInput
from qaugbench.datasets.own.labels import OwnRow
from qaugbench.datasets.shards import Shards
from qaugbench.errors import DataError, first_offenders


def own_rows(given: OwnInput, shards: Shards, path: Path) -> tuple[list[dict[str, object]], dict[str, Any]]:
    """Return the rows of labels.csv, in the order of the image names, and the facts of the manifest."""
    key = given.files.key
    stem_of = {hashed(key, "file", name): name for name in given.names}
    rows: list[dict[str, object]] = []
    used: set[tuple[str, int | None]] = set()
    unlabelled = 0
    for image in sorted(shards):
        fact = shards.facts[image]
        if given.by == "file":
            source = stem_of[fact["source"]]
            place = (source, fact["slice"]) if (source, fact["slice"]) in given.said else (source, None)
        else:
            place = (str(fact.get(given.by, "")), None)
        said = given.said.get(place)
        if said is None:
            unlabelled += 1
            continue
        used.add(place)
        rows.append({"filename": image, **said.labels, **_others(said, fact, key), "source": fact["source"]})
    unused = [place[0] for place in given.said if place not in used]
    if unused and given.by == "file":
        raise DataError(
            f"{len(unused)} files in {path} hold no image: {first_offenders(unused)}. Leave them out of the table."
        )
    if not rows:
        raise DataError(f"{path}: none of {len(shards)} images has a label. Check the {given.by} column of the table.")
    _complete(rows, path)
    return _columns(rows), _facts([shards.facts[str(row["filename"])] for row in rows], unlabelled, len(unused))


def _others(said: OwnRow, fact: Mapping[str, Any], key: bytes) -> dict[str, object]:
    """Return patient, part and what else is known; the table goes before the DICOM header."""
    known = {name: str(fact.get(name) or "") for name in ("age", "sex", "device")}
    others: dict[str, object] = {**known, **{name: value for name, value in said.others.items() if value}}
    for name in ("patient_id", "group"):
        if said.others.get(name):
            others[name] = hashed(key, "patient" if name == "patient_id" else name, said.others[name])
    others.setdefault("patient_id", fact.get("patient") or "")
    return others


def _complete(rows: list[dict[str, object]], path: Path) -> None:
    """Raise DataError where only some images have a patient, or a part."""
    for column in ("patient_id", "group"):
        without = [row for row in rows if not row.get(column)]
        if without and len(without) < len(rows):
            raise DataError(
                f"{len(without)} of {len(rows)} images in {path} have no {column}, the others have one. Give a table with a column "
                f"{column} that is filled in for all, or for none."
            )


def _columns(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the rows with the same columns each, without the empty ones; files with several images become groups."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    filled = [name for name in names if any(row.get(name) not in ("", None) for row in rows)]
    several = len({row["source"] for row in rows}) < len(rows)
    if several and "patient_id" not in filled and "group" not in filled:
        rows = [{**row, "group": row["source"]} for row in rows]
        filled.append("group")
    return [{name: row.get(name, "") for name in filled if name != "source"} for row in rows]


def _facts(facts: Sequence[Mapping[str, Any]], unlabelled: int, unused: int) -> dict[str, Any]:
    """Return what the manifest says of the conversion: counts and rules, and no name."""
    kinds = Counter(str(fact["kind"]) for fact in facts)
    windows = Counter(str(fact["window"]) for fact in facts if fact["kind"] == "DICOM")
    planes = Counter(str(fact["plane"]) for fact in facts if fact["kind"] == "NIfTI")
    inverted = sum(bool(fact.get("inverted")) for fact in facts)
    padded = sum(bool(fact.get("padded")) for fact in facts)
    burnt_in = sum(bool(fact.get("burnt_in")) for fact in facts)
    missing = sum(bool(fact.get("missing")) for fact in facts)
    notes = ["Own images: " + ", ".join(f"{count} from {kind} files" for kind, count in sorted(kinds.items())) + "."]
    if windows:
        notes.append(
            "DICOM grey values: " + "; ".join(f"{count} by {how}" for how, count in sorted(windows.items())) + "."
        )
    if planes:
        listed = ", ".join(f"{count} {plane}" for plane, count in sorted(planes.items()))
        notes.append(
            f"NIfTI slices: {listed}; across the widest voxels, those of the table or 5 over the middle half; grey values by the "
            "volume's percentiles 0.5 to 99.5."
        )
    for count, what in (
        (inverted, "images of MONOCHROME1 were inverted"),
        (padded, "images have padding, now black"),
        (missing, "slices are of volumes with missing voxels, now black"),
        (burnt_in, "images say that they carry burnt-in annotations"),
        (unlabelled, "images without a label were left out"),
        (unused, "rows of the table fit no image"),
    ):
        if count:
            notes.append(f"{count} {what}.")
    notes.append("File names, patients and instance numbers are keyed hashes; the images stay on this machine.")
    own = {
        "kinds": dict(kinds),
        "windows": dict(windows),
        "planes": dict(planes),
        "inverted": inverted,
        "padded": padded,
    }
    own |= {"burnt_in": burnt_in, "missing": missing, "unlabelled": unlabelled, "unused_rows": unused}
    return {"description": "own images", "notes": notes, "own": own, "licence": "own images, not published"}
