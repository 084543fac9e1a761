"""The contents of a source, file by file: hashes, counts, licence; and the writer of the prepared form."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from qaugbench.datasets.formats.archive import below_images, leaves_source
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.splits import Split
from qaugbench.errors import DataError, first_offenders
from qaugbench.task import PARTS

SCHEMA = 1
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def source_manifest(prepared: PreparedData, task: str, split: Split | None = None) -> dict[str, Any]:
    """Return the facts of a source, ready for JSON.

    ``files`` maps every image to its sha256; ``archive_sha256`` is that of the .zip (None for a folder);
    ``content_sha256`` is the same for every folder or .zip with the same images, labels and groups, whatever the names
    of files, patients and groups and the order of rows. ``counts`` holds the positives of each class, in total and by
    part of ``split``. Description, notes, licence, citation and whether it is a phantom come from the source's own
    manifest.json; licence and citation otherwise from the columns ``licence`` (or ``license``) and ``citation``; None
    if not stated. Raises DataError if an image differs from the source's manifest.json.
    """
    stored = _stored_manifest(prepared)
    hashes = dict(zip(prepared.files, prepared.hashes, strict=True))
    _check_hashes(prepared, hashes, stored.get("files", {}))
    everything = {"all": np.arange(len(prepared))}
    parts = everything if split is None else everything | {part: getattr(split, part) for part in PARTS}
    return {
        "schema": SCHEMA,
        "name": prepared.name,
        "task": task,
        "phantom": stored.get("phantom") is True,
        "description": str(stored.get("description") or stored.get("title") or prepared.name),
        "notes": [*_notes(prepared, stored), *_turn_note(prepared.n_turned, len(prepared))],
        "files": hashes,
        "archive_sha256": file_sha256(prepared.path) if prepared.path.is_file() else None,
        "content_sha256": prepared.identity.sha256,
        "images": {part: len(rows) for part, rows in parts.items()},
        "groups": {part: len(np.unique(prepared.groups[rows])) for part, rows in parts.items()},
        "counts": {part: _counts(prepared, rows) for part, rows in parts.items()},
        "patients_known": prepared.patients_known,
        "group_column": prepared.group_column,
        "split": None if split is None else {"name": split.name, "how": split.how, "sha256": split.sha256},
        "licence": stored.get("licence") or _column_values(prepared, "licence", "license"),
        "citation": stored.get("citation") or _column_values(prepared, "citation"),
    }


def write_prepared(
    path: Path,
    images: Iterable[np.ndarray | bytes],
    rows: Sequence[Mapping[str, object]],
    manifest: Mapping[str, Any],
) -> dict[str, Any]:
    """Write a prepared .zip (where ``path`` ends in .zip) or folder, and return the manifest written into it.

    ``images`` correspond one to one to ``rows``: uint8 [H, W], [H, W, 1] or [H, W, 3] arrays, stored as PNG, or encoded files
    as they are. The rows become labels.csv and must have the same columns, including ``filename``. The sha256 of every
    file is added to the manifest. Everything is written under a temporary name and renamed at the end: a failure leaves
    nothing behind. Equal input gives equal bytes. Raises DataError if ``path`` exists or cannot be written, or if rows
    and images do not match.
    """
    path = Path(path)
    if path.exists():
        raise DataError(f"{path} exists already. Remove it, or write to another path.")
    table = _csv_text(rows)
    hashes: dict[str, str] = {}
    write = _write_zip if path.suffix == ".zip" else _write_folder
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, _entries(images, rows, table, manifest, hashes))
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}. Nothing was left behind.") from error
    return _with_files(manifest, hashes)


def sha256(content: bytes) -> str:
    """Return the sha256 of ``content`` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256 of the file at ``path`` in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stored_manifest(prepared: PreparedData) -> dict[str, Any]:
    if prepared.archive.problem("manifest.json"):
        return {}
    try:
        stored = json.loads(prepared.archive.read("manifest.json"))
    except ValueError as error:
        raise DataError(f"manifest.json in {prepared.where} is not JSON: {error}. Correct it or remove it.") from error
    if not isinstance(stored, dict) or not isinstance(stored.get("files", {}), dict):
        raise DataError(
            f"manifest.json in {prepared.where} must be an object whose `files` is an object, or be removed."
        )
    return stored


