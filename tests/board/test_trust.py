"""How far an entry can be believed, and what raises or keeps the level."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qaugbench.board.checked import Checker, check
from qaugbench.board.trust import LEVELS, MEANINGS, Rerun, read_reruns, reruns_file, reruns_text, trust_of
from qaugbench.errors import EntryError
from qaugbench.record import Record
from tests.board.tampering import change_record
from tests.cli.committed import copied_entry

FACTS: dict[str, Any] = {
    "date": "2026-12-01",
    "by": "nightly",
    "independent": False,
    "replicate": 0,
    "n_scores": 10,
    "largest_difference": 0.004,
    "processor": "a processor",
    "commit": None,
}


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    return copied_entry(tmp_path)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return check(copied_entry(tmp_path_factory.mktemp("results"))).record


def test_the_levels_are_in_order_and_each_has_a_meaning() -> None:
    assert LEVELS == ("claimed", "rescored", "rerun", "independent") == tuple(MEANINGS)
    text = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
    assert all(f"`{level}`" in text for level in LEVELS)


@pytest.mark.parametrize(
    ("reruns", "level"),
    [
        ([], "rescored"),
        ([{}], "rerun"),
        ([{}, {"independent": True}], "independent"),
        ([{"independent": True, "largest_difference": 0.02}], "rescored"),
        ([{}, {"largest_difference": 0.02}], "rescored"),
    ],
)
def test_reruns_raise_the_level_where_they_agree(reruns: list[dict[str, Any]], level: str, record: Record) -> None:
    assert trust_of(record, (), [Rerun(**{**FACTS, **one}) for one in reruns]).level == level


@pytest.mark.parametrize(
    ("commit", "words"),
    [
        (None, "does not say which commit"),
        ("a" * 40 + "+changes", "local changes"),
        ("main", "local changes, or by no commit"),
    ],
)
def test_an_unknown_or_changed_commit_is_a_claim(commit: str | None, words: str, record: Record) -> None:
    changed = record.model_copy(update={"environment": record.environment.model_copy(update={"commit": commit})})
    found = trust_of(changed, (), [Rerun(**FACTS)])
    assert found.level == "claimed"
    assert words in found.words


def test_images_of_ones_own_a_package_and_a_warning_are_claims(record: Record) -> None:
    own = record.model_copy(update={"board": record.board.model_copy(update={"source": "jroe.clinic"})})
    assert "the submitter's own" in trust_of(own, ()).words
    unpinned = record.model_copy(update={"board": record.board.model_copy(update={"source": "brisc"})})
    assert "does not pin the test labels" in trust_of(unpinned, ()).words
    plugged = [one.model_copy(update={"package": "mine 1.0"}) for one in record.generators]
    assert "its package mine 1.0 says" in trust_of(record.model_copy(update={"generators": plugged}), ()).words
    assert trust_of(record, ("It is odd.",)).reasons == ("It is odd",)


def test_a_rerun_is_of_exactly_the_entry_that_it_was_made_of(entry: Path) -> None:
    reruns_file(entry).parent.mkdir()
    reruns_file(entry).write_text(reruns_text(entry, Rerun(**FACTS)), encoding="utf-8")
    reruns_file(entry).write_text(reruns_text(entry, Rerun(**{**FACTS, "replicate": 1})), encoding="utf-8")
    assert [one.replicate for one in read_reruns(entry)] == [0, 1]
    trust = Checker()(entry).trust
    assert trust is not None
    assert trust.level == "rerun"
    change_record(entry, lambda record: record["environment"].update(cores=64))
    assert read_reruns(entry) == []


@pytest.mark.parametrize("change", [{"by": ""}, {"largest_difference": -1.0}, {"date": "yesterday"}, {"award": 1}])
def test_a_file_of_reruns_that_nobody_wrote_is_refused(change: dict[str, Any], entry: Path) -> None:
    reruns_file(entry).parent.mkdir()
    facts = json.loads(reruns_text(entry, Rerun(**FACTS)))
    facts["reruns"][0].update(change)
    reruns_file(entry).write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(EntryError, match=r"reruns/.*\.json does not have the form"):
        read_reruns(entry)


def test_a_rerun_by_a_script_is_refused(entry: Path) -> None:
    reruns_file(entry).parent.mkdir()
    reruns_file(entry).write_text(reruns_text(entry, Rerun(**{**FACTS, "by": "<script>"})), encoding="utf-8")
    with pytest.raises(EntryError, match="holds HTML"):
        read_reruns(entry)
