"""Rows of what is known of synthetic images: in the order of the questions, whatever order a file has them in."""

from __future__ import annotations

from pathlib import Path

from qaugbench.board.appraisal_notes import appraisal_notes
from qaugbench.image_facts import Appraisal, Measure
from qaugbench.report.appraisal_rows import section_rows, section_words, unmeasured
from qaugbench.report.checklist import checks
from qaugbench.report.notes import notes
from tests.board.factory import write_run


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
    assert section_words(found, "collapse") == "Not measured."
    assert section_words(found, "labels").startswith("Held. ")
    assert unmeasured(found) == ["Vendi ratio, a: Too few."]


def test_numbers_without_a_state_need_no_word() -> None:
    assert section_words(appraisal(training__gain=Measure(value=0.1)), "training") == ""
    assert section_words(appraisal(fidelity__kid=Measure(value=0.1)), "fidelity") == ""


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
