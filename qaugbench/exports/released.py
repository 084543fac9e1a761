"""A set of images that is released as a prepared .zip, in Croissant 1.0: its bytes, its images, its labels, who may use it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from qaugbench.datasets.labels_csv import read_table
from qaugbench.datasets.prepared import PreparedData, open_prepared
from qaugbench.errors import DataError, shown
from qaugbench.exports.croissant import CONTEXT, VERSION, class_records
from qaugbench.task import Task

LABELS = "labels.csv"
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
IMAGES = {".bmp": "image/bmp", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".tif": "image/tiff"}
LARGEST_CHUNK = 2**20


@dataclass(frozen=True)
class Release:
    """What a file cannot say of itself: where it is published, under what licence, by whom, when; and what it shows."""

    url: str
    licence: str
    creator: str
    date: str
    description: str = ""

    def check(self) -> None:
        """Raise DataError for what Croissant requires and is missing or has another form."""
        lacking = [name for name in ("url", "licence", "creator", "date") if not getattr(self, name)]
        if lacking:
            raise DataError(
                f"Croissant requires {', '.join(lacking)}: give {' and '.join(f'--{name}' for name in lacking)}."
            )
        if not self.url.startswith(("https://", "http://")):
            raise DataError(f"{shown(self.url)!r} is no address: give --url https://...")
        if not DATE.fullmatch(self.date):
            raise DataError(f"{shown(self.date)!r} is no date: give --date as 2026 or 2026-11-30.")


def croissant_of_release(path: Path, task: Task, release: Release) -> dict[str, Any]:
    """Return the Croissant description of the prepared .zip at ``path`` as plain data.

    Raises DataError for a folder, whose bytes no checksum can name, for what is no prepared form of the task's data, and for a
    release that does not say what Croissant requires.
    """
    release.check()
    if path.is_dir():
        raise DataError(f"{shown(path, None)} is a folder; release a .zip, so that a checksum can name its bytes.")
    prepared = open_prepared(path, task.labels)
    archive = path.name
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": path.stem,
        "description": release.description or f"{len(prepared):,} images for {task.name}: {task.question}",
        "license": release.licence,
        "url": release.url,
        "creator": {"@type": "Organization", "name": release.creator},
        "datePublished": release.date,
        "isLiveDataset": False,
        "keywords": ["medical imaging", task.title],
        "distribution": [
            _file(archive, release.url, "application/zip", _sha256(path)),
            {**_file(LABELS, LABELS, "text/csv", _labels_sha256(prepared)), "containedIn": {"@id": archive}},
            *(_images(archive, ending) for ending in _endings(prepared)),
        ],
        "recordSet": [class_records(task), _rows(prepared, task), *map(_pictures, _endings(prepared))],
    }


def _file(name: str, url: str, kind: str, sha256: str) -> dict[str, Any]:
    facts = {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": url}
    return {**facts, "encodingFormat": kind, "sha256": sha256}


def _images(archive: str, ending: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"images{ending}",
        "name": f"images{ending}",
        "containedIn": {"@id": archive},
        "encodingFormat": IMAGES.get(ending, "application/octet-stream"),
        "includes": f"images/*{ending}",
    }


def _endings(prepared: PreparedData) -> list[str]:
    return sorted({PurePosixPath(file).suffix.lower() for file in prepared.files})


def _rows(prepared: PreparedData, task: Task) -> dict[str, Any]:
    """Return the lines of labels.csv as records, one field per column; labels refer to the classes of the task."""
    fields = []
    for column in read_table(prepared.archive.read(LABELS), str(prepared.path), task.labels).rows.columns:
        field = _field("labels", column, "sc:Text", {"fileObject": {"@id": LABELS}, "extract": {"column": column}})
        if column == "label":
            field["references"] = {"field": {"@id": f"{task.id}-classes/name"}}
        fields.append(field)
    return {
        "@type": "cr:RecordSet",
        "@id": "labels",
        "name": "labels",
        "key": {"@id": "labels/filename"},
        "field": fields,
    }


def _pictures(ending: str) -> dict[str, Any]:
    """Return the images of one format as records: file name and content."""
    name = f"images-{ending.removeprefix('.')}"
    source = {"fileSet": {"@id": f"images{ending}"}}
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": {"@id": f"{name}/filename"},
        "field": [
            _field(name, "filename", "sc:Text", {**source, "extract": {"fileProperty": "filename"}}),
            _field(name, "content", "sc:ImageObject", {**source, "extract": {"fileProperty": "content"}}),
        ],
    }


def _field(record_set: str, name: str, kind: str, source: dict[str, Any]) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name, "dataType": kind, "source": source}


def _labels_sha256(prepared: PreparedData) -> str:
    return hashlib.sha256(prepared.archive.read(LABELS)).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(LARGEST_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
