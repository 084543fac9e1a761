"""A user's own images of any kind, converted once to the prepared form and kept on this machine.

``--data`` may be a folder or .zip in the prepared form (used as it is); a .csv or .tsv that names the files; a folder or .zip
with one .csv at its top; one whose sub-folders have the names of the classes; or the .npz of a MedMNIST set. The files may be
pictures, DICOM or NIfTI, mixed. The result is written to <data home>/own/<name>-<hash>.zip, where the hash is over the content
of all files, the labels and these rules: the same input has the same name and is not converted again.

No name is copied from the input: files are named by the hash of their content, patients and groups are numbered, both
in an order that follows from content. A private .names.csv beside the .zip maps files to images.
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.datasets.formats.archive import Archive, FolderArchive, open_archive
from qaugbench.datasets.label_text import squeezed
from qaugbench.datasets.manifest import file_sha256, write_prepared
from qaugbench.datasets.names_given import names_file, names_text, own_home
from qaugbench.datasets.own.convert import hashed, own_pictures
from qaugbench.datasets.own.files import is_spreadsheet, may_be_picture, names_in, unread_spreadsheet
from qaugbench.datasets.own.input import OwnInput, from_files, from_table
from qaugbench.datasets.own.labels import TitledLabels, check_known
from qaugbench.datasets.own.medmnist import medmnist_source
from qaugbench.datasets.own.rows import OwnRows, own_rows
from qaugbench.datasets.own.table import read_own_table
from qaugbench.datasets.own.text import check_utf8
from qaugbench.datasets.prepared import UNREADABLE, PreparedData, open_prepared
from qaugbench.datasets.shards import (
    SHARD_SIZE,
    Shards,
    alone,
    convert_in_shards,
    refuse_swelling_pictures,
    remove_unused,
)
from qaugbench.errors import DataError
from qaugbench.task import canonical_hash

MEDICAL = (".dcm", ".dicom", ".ima", ".nii", ".nii.gz")
TABLES = (".csv", ".tsv")
RULES = 2
"""Raised whenever converted images change, so that a kept .zip of older ones is not taken for new."""


def own_prepared(path: Path | str, labels: TitledLabels, *, jobs: int | None = None) -> Path:
    """Return a folder or .zip in the prepared form with the data at ``path``.

    ``path`` itself, if it has that form; else the .zip made from it, now or before. The user's classes are matched to
    ``labels``, those of the task. ``jobs`` processes convert (all cores by default); an interrupted call resumes.
    Raises DataError naming file, value and remedy for anything unusable; then nothing is left.
    """
    path = Path(path)
    if is_spreadsheet(path.name) and path.is_file():
        raise unread_spreadsheet(str(path))
    if path.suffix.lower() == ".npz" and path.is_file():
        return _from_medmnist(path, labels)
    if _is_table(path):
        if path.name == "labels.csv" and _is_prepared(path.parent, labels):
            return path.parent
        return _converted(path, from_table(path, labels), labels, jobs)
    if _is_prepared(path, labels):
        return path
    return _converted(path, from_files(path, labels), labels, jobs)


def open_own(path: Path, labels: TitledLabels, *, name: str | None = None) -> PreparedData:
    """Return the data at ``path``, converted if need be (``own_prepared``); messages about it name ``path`` and its files."""
    converted = own_prepared(path, labels)
    return open_prepared(converted, labels, name=name, given=path)


def data_name(path: Path) -> str:
    """Return the default name of the data at ``path``: a labels.csv has the name of its folder.

    >>> data_name(Path("scans.zip")), data_name(Path("scans/labels.csv"))
    ('scans', 'scans')
    """
    named = path.absolute().parent if path.name.lower() == "labels.csv" else path
    return named.stem or named.absolute().name


def _is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in TABLES


def _is_prepared(path: Path, labels: TitledLabels) -> bool:
    """Return whether ``path`` is in the prepared form; raise open_archive's error if there is nothing to convert.

    A source that qaugbench wrote (it has a manifest.json) is; a user's own if every row is unambiguous: what
    open_prepared refuses goes to the more lenient conversion, whose error then names the real problem.
    """
    try:
        archive = open_archive(path)
    except DataError:
        if path.is_dir() or _opens(path):
            names = names_in(path)
            tables = [name for name in names if "/" not in name and name.lower().endswith(".csv")]
            if any(may_be_picture(name) and ("/" in name or tables) for name in names):
                return False
            for name in names:
                if "/" not in name and is_spreadsheet(name):
                    raise unread_spreadsheet(f"{name} in {path}") from None
        raise
    names = tuple(name for name in names_in(path) if may_be_picture(name))
    top = str(archive.top.relative_to(path)) if isinstance(archive, FolderArchive) else archive.top  # type: ignore[attr-defined]
    images = f"{top.strip('/.')}/images/".lstrip("/")
    if any(name.lower().endswith(MEDICAL) for name in names):
        return False
    ours = archive.problem("manifest.json") is None
    if not any(name.startswith(images) for name in names):
        return ours and not names
    if ours:
        _check_encoding(archive)
        return True
    return _reads_as_prepared(path, labels)


def _check_encoding(archive: Archive) -> None:
    """Raise DataError if labels.csv was saved again in another encoding; what cannot be read at all is open_prepared's to name."""
    try:
        content = archive.read("labels.csv")
    except UNREADABLE:
        return
    check_utf8(content, f"labels.csv in {archive.path}")