def _turn_note(turned: int, n: int) -> list[str]:
    if not turned:
        return []
    return [
        f"{turned:,} of {n:,} image files are stored turned or mirrored (EXIF); they are used as viewers show them."
    ]


def _check_hashes(prepared: PreparedData, hashes: Mapping[str, str], expected: Mapping[str, str]) -> None:
    changed = [name for name, digest in hashes.items() if expected.get(name, digest) != digest]
    if changed:
        raise DataError(
            f"{len(changed)} images in {prepared.where} are not those that its manifest.json names: "
            f"{first_offenders(changed)}. Get the source again, or remove manifest.json if the change is meant."
        )


def _notes(prepared: PreparedData, stored: Mapping[str, Any]) -> list[str]:
    said = stored.get("notes", [])
    notes = [str(note) for note in (said if isinstance(said, list) else [said])]
    if prepared.patients_known:
        return notes
    unit = "image" if prepared.group_column is None else f"`{prepared.group_column}`"
    return [*notes, f"labels.csv names no patients: each {unit} is resampled as if it were one."]


def _counts(prepared: PreparedData, rows: np.ndarray) -> dict[str, int]:
    return dict(zip(prepared.label_names, prepared.labels[rows].sum(axis=0).astype(int).tolist(), strict=True))


def _column_values(prepared: PreparedData, *columns: str) -> str | None:
    column = next((name for name in columns if name in prepared.table), None)
    values = [] if column is None else sorted({value.strip() for value in prepared.table[column]} - {""})
    return "; ".join(values) or None


def _csv_text(rows: Sequence[Mapping[str, object]]) -> bytes:
    if not rows:
        raise DataError("A prepared source needs at least one image.")
    columns = list(rows[0])
    other = [row for row, values in enumerate(rows) if set(values) != set(columns)]
    if other or "filename" not in columns:
        raise DataError(
            f"All rows must have the same columns, filename among them; rows {first_offenders(other)} differ."
        )
    counts = Counter(below_images(str(row["filename"])) for row in rows)
    bad = [name for name, count in counts.items() if count > 1 or not name or leaves_source(name)]
    if bad:
        raise DataError(f"These filenames are empty, not below images/, or named twice: {first_offenders(bad)}.")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _entries(
    images: Iterable[np.ndarray | bytes],
    rows: Sequence[Mapping[str, object]],
    table: bytes,
    manifest: Mapping[str, Any],
    hashes: dict[str, str],
) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every file, images first, and fill ``hashes``."""
    pictures = iter(images)
    for row in rows:
        picture = next(pictures, None)
        if picture is None:
            raise DataError(f"There are {len(rows)} rows but only {len(hashes)} images.")
        name = below_images(str(row["filename"]))
        content = picture if isinstance(picture, bytes) else _png(picture)
        hashes[name] = sha256(content)
        yield name, content
    if next(pictures, None) is not None:
        raise DataError(f"There are more images than the {len(rows)} rows.")
    hashes["labels.csv"] = sha256(table)
    yield "labels.csv", table
    yield "manifest.json", (json.dumps(_with_files(manifest, hashes), sort_keys=True, indent=1) + "\n").encode()


def _with_files(manifest: Mapping[str, Any], hashes: Mapping[str, str]) -> dict[str, Any]:
    return {"schema": SCHEMA, **manifest, "files": dict(hashes)}


def _png(pixels: np.ndarray) -> bytes:
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise DataError(f"An image must be uint8 [H, W] or [H, W, 1 or 3], not {pixels.dtype} {list(pixels.shape)}.")
    plane = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(plane)).save(content, format="PNG")
    return content.getvalue()


def _write_zip(path: Path, entries: Iterator[tuple[str, bytes]]) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for name, content in entries:
                    info = zipfile.ZipInfo(name, ZIP_TIME)
                    info.create_system = 3  # Unix, wherever it is written
                    info.external_attr = 0o644 << 16
                    archive.writestr(info, content)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        finally:
            Path(file.name).unlink(missing_ok=True)


def _write_folder(path: Path, entries: Iterator[tuple[str, bytes]]) -> None:
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        for name, content in entries:
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        temporary.chmod(0o755)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
