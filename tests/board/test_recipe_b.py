"""A record of the second recipe: every verdict is withheld with the reason, it is verified like any other, and it is no entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.board.entry import submit
from qaugbench.board.verify import scores_of, verify
from qaugbench.errors import EntryError
from qaugbench.files import json_text
from qaugbench.predictions import PredictionSet
from qaugbench.record import Record, read_record, record_text
from qaugbench.report.tables import markdown_summary, summary_table
from qaugbench.task import RecipeName
from tests.board.factory import predictions_for, unscored

REASON = "recipe B is a robustness column and carries no verdict"


ARMS = ("R+", "R+cm", "R+os", "O-real", "ddpm", "qldm")


def scored(recipe: RecipeName) -> tuple[Record, PredictionSet]:
    """Return a record of five replicates and 150 patients, enough for verdicts, and its predictions."""
    predicted = predictions_for("multiclass", ARMS, ("10%",), replicates=5, patients=150)
    record = unscored(predicted, "multiclass").model_copy(update={"recipe_name": recipe})
    return record.scored(scores_of(record, predicted)), predicted


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run with recipe B."""
    folder = tmp_path_factory.mktemp("b")
    record, predicted = scored("B")
    (folder / "record.json").write_text(record_text(record), encoding="utf-8")
    (folder / "predictions.npz").write_bytes(predicted.to_bytes())
    return folder


def test_no_number_of_it_carries_a_verdict(run_folder: Path) -> None:
    scores = read_record(run_folder).scores
    endpoint = scores.fractions["10%"].endpoints["macro_auroc"]
    assert {one.verdict for one in endpoint.contrasts} == {"NO-VERDICT"}
    assert {one.reason for one in endpoint.contrasts} == {REASON}
    assert {found.ladder.verdict for found in endpoint.verdicts.values()} == {"NO-VERDICT"}
    assert all(found.posterior is None for found in endpoint.verdicts.values())
    assert scores.confirmatory.method == f"none: {REASON}"


def test_the_same_predictions_carry_verdicts_with_recipe_a() -> None:
    endpoint = scored("A")[0].scores.fractions["10%"].endpoints["macro_auroc"]
    assert "NO-VERDICT" not in {found.ladder.verdict for found in endpoint.verdicts.values()}


def test_text_and_page_say_that_it_is_a_robustness_column(run_folder: Path) -> None:
    record = read_record(run_folder)
    for text in (summary_table(record), markdown_summary(record)):
        assert "RECIPE B, A ROBUSTNESS COLUMN." in text
        assert f"no verdict ({REASON})" in " ".join(text.split())


def test_it_is_verified_but_never_an_entry(run_folder: Path, tmp_path: Path) -> None:
    assert verify(run_folder).record.recipe_name == "B"
    with pytest.raises(EntryError, match=REASON):
        submit(run_folder, tmp_path / "boards")
    assert not (tmp_path / "boards").exists()


def test_a_record_that_claims_recipe_a_for_the_scores_of_b_is_found_out(run_folder: Path, tmp_path: Path) -> None:
    for file in run_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    record = read_record(run_folder).model_copy(update={"recipe_name": "A"})
    (tmp_path / "record.json").write_text(record_text(record), encoding="utf-8")
    with pytest.raises(EntryError, match="recomputed"):
        verify(tmp_path)


def test_records_that_do_not_name_their_recipe_have_the_track_s(run_folder: Path) -> None:
    stated = read_record(run_folder).model_dump(mode="json")
    del stated["recipe_name"]
    assert Record.model_validate_json(json_text(stated)).recipe_name == "A"