def _reads_as_prepared(path: Path, labels: TitledLabels) -> bool:
    """Return whether labels.csv is unambiguous, and no column is a patient, group or part by another name."""
    try:
        prepared = open_prepared(path, labels)
    except DataError:
        return False
    table = read_own_table(prepared.archive.read("labels.csv"), f"labels.csv in {path}")
    for column in (name for name in ("patient_id", "group") if name in table.columns):
        check_known(column, table)
    columns = set(prepared.table.columns)
    spelled = {squeezed(column) for column in columns}
    meant = {"patient_id": {"patientid", "patient"}, "split": {"split"}, "group_split": {"groupsplit"}}
    return all(name in columns or not spelled & others for name, others in meant.items())


def _opens(path: Path) -> bool:
    return path.is_file() and zipfile.is_zipfile(path)


def _from_medmnist(path: Path, labels: TitledLabels) -> Path:
    """Return the .zip made from a MedMNIST .npz; an earlier one if the bytes are the same."""
    home = own_home()
    rules = {"rules": RULES, "classes": labels.names, "kind": labels.kind, "npz": file_sha256(path)}
    target = home / f"{_stem(path)}-{canonical_hash(rules)[:12]}.zip"
    with alone(target):
        home.chmod(0o700)
        if not target.exists():
            source = medmnist_source(path, labels)
            write_private(target, source.images, source.rows, {**source.facts, "name": _stem(path)})
    return target


def _converted(path: Path, given: OwnInput, labels: TitledLabels, jobs: int | None) -> Path:
    """Return the .zip made from ``given``; an earlier one if no file and no label has changed."""
    if not given.names:
        raise DataError(f"{path} holds no images. Give a folder or .zip of pictures, DICOM or NIfTI files.")
    home = own_home()
    rules = {"rules": RULES, "classes": labels.names, "kind": labels.kind}
    said = sorted([*key, row.labels, row.others] for key, row in given.said.items())
    seen = canonical_hash({**rules, "stem": _stem(path), "said": said, "files": given.files.hashes})[:32]
    origin = canonical_hash({**rules, "path": str((path.parent if _is_table(path) else path).absolute())})[:12]
    folder = home / f".{origin}-{seen}.shards"
    with alone(folder):
        home.chmod(0o700)
        remove_unused(other for other in home.glob(f".{origin}-*.shards") if other != folder)
        note = home / f".{seen}.made"
        if note.is_file() and (kept := home / note.read_text(encoding="utf-8")).is_file():
            return kept
        refuse_swelling_pictures(path, ((name, given.files.places[name]) for name in given.names))
        shards = convert_in_shards(
            ((name, given.files.places[name]) for name in given.names),
            partial(own_pictures, key=given.files.key, slices=given.slices),
            folder,
            jobs=1 if len(given.names) <= SHARD_SIZE else _processes(jobs),
            keep_refused=False,
        )
        try:
            made = own_rows(given, shards, path)
        except DataError:
            shards.remove()
            raise
        target = _written(home, _stem(path), rules, given, shards, made)
        _leave(note, target.name)
        shards.remove()
    return target


def _written(home: Path, stem: str, rules: Mapping[str, Any], given: OwnInput, shards: Shards, made: OwnRows) -> Path:
    """Return <home>/<stem>-<hash>.zip, writing it and its list of file names if it is missing."""
    target = home / f"{stem}-{canonical_hash({**rules, 'rows': made.rows, 'facts': made.facts})[:12]}.zip"
    write_private(target, (shards.read(name) for name in made.shards), made.rows, {**made.facts, "name": stem})
    stem_of = {hashed(given.files.key, "file", name): name for name in given.names}
    files = [stem_of[shards.facts[name]["source"]] for name in made.shards]
    _leave(names_file(target), names_text(zip([str(row["filename"]) for row in made.rows], files, strict=True)))
    return target


def write_private(
    target: Path,
    images: Iterable[np.ndarray | bytes],
    rows: Sequence[Mapping[str, object]],
    facts: Mapping[str, Any],
) -> None:
    """Write the prepared .zip ``target``, readable by its owner alone, whole or not at all, unless it exists."""
    if target.exists():
        return
    own = target.with_name(f".{target.stem}.{os.getpid()}.zip")
    try:
        write_prepared(own, images, rows, facts)
        own.chmod(0o600)
        own.replace(target)
    finally:
        own.unlink(missing_ok=True)


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
