"""What an entry consists of: its files, the schema of ``entry.json`` and the manifest of hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from qaugbench.errors import EntryError, shown
from qaugbench.files import json_text
from qaugbench.places import ENTRY_FILE, MANIFEST_FILE
from qaugbench.predictions import MOST_BYTES, Facts
from qaugbench.record import RECORD_BYTES, Board, Record, parse_facts
from qaugbench.untrusted import MIB, read_bytes

ENTRY_SCHEMA: Final = 1
PREDICTIONS_FILE = "predictions.npz"
SAMPLES_FILE = "samples.png"
LARGEST = {
    ENTRY_FILE: RECORD_BYTES,
    PREDICTIONS_FILE: MOST_BYTES,
    MANIFEST_FILE: MIB,
    SAMPLES_FILE: 32 * MIB,
}
"""The files of an entry, and how many bytes of each are read at most."""


class Entry(Facts):
    """The content of ``entry.json``: a record without paths of a machine, and why pictures are missing if they are."""

    schema_version: Literal[1] = ENTRY_SCHEMA
    record: Record
    samples: bool
    samples_withheld: str | None = None


class FileFacts(Facts):
    """One file of an entry."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Manifest(Facts):
    """The content of ``manifest.json``: every other file of the entry."""

    schema_version: Literal[1] = ENTRY_SCHEMA
    files: dict[str, FileFacts]


def entry_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``entry.json``."""
    return Entry.model_json_schema()


def entry_folder(board: Board, entry_id: str) -> Path:
    """Return the place of an entry below the folder of all entries: ``brainmri@1/phantom-lite/entries/<id>``.

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
    return parse_facts(read_bytes(path / ENTRY_FILE, LARGEST[ENTRY_FILE]), path / ENTRY_FILE, Entry)


def _safe(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}", name):
        raise EntryError(
            f"{shown(name)!r} cannot name a folder of a leaderboard: use letters, digits, . _ @ + and -, no sign first."
        )
    return name
