"""The one reader of what others made: an entry, or the folder of a run, every byte read once and checked before it is used."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from qaugbench.board.bundle import (
    ENTRY_FILE,
    LARGEST,
    MANIFEST_FILE,
    PREDICTIONS_FILE,
    SAMPLES_FILE,
    Entry,
    FileFacts,
    Manifest,
)
from qaugbench.board.consistent import inconsistencies
from qaugbench.board.result_folders import is_entry
from qaugbench.board.safe_text import unsafe
from qaugbench.errors import EntryError, first_offenders, shown
from qaugbench.predictions import PredictionSet, parse_predictions
from qaugbench.record import Record, parse_facts, read_record
from qaugbench.untrusted import exists, parse_json, read_bytes

PNG = b"\x89PNG\r\n\x1a\n"
LARGEST_SIDE = 20_000
MOST_FILES = 10


@dataclass(frozen=True)
class Bundle:
    """A folder that was read: its record and predictions, and of an entry what else ``entry.json`` says, and its pictures."""

    path: Path
    record: Record
    predictions: PredictionSet
    entry: Entry | None
    sheet: bytes | None


def record_of(path: Path) -> Record:
    """Return the record of the entry or the run in the folder ``path`` without its predictions."""
    if is_entry(path):
        content = read_bytes(path / ENTRY_FILE, LARGEST[ENTRY_FILE])
        return _agreeing(_entry(content, path).record, path)
    return run_record(path)


def _entry(content: bytes, path: Path) -> Entry:
    """Return what ``entry.json`` says; a text that could not be displayed raises EntryError."""
    found = parse_facts(content, path / ENTRY_FILE, Entry)
    fault = next(unsafe(parse_json(content, path / ENTRY_FILE)), None)
    if fault is not None:
        raise EntryError(f"{shown(path, None)}: {fault}. Use the entry that 'qaugbench submit' wrote.")
    return found


def run_record(path: Path) -> Record:
    """Return the record of the run in the folder ``path``; one that contradicts itself raises EntryError."""
    return _agreeing(read_record(path), path)


def _agreeing(record: Record, path: Path) -> Record:
    wrong = next(inconsistencies(record), None)
    if wrong is not None:
        raise EntryError(f"{shown(path, None)}: {wrong}. Use the record that qaugbench wrote.")
    return record


def read_bundle(path: Path) -> Bundle:
    """Return the entry or the run in the folder ``path``.

    An entry holds the files of its manifest and nothing else, each a regular file of bounded size; a run may hold more, of
    which only the record and the predictions are read. The record does not contradict itself, and the predictions have exactly
    the arrays that it implies. Raises EntryError naming the first thing that is otherwise.
    """
    check_folder(path)
    entry: Entry | None = None
    if is_entry(path):
        files = entry_contents(path)
        entry = _entry(files[ENTRY_FILE], path)
        record, content, sheet = _agreeing(entry.record, path), files[PREDICTIONS_FILE], files.get(SAMPLES_FILE)
    else:
        record, sheet = run_record(path), None
        content = read_bytes(path / PREDICTIONS_FILE, LARGEST[PREDICTIONS_FILE])
    return Bundle(path, record, predictions_of(record, content, path), entry, sheet)


def predictions_of(record: Record, content: bytes, path: Path) -> PredictionSet:
    """Return the predictions of a record from the bytes of its predictions file, which must be the one that it states."""
    file = path / PREDICTIONS_FILE
    found = hashlib.sha256(content).hexdigest()
    if found != record.predictions_sha256:
        raise EntryError(
            f"{shown(file, None)} is not the file that the record was made from: stated SHA-256 "
            f"{shown(record.predictions_sha256)}, found {found}. Bring back the original."
        )
    try:
        shape = record.prediction_shape
    except ValueError as error:
        raise EntryError(f"{shown(path, None)}: the record has {error}.") from error
    return parse_predictions(content, file, shape)


def read_run_predictions(path: Path, record: Record) -> PredictionSet:
    """Return the predictions beside a record that was read from the folder ``path``."""
    return predictions_of(record, read_bytes(path / PREDICTIONS_FILE, LARGEST[PREDICTIONS_FILE]), path)


def entry_contents(path: Path) -> dict[str, bytes]:
    """Return the files of an entry by name, after comparing them with its manifest: none more, none less, none changed."""
    present = _names(path)
    unknown = sorted(present - set(LARGEST))
    if unknown:
        raise EntryError(f"{shown(path, None)} holds {first_offenders(unknown)}, which no entry has. Remove it.")
    content = read_bytes(path / MANIFEST_FILE, LARGEST[MANIFEST_FILE])
    stated = parse_facts(content, path / MANIFEST_FILE, Manifest).files
    unlisted, missing = sorted(present - {MANIFEST_FILE} - set(stated)), sorted(set(stated) - present)
    if missing:
        raise EntryError(
            f"{shown(path, None)} lacks {first_offenders(missing)}, which its manifest lists. Copy the whole folder."
        )
    if unlisted:
        raise EntryError(
            f"{shown(path, None)} holds {first_offenders(unlisted)}, which its manifest does not list. Remove it."
        )
    needed = {ENTRY_FILE, PREDICTIONS_FILE} - set(stated)
    if needed:
        raise EntryError(f"{shown(path / MANIFEST_FILE, None)} does not list {first_offenders(sorted(needed))}.")
    files = {name: read_bytes(path / name, LARGEST[name]) for name in sorted(stated)}
    _compare(path, files, stated)
    if SAMPLES_FILE in files and not is_whole_png(files[SAMPLES_FILE]):
        raise EntryError(
            f"{shown(path / SAMPLES_FILE, None)} is not a whole PNG and nothing else. Submit the run again."
        )
    return files


def check_folder(path: Path) -> None:
    """Raise EntryError unless ``path`` is a folder."""
    if not path.is_dir():
        what = "is not a folder" if exists(path) else "does not exist"
        raise EntryError(
            f"{shown(path, None)} {what}. Give the folder that 'qaugbench run' or 'qaugbench submit' printed."
        )


def check_test_scores(path: Path, record: Record) -> None:
    """Raise EntryError for a run whose test scores are withheld."""
    if record.test_withheld:
        raise EntryError(
            f"{shown(path, None)} has no test predictions: they are withheld (--no-test). Run it again without --no-test."
        )


def _names(path: Path) -> set[str]:
    try:
        with os.scandir(path) as found:
            names = {one.name for one in islice(found, MOST_FILES)}
    except OSError as error:
        raise EntryError(f"{shown(path, None)} cannot be read: {shown(error.strerror)}.") from error
    if len(names) == MOST_FILES:
        raise EntryError(f"{shown(path, None)} holds {MOST_FILES} files or more; an entry has {len(LARGEST)} at most.")
    return names


def _compare(path: Path, files: Mapping[str, bytes], stated: Mapping[str, FileFacts]) -> None:
    for name, content in files.items():
        found = FileFacts(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        if found != stated[name]:
            raise EntryError(
                f"{shown(path / name, None)} is not the file in the manifest: stated {stated[name].sha256} of "
                f"{stated[name].bytes:,} bytes, found {found.sha256} of {found.bytes:,}."
            )


def is_whole_png(content: bytes) -> bool:
    """Return whether ``content`` is a PNG of at most ``LARGEST_SIDE`` pixels a side, undamaged, and nothing behind it."""
    kinds, place = [], len(PNG)
    while content.startswith(PNG) and place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        end = place + 8 + length
        if end + 4 > len(content) or zlib.crc32(content[place + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return False
        kinds.append(kind)
        place = end + 4
    if kinds[:1] != [b"IHDR"] or kinds[-1] != b"IEND" or b"IDAT" not in kinds or place != len(content):
        return False
    return all(1 <= side <= LARGEST_SIDE for side in struct.unpack_from(">II", content, len(PNG) + 8))
