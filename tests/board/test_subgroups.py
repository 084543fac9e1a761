"""Age, sex and site in the predictions: stored, checked, and missing from what older versions wrote."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qaugbench.board.entry import submit
from qaugbench.board.rescore import rescore
from qaugbench.board.verify import scores_of, verify
from qaugbench.errors import EntryError
from qaugbench.predictions import PredictionSet, parse_predictions, read_predictions
from qaugbench.record import read_record, record_text
from qaugbench.report.html import write_report
from qaugbench.report.tables import summary_table
from tests.board.factory import predictions_for, record_for, write_run
from tests.board.tampering import change_predictions, change_record


def _with_groups(predicted: PredictionSet) -> PredictionSet:
    def named(groups: np.ndarray) -> dict[str, np.ndarray]:
        return {"sex": np.where(groups % 3 == 0, "female", "male"), "age": np.where(groups % 2, "under 20", "20 to 39")}

    return replace(predicted, test_subgroups=named(predicted.test_groups), val_subgroups=named(predicted.val_groups))


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Return a run whose predictions say who is in which group."""
    folder = tmp_path / "told"
    predicted = _with_groups(predictions_for("multiclass", ("R+", "R+cm", "R+os", "qldm"), ("10%",), patients=120))
    folder.mkdir()
    (folder / "predictions.npz").write_bytes(predicted.to_bytes())
    (folder / "record.json").write_text(record_text(record_for(predicted, "multiclass")), encoding="utf-8")
    return folder


def test_groups_are_stored_and_read_back_and_an_entry_keeps_them(told: Path, tmp_path: Path) -> None:
    found = read_predictions(told / "predictions.npz")
    assert set(found.test_subgroups) == {"age", "sex"}
    assert (found.test_subgroups["sex"] == np.where(found.test_groups % 3 == 0, "female", "male")).all()
    assert found.on_validation().test_subgroups["age"].tolist() == found.val_subgroups["age"].tolist()
    assert found.without_test().test_subgroups["age"].size == 0
    entry = submit(told, tmp_path / "results")
    assert verify(entry).record.scores.fractions["10%"].profile.subgroups["sex"].gaps


def test_a_group_that_was_changed_changes_scores_and_is_found_out(told: Path) -> None:
    def swapped(predicted: PredictionSet) -> PredictionSet:
        sex = np.roll(predicted.test_subgroups["sex"], 1)
        return replace(predicted, test_subgroups={**predicted.test_subgroups, "sex": sex})

    change_predictions(told, swapped)
    with pytest.raises(EntryError, match=r"profile\.subgroups\.sex\.\S+: stated"):
        verify(told)


def test_predictions_and_record_must_agree_on_the_columns(told: Path) -> None:
    change_record(told, lambda record: record["data"].update(subgroups=["sex"]))
    with pytest.raises(EntryError, match=r"predictions\.npz is not a usable predictions file"):
        verify(told)
    change_record(told, lambda record: record["data"].update(subgroups=["sex", "sex"]))
    with pytest.raises(EntryError, match="the subgroups hold some twice"):
        verify(told)
    change_record(told, lambda record: record["data"].update(subgroups=["weight"]))
    with pytest.raises(EntryError, match=r"data\.subgroups"):
        verify(told)


def test_more_groups_than_any_run_tells_are_refused(told: Path) -> None:
    def own_names(predicted: PredictionSet) -> PredictionSet:
        names = np.arange(len(predicted.test_ids)).astype(str)
        return replace(predicted, test_subgroups={**predicted.test_subgroups, "sex": names})

    change_predictions(told, own_names)
    with pytest.raises(EntryError, match="sex holds 180 groups; there may be 50 at most"):
        verify(told)


@pytest.mark.usefixtures("undrawn")
def test_what_an_older_version_wrote_holds_is_shown_and_gains_a_profile_when_scored_again(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    write_run(folder, replicates=3)
    before = hashlib.sha256((folder / "predictions.npz").read_bytes()).hexdigest()
    whole = verify(folder)

    def age(record: dict) -> None:
        del record["data"]["subgroups"]
        for fraction in record["scores"]["fractions"].values():
            del fraction["profile"]

    change_record(folder, age)
    old = verify(folder)
    assert old.n_numbers < whole.n_numbers
    assert old.record.scores.fractions["10%"].profile is None
    assert "calibrated" not in summary_table(old.record)
    write_report(folder)
    assert rescore(folder) == whole.record
    assert "calibrated" in summary_table(read_record(folder))
    assert hashlib.sha256((folder / "predictions.npz").read_bytes()).hexdigest() == before


def test_a_profile_that_was_changed_is_found_out(told: Path) -> None:
    def better(record: dict) -> None:
        record["scores"]["fractions"]["10%"]["profile"]["calibration"]["arms"]["qldm"]["as_trained"]["mean"] = 0.001

    change_record(told, better)
    with pytest.raises(EntryError, match=r"calibration\.arms\.qldm\.as_trained\.mean: stated 0\.001"):
        verify(told)


def test_a_run_without_test_scores_tells_those_on_validation_by_group(told: Path) -> None:
    withheld = read_predictions(told / "predictions.npz").without_test()
    found = parse_predictions(withheld.to_bytes(), Path("predictions.npz"))
    assert found.test_subgroups["sex"].size == 0
    assert found.val_subgroups["sex"].tolist() == withheld.val_subgroups["sex"].tolist()
    record = read_record(told).model_copy(update={"test_withheld": True, "choices": {}})
    profile = scores_of(record, found).fractions["10%"].profile
    assert {group.name for group in profile.subgroups["sex"].groups} == {"female", "male"}
    assert all(one.scaled is None for one in profile.calibration.arms.values())
