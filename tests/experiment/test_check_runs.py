"""Runs with optional arms, another ratio or a withheld test: what they leave behind, and what they do not."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from qaugbench.board.entry import submit
from qaugbench.board.verify import verify
from qaugbench.cli import main
from qaugbench.errors import DefinitionError, EntryError, QaugbenchError
from qaugbench.experiment.prepare import prepare
from qaugbench.experiment.run import RunResult
from qaugbench.predictions import read_predictions
from tests.experiment.tiny import tiny_definitions, tiny_request, tiny_run

REAL = ("R", "R+", "R+cm", "R+os", "O-real")
CHECKS = ("P-noise", "P-shuf:ldm", "R+dup", "R+lowres:8", "copycat", "O-true")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Return a run with every check, at twice the images in the further slots."""
    out = tmp_path_factory.mktemp("checked")
    return tiny_run(out, generators=("ldm",), arms=tuple(arm.partition(":")[0] for arm in CHECKS), ratio=2.0)


@pytest.fixture(scope="module")
def withheld(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Return a run without test scores."""
    return tiny_run(tmp_path_factory.mktemp("withheld"), generators=("ldm",), arms=("R+dup",), withhold_test=True)


def facts_of(run: RunResult, stage: str) -> dict[str, list[dict]]:
    """Return key and facts of the finished cells of a stage, by what is in their slots."""
    found: dict[str, list[dict]] = {}
    for path in (run.folder.parent / "store" / "cells" / stage).glob("*/*/cell.json"):
        meta = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault(str(meta["key"].get("fill")), []).append(meta)
    return found


def test_every_check_runs_and_the_run_is_verified(checked: RunResult) -> None:
    assert not checked.failed
    assert tuple(arm.id for arm in checked.record.arms) == (*REAL, "ldm", "R+rec:latent-4x8x8", *CHECKS)
    assert verify(checked.folder).n_numbers > 100
    logits = read_predictions(checked.folder / "predictions.npz").fractions["50%"].test_logits
    assert np.isfinite(logits).all()


def test_all_fills_have_the_ratio_s_number_of_images(checked: RunResult) -> None:
    (fraction,) = checked.record.fractions
    assert fraction.n_fill == 2 * fraction.n_real
    made = facts_of(checked, "fill")
    assert set(made) == {"reconstructed", "noise", "shuffled", "lowres", "copies", "true"}
    assert all(len(cells) == 2 for cells in made.values())
    counts = {cell["facts"]["images"] for cells in made.values() for cell in cells}
    drawn = {cell["facts"]["drawn"] for cell in facts_of(checked, "draw")["None"]}
    assert counts == drawn == {cell["facts"]["images"] for cell in facts_of(checked, "sample")["None"]}


def test_another_ratio_is_said_and_keeps_the_run_off_a_board(checked: RunResult, tmp_path: Path) -> None:
    departure = "2 images in the further slots per real one instead of the 1 of the task"
    assert departure in checked.record.departures
    assert departure in checked.report.read_text(encoding="utf-8")
    with pytest.raises(EntryError, match="2 images in the further slots"):
        submit(checked.folder, tmp_path)


def test_the_duplicate_starts_from_other_weights(checked: RunResult) -> None:
    initial: dict[str, set[str]] = {}
    for cell in facts_of(checked, "train")["None"]:  # R, R+ and R+dup have no further slots
        initial.setdefault(cell["needs"]["draw"], set()).add(cell["facts"]["init_sha256"])
    assert [len(hashes) for hashes in initial.values()] == [2, 2]


def test_choices_are_written_down_by_themselves_and_in_the_record(checked: RunResult) -> None:
    written = json.loads((checked.folder / "choices.json").read_text(encoding="utf-8"))
    assert written == json.loads(checked.record.model_dump_json())["choices"]
    assert checked.record.choices["50%"].reference == checked.record.scores.fractions["50%"].reference
    assert checked.record.choices["50%"].best_classical == checked.record.scores.fractions["50%"].best_classical


def test_choices_are_on_disk_before_anything_is_scored(checked: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reached(Exception):
        pass

    def stop(record, predicted, **options):
        assert (checked.folder / "choices.json").exists()
        assert set(record.choices) == {"50%"}
        raise Reached

    (checked.folder / "choices.json").unlink()
    monkeypatch.setattr("qaugbench.experiment.run.scores_of", stop)
    with pytest.raises(Reached):
        tiny_run(checked.folder.parent, generators=("ldm",), arms=tuple(a.partition(":")[0] for a in CHECKS), ratio=2.0)


def test_a_withheld_run_is_verified_says_so_and_is_no_entry(withheld: RunResult, tmp_path: Path) -> None:
    assert withheld.record.test_withheld
    assert verify(withheld.folder).n_numbers > 100
    assert "its test scores withheld (--no-test)" in withheld.record.departures
    assert "TEST SCORES WITHHELD" in withheld.report.read_text(encoding="utf-8")
    with pytest.raises(EntryError, match="withheld"):
        submit(withheld.folder, tmp_path)


def test_no_test_prediction_is_anywhere_in_the_folder_or_the_store(withheld: RunResult) -> None:
    names = [path.name for path in withheld.folder.parent.rglob("*")]
    assert any(name.startswith("val_logits") for name in names)
    assert not any(name.startswith("test_logits") for name in names)
    predicted = read_predictions(withheld.folder / "predictions.npz")
    assert predicted.test_ids.size == predicted.test_labels.size == predicted.test_groups.size == 0
    assert all(part.test_logits.shape[2] == 0 for part in predicted.fractions.values())
    with zipfile.ZipFile(withheld.folder / "predictions.npz") as archive:
        arrays = {name: np.load(io.BytesIO(archive.read(name)), allow_pickle=False) for name in archive.namelist()}
    assert all(array.size == 0 for name, array in arrays.items() if "test_" in name)


def test_every_score_of_a_withheld_run_is_of_the_validation_images(withheld: RunResult) -> None:
    predicted = read_predictions(withheld.folder / "predictions.npz")
    fraction = withheld.record.scores.fractions["50%"]
    scored = fraction.endpoints["macro_auroc"]
    assert scored.n_images == len(predicted.val_ids)
    assert scored.verdicts == {}
    grades = predicted.val_labels.argmax(axis=1)
    for arm, by_replicate in zip(predicted.arms, predicted.fractions["50%"].val_logits.astype(np.float64), strict=True):
        values = [
            roc_auc_score(grades == grade, softmax(logits, axis=1)[:, grade])
            for logits in by_replicate
            for grade in np.unique(grades)
        ]
        assert scored.arms[arm].mean == pytest.approx(np.mean(values), abs=1e-9)


def test_withholding_the_test_changes_no_validation_prediction(withheld: RunResult, tmp_path: Path) -> None:
    open_run = tiny_run(withheld.folder.parent, generators=("ldm",), arms=("R+dup",))
    one, other = (read_predictions(run.folder / "predictions.npz").fractions["50%"] for run in (withheld, open_run))
    assert (one.val_logits == other.val_logits).all()
    assert open_run.folder != withheld.folder
    assert open_run.record.choices == withheld.record.choices


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"arms": ("copykat",)}, DefinitionError, "Did you mean 'copycat'"),
        ({"arms": ("R+lowres:400",)}, DefinitionError, "pixels"),
        ({"ratio": 0.05}, QaugbenchError, "--ratio must be 0.0625"),
        ({"ratio": float("nan")}, QaugbenchError, "--ratio must be"),
        ({"ratio": 17.0}, QaugbenchError, "to 16; got 17"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_computed(
    options: dict, error: type[Exception], words: str, tmp_path: Path
) -> None:
    request = tiny_request(tmp_path, generators=("ldm",), **options)
    with pytest.raises(error) as refused:
        prepare(request, tiny_definitions(request))
    assert words in str(refused.value)
    assert not list(tmp_path.rglob("cell.json"))


def test_what_a_run_will_have_is_said_before_it_starts(tmp_path: Path) -> None:
    from qaugbench.experiment.opening import opening

    request = tiny_request(tmp_path, generators=("ldm",), arms=("copycat",), ratio=0.5, withhold_test=True)
    said = opening(prepare(request, tiny_definitions(request)))
    assert "ldm, R+rec:latent-4x8x8, copycat." in said
    assert "42 real training images, 21 synthetic" in said
    assert "Test scores are withheld (--no-test)" in said


def test_the_command_line_lists_the_optional_arms(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["qaugbench", "list", "arms"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    said = capsys.readouterr().out
    assert all(arm.partition(":")[0] in said for arm in CHECKS)
    assert "copies of training images: what memorising would give" in said
