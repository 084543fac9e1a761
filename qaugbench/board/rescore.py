"""Scores by the present rules for a run or an entry that was scored by earlier ones; its predictions stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from qaugbench.board.bundle import ENTRY_FILE, MANIFEST_FILE, PREDICTIONS_FILE, Entry, manifest_text
from qaugbench.board.changed import SEAL_FILE, seal_text
from qaugbench.board.reader import check_folder, entry_contents, is_entry, predictions_of, read_run_predictions
from qaugbench.board.verify import scores_of, verify
from qaugbench.errors import EntryError, StatisticsError, shown
from qaugbench.files import json_text, write_whole
from qaugbench.predictions import PredictionSet
from qaugbench.record import (
    OLDER_SCHEMAS,
    RECORD_BYTES,
    RECORD_FILE,
    SCHEMA_VERSION,
    UNSCORED,
    Record,
    first_fault,
    record_text,
)
from qaugbench.untrusted import exists, parse_json, read_bytes

KNOWN_SCHEMAS: Final = (*OLDER_SCHEMAS, SCHEMA_VERSION)
CELL_LABEL = re.compile(r"(?P<arm>\S+) (?P<fraction>\S+%) r(?P<replicate>\d{1,4})")
RECIPE_UNKNOWN = "a record of schema {schema}, which did not state which code trained the classifier"


@dataclass(frozen=True)
class Rescored:
    """A run folder or entry in ``path`` with its scores computed anew, and what its files would hold; nothing is written yet."""

    path: Path
    record: Record
    files: Mapping[str, str]

    @property
    def differs(self) -> bool:
        """Whether the folder holds anything else."""
        return any(read_bytes(self.path / name, RECORD_BYTES) != text.encode() for name, text in self.files.items())

    def write(self) -> Record:
        """Write the files, verify the folder and return its record; EntryError if it does not hold, and it is as it was."""
        return _replace(self.path, self.files)


def rescore(path: Path) -> Record:
    """Recompute every score of the run folder or entry in ``path``, write it back and return the record.

    Only the scores change, and with them the manifest of an entry and the seal of a run; a run's report is not written again.
    Everything is verified at the end. Raises what ``rescored`` raises; the folder is then as it was.
    """
    return rescored(path).write()


def rescored(path: Path) -> Rescored:
    """Return the run folder or entry in ``path`` with every score recomputed.

    Records of schema 1 and 2 become records of schema 3 as far as they say what that needs: which code trained the classifier
    they do not, which is added to their departures and keeps them off a board. Raises EntryError for a folder that is neither,
    files that cannot be read or are not those of the manifest, a record of an unknown schema, and predictions that are not the
    record's or cannot be scored.
    """
    path = Path(path)
    check_folder(path)
    if is_entry(path):
        return _rescored_entry(path)
    if exists(path / RECORD_FILE):
        file = path / RECORD_FILE
        unscored = _unscored(file, parse_json(read_bytes(file, RECORD_BYTES), file))
        record = _rescored(path, unscored, read_run_predictions(path, unscored))
        text = record_text(record)
        sealed = {SEAL_FILE: seal_text(text)} if exists(path / SEAL_FILE) else {}
        return Rescored(path, record, {RECORD_FILE: text, **sealed})
    raise EntryError(
        f"{shown(path, None)} holds neither {ENTRY_FILE} nor {RECORD_FILE}. Give the folder of an entry or one that "
        "'qaugbench run' printed."
    )


def _rescored_entry(path: Path) -> Rescored:
    contents = entry_contents(path)
    file = path / ENTRY_FILE
    stated = parse_json(contents[ENTRY_FILE], file)
    record = _unscored(file, stated.get("record") if isinstance(stated, dict) else None)
    record = _rescored(path, record, predictions_of(record, contents[PREDICTIONS_FILE], path))
    try:
        entry = Entry.model_validate({**stated, "record": record})
    except ValidationError as error:
        raise _not_of_schema(file, error) from error
    text = json_text(entry.model_dump(mode="json"))
    files = {**contents, ENTRY_FILE: text.encode()}
    return Rescored(path, record, {ENTRY_FILE: text, MANIFEST_FILE: manifest_text(files)})


def _unscored(file: Path, stated: Any) -> Record:
    """Return the record that ``file`` states, of whatever schema, without its scores."""
    if not isinstance(stated, dict):
        raise EntryError(
            f"{shown(file, None)} holds no record. Give the folder that 'qaugbench run' or 'qaugbench submit' printed."
        )
    schema = stated.get("schema_version")
    if type(schema) is not int or schema not in KNOWN_SCHEMAS:
        raise EntryError(
            f"{shown(file, None)} has a record of schema {shown(repr(schema))}; known are "
            f"{', '.join(map(str, KNOWN_SCHEMAS))}. Use the version of qaugbench that wrote it."
        )
    current = stated if schema == SCHEMA_VERSION else _brought_up(stated, schema)
    try:
        text = json_text({**current, "schema_version": SCHEMA_VERSION, "scores": UNSCORED.to_dict()})
        return Record.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise _not_of_schema(file, error) from error


def _brought_up(stated: Mapping[str, Any], schema: int) -> dict[str, Any]:
    """Return a record of schema 1 or 2 with the fields of schema 3, which differ in four places besides the scores.

    The arm R+ was called the reference; failed cells said their arm, fraction and replicate in one text only; the hash of
    the classifier's code was not kept; neither the plateau nor the circuits' influence was measured.
    """
    departures = [*_listed(stated, "departures"), RECIPE_UNKNOWN.format(schema=schema)]
    return {
        **stated,
        "arms": [_renamed_role(arm) for arm in _listed(stated, "arms")],
        "failures": [_located(failure) for failure in _listed(stated, "failures")],
        "recipe_sha256": None,
        "departures": departures,
        "plateau_skipped": f"not measured by the version that wrote schema {schema}",
    }


def _listed(stated: Mapping[str, Any], key: str) -> list[Any]:
    found = stated.get(key, [])
    return found if isinstance(found, list) else []


def _renamed_role(arm: Any) -> Any:
    return {**arm, "role": "augmented"} if isinstance(arm, dict) and arm.get("role") == "reference" else arm


def _located(failure: Any) -> Any:
    if not isinstance(failure, dict) or failure.get("stage") != "train":
        return failure
    found = CELL_LABEL.fullmatch(str(failure.get("name")))
    return failure if found is None else {**failure, **found.groupdict(), "replicate": int(found["replicate"])}


def _rescored(path: Path, record: Record, predicted: PredictionSet) -> Record:
    try:
        return record.scored(scores_of(record, predicted))
    except StatisticsError as error:
        raise EntryError(f"{shown(path / PREDICTIONS_FILE, None)} cannot be scored: {error}") from error


def _replace(path: Path, files: Mapping[str, str]) -> Record:
    """Write ``files``, verify the folder and return its record; put back what was there if it does not hold."""
    before = {name: (path / name).read_bytes() for name in files}
    try:
        for name, text in files.items():
            write_whole(path / name, text)
        return verify(path).record
    except (EntryError, OSError) as error:
        for name, content in before.items():
            write_whole(path / name, content)
        raise EntryError(f"{shown(path, None)} could not be scored again and is as it was: {error}") from error


def _not_of_schema(file: Path, error: ValidationError) -> EntryError:
    return EntryError(f"{shown(file, None)} cannot be scored again: {first_fault(error)}. Run or submit again.")
