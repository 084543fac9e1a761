"""A run as a leaderboard entry: a folder that anyone can check without the data, the images or the machine."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.board.bundle import (
    ENTRY_FILE,
    LARGEST,
    MANIFEST_FILE,
    PREDICTIONS_FILE,
    SAMPLES_FILE,
    Entry,
    entry_folder,
    entry_schema,
    manifest_text,
    read_entry,
)
from qaugbench.board.checked import Checker
from qaugbench.board.comparable import why_no_entry
from qaugbench.board.entry_id import entry_id
from qaugbench.board.reader import check_folder
from qaugbench.board.releasable import why_withheld
from qaugbench.board.safe_text import tidied
from qaugbench.board.sample_sheet import sample_sheet
from qaugbench.board.trust import Trust
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError, shown
from qaugbench.files import json_text, write_folder
from qaugbench.places import RESULTS
from qaugbench.record import Record
from qaugbench.untrusted import exists, read_bytes

__all__ = ["Entry", "entry_files", "entry_folder", "entry_schema", "read_entry", "submit", "without_paths"]

_START = r"(?:file://|(?<![\w.:/\\~]))"
_SEGMENT = r"[^\s\\/'\",;:()<>|]+"
_HOME = rf"(?:/home|/Users|[A-Za-z]:\\Users)[\\/]{_SEGMENT}[\\/]?(?:{_SEGMENT}[\\/])*"
_FOLDERS = rf"(?:/|[A-Za-z]:[\\/]|\\\\)(?:{_SEGMENT}[\\/])+"
FOLDERS = re.compile(f"{_START}(?:{_HOME}|{_FOLDERS})")


def submit(run_folder: Path, out: Path = RESULTS) -> Path:
    """Write the entry of a run below ``out`` and return its folder; the same run always gives the same bytes.

    The run is verified first: every score is recomputed from its predictions. An entry is written whole or not at all,
    and writing one again changes nothing. One of a phantom or of the track smoke can be written, but no board lists it
    (``comparable.why_off_board``). Raises EntryError for a run that does not hold what it claims, departs from
    its track or says otherwise than its board fixes, and for an entry of the same id with other content.
    """
    prepared = prepare_entry(run_folder, out)
    write_entry(prepared)
    return prepared.path


@dataclass(frozen=True)
class PreparedEntry:
    """An entry that holds what it claims and is not yet written: where it belongs, its files, and how far it can be believed."""

    path: Path
    files: dict[str, bytes]
    record: Record
    trust: Trust
    warnings: tuple[str, ...]

    def check_room(self) -> bool:
        """Return whether exactly this entry is written already; EntryError where another one is in its place."""
        if not exists(self.path):
            return False
        _same_or_refuse(self.path, self.files)
        return True


def prepare_entry(run_folder: Path, out: Path = RESULTS) -> PreparedEntry:
    """Return the entry of a run after all that is checked of one, beside the entries that ``out`` holds; see ``submit``.

    Whatever the run is called, the entry has the id that follows from its board, generators and configuration.
    """
    run = verify(run_folder).record
    record = run.model_copy(update={"id": entry_id(run)})
    why = why_no_entry(record)
    if why is not None:
        raise EntryError(
            f"{shown(run_folder, None)} cannot be an entry: {shown(why, 300)}. Run the whole track: what is finished counts."
        )
    place = entry_folder(record.board, record.id)
    files = entry_files(run_folder, record)
    checker = Checker()
    with tempfile.TemporaryDirectory(prefix="qaugbench-entry-") as folder:
        staged = Path(folder) / place
        _write(staged, files)
        try:
            found = checker.beside(staged, out / place)
        except EntryError as error:
            said = str(error).replace(str(staged), str(run_folder))
            raise EntryError(f"{shown(run_folder, None)} cannot be an entry: {said}") from error
    assert found.trust is not None
    return PreparedEntry(out / place, files, found.record, found.trust, found.warnings)


def write_entry(prepared: PreparedEntry) -> bool:
    """Write an entry whole and return whether it is new; EntryError where that fails, and nothing is left behind."""
    if prepared.check_room():
        return False
    _write(prepared.path, prepared.files)
    return True


def entry_files(run_folder: Path, record: Record) -> dict[str, bytes]:
    """Return the content of every file of a run's entry by name."""
    files = {PREDICTIONS_FILE: read_bytes(run_folder / PREDICTIONS_FILE, LARGEST[PREDICTIONS_FILE])}
    sheet = sample_sheet(run_folder / "samples.npz", record)
    if sheet is not None:
        files[SAMPLES_FILE] = sheet
    withheld = None if sheet is not None else why_withheld(record)
    entry = Entry(record=without_paths(record), samples=sheet is not None, samples_withheld=withheld)
    files[ENTRY_FILE] = json_text(entry.model_dump(mode="json")).encode()
    return {**files, MANIFEST_FILE: manifest_text(files).encode()}


def without_paths(record: Record) -> Record:
    """Return the record with texts that boards can show, the folders of absolute paths cut out of each; file names stay."""
    return Record.model_validate_json(json_text(displayable(record.model_dump(mode="json"))), strict=True)


def shortened(text: str) -> str:
    """Return a text without the folders of absolute paths.

    >>> shortened("no file /home/me/data/x.png (see https://example.org/a/b)")
    'no file x.png (see https://example.org/a/b)'
    """
    return FOLDERS.sub("", text)


def displayable(value: Any) -> Any:
    """Return plain data with every text as a board can show it, without the folders of absolute paths."""
    if isinstance(value, dict):
        return {key: displayable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [displayable(item) for item in value]
    return tidied(shortened(value)) if isinstance(value, str) else value


def _same_or_refuse(target: Path, files: dict[str, bytes]) -> None:
    """Return when the folder holds exactly ``files``, else raise naming the first that differs."""
    check_folder(target)
    present = {path.name for path in target.iterdir()}
    differing = sorted(present ^ set(files)) or [
        name for name in sorted(files) if read_bytes(target / name, LARGEST[name]) != files[name]
    ]
    if differing:
        raise EntryError(
            f"{shown(target, None)} already holds another entry of this id: {differing[0]} differs. Entries are never overwritten; "
            "remove the folder first if it is yours and was not published."
        )


def _write(target: Path, files: dict[str, bytes]) -> None:
    try:
        write_folder(target, files)
    except OSError as error:
        raise EntryError(f"The entry {target} could not be written: {error}. Nothing was left behind.") from error
