"""labels.csv and manifest of a user's converted images: labels joined to images, with counts instead of names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.datasets.identity import groups_by_content
from qaugbench.datasets.own.convert import NAME_DIGITS, hashed
from qaugbench.datasets.own.input import OwnInput
from qaugbench.datasets.own.labels import OwnRow
from qaugbench.datasets.shards import Shards
from qaugbench.errors import DataError, first_offenders
from qaugbench.task import canonical_json


@dataclass(frozen=True)
class OwnRows:
    """The ``rows`` of labels.csv, the corresponding ``shards`` with their images, and the ``facts`` of the manifest."""

    rows: list[dict[str, object]]
    shards: list[str]
    facts: dict[str, Any]


def own_rows(given: OwnInput, shards: Shards, path: Path) -> OwnRows:
    """Return the rows of labels.csv, which depend on the files' content and labels alone, not on their order."""
    rows, used, unlabelled = _joined(given, shards)
    unused = [place[0] for place in given.said if place not in used]
    if unused and given.by == "file":
        raise DataError(
            f"{len(unused)} files in {path} hold no image: {first_offenders(unused)}. Leave them out of the table."
        )
    if not rows:
        named = {"uid": "SOPInstanceUID", "patient": "PatientID"}.get(given.by, "")
        why = f": no file has a {named} of the table. Only DICOM files have one; others are named in a column filename"
        raise DataError(f"{path}: none of {len(shards)} images has a label{why if named else ''}. Check the table.")
    _complete(rows, path)
    rows = _named_by_content(_columns(rows), shards)
    facts = _facts([shards.facts[str(row["shard"])] for row in rows], unlabelled, len(unused))
    facts["own"] |= {"spelled": dict(given.spelled)} if given.spelled else {}
    names = [str(row.pop("shard")) for row in rows]
    return OwnRows(rows, names, facts)


def _joined(given: OwnInput, shards: Shards) -> tuple[list[dict[str, object]], set[tuple[str, int | None]], int]:
    """Return the rows of the labelled images, the keys of ``given.said`` that were used, and the number of unlabelled images."""
    key = given.files.key
    stem_of = {hashed(key, "file", name): name for name in given.names}
    rows: list[dict[str, object]] = []
    used: set[tuple[str, int | None]] = set()
    for image in shards:
        fact = shards.facts[image]
        if given.by == "file":
            source = stem_of[fact["source"]]
            place = (source, fact["slice"]) if (source, fact["slice"]) in given.said else (source, None)
        else:
            place = (str(fact.get(given.by, "")), None)
        said = given.said.get(place)
        if said is not None:
            used.add(place)
            rows.append({"shard": image, **said.labels, **_others(said, fact, key), "source": fact["source"]})
    return rows, used, len(shards) - len(rows)


def _named_by_content(rows: list[dict[str, object]], shards: Shards) -> list[dict[str, object]]:
    """Return the rows in an order, and with names of files, patients and groups, that follow from content alone.

    A file is named by the hash of its bytes, copies of one file are counted, patients and groups are numbered.
    """
    hidden = ("shard", "patient_id", "group")
    facts = [shards.facts[str(row["shard"])] for row in rows]
    keys = [
        canonical_json([fact["sha256"], fact["part"], {name: row[name] for name in row if name not in hidden}])
        for row, fact in zip(rows, facts, strict=True)
    ]
    named = [dict(row) for row in rows]
    for column in (name for name in ("patient_id", "group") if name in rows[0]):
        codes, _ = groups_by_content(keys, [str(row[column]) for row in rows])
        for row, code in zip(named, codes.tolist(), strict=True):
            row[column] = f"{column[0]}{code + 1:05d}"
    order = sorted(
        range(len(rows)), key=lambda i: (keys[i], str(named[i].get("patient_id")), str(named[i].get("group")))
    )
    copies: Counter[str] = Counter()
    for i in order:
        stem, ending = str(facts[i]["sha256"])[:NAME_DIGITS], str(rows[i]["shard"]).rsplit(".", 1)[-1]
        copies[stem + facts[i]["part"]] += 1
        copy = f"-{count}" if (count := copies[stem + facts[i]["part"]]) > 1 else ""
        named[i] = {"filename": f"{stem}{copy}{facts[i]['part']}.{ending}", **named[i]}
    return [named[i] for i in order]


def _others(said: OwnRow, fact: Mapping[str, Any], key: bytes) -> dict[str, object]:
    """Return patient, part and other known facts; the table takes precedence over the DICOM header."""
    known = {name: str(fact.get(name) or "") for name in ("age", "sex", "device")}
    others: dict[str, object] = {**known, **{name: value for name, value in said.others.items() if value}}
    for name in ("patient_id", "group"):
        if said.others.get(name):
            others[name] = hashed(key, "patient" if name == "patient_id" else name, said.others[name])
    others.setdefault("patient_id", fact.get("patient") or "")
    return others


def _complete(rows: list[dict[str, object]], path: Path) -> None:
    """Raise DataError if only some images have a patient, or a part."""
    for column in ("patient_id", "group"):
        without = [row for row in rows if not row.get(column)]
        if without and len(without) < len(rows):
            raise DataError(
                f"{len(without)} of {len(rows)} images in {path} have no {column}, the others have one. Give a table with a column "
                f"{column} that is filled in for all, or for none."
            )


def _columns(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the rows with the same non-empty columns; files with several images become groups."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    filled = [name for name in names if any(row.get(name) not in ("", None) for row in rows)]
    several = len({row["source"] for row in rows}) < len(rows)
    if several and "patient_id" not in filled and "group" not in filled:
        rows = [{**row, "group": row["source"]} for row in rows]
        filled.append("group")
    return [{name: row.get(name, "") for name in filled if name != "source"} for row in rows]


def _facts(facts: Sequence[Mapping[str, Any]], unlabelled: int, unused: int) -> dict[str, Any]:
    """Return the manifest's account of the conversion: counts and rules, without names."""
    kinds = Counter(str(fact["kind"]) for fact in facts)
    windows = Counter(str(fact["window"]) for fact in facts if fact["kind"] == "DICOM")
    planes = Counter(str(fact["plane"]) for fact in facts if fact["kind"] == "NIfTI")
    inverted = sum(bool(fact.get("inverted")) for fact in facts)
    padded = sum(bool(fact.get("padded")) for fact in facts)
    burnt_in = sum(bool(fact.get("burnt_in")) for fact in facts)
    bare = sum(bool(fact.get("bare")) for fact in facts)
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
        (bare, "images are of DICOM files without preamble or transfer syntax, read as uncompressed"),
        (burnt_in, "images are marked as having burnt-in annotations"),
        (unlabelled, "images without a label were left out"),
        (unused, "rows of the table match no image"),
    ):
        if count:
            notes.append(f"{count} {what}.")
    notes.append("Files are named by content and patients are numbered; the images stay on this machine.")
    own = {
        "kinds": dict(kinds),
        "windows": dict(windows),
        "planes": dict(planes),
        "inverted": inverted,
        "padded": padded,
    }
    own |= {
        "burnt_in": burnt_in,
        "bare": bare,
        "missing": missing,
        "unlabelled": unlabelled,
        "unused_rows": unused,
    }
    return {"description": "own images", "notes": notes, "own": own, "licence": "own images, not published"}
