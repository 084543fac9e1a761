"""What an entry consists of: its files, the schema of ``entry.json`` and the manifest of hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import ValidationError

from qaugbench.errors import EntryError
from qaugbench.files import json_text
from qaugbench.predictions import Facts
from qaugbench.record import Board, Record

ENTRY_SCHEMA: Final = 1
ENTRY_FILE = "entry.json"
PREDICTIONS_FILE = "predictions.npz"
MANIFEST_FILE = "manifest.json"
SAMPLES_FILE = "samples.png"


Kind = TypeVar("Kind", bound=Facts)


class Entry(Facts):
    """The content of ``entry.json``: a record without paths of a machine, and why pictures are missing if they are."""

    schema_version: Literal[1] = ENTRY_SCHEMA
    record: Record
    samples: bool
    samples_withheld: str | None = None


class FileFacts(Facts):
    """One file of an entry."""

    sha256: str
    bytes: int


class Manifest(Facts):
    """The content of ``manifest.json``: every other file of the entry."""

    schema_version: Literal[1] = ENTRY_SCHEMA
    files: dict[str, FileFacts]


def entry_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``entry.json``."""
    return Entry.model_json_schema()


def entry_folder(board: Board, entry_id: str) -> Path:
    """Return where an entry lies below the leaderboards' root: ``brainmri@1/phantom-lite/entries/<id>``.

    Raises EntryError for a name that cannot be a folder's.
    """
    return Path(_safe(board.task)) / f"{_safe(board.source)}-{_safe(board.track)}" / "entries" / _safe(entry_id)


def manifest_text(files: Mapping[str, bytes]) -> str:
    """Return the text of ``manifest.json`` for the other files of an entry."""
    facts = {
        name: FileFacts(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        for name, content in files.items()
    }
    return json_text(Manifest(files=facts).model_dump(mode="json"))


def read_entry(path: Path) -> Entry:
    """Return the entry in the folder ``path``; a missing file or another schema raises EntryError naming it."""
    return _read(path / ENTRY_FILE, Entry)


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in the folder ``path``; a missing file or another schema raises EntryError naming it."""
    return _read(path / MANIFEST_FILE, Manifest)


def _read(file: Path, kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EntryError(f"{file} cannot be read: {error}. Submit the run again.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        if first["loc"] == ("record", "schema_version") and first["input"] == 1:
            raise EntryError(
                f"The record in {file} has schema 1; 'qaugbench rescore {file.parent}' brings it up to date."
            ) from error
        raise EntryError(f"{file} does not have schema {ENTRY_SCHEMA}: {where}: {first['msg']}.") from error


def _safe(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@+-]*", name):
        raise EntryError(
            f"{name!r} cannot name a folder of a leaderboard: use letters, digits, . _ @ + and -, no sign first."
        )
    return name
