"""Rows of what is known of synthetic images: in the order of the questions, whatever order a file has them in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.board.appraisal_notes import appraisal_notes
from qaugbench.image_facts import Appraisal, LatentGeometry, Measure
from qaugbench.report.appraisal_rows import section_rows, section_words, unmeasured
from qaugbench.report.appraisal_summary import SUMMARY_HEADER, summary_rows
from qaugbench.report.checklist import checks
from qaugbench.report.curves import CurveFile
from qaugbench.report.geometry_rows import GEOMETRY_TITLE
from qaugbench.report.html import render
from qaugbench.report.notes import notes
from qaugbench.report.tables import markdown_summary, summary_table
from qaugbench.stats.results import ClassNote
from tests.board.factory import write_run
from tests.report.page_text import PageText


def appraisal(**measures: Measure) -> Appraisal:
    named = {name.replace("__", "/").replace("_AT_", "@"): one for name, one in measures.items()}
    states = {"copies": "releasable", "collapse": "not measured", "training": "not measured", "labels": "held"}
    return Appraisal(n_synthetic=3, n_reference=3, n_training=3, extractors={}, states=states, measures=named)


def test_the_primary_test_comes_first_and_all_kinds_together_last() -> None:
    names = (
        "copies__authentic",
        "copies__found__all",
        "copies__found__exact",
        "copies__excess",
        "fidelity__kid_AT_x",
        "fidelity__kid",
    )
    found = appraisal(**dict.fromkeys(names, Measure(value=0.5)))
    titles = [row[0] for row in section_rows(found, "copies")]
    assert titles == [
        "copy excess",
        "planted copies found, exact",
        "planted copies found, all",
        "AuthPct minus that of real images",
    ]
    assert [row[0] for row in section_rows(found, "fidelity")] == ["KID", "KID on x"]


def test_a_question_without_a_number_says_that_it_was_not_measured_and_why() -> None:
    found = appraisal(collapse__vendi__a=Measure(value=None, reason="Too few."), labels__skill=Measure(value=1.0))
    assert section_words(found, "collapse") == "Not measured. Too few."
    assert section_words(found, "labels").startswith("Held. ")
    assert unmeasured(found) == []


def test_why_single_numbers_are_missing_is_said_below_the_others() -> None:
    few, some = Measure(value=None, reason="Too few."), Measure(value=0.9)
    assert unmeasured(appraisal(collapse__vendi__a=few, collapse__vendi__b=some)) == ["Vendi ratio, a: Too few."]


def test_numbers_without_a_state_need_no_word() -> None:
    assert section_words(appraisal(training__gain=Measure(value=0.1)), "training") == ""
    assert section_words(appraisal(fidelity__kid=Measure(value=0.1)), "fidelity") == ""


def judged(state: str) -> Appraisal:
    skill = Measure(value=-0.34, ci_low=-1.02, ci_high=0.35, n=300, n_real=39)
    judge = Measure(value=0.276, ci_low=0.16, ci_high=0.43, noise=0.208, n_real=39)
    found = appraisal(labels__skill=skill, labels__judge=judge)
    return found.model_copy(update={"states": {**found.states, "labels": state}})


@pytest.mark.parametrize("state", ["lost", "not decided"])
def test_the_judge_and_the_interval_of_the_skill_are_beside_it_in_table_and_checklist(
    tmp_path: Path, state: str
) -> None:
    record = write_run(tmp_path / "run")
    said = record.model_copy(update={"appraisals": {record.fractions[0].key: {"qldm": judged(state)}}})
    (check,) = [one for one in checks(said) if one.question.startswith("Are the images no copies")]
    assert check.well == (state == "not decided")
    assert "label skill -.340 [-1.020, +.350], judge at .276 on 39 real images, .208 by chance" in check.answer
    (row,) = summary_rows(said, record.fractions[0].key)
    assert dict(zip(SUMMARY_HEADER, row, strict=True))["skill"] == "-0.34 [-1.02, 0.35]"
    assert dict(zip(SUMMARY_HEADER, row, strict=True))["judge"] == "0.28, 0.21"
    titles = {one[0]: one for one in section_rows(judged(state), "labels")}
    assert titles["judge on real images"][1:5] == ("0.276", "[0.160, 0.430]", "-", "0.208")
    if state == "not decided":
        assert "too weak a judge" in section_words(judged(state), "labels")


SHOWN_WITH_ANSWERS = {
    "terminal": lambda record: summary_table(record).split("Notes\n")[0].replace("\n", " "),
    "Markdown": lambda record: markdown_summary(record).split("- Note: ")[0],
}


@pytest.mark.parametrize("where", SHOWN_WITH_ANSWERS)
@pytest.mark.parametrize(
    ("section", "state"), [("copies", "memorising"), ("labels", "lost"), ("collapse", "collapsed")]
)
def test_copies_and_lost_labels_are_said_beside_the_answers(
    tmp_path: Path, where: str, section: str, state: str
) -> None:
    record = write_run(tmp_path / "run")
    faulty = appraisal().model_copy(update={"states": {section: state}})
    said = record.model_copy(update={"appraisals": {record.fractions[0].key: {"qldm": faulty}}})
    shown = SHOWN_WITH_ANSWERS[where](said)
    assert ("Among the images of qldm are" in shown.partition("Is it the quantum part?")[2]) == (section != "collapse")


@pytest.mark.usefixtures("undrawn")
def test_the_page_says_copies_under_its_answers_and_does_not_fold_their_pairs_away(tmp_path: Path) -> None:
    record = write_run(tmp_path / "run")
    both = {"qldm": appraisal().model_copy(update={"states": {"copies": "memorising"}}), "ddpm": appraisal()}
    said = record.model_copy(update={"appraisals": {record.fractions[0].key: both}})
    page = render(said, CurveFile(), Path("none"))
    words = " ".join(text for _, text in PageText(page).blocks)
    first_screen = words.partition("Is it the quantum part?")[2].partition("On this page")[0]
    assert "Among the images of qldm are more copies of training images" in first_screen
    assert page.count("<details open>\n<summary>qldm: every measure") == page.count("<details open>") == 1


def test_notes_begin_with_what_means_most_for_the_numbers_and_end_with_forms(tmp_path: Path) -> None:
    record = write_run(tmp_path / "run")
    form = "folder:x: 9 of 9 images are in colour: they are read in grey, as the run's own are grey."
    copied = "folder:x: 3 of 9 images are training images of this run, pixel for pixel."
    collapsed = appraisal().model_copy(update={"states": {"collapse": "collapsed"}})
    changes = {
        "data": record.data.model_copy(update={"notes": [form, copied], "patients_known": False}),
        "appraisals": {record.fractions[0].key: {"qldm": collapsed}},
        "plateau_skipped": "--no-plateau-check",
    }
    said = notes(record.model_copy(update=changes))
    starts = [
        copied,
        "Among the images of qldm",
        "Whether the classifier is undertrained",
        "Patients are not known",
        form,
    ]
    places = [next(i for i, note in enumerate(said) if note.startswith(start)) for start in starts]
    assert places == sorted(places)
    assert places[:3] == [0, 1, 2]
    assert places[-1] == len(said) - 1


def test_directions_of_noise_are_shown_where_a_generator_has_any(tmp_path: Path) -> None:
    record, files = write_run(tmp_path / "run"), LatentGeometry(reason="its images came as files")
    measured = LatentGeometry(
        effective_rank=3.2, participation_ratio=2.0, first_share=0.5, directions=8, dimension=8, points=8
    )
    for shown, geometry in {False: {"folder:x": files}, True: {"folder:x": files, "qldm": measured}}.items():
        said = record.model_copy(update={"geometry": {record.fractions[0].key: geometry}})
        for text in (summary_table(said), markdown_summary(said)):
            assert (GEOMETRY_TITLE in text) == shown
            assert ("its images came as files" in " ".join(text.split())) == shown


def test_numbers_of_images_of_a_grade_are_not_mistaken_for_grades(tmp_path: Path) -> None:
    record = write_run(tmp_path / "run")
    key = record.fractions[0].key
    few = ClassNote("few", ["0", "1", "10"], "3 of 11 grades have fewer than 10 test images: 0 10, 1 7, 10 8.")
    scored = replace(record.scores.fractions[key], class_notes=[few])
    said = notes(record.model_copy(update={"scores": replace(record.scores, fractions={key: scored})}))
    assert "3 of 11 grades have fewer than 10 test images: 0: 10, 1: 7, 10: 8." in said


def test_faults_of_images_are_among_what_to_know_and_what_a_reviewer_asks(tmp_path: Path) -> None:
    record = write_run(tmp_path / "run")
    states = {"copies": "memorising", "collapse": "varied", "labels": "lost"}
    faulty = appraisal().model_copy(update={"states": states})
    said = record.model_copy(update={"appraisals": {record.fractions[0].key: {"qldm": faulty, "O-real": faulty}}})
    assert [note for note in notes(said) if "Among the images of qldm are" in note] == appraisal_notes(said)
    assert len(appraisal_notes(said)) == 2
    (check,) = [one for one in checks(said) if one.question.startswith("Are the images no copies")]
    assert not check.well
    assert "more copies of training images" in check.answer
