"""Scoring again: what earlier rules scored becomes what the present ones would have written, or stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qaugbench.board.entry import submit
from qaugbench.board.reader import record_of
from qaugbench.board.rescore import rescore
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.predictions import read_predictions
from qaugbench.record import Record
from tests.board.tampering import change_record

Change = Callable[[dict[str, Any]], None]


def _age(record: dict[str, Any], schema: int = 1) -> None:
    """Turn a record into one of schema 1 or 2: other scores, another role, no hash of the classifier's code."""
    record.update(schema_version=schema, scores={"fractions": {"10%": {"endpoints": {}}}})
    for arm in record["arms"]:
        arm["role"] = "reference" if arm["role"] == "augmented" else arm["role"]
    for failure in record["failures"]:
        for name in ("arm", "fraction", "replicate"):
            del failure[name]
    for name in ("recipe_sha256", "plateau", "plateau_skipped", "influence"):
        del record[name]


def _up_to_what_old_records_lack(record: Record) -> Record:
    return record.model_copy(update={"recipe_sha256": None, "departures": [], "plateau_skipped": None})


def _content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("schema", [1, 2])
@pytest.mark.parametrize("name", ["entry", "run_folder"])
def test_what_an_older_schema_wrote_becomes_what_would_be_written_now(
    name: str, schema: int, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(name)
    before = record_of(folder)
    change_record(folder, lambda record: _age(record, schema))
    with pytest.raises(
        EntryError, match=f"has a record of schema {schema}; 'qaugbench rescore --write .*' brings it to schema 3"
    ):
        record_of(folder)
    record = rescore(folder)
    assert record == verify(folder).record
    assert _up_to_what_old_records_lack(record) == _up_to_what_old_records_lack(before)


def test_what_an_old_record_does_not_say_is_said_and_keeps_it_off_a_board(run_folder: Path, tmp_path: Path) -> None:
    change_record(run_folder, _age)
    record = rescore(run_folder)
    assert record.recipe_sha256 is None
    assert record.departures == ["a record of schema 1, which did not state which code trained the classifier"]
    assert "schema 1" in str(record.plateau_skipped)
    with pytest.raises(EntryError, match="cannot be an entry: its record does not state which code trained"):
        submit(run_folder, tmp_path / "boards")


def test_scoring_again_changes_nothing_of_a_present_record(run_folder: Path) -> None:
    before = _content(run_folder)
    rescore(run_folder)
    assert _content(run_folder) == before


def test_other_scores_are_replaced(run_folder: Path) -> None:
    before = _content(run_folder)
    change_record(run_folder, lambda record: record["scores"].update(worth={"10%": "a fortune"}))
    rescore(run_folder)
    assert _content(run_folder) == before


@pytest.mark.parametrize(
    ("name", "named"),
    [("entry", r"predictions\.npz is not the file in the manifest"), ("run_folder", "Bring back the orig")],
)
def test_damaged_predictions_are_refused(name: str, named: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(name)
    other = replace(read_predictions(folder / "predictions.npz"), val_ids=np.array(["another"] * 60))
    (folder / "predictions.npz").write_bytes(other.to_bytes())
    before = _content(folder)
    with pytest.raises(EntryError, match=named):
        rescore(folder)
    assert _content(folder) == before


def test_an_unreadable_predictions_file_is_named(run_folder: Path) -> None:
    (run_folder / "predictions.npz").write_bytes(b"PK")
    with pytest.raises(EntryError, match=r"predictions\.npz is not the file that the record was made from"):
        rescore(run_folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda record: record.update(schema_version=4), "schema 4; known are 1, 2, 3"),
        (lambda record: record.pop("schema_version"), "schema None"),
        (lambda record: record.update(surprise=1), "surprise: Extra inputs"),
        (lambda record: record.pop("recipe"), "recipe: Field required"),
        (lambda record: record["arms"].pop(), "is not a usable predictions file"),
        (lambda record: record["board"].update(source="nickparvar"), "as it was: .* the board's source"),
        (lambda record: record.update(failures=[]), "as it was: .* no failure in the record explains it"),
    ],
)
def test_a_record_that_does_not_hold_is_refused_and_left_as_it_was(entry: Path, change: Change, named: str) -> None:
    change_record(entry, _age)
    change_record(entry, change)
    before = _content(entry)
    with pytest.raises(EntryError, match=named):
        rescore(entry)
    assert _content(entry) == before


def test_an_entry_that_is_not_what_its_manifest_says_is_refused(entry: Path) -> None:
    facts = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
    (entry / "entry.json").write_text(json.dumps({**facts, "samples": False}), encoding="utf-8")
    with pytest.raises(EntryError, match=r"entry\.json is not the file in the manifest"):
        rescore(entry)


def test_a_full_disk_loses_nothing(entry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qaugbench.board import rescore as module

    change_record(entry, _age)
    before, write_whole = _content(entry), module.write_whole
    calls: list[Path] = []

    def fail_once(path: Path, content: bytes | str) -> None:
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        write_whole(path, content)

    monkeypatch.setattr(module, "write_whole", fail_once)
    with pytest.raises(EntryError, match="No space left on device"):
        rescore(entry)
    assert _content(entry) == before


@pytest.mark.parametrize("content", [None, "{", "[]", '"text"'])
def test_what_is_no_record_says_what_to_give(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "record.json").write_text(content, encoding="utf-8")
    with pytest.raises(EntryError, match=r"holds neither|is not usable JSON|holds no record"):
        rescore(tmp_path)
