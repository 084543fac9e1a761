"""What follows from its board cannot be said otherwise by an entry: each lie is refused in one line that names it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qaugbench.board import appraised
from qaugbench.board.consistent import inconsistencies
from qaugbench.board.pinned import FILE, is_classifier, pin_of
from qaugbench.board.protocol import departures, own_prefix, runnable, source_name_faults
from qaugbench.board.reader import Bundle, read_bundle
from qaugbench.board.verify import verify
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.datasets.sources import sources
from qaugbench.datasets.subsets import runnable_fraction
from qaugbench.errors import EntryError
from qaugbench.experiment.fingerprint import RECIPE_CODE, code_hash
from qaugbench.kinds import still_runs_circuits
from qaugbench.record import Board, Record
from tests.board.lies import LIES
from tests.board.tampering import change_record
from tests.cli.committed import committed_entry, copied_entry


@pytest.fixture(scope="module")
def honest() -> Bundle:
    """Return the committed entry; not to be changed."""
    return read_bundle(committed_entry())


def said(record: Record, honest: Bundle) -> Iterator[str]:
    """Yield what is said against a record beside the predictions of the committed entry."""
    return chain(inconsistencies(record), appraised.false_words(record), departures(record, honest.predictions))


def changed(honest: Bundle, lie: Any) -> Record:
    facts = json.loads((honest.path / "entry.json").read_text(encoding="utf-8"))["record"]
    scores = facts.pop("scores")
    lie(facts)
    return Record.model_validate_json(json.dumps({**facts, "scores": scores}), strict=True)


def test_the_committed_entry_says_nothing_else_than_its_board(honest: Bundle) -> None:
    assert list(said(honest.record, honest)) == []


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_answered(name: str, honest: Bundle) -> None:
    lie, words = LIES[name]
    found = list(said(changed(honest, lie), honest))
    assert any(words in sentence for sentence in found), found
    assert all(sentence.isprintable() and len(sentence) < 600 for sentence in found)


def test_there_are_many_lies() -> None:
    assert len(LIES) >= 40


@pytest.mark.parametrize("name", ["a smaller margin", "no twin", "other images", "images that are cleared of copies"])
def test_verify_refuses_a_lie_in_one_line(name: str, tmp_path: Path) -> None:
    entry = copied_entry(tmp_path)
    change_record(entry, LIES[name][0])
    with pytest.raises(EntryError) as refused:
        verify(entry)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, test_labels=np.roll(p.test_labels, 1, axis=0)),
        lambda p: replace(p, val_labels=np.roll(p.val_labels, 1, axis=0)),
        lambda p: replace(p, test_ids=np.roll(p.test_ids, 1)),
        lambda p: replace(p, test_groups=np.roll(p.test_groups, 1)),
    ],
)
def test_held_out_images_and_their_labels_are_those_of_the_source(change: Any, honest: Bundle) -> None:
    """A perfect score on permuted labels is one on other labels."""
    predicted = change(honest.predictions)
    assert [one for one in departures(honest.record, predicted) if "images are not those of this source" in one]


def test_the_pinned_classifier_is_the_one_of_this_release() -> None:
    """Where this fails, write the new hash into board/pinned.json, and the old one among the earlier if no number can change."""
    assert json.loads(FILE.read_text(encoding="utf-8"))["recipe"] == code_hash(RECIPE_CODE)
    assert not is_classifier("0" * 64, "1.0")


def test_the_committed_entry_is_what_its_source_is_pinned_by(honest: Bundle) -> None:
    (known,) = json.loads(FILE.read_text(encoding="utf-8"))["sources"]["brainmri@2/nickparvar"]
    assert pin_of(honest.record, honest.predictions) == known


def test_constants_of_floors_above_are_theirs() -> None:
    assert all(one.runs_circuit == still_runs_circuits(name) for name, one in CONTROLS.items())


@pytest.mark.parametrize("requested", [0.05, 0.1, 0.25, 1.0])
@pytest.mark.parametrize("rare", [4, 60, 600])
def test_the_fraction_that_is_used_is_the_one_that_a_run_chooses(requested: float, rare: int, honest: Bundle) -> None:
    counts = {"glioma": rare, "meningioma": 1156, "notumor": 1406, "pituitary": 1220}

    def fewer(record: dict[str, Any]) -> None:
        for name, count in counts.items():
            record["data"]["class_counts"][name]["train"] = count
        record["data"]["n_images"]["train"] = sum(counts.values())

    train = np.repeat(np.eye(4), list(counts.values()), axis=0)
    assert runnable(changed(honest, fewer), requested) == runnable_fraction(train, requested)[0]


@pytest.mark.parametrize("source", ["jroe.clinic", "jroe.clinic-2024.a"])
def test_images_of_ones_own_have_ones_name_before_theirs(source: str) -> None:
    assert list(source_name_faults(Board(task="brainmri@2", source=source, track="lite"))) == []
    assert own_prefix(source) == "jroe"


@pytest.mark.parametrize("source", ["clinic", "nickparvar.clinic", ".clinic", "jroe.", "Nickparvar"])
def test_other_names_of_sources_are_refused(source: str) -> None:
    assert len(list(source_name_faults(Board(task="brainmri@2", source=source, track="lite")))) == 1


def test_every_registered_source_has_its_name_for_its_tasks() -> None:
    for source in sources().values():
        for task in source.tasks:
            assert not list(source_name_faults(Board(task=f"{task}@2", source=source.id, track="lite")))
