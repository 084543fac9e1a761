"""Checksums of downloaded files for which the publisher states none: recorded at the first download, compared afterwards."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from qaugbench.errors import DataError

PINS = "pins.json"


@dataclass(frozen=True)
class Pin:
    """A file as first downloaded: sha256, length, date (UTC) and address."""

    sha256: str
    bytes: int
    date: str
    url: str


def find_pin(home: Path, key: str) -> Pin | None:
    """Return the pin of ``key`` ("source/file") in <home>/pins.json, or None.

    Raises DataError where pins.json cannot be read.
    """
    path = home / PINS
    if not path.exists():
        return None
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
        return Pin(**pins[key]) if key in pins else None
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{path} cannot be read ({error}). It holds the checksums of earlier downloads: restore it, or remove it to "
            "pin the next downloads again."
        ) from error


def pin_file(home: Path, key: str, path: Path, url: str) -> Pin:
    """Return the pin of the file at ``path``, added to <home>/pins.json unless ``key`` has one.

    Raises DataError if the file is not the one that was pinned.

    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> _ = (home / "a.zip").write_bytes(b"once")
    >>> pin_file(home, "source/a.zip", home / "a.zip", "https://host.example/a.zip").bytes
    4
    """
    found = Pin(_sha256(path), path.stat().st_size, datetime.now(UTC).date().isoformat(), url)
    with FileLock(home / f".{PINS}.lock"):
        pinned = find_pin(home, key)
        if pinned is None:
            _write(home / PINS, key, found)
            return found
    if pinned.sha256 != found.sha256:
        raise DataError(
            f"{path} is not the file that was pinned on {pinned.date}: its sha256 is {found.sha256} ({found.bytes:,} bytes), "
            f"{home / PINS} says {pinned.sha256} ({pinned.bytes:,} bytes). Results on the two must not be mixed. If the "
            f"publisher has replaced the file and you want the new one, remove the entry {key!r} from {PINS} and the "
            "prepared .zip, then run the command again."
        )
    return pinned


def _write(path: Path, key: str, pin: Pin) -> None:
    pins = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(pins | {key: asdict(pin)}, sort_keys=True, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
