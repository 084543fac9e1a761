"""Comparisons of several folds read as one, kept among the results, verified, listed and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

from qaugbench.classification.folds import over_folds
from qaugbench.classification.stored import PAGE, stored_comparison
from qaugbench.classification.text import table
from qaugbench.classification.verified import checked_comparison
from qaugbench.cli import cli, main
from qaugbench.errors import EntryError, StatisticsError
from qaugbench.metrics.discrimination import class_scores
from qaugbench.places import CLASSIFIERS_FILE
from qaugbench.report.comparison_list import listed_comparisons
from qaugbench.stats.folds import averaged
from qaugbench.stats.metric_on_images import Images, metric_of
from qaugbench.stats.mrmc import interval
from tests.classifiers.made_up import CLASSES, KEY, MACRO, comparison, predictions, with_row, write, write_folds
from tests.cli.test_completion import offered

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call 'qaugbench' in an empty folder: the exit code, what it prints and its errors."""

    def called(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "110")
        monkeypatch.setattr("sys.argv", ["qaugbench", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return called


def test_a_number_is_the_mean_over_folds_and_each_patient_counts_once(tmp_path: Path) -> None:
    found = over_folds(write_folds(tmp_path)[::-1]).found
    assert (found.n_folds, found.n_test_images, found.n_test_patients) == (3, 180, 90)
    parts = [predictions(fold) for fold in (1, 2, 3)]
    odds = [class_scores(one.fractions[KEY].test_logits[1], "multiclass") for one in parts]
    own = [[roc_auc_score(one.test_labels, run) for run in runs] for one, runs in zip(parts, odds, strict=True)]
    metrics = [metric_of(MACRO, Images(one.test_labels, one.test_groups, CLASSES, "multiclass")) for one in parts]
    scored = [metric.evaluate(one.fractions[KEY].test_logits[1]) for metric, one in zip(metrics, parts, strict=True)]
    value, influence = averaged(scored)
    row = found.boards[0].rows[0]
    assert row.score.value == pytest.approx(np.mean(own))
    assert (row.score.low, row.score.high) == pytest.approx(
        (interval(value, influence, 90).ci_low, interval(value, influence, 90).ci_high)
    )
    alone = [stored_comparison(tmp_path / f"classifiers-{fold}").boards[0].rows[0] for fold in (1, 2, 3)]
    assert row.uncertainty_gap.value == pytest.approx(np.mean([one.uncertainty_gap.value for one in alone]))
    assert row.log_loss == pytest.approx(np.mean([one.log_loss for one in alone]))
    assert found.notes == ("Exploratory.",)
    assert "3 folds" in table(found)


def refused(folders: list[Path], **changes: Any) -> str:
    """Return why folds are not read together when the third is another."""
    write(folders[2].parent / "other", **{"seed": 3, "fold": "3/3", **changes})
    with pytest.raises((EntryError, StatisticsError)) as stop:
        over_folds([*folders[:2], folders[2].parent / "other"])
    return str(stop.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fold": ""}, "is not the comparison of one fold"),
        ({"fold": "2/3"}, "Given twice of the 3 folds: 2"),
        ({"fold": "3/4"}, "differ in their number of folds"),
        ({"source_sha256": "1" * 64}, "differ in their data"),
        ({"command": "qaugbench run --classifier qumi --recipe B --split fold:3/3"}, "differ in their settings"),
        ({"seed": 2}, "Images are tested in two folds"),
        ({"boards": with_row(comparison(), 1, parameters={"total": 1}).boards}, "differ in their classifiers"),
    ],
)
def test_folds_that_do_not_belong_together_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    assert words in refused(write_folds(tmp_path), **changes)


def test_a_fold_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EntryError, match="Missing of the 3 folds: 2"):
        over_folds(write_folds(tmp_path)[::2])


def test_what_is_over_all_folds_is_not_one_of_them(tmp_path: Path) -> None:
    together = over_folds(write_folds(tmp_path, 2)).write(tmp_path)
    with pytest.raises(EntryError, match="is over all folds already"):
        over_folds([together])


def test_the_options_that_change_nothing_make_no_other_settings(tmp_path: Path) -> None:
    folders = write_folds(tmp_path, 2)[:1]
    command = "qaugbench run --classifier qumi --task brainmri --split fold:2/2 --no-plateau-check"
    write(tmp_path / "second", seed=2, fold="2/2", command=command)
    assert over_folds([*folders, tmp_path / "second"]).found.n_folds == 2


