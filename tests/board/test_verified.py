"""Entries are computed again only where something that decides the outcome has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board import verified as remembered
from qaugbench.board.reader import record_of
from qaugbench.board.verified import verified
from qaugbench.errors import EntryError


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders whose numbers are computed, in order; they are, as ever."""
    found: list[Path] = []
    compute = remembered.verify
    monkeypatch.setattr(remembered, "verify", lambda path: found.append(path) or compute(path))
    return found


def test_the_same_entry_is_computed_once(entry: Path, tmp_path: Path, computed: list[Path]) -> None:
    for _ in range(2):
        (found,) = verified([entry], tmp_path)
        assert (found.path, found.record) == (entry, record_of(entry))
    assert computed == [entry]


def test_other_code_computes_it_again(
    entry: Path, tmp_path: Path, computed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    verified([entry], tmp_path)
    monkeypatch.setattr(remembered, "_code", lambda: "another version")
    verified([entry], tmp_path)
    assert computed == [entry, entry]


def test_a_file_that_was_changed_since_is_refused(entry: Path, tmp_path: Path) -> None:
    verified([entry], tmp_path)
    with (entry / "predictions.npz").open("ab") as file:
        file.write(b"more")
    with pytest.raises(EntryError, match="is not the file in the manifest"):
        verified([entry], tmp_path)


def test_what_does_not_hold_is_not_remembered(entry: Path, tmp_path: Path, computed: list[Path]) -> None:
    (entry / "notes.txt").write_text("", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(EntryError):
            verified([entry], tmp_path)
    assert computed == [entry, entry]
