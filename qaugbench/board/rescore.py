"""Scores by the present rules for a run or an entry that was scored by earlier ones; its predictions stay as they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from qaugbench.board.bundle import ENTRY_FILE, MANIFEST_FILE, PREDICTIONS_FILE, Entry, manifest_text
from qaugbench.board.verify import check_files, scores_of, verify
from qaugbench.errors import EntryError, StatisticsError
from qaugbench.files import json_text, write_whole
from qaugbench.predictions import read_predictions
from qaugbench.record import SCHEMA_VERSION, Record, record_text

RECORD_FILE = "record.json"
KNOWN_SCHEMAS: Final = (1, SCHEMA_VERSION)
"""Records that differ from the present ones in their scores alone."""


def rescore(path: Path) -> Record:
    """Recompute every score of the run folder or entry in ``path``, write it back and return the record.

    Only the scores change, and with them the manifest of an entry; a run's report is not written again. Everything is
    verified at the end. Raises EntryError for a folder that is neither, files that cannot be read or are not those of
    the manifest, a record of an unknown schema, and predictions that are not the record's or cannot be scored; the folder
    is then as it was.
    """
    path = Path(path)
    if (path / ENTRY_FILE).is_file():
        return _rescored_entry(path)
    if (path / RECORD_FILE).is_file():
        record = _rescored(path / RECORD_FILE, _json(path / RECORD_FILE))
        return _replace(path, {RECORD_FILE: record_text(record)})
    raise EntryError(
        f"{path} holds neither {ENTRY_FILE} nor {RECORD_FILE}. Give the folder of an entry or one that 'qaugbench run' "
        "printed."
    )


def _rescored_entry(path: Path) -> Record:
    check_files(path)
    file = path / ENTRY_FILE
    stated = _json(file)
    record = _rescored(file, stated.get("record"))
    try:
        entry = Entry.model_validate({**stated, "record": record})
    except ValidationError as error:
        raise _not_of_schema(file, error) from error
    text = json_text(entry.model_dump(mode="json"))
    others = {name.name: name.read_bytes() for name in path.iterdir() if name.name not in (ENTRY_FILE, MANIFEST_FILE)}
    return _replace(path, {ENTRY_FILE: text, MANIFEST_FILE: manifest_text({**others, ENTRY_FILE: text.encode()})})


def _rescored(file: Path, stated: Any) -> Record:
    """Return the record that ``file`` states, with scores recomputed from the predictions beside it."""
    if not isinstance(stated, dict):
        raise EntryError(f"{file} holds no record. Give the folder that 'qaugbench run' or 'qaugbench submit' printed.")
    schema = stated.get("schema_version")
    if schema not in KNOWN_SCHEMAS:
        known = " and ".join(map(str, KNOWN_SCHEMAS))
        raise EntryError(
            f"{file} has a record of schema {schema!r}; known are {known}. Use the version of qaugbench that wrote it."
        )
    try:
        record = Record.model_validate({**stated, "schema_version": SCHEMA_VERSION, "scores": {}})
    except ValidationError as error:
        raise _not_of_schema(file, error) from error
    predictions = file.parent / PREDICTIONS_FILE
    predicted = read_predictions(predictions)
    found = hashlib.sha256(predictions.read_bytes()).hexdigest()
    if found != record.predictions_sha256:
        raise EntryError(
            f"{predictions} is not the file that {file} was made from: stated SHA-256 {record.predictions_sha256}, found "
            f"{found}. Bring back the original."
        )
    try:
        return record.model_copy(update={"scores": scores_of(record, predicted)})
    except StatisticsError as error:
        raise EntryError(f"{predictions} cannot be scored: {error}") from error


def _replace(path: Path, files: dict[str, str]) -> Record:
    """Write ``files``, verify the folder and return its record; put back what was there if it does not hold."""
    before = {name: (path / name).read_bytes() for name in files}
    try:
        for name, text in files.items():
            write_whole(path / name, text)
        return verify(path).record
    except (EntryError, OSError) as error:
        for name, content in before.items():
            write_whole(path / name, content)
        raise EntryError(f"{path} could not be scored again and is as it was: {error}") from error


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EntryError(f"{file} cannot be read: {error}. Run or submit again.") from error


def _not_of_schema(file: Path, error: ValidationError) -> EntryError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return EntryError(f"{file} cannot be scored again: {where}: {first['msg']}. Run or submit again.")
