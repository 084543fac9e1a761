"""Scoring again: what earlier rules scored becomes what the present ones would have written, or stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qaugbench.board.bundle import read_entry
from qaugbench.board.rescore import rescore
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.predictions import read_predictions
from qaugbench.record import read_record
from tests.board.tampering import change_record

Change = Callable[[dict[str, Any]], None]


def _age(record: dict[str, Any]) -> None:
    """Turn a record into one of schema 1, which had other scores."""
    record.update(schema_version=1, scores={"fractions": {"10%": {"endpoints": {}}}})


def _content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_an_entry_of_schema_1_becomes_the_entry_that_would_be_written_now(entry: Path) -> None:
    before = _content(entry)
    change_record(entry, _age)
    with pytest.raises(EntryError, match=r"has schema 1; 'qaugbench rescore .*' brings it up to date"):
        read_entry(entry)
    record = rescore(entry)
    assert _content(entry) == before
    assert record == verify(entry).record


def test_a_run_of_schema_1_becomes_the_run_that_would_be_written_now(run_folder: Path) -> None:
    before = _content(run_folder)
    change_record(run_folder, _age)
    with pytest.raises(EntryError, match=r"has schema 1; 'qaugbench rescore .*' brings it up to date"):
        read_record(run_folder)
    assert rescore(run_folder) == verify(run_folder).record
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
    with pytest.raises(EntryError, match=r"predictions\.npz is not a usable predictions file"):
        rescore(run_folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda record: record.update(schema_version=3), "schema 3; known are 1 and 2"),
        (lambda record: record.pop("schema_version"), "schema None"),
        (lambda record: record.update(surprise=1), "surprise: Extra inputs"),
        (lambda record: record.pop("recipe"), "recipe: Field required"),
        (lambda record: record["arms"].pop(), "cannot be scored: The arms"),
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
    with pytest.raises(EntryError, match=r"holds neither|cannot be read|holds no record"):
        rescore(tmp_path)
