"""A run whose test scores are withheld: it can be verified and read, and is good for nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from qaugbench.board.comparable import why_no_entry
from qaugbench.board.entry import submit
from qaugbench.board.rescore import rescore
from qaugbench.board.verify import scores_of, verify
from qaugbench.errors import EntryError
from qaugbench.files import json_text
from qaugbench.predictions import read_predictions
from qaugbench.record import Record, record_text
from qaugbench.report.folds import folds_text
from qaugbench.report.html import write_report
from qaugbench.report.planning import power_text
from qaugbench.report.tables import markdown_summary, summary_table
from tests.board.factory import ARMS, curves_for, predictions_for, unscored
from tests.board.tampering import change_record


@pytest.fixture
def withheld(tmp_path: Path) -> Path:
    """Return the folder of a run of five replicates without a test prediction."""
    predicted = predictions_for("multiclass", ARMS, ("10%",), replicates=5)
    stored = predicted.without_test().to_bytes()
    facts = {"test_withheld": True, "predictions_sha256": hashlib.sha256(stored).hexdigest()}
    record = unscored(predicted, "multiclass").model_copy(update=facts)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "predictions.npz").write_bytes(stored)
    (folder / "curves.json").write_text(json_text(curves_for(predicted)), encoding="utf-8")
    scored = record.scored(scores_of(record, predicted.without_test()))
    (folder / "record.json").write_text(record_text(scored), encoding="utf-8")
    return folder


def test_its_validation_scores_can_be_verified_and_computed_again(withheld: Path) -> None:
    before = verify(withheld)
    assert before.n_numbers > 100
    assert rescore(withheld) == before.record
    assert read_predictions(withheld / "predictions.npz").test_ids.size == 0


@pytest.mark.usefixtures("undrawn")
def test_whatever_is_shown_says_validation_and_claims_nothing(withheld: Path) -> None:
    record = verify(withheld).record
    page = write_report(withheld).read_text(encoding="utf-8")
    for text in (summary_table(record), markdown_summary(record), page):
        assert "TEST SCORES WITHHELD" in text
        assert "No verdict: test scores are withheld" in text
        assert " test images" not in text
        assert "validation images of" in text


def test_it_cannot_become_an_entry_even_where_no_departure_says_so(withheld: Path, tmp_path: Path) -> None:
    record = verify(withheld).record
    assert record.departures == []
    assert "withheld" in str(why_no_entry(record))
    with pytest.raises(EntryError, match="cannot be an entry: its test scores are withheld"):
        submit(withheld, tmp_path / "boards")
    assert not (tmp_path / "boards").exists()


def test_nothing_is_planned_from_it_and_no_folds_are_read_together(withheld: Path) -> None:
    with pytest.raises(EntryError, match="has no test predictions"):
        power_text(withheld)
    with pytest.raises(EntryError, match="has no test predictions"):
        folds_text([withheld, withheld])


def test_a_record_that_hides_or_pretends_a_withheld_test_does_not_fit_its_predictions(withheld: Path) -> None:
    change_record(withheld, lambda record: record.update(test_withheld=False))
    with pytest.raises(EntryError):
        verify(withheld)


def test_predictions_with_test_images_are_not_those_of_a_withheld_run(tmp_path: Path, withheld: Path) -> None:
    whole = predictions_for("multiclass", ARMS, ("10%",), replicates=5).to_bytes()
    (withheld / "predictions.npz").write_bytes(whole)
    change_record(withheld, lambda record: record.update(predictions_sha256=hashlib.sha256(whole).hexdigest()))
    with pytest.raises(EntryError, match="not a usable predictions file"):
        verify(withheld)


def test_a_record_knows_it_by_default_of_no_run(withheld: Path) -> None:
    change_record(withheld, lambda record: record.pop("test_withheld"))
    assert Record.model_fields["test_withheld"].default is False
    with pytest.raises(EntryError):
        verify(withheld)
