"""A user's own images of any kind, brought into the prepared form once and kept on this machine.

``--data`` may be a folder or .zip in the prepared form (used as it is); a .csv that names the files; a folder or .zip
with one .csv at its top; or one whose sub-folders are called like the classes. The files may be pictures, DICOM or
NIfTI, mixed. The result lies at <data home>/own/<name>-<hash>.zip, where the hash is over the content of all files, the
labels and these rules: the same input has the same name and is not converted again.

No name leaves the input: files, patients and instance numbers are replaced by keyed hashes whose key only someone with
all the files can compute. Which file became which image is in a .names.csv beside the .zip, for the owner alone.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from qaugbench.datasets.formats.archive import FolderArchive, open_archive
from qaugbench.datasets.manifest import sha256, write_prepared
from qaugbench.datasets.own.convert import hashed, own_pictures
from qaugbench.datasets.own.files import may_be_picture, names_in
from qaugbench.datasets.own.input import OwnInput, from_files, from_table
from qaugbench.datasets.own.labels import TitledLabels
from qaugbench.datasets.own.rows import own_rows
from qaugbench.datasets.shards import SHARD_SIZE, Shards, alone, convert_in_shards
from qaugbench.errors import DataError
from qaugbench.places import data_home
from qaugbench.task import canonical_hash

RULES = 1
"""Raised whenever converted images change, so that a kept .zip of older ones is not taken for new."""


def own_prepared(path: Path | str, labels: TitledLabels, *, jobs: int | None = None) -> Path:
    """Return a folder or .zip in the prepared form that holds what lies at ``path``.

    ``path`` itself, where it has that form; else the .zip made of it, now or before. ``labels`` are the task's, whose
    classes the user's are matched to. ``jobs`` processes convert (all cores by default); an interrupted call resumes. Raises
    DataError naming file, value and remedy for whatever cannot be used; then nothing is left but finished shards.
    """
    path = Path(path)
    if _is_table(path):
        return _converted(path, from_table(path, labels), labels, jobs)
    if _is_prepared(path):
        return path
    return _converted(path, from_files(path, labels), labels, jobs)


def data_name(path: Path) -> str:
    """Return what data at ``path`` are called unless the user says otherwise: a labels.csv is called like its folder.

    >>> data_name(Path("scans.zip")), data_name(Path("scans/labels.csv"))
    ('scans', 'scans')
    """
    named = path.absolute().parent if path.name.lower() == "labels.csv" else path
    return named.stem or named.absolute().name


def _is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() == ".csv"


def _is_prepared(path: Path) -> bool:
    """Return whether ``path`` is in the prepared form; raise open_archive's error where there is nothing to convert."""
    try:
        archive = open_archive(path)
    except DataError:
        if path.is_dir() or _opens(path):
            names = names_in(path)
            tables = [name for name in names if "/" not in name and name.lower().endswith(".csv")]
            if any(may_be_picture(name) and ("/" in name or tables) for name in names):
                return False
        raise
    names = tuple(name for name in names_in(path) if may_be_picture(name))
    top = str(archive.top.relative_to(path)) if isinstance(archive, FolderArchive) else archive.top  # type: ignore[attr-defined]
    images = f"{top.strip('/.')}/images/".lstrip("/")
    inside = [name for name in names if name.startswith(images)]
    medical = any(name.lower().endswith((".dcm", ".dicom", ".ima", ".nii", ".nii.gz")) for name in names)
    return not medical and (bool(inside) or not names)


def _opens(path: Path) -> bool:
    return path.is_file() and zipfile.is_zipfile(path)


def _converted(path: Path, given: OwnInput, labels: TitledLabels, jobs: int | None) -> Path:
    """Return the .zip made of ``given``, from before where none of its files has changed since."""
    if not given.names:
        raise DataError(f"{path} holds no images. Give a folder or .zip of pictures, DICOM or NIfTI files.")
    home = data_home() / "own"
    rules = {"rules": RULES, "classes": labels.names, "kind": labels.kind, "table": sha256(given.table)}
    seen = canonical_hash({**rules, "files": given.files.identity(), "names": given.names})[:32]
    folder = home / f".{seen}.shards"
    with alone(folder):
        home.chmod(0o700)
        note = home / f".{seen}.made"
        if note.is_file() and (kept := home / note.read_text(encoding="utf-8")).is_file():
            return kept
        shards = convert_in_shards(
            ((name, given.files.places[name]) for name in given.names),
            partial(own_pictures, key=given.files.key, slices=given.slices),
            folder,
            jobs=1 if len(given.names) <= SHARD_SIZE else _processes(jobs),
        )
        target = _written(home, _stem(path), rules, given, shards, path)
        _leave(note, target.name)
        shards.remove()
    return target


def _written(home: Path, stem: str, rules: Mapping[str, Any], given: OwnInput, shards: Shards, path: Path) -> Path:
    """Return <home>/<stem>-<hash>.zip, written where it is not there, and beside it which file became which image."""
    contents = {fact["source"]: fact["sha256"] for fact in shards.facts.values()}
    digest = canonical_hash({**rules, "contents": sorted(contents.items())})
    target = home / f"{stem}-{digest[:12]}.zip"
    rows, facts = own_rows(given, shards, path)
    if not target.exists():
        own = target.with_name(f".{target.stem}.{os.getpid()}.zip")
        try:
            write_prepared(own, (shards.read(str(row["filename"])) for row in rows), rows, {**facts, "name": stem})
            own.chmod(0o600)
            own.replace(target)
        finally:
            own.unlink(missing_ok=True)
    listed = io.StringIO()
    writer = csv.writer(listed, lineterminator="\n")
    stem_of = {hashed(given.files.key, "file", name): name for name in given.names}
    writer.writerow(("image", "file"))
    writer.writerows((row["filename"], stem_of[shards.facts[str(row["filename"])]["source"]]) for row in rows)
    _leave(target.with_suffix(".names.csv"), listed.getvalue())
    return target


def _leave(path: Path, text: str) -> None:
    """Write a small private file whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as file:
            file.write(text)
        os.replace(file.name, path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror}. Free some space and run the same command again."
        ) from error


def _stem(path: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", data_name(path).split(".")[0].lower()).strip("-") or "images"


def _processes(jobs: int | None) -> int:
    if jobs is not None:
        return jobs
    from joblib import cpu_count

    return int(cpu_count())