def test_folds_are_printed_written_shown_verified_kept_and_claimed(tmp_path: Path, call: Call) -> None:
    folders = [str(folder) for folder in write_folds(tmp_path / "runs")]
    code, said, _ = call("folds", *folders, "--out", "together")
    assert code == 0
    (written,) = (tmp_path / "together").iterdir()
    assert f"Report: {Path('together') / written.name / PAGE}" in said
    assert said.startswith(table(stored_comparison(written), 110).rstrip())
    assert "<svg" not in (page := (written / PAGE).read_text(encoding="utf-8"))
    assert "brainmri@2/made/lite/qumi" in page
    shown = json.loads(call("folds", *folders, "--json")[1])["results"]
    assert shown == [json.loads((written / CLASSIFIERS_FILE).read_text(encoding="utf-8"))]
    assert call("keep", str(written))[:2] == (0, f"Kept: results/classifiers/{written.name}\n")
    kept = tmp_path / "results" / "classifiers" / written.name
    assert sorted(path.name for path in kept.iterdir()) == [
        CLASSIFIERS_FILE,
        *(f"predictions-{n}.npz" for n in (1, 2, 3)),
    ]
    assert stored_comparison(kept) == stored_comparison(written)
    code, said, _ = call("verify", "results")
    assert (code, "holds." in said) == (0, True)
    (claim,) = [one for one in json.loads(call("list", "claims", "--json")[1])["results"] if one["generator"] == "qumi"]
    (finding,) = claim["findings"]
    assert (finding["record"], finding["folds"], finding["verdict"]) == (written.name, 3, "none (exploratory)")
    assert finding["differences"][0].endswith(" from linear")
    assert "after 20 of 40 steps (linear 20, bottleneck 20)" in finding["learned"]
    assert call("keep", str(written))[0] == 1  # it is there already


def test_a_number_that_the_predictions_do_not_give_is_named(tmp_path: Path, call: Call) -> None:
    found = write(tmp_path / "mine")
    changed = with_row(found, 0, log_loss=0.1)
    (tmp_path / "mine" / CLASSIFIERS_FILE).write_text(json.dumps(changed.to_dict()), encoding="utf-8")
    with pytest.raises(EntryError, match=r"says brainmri@2/made/lite/qumi/10%/qumi/log_loss is 0\.1"):
        checked_comparison(tmp_path / "mine")
    for command in ("verify", "keep"):
        code, _, errors = call(command, "mine")
        assert (code, "by its predictions it is" in errors) == (1, True)


def _changed(folder: Path, **changes: Any) -> Path:
    file = folder / CLASSIFIERS_FILE
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"replicates": 30}, "says 30 replicates, and there are predictions of 3"),
        ({"boards": []}, "lacks qumi, qumi:bottleneck, qumi:linear at 10%"),
        ({"replicates": 0}, "replicates: 0; there must be 1 or more"),
        ({"n_folds": 0}, "n_folds: 0; there must be 1 or more"),
        ({"recipe": {}}, "fractions: 0; there must be 1 or more"),
        ({"class_names": ["a", "b", "d"]}, "c decide a score and are no classes of it"),
        ({"source": "other"}, "is not on brainmri@2/other/lite"),
    ],
)
def test_other_replicates_and_what_was_left_out_are_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    write(tmp_path / "mine")
    with pytest.raises(EntryError, match=words):
        checked_comparison(_changed(tmp_path / "mine", **changes))


def test_a_board_that_does_not_fit_its_comparison_is_refused(tmp_path: Path) -> None:
    (board,) = write(tmp_path / "mine").to_dict()["boards"]
    rows = [{**board["rows"][0], "control": "twin"}, *board["rows"][1:]]
    for changed, words in (
        ({"fraction": "99%"}, "has no row of the recipe"),
        ({"rows": rows}, "has not one row of qumi"),
    ):
        with pytest.raises(EntryError, match=words):
            stored_comparison(_changed(tmp_path / "mine", boards=[{**board, **changed}]))


def test_a_comparison_of_an_earlier_version_is_scored_as_its_task_says(tmp_path: Path) -> None:
    found = write(tmp_path / "mine")
    content = json.loads((tmp_path / "mine" / CLASSIFIERS_FILE).read_text(encoding="utf-8"))
    for name in ("label_kind", "class_names", "decided_by", "n_folds"):
        del content[name]
    content["endpoint_title"] = "macro-AUROC over 4 classes without glioma (no training image)"
    (tmp_path / "mine" / CLASSIFIERS_FILE).write_text(json.dumps(content), encoding="utf-8")
    again = stored_comparison(tmp_path / "mine")
    assert again.boards == found.boards
    assert again.decided_by[0].classes == ("meningioma", "notumor", "pituitary")


def test_comparisons_are_listed_and_shown_and_a_damaged_one_is_named(tmp_path: Path, call: Call) -> None:
    found = write(tmp_path / "runs" / "classifiers-a", failures=("classify: error",))
    write(tmp_path / "runs" / "classifiers-b")
    (tmp_path / "runs" / "classifiers-b" / CLASSIFIERS_FILE).write_text("{}", encoding="utf-8")
    listed = {one.path.name: one.state for one in listed_comparisons(tmp_path / "runs")}
    assert listed == {"classifiers-a": "finished, 1 step failed", "classifiers-b": "its file cannot be read"}
    text = " ".join(call("list", "runs")[1].split())
    assert "classifiers qumi; 3 replicates; finished, 1 step failed" in text
    assert call("show", "classifiers-a")[1].rstrip("\n") == table(found, 110)
    assert call("show", "classifiers-b")[0] == 2
    assert "holds no comparison that can be read" in call("show", "classifiers-b")[2]
    assert offered("folds", "classifiers-") == ["classifiers-a", "classifiers-b"]


def test_folds_of_two_kinds_are_not_read_together(tmp_path: Path, call: Call) -> None:
    write(tmp_path / "mine")
    code, _, errors = call("folds", "mine", "another")
    assert (code, "give the folds of one kind" in errors) == (2, True)
    assert "--out is for comparisons" in CliRunner().invoke(cli, ["folds", "another", "--out", "here"]).output
