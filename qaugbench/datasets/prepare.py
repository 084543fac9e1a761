"""The prepared .zip of a source from its downloaded files: read in place, and shrunk in parallel on request."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from qaugbench import definitions
from qaugbench.datasets.converters import Converted, Picture, converter
from qaugbench.datasets.formats.archive import open_archive
from qaugbench.datasets.formats.containers import is_archive
from qaugbench.datasets.formats.pictures import read_picture
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.raw import open_raw
from qaugbench.datasets.scale import in_shards, shards_beside, shrunk
from qaugbench.datasets.sources import Source, SourceFile, instructions, prepared_path, source
from qaugbench.errors import DataError
from qaugbench.places import data_home

PNG = b"\x89PNG"


@dataclass(frozen=True)
class ArchiveFact:
    """A file that a source was made from: its checksum, and who states it."""

    file: str
    bytes: int
    checksum: str
    checksum_by: str


def prepare(
    name: str, raw: Sequence[Path], *, size: int | None = None, home: Path | None = None, jobs: int | None = None
) -> Path:
    """Return the prepared .zip of the source ``name``, made from files fetched by hand.

    ``raw`` are folders, archives or single files; archives are read in place. ``size`` shrinks larger images to squares
    of that many pixels per side by the rules of ``preprocess``, so that a run at that size sees the same pixels as from
    the full images. ``jobs`` processes do this (all cores by default), and an interrupted call resumes. Without
    ``size`` the files are copied unchanged. Raises DataError, naming what is missing and where to get it, for missing
    files, unsafe or damaged archives, and files that are not the published ones.
    """
    home = home or data_home()
    entry = source(name)
    if entry.obtain == "generated":
        raise DataError(f"{name!r} is drawn by qaugbench and needs no preparation.\n{instructions(name)}")
    if held := already_prepared(entry, size, home):
        return held
    facts = [_fact(entry, file) for path in raw for file in _worth_hashing(entry, Path(path))]
    return prepare_raw(entry, [Path(path) for path in raw], size=size, home=home, facts=facts, jobs=jobs)


def already_prepared(entry: Source, size: int | None, home: Path) -> Path | None:
    """Return the prepared .zip of a source if it exists; raise DataError if its images have another size."""
    path = prepared_path(entry.tasks[0], entry.id, home=home)
    if not path.exists():
        return None
    archive = open_archive(path)
    if archive.problem("manifest.json"):
        return path  # prepared by hand
    held = json.loads(archive.read("manifest.json")).get("image_size")
    if held != size:
        raise DataError(
            f"{path} holds images of {_pixels(held)}, not {_pixels(size)}. Remove it to get the other size."
        )
    return path


def prepare_raw(
    entry: Source,
    paths: Sequence[Path],
    *,
    size: int | None,
    home: Path,
    facts: Sequence[ArchiveFact],
    jobs: int | None = None,
) -> Path:
    """Return the prepared .zip of a source made from ``paths``; ``facts`` describe its archives."""
    home.mkdir(parents=True, exist_ok=True)
    target = prepared_path(entry.tasks[0], entry.id, home=home)
    with open_raw(entry, paths, home) as raw:
        converted = converter(entry.id)(raw)
        if not converted.rows:
            raise DataError(f"{entry.id}: no image is left after the rules of the source. {' '.join(converted.notes)}")
        if size is None or entry.image_sizes:
            pictures = map(converted.picture, converted.contents)
            write_prepared(target, pictures, converted.rows, _facts(entry, converted, size, facts))
        else:
            _write_shrunk(target, converted, size, _facts(entry, converted, size, facts), raw.identity, jobs)
    return target


def _write_shrunk(
    target: Path, converted: Converted, size: int, facts: Mapping[str, Any], identity: object, jobs: int | None
) -> None:
    channels = definitions.task(target.parent.name).channels
    names = [str(PurePosixPath(str(row["filename"])).with_suffix(".png")) for row in converted.rows]
    rows = [{**row, "filename": name} for row, name in zip(converted.rows, names, strict=True)]
    shrink = Shrink(converted.picture, size, channels)
    shards_folder = shards_beside(target, [identity, size, channels])
    with in_shards(shrink, zip(names, converted.contents, strict=True), shards_folder, jobs=jobs) as shards:
        write_prepared(target, (shards.read(name) for name in names), rows, facts)


@dataclass(frozen=True)
class Shrink:
    """Turns a picture into a PNG of at most ``size`` pixels per side, by the rules of ``preprocess``."""

    picture: Picture
    size: int
    channels: int

    def __call__(self, content: Any) -> bytes:
        """Return the encoded PNG; raise DataError for a file that is not an image."""
        drawn = self.picture(content)
        small = shrunk(
            drawn if isinstance(drawn, bytes) else _as_png(Image.fromarray(drawn)),
            size=self.size,
            channels=self.channels,
        )
        return small if small.startswith(PNG) else _as_png(read_picture(small))


def _as_png(image: Image.Image) -> bytes:
    encoded = io.BytesIO()
    (image.convert("RGB") if image.mode == "CMYK" else image).save(encoded, format="PNG", compress_level=1)
    return encoded.getvalue()


def _facts(entry: Source, converted: Converted, size: int | None, facts: Sequence[ArchiveFact]) -> dict[str, Any]:
    conversions = list(converted.conversions)
    if size is not None and not entry.image_sizes:
        conversions.append(
            f"Images of more than {size} pixels were padded with black to a square and shrunk to {size} pixels (bilinear, "
            "antialiased), 8 bit."
        )
    return {
        "name": entry.id,
        "title": entry.title,
        "task": entry.tasks[0],
        "image_size": size,
        "licence": entry.licence,
        "use": entry.use,
        "citation": entry.citation,
        "url": entry.url,
        "problems": list(entry.problems),
        "conversions": conversions,
        "annotated": None if converted.annotated is None else list(converted.annotated),
        "counts": _counts(entry, converted),
        "archives": [asdict(fact) for fact in facts],
        "notes": [
            entry.patients,
            *converted.notes,
            *conversions,
            *_count_note(entry, converted),
            *_checksum_notes(facts),
        ],
    }


def _counts(entry: Source, converted: Converted) -> dict[str, Any]:
    rows = converted.rows
    labels = definitions.task(entry.tasks[0]).labels
    if labels.kind == "multilabel":
        known = labels.names if converted.annotated is None else converted.annotated
        classes = {name: sum(str(row[name]) == "1" for row in rows) for name in known}
    else:
        classes = dict(sorted(Counter(str(row["label"]) for row in rows).items()))
    parts = Counter(str(row["split"]) for row in rows) if "split" in rows[0] else {}
    patients = len({str(row["patient_id"]) for row in rows}) if "patient_id" in rows[0] else None
    return {"images": len(rows), "patients": patients, "classes": classes, "parts": dict(sorted(parts.items()))}


def _count_note(entry: Source, converted: Converted) -> list[str]:
    if entry.images in (0, len(converted.rows)):
        return []
    return [f"The publisher counts {entry.images:,} images; {len(converted.rows):,} were converted."]


def _checksum_notes(facts: Sequence[ArchiveFact]) -> list[str]:
    groups: dict[str, list[str]] = {}
    for fact in facts:
        groups.setdefault(fact.checksum_by, []).append(fact.file)
    return [f"Checksum of {', '.join(files)}: {who}." for who, files in groups.items()]


def _worth_hashing(entry: Source, path: Path) -> list[Path]:
    """Return the archives at or below ``path``, and the files with a published checksum."""
    stated = {file.name for file in entry.files if file.checksum}
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    opened = (
        file for file in files if file.name in stated or (is_archive(file.name) and _is_opened(entry, file, path))
    )
    return [file for file in opened if file.is_file()]


def _is_opened(entry: Source, file: Path, given: Path) -> bool:
    return file == given or any(file.match(pattern) for pattern in entry.opens)


def _fact(entry: Source, path: Path) -> ArchiveFact:
    """Return what is known of an archive fetched by hand; raise DataError if it is not the published one."""
    known = next((file for file in entry.files if file.name == path.name), SourceFile(path.name))
    algorithm, _, stated = (known.checksum or "sha256:").partition(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    length = path.stat().st_size
    if stated and found != stated:
        raise DataError(
            f"{path} is not the published file: its {algorithm} is {found} ({length:,} bytes), {known.checksum_by} states "
            f"{stated}. Fetch it again."
        )
    who = f"stated by {known.checksum_by}" if stated else "not published; as fetched by hand"
    return ArchiveFact(path.name, length, f"{algorithm}:{found}", who)


def _pixels(size: object) -> str:
    return "their published size" if size is None else f"{size} pixels"
