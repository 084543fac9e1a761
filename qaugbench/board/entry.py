"""A run as a leaderboard entry: a folder that anyone can check without the data, the images or the machine."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from qaugbench.board.sheet import sample_sheet
from qaugbench.errors import EntryError
from qaugbench.record import Board, Facts, Record, json_text, read_record, write_whole

ENTRY_SCHEMA = 1
ENTRY_FILE, PREDICTIONS_FILE, MANIFEST_FILE, SAMPLES_FILE = "entry.json", "predictions.npz", "manifest.json", "samples.png"
WITHHELD = (
    "Synthetic images fitted to real patients are not shown: whether the generators memorised training images was not "
    "tested for this entry."
)
NO_SAMPLES = "The run kept no pictures."
ABSOLUTE_PATH = re.compile(r"(?:(?<![\\w.:/~-])~?/|\\b[A-Za-z]:[\\\\/])(?:[^\\s'\\"<>|:,;()]+[\\\\/])+")


class Entry(Facts):
    """The content of ``entry.json``: a record without paths of the machine, and why pictures are missing if they are."""

    schema_version: Literal[1] = ENTRY_SCHEMA
    record: Record
    samples: bool
    samples_withheld: str | None = None


def entry_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``entry.json``."""
    return Entry.model_json_schema()


def entry_folder(board: Board, entry_id: str) -> Path:
    """Return where an entry lies below the leaderboards' root: ``brainmri@1/phantom-lite/entries/<id>``."""
    return Path(_safe(board.task)) / f"{_safe(board.source)}-{_safe(board.track)}" / "entries" / _safe(entry_id)


def submit(run_folder: Path, out: Path = Path("leaderboards")) -> Path:
    """Write the entry of a run below ``out`` and return its folder; the same run always gives the same bytes.

    The run is verified first: every score is recomputed from its predictions. An entry is written whole or not at all;
    writing one again changes nothing. Raises EntryError for a run that does not hold what it claims, and for an entry of
    the same id with other content.
    """
    from qaugbench.board.verify import verify

    verify(run_folder)
    files = entry_files(run_folder)
    record = read_record(run_folder)
    target = out / entry_folder(record.board, record.id)
    if target.exists():
        _same_or_refuse(target, files)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for name, content in files.items():
            write_whole(staged / name, content)
        staged.chmod(0o755)
        staged.rename(target)
    except OSError as error:
        raise EntryError(f"The entry {target} could not be written: {error}. Nothing was left behind.") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target


def entry_files(run_folder: Path) -> dict[str, bytes]:
    """Return the files of a run's entry by name."""
    record = read_record(run_folder)
    files = {PREDICTIONS_FILE: (run_folder / PREDICTIONS_FILE).read_bytes()}
    withheld = None if record.data.phantom else WITHHELD
    if withheld is None:
        sheet = sample_sheet(run_folder / "samples.npz", record)
        withheld = NO_SAMPLES if sheet is None else None
        files |= {} if sheet is None else {SAMPLES_FILE: sheet}
    entry = Entry(record=without_paths(record), samples=SAMPLES_FILE in files, samples_withheld=withheld)
    files[ENTRY_FILE] = json_text(entry.model_dump(mode="json")).encode()
    files[MANIFEST_FILE] = manifest_text(files).encode()
    return files


def manifest_text(files: dict[str, bytes]) -> str:
    """Return the text of ``manifest.json``: SHA-256 and size of every other file."""
    facts = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in files.items()
        if name != MANIFEST_FILE
    }
    return json_text({"schema_version": ENTRY_SCHEMA, "files": facts})


def read_entry(path: Path) -> Entry:
    """Return the entry in the folder ``path``; a file that is missing or of another schema raises EntryError naming it."""
    file = path / ENTRY_FILE
    try:
        return Entry.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EntryError(f"{file} cannot be read: {error}. Submit the run again.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise EntryError(f"{file} is not an entry of schema {ENTRY_SCHEMA}: {where}: {first['msg']}.") from error


def without_paths(record: Record) -> Record:
    """Return the record with the folders of absolute paths cut out of every text; file names stay.

    >>> shortened("no file /home/me/data/x.png (see https://example.org/a/b)")
    'no file x.png (see https://example.org/a/b)'
    """
    return Record.model_validate(_walk(record.model_dump(mode="json")))


def shortened(text: str) -> str:
    """Return a text without the folders of absolute paths."""
    return ABSOLUTE_PATH.sub("", text)


def _walk(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item) for item in value]
    return shortened(value) if isinstance(value, str) else value


def _safe(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@+-]*", name):
        raise EntryError(
            f"{name!r} cannot name a folder of a leaderboard: use letters, digits and . _ @ + -, starting with a letter or digit."
        )
    return name


def _same_or_refuse(target: Path, files: dict[str, bytes]) -> None:
    """Return when the folder holds exactly ``files``, else raise naming the first that differs."""
    present = {path.name for path in target.iterdir()}
    differing = sorted(present ^ set(files)) or [n for n in sorted(files) if (target / n).read_bytes() != files[n]]
    if differing:
        raise EntryError(
            f"{target} already holds another entry of this id: {differing[0]} differs. Entries are never overwritten; remove "
            "the folder first if it is yours and was not published."
        )
