"""Tables for papers and spreadsheets, and the checklist of an entry: what others wrote stays text, and gaps are named."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.board.entry import submit
from qaugbench.record import CellOutcome, Record, record_text
from qaugbench.report.checklist import Checklist, checklist, checks
from qaugbench.report.latex import escaped, latex_tables
from qaugbench.report.score_rows import csv_text, score_frame, score_rows
from tests.board.factory import write_run


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return write_run(tmp_path_factory.mktemp("elsewhere"), replicates=3, phantom=False)


def test_latex_has_one_table_per_fraction_with_as_many_cells_in_every_row(record: Record) -> None:
    text = latex_tables(record)
    main = text[: text.index(r"\end{table}")]
    rows = [line for line in main.splitlines() if line.endswith(r"\\")]
    assert text.count(r"\begin{tabular}{lrrrrrrl}") == 1
    assert {line.count("&") for line in rows} == {7}
    assert len(rows) == 1 + len(record.arms)
    mean = record.scores.fractions["10%"].endpoints["macro_auroc"].arms["qldm"].mean
    assert any(line.startswith(f"qldm & ${mean:.3f}$".replace("$0.", "$.")) for line in rows)


def test_latex_prints_what_others_wrote_as_it_is(record: Record) -> None:
    assert escaped(r"a_b 5 % \input{x} $y$ ~^#&") == (
        r"a\_b 5 \% \textbackslash{}input\{x\} \$y\$ \textasciitilde{}\textasciicircum{}\#\&"
    )
    hostile = record.model_copy(update={"title": "\\input{/etc/passwd}", "id": "x\n\\immediate\\write18{ls}"})
    lines = latex_tables(hostile).splitlines()
    assert not any(line.startswith("\\immediate") for line in lines)
    assert not any("\\input" in line for line in lines)


def test_latex_has_the_differences_from_the_best_classical_arm_and_from_controls(record: Record) -> None:
    text = latex_tables(record)
    assert "qldm - qldm:twin" in text
    assert text.count(r"\centering") == text.count(r"\label{tab:") == text.count(r"\begin{table}")
    labels = [line for line in text.splitlines() if line.startswith(r"\label")]
    assert len(set(labels)) == len(labels)


def test_latex_tables_have_notes_below_them_that_need_no_package(record: Record) -> None:
    text = latex_tables(record)
    tables = text.split(r"\end{table}")[:-1]
    for table in tables:
        notes = table[table.index(r"\end{tabular}") :]
        assert notes.count(r"\begin{minipage}") == notes.count(r"\end{minipage}") == 1
        assert "over both replicates and patients" in notes
        assert "Provisional: a listed result needs 10 replicates." in notes
        assert r"\caption" not in notes
    reference = record.scores.fractions["10%"].reference.arm
    scored = record.scores.fractions["10%"].endpoints["macro_auroc"]
    assert f"Reference R*: {reference}, best mean validation score" in tables[0]
    named = r"Brain tumour MRI (brainmri@1, source nickparvar, track lite), 10 \% of the training patients"
    assert rf"\caption{{{named}: macro-AUROC.}}" in tables[0]
    assert f"mean, sd: over n replicates on {scored.n_images} test images of {scored.n_patients} patients" in tables[0]
    assert "not adjusted for the number of comparisons" in tables[1]


def test_every_latex_table_of_phantoms_says_so_in_print(tmp_path: Path) -> None:
    tables = latex_tables(write_run(tmp_path, replicates=2)).split(r"\end{table}")[:-1]
    for table in tables:
        caption = next(line for line in table.splitlines() if line.startswith(r"\caption"))
        assert caption.startswith(r"\caption{PHANTOM DATA. Brain tumour MRI (")
        assert "\nPHANTOM DATA. Synthetic test pattern, not patient data; not evidence.\n" in table


def test_no_cell_of_a_spreadsheet_is_a_formula(record: Record) -> None:
    (row, *_) = score_rows(record)
    assert "'=HYPERLINK(1)," in csv_text([replace(row, id="=HYPERLINK(1)")])


def test_csv_and_data_frame_have_the_same_rows_and_columns(record: Record) -> None:
    table = list(csv.DictReader(io.StringIO(csv_text(score_rows(record)))))
    frame = score_frame(record)
    assert list(table[0]) == list(frame.columns)
    assert [row["metric"] for row in table] == list(frame.metric)
    assert [float(row["mean"]) for row in table] == list(frame["mean"])
    assert {"macro_auroc", "brier", "ensemble"} <= set(frame.metric)
    assert frame.difference_from_augmented.notna().any()
    assert set(frame[frame.decides].metric) == {"macro_auroc"}


def test_an_arm_without_a_value_has_a_row_of_gaps(tmp_path: Path) -> None:
    failed = tuple(("qldm", replicate) for replicate in range(3))
    rows = score_rows(write_run(tmp_path, replicates=3, failed=failed))
    found = {row.arm: row for row in rows if row.decides}
    assert (found["qldm"].mean, found["qldm"].difference, found["qldm"].verdict) == (None, None, None)
    assert found["ddpm"].mean is not None


@pytest.mark.parametrize(("replicates", "provisional"), [(9, True), (10, False)])
def test_rows_with_fewer_replicates_than_a_listed_result_needs_are_provisional(
    replicates: int, provisional: bool, tmp_path: Path
) -> None:
    rows = score_rows(write_run(tmp_path, replicates=replicates, phantom=False))
    assert {row.provisional for row in rows} == {provisional}


def _checklist(folder: Path, record: Record) -> Checklist:
    (folder / "run" / "record.json").write_text(record_text(record), encoding="utf-8")
    return checklist(submit(folder / "run", folder / "results"), folder / "results")


def test_a_reviewer_asks_about_everything_that_is_missing(tmp_path: Path) -> None:
    arms = ("R", "R+", "R+cm", "qldm")
    failure = CellOutcome(stage="fit", name="x 10% r0", outcome="error", reason="no memory")
    made = write_run(tmp_path / "run", replicates=3, phantom=False, arms=arms, failures=[failure])
    environment = made.environment.model_copy(update={"commit": "abc+changes"})
    data = made.data.model_copy(update={"patients_known": False})
    found = _checklist(tmp_path, made.model_copy(update={"environment": environment, "data": data}))
    open_questions = {check.question for check in found.checks if not check.well}
    assert open_questions == {
        "Are there enough replicates?",
        "Did quantum generators run beside their controls?",
        "Did any step fail?",
        "Are patients kept apart?",
        "Has every class enough images?",
        "Was everything trained long enough?",
        "Are the images no copies, varied, and rightly labelled?",
        "Which code made it?",
    }
    for width in (60, 120):
        text = found.text(width)
        assert text.count("[ ] ") == len(open_questions) + 1  # one explains the mark
        assert all(len(line) <= width for line in text.splitlines() if str(tmp_path) not in line)


def test_a_complete_entry_needs_no_word(tmp_path: Path) -> None:
    made = write_run(tmp_path / "run", replicates=10, phantom=False)
    environment = made.environment.model_copy(update={"commit": "abc"})
    found = _checklist(tmp_path, made.model_copy(update={"environment": environment}))
    left, looked, classes = [check for check in found.checks if not check.well]
    assert looked.answer == "Not looked at in this run."
    assert left.answer.startswith("Not recorded")  # the made run has no fits
    assert classes.answer == (
        "3 of 3 classes with fewer than 30 test images on the rarer side, so no verdict on the class: "
        "Glioma: 20, Meningioma: 20, No tumour: 20."
    )
    assert found.not_listed is None
    assert found.to_dict()["files"].keys() == {"entry.json", "predictions.npz", "manifest.json"}


@pytest.mark.parametrize(
    ("licence", "citation", "phantom", "well", "answer"),
    [
        ("CC0 1.0", "Doe (2020)", False, True, "The licence is stated as: CC0 1.0."),
        (None, "Doe (2020)", False, False, "No licence is stated: say which it is."),
        (
            "own images, not published",
            None,
            False,
            False,
            "The record names no publication of them: say where they are",
        ),
        ("CC0-1.0", None, True, True, "Yes: a program draws them."),
    ],
)
def test_whether_others_can_get_the_images_is_asked(
    record: Record, licence: str | None, citation: str | None, phantom: bool, well: bool, answer: str
) -> None:
    data = record.data.model_copy(update={"licence": licence, "citation": citation, "phantom": phantom})
    (asked,) = [one for one in checks(record.model_copy(update={"data": data})) if "Can others get" in one.question]
    assert asked.well == well
    assert asked.answer.startswith(answer)


def test_class_sizes_and_folders_with_few_images_are_asked_about(tmp_path: Path) -> None:
    made = write_run(tmp_path / "run", replicates=3, phantom=False)
    counts = {
        name: {"train": n, "val": 20, "test": 40} for name, n in zip(made.labels.names, (90, 60, 50), strict=True)
    }
    data = made.data.model_copy(update={"class_counts": counts, "n_images": {"train": 200, "val": 60, "test": 120}})
    (asked,) = [one for one in checks(made.model_copy(update={"data": data})) if "enough images" in one.question]
    assert asked.well
    assert (
        asked.answer == "Yes; the smallest in training, No tumour, has 50 training, 20 validation and 40 test images."
    )
    note = "folder:made: only 2 of glioma; each is used as often as its class is asked for."
    folder = made.generators[0].model_copy(update={"id": "folder:made", "kind": "external"})
    changed = {"data": data.model_copy(update={"notes": [note]}), "generators": [folder]}
    (asked,) = [one for one in checks(made.model_copy(update=changed)) if "enough images" in one.question]
    assert (asked.well, asked.answer) == (False, note)
