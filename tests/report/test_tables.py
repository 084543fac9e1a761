"""The table for the terminal and its Markdown twin: they say what the record says, fit the width, and warn."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.formatting import interval, signed, unsigned
from qaugbench.image_facts import LatentGeometry
from qaugbench.record import BlockInfluence, Plateau, Record, read_record
from qaugbench.report.answers import both_answers
from qaugbench.report.curves import CurveFile
from qaugbench.report.html import render
from qaugbench.report.notes import low_power
from qaugbench.report.record_views import indented_names
from qaugbench.report.tables import best_classical_title, markdown_summary, summary_table
from qaugbench.stats.results import Contrast
from qaugbench.task import Endpoint
from tests.board.factory import endpoints_for, predictions_for, record_for, write_run
from tests.report.page_text import PageText


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    folder = tmp_path_factory.mktemp("tables")
    return write_run(folder, replicates=6, fractions=("10%", "100%"), failed=(("qldm", 1),))


def _contrast(record: Record, arm: str, family: str) -> Contrast:
    contrasts = record.scores.fractions["10%"].endpoints["macro_auroc"].contrasts
    return next(one for one in contrasts if one.arm == arm and one.family == family)


def _line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_row_holds_mean_sd_difference_interval_and_n(record: Record) -> None:
    value = record.scores.fractions["10%"].endpoints["macro_auroc"].arms["ddpm"]
    found = _contrast(record, "ddpm", "reference")
    line = _line(summary_table(record), "ddpm ")
    for shown in (
        unsigned(value.mean),
        unsigned(value.sd),
        signed(found.estimate),
        interval(found.ci_low, found.ci_high),
        signed(_contrast(record, "ddpm", "augmented").estimate),
        " 6 ",
    ):
        assert shown in line


@pytest.mark.usefixtures("undrawn")
def test_both_questions_are_answered_in_the_sentences_of_the_page(record: Record) -> None:
    page = " ".join(PageText(render(record, CurveFile(), Path("none"))).sentences())
    for made in (summary_table(record), markdown_summary(record)):
        text = " ".join(made.split())
        for question in ("Does it help?", "Is it the quantum part?"):
            for key in ("10 %", "100 %"):
                assert f"{question} ({key} of the training patients)" in text
        for key in ("10%", "100%"):
            for one in both_answers(record, key):
                for answer in one.answers:
                    assert answer.text in text
                    assert answer.text.replace(" %", "\u00a0%").partition(". ")[0] in page.replace(" %", "\u00a0%")
    assert record.scores.worth["10%"]["qldm"].sentence in text


def test_the_end_of_a_run_says_that_no_circuit_was_there_to_ask_about(tmp_path: Path) -> None:
    text = summary_table(write_run(tmp_path, replicates=6, arms=("R", "R+", "R+cm", "ddpm")))
    assert "\nIs it the quantum part?\n* No quantum generator was run, so there is no circuit to ask about.\n" in text


def test_what_an_answer_says_is_not_a_note_again(tmp_path: Path) -> None:
    text = " ".join(summary_table(write_run(tmp_path, replicates=6, arms=("R", "R+", "R+cm", "qldm"))).split())
    assert text.count("qldm ran without its controls") == 1
    assert text.index("Is it the quantum part?") < text.index("qldm ran without its controls") < text.index("Notes")


def test_best_classical_arm_is_named_with_how_it_was_chosen(record: Record) -> None:
    best = record.scores.fractions["10%"].best_classical.arm
    assert f"Against the best classical arm, {best} (chosen on validation" in summary_table(record)


def test_a_generator_that_is_the_best_classical_arm_is_not_compared_with_itself(record: Record) -> None:
    fractions = record.scores.fractions
    best = replace(fractions["10%"].best_classical, arm="ddpm", validation_means={"ddpm": 0.9})
    scores = replace(record.scores, fractions={**fractions, "10%": replace(fractions["10%"], best_classical=best)})
    assert best_classical_title(record.model_copy(update={"scores": scores}), "10%") == (
        "Against the best classical arm, ddpm (chosen on validation, where it has .900; ddpm itself is compared with the best "
        "of the others)"
    )


@pytest.mark.parametrize("width", [60, 80, 110, 120])
def test_text_fits_the_width(record: Record, width: int) -> None:
    text = summary_table(record, width)
    assert max(map(len, text.splitlines())) <= width
    assert {"twin", "verdict", "Notes"} <= set(text.split())


def test_a_control_stands_under_its_generator_by_its_own_name_in_one_piece(tmp_path: Path) -> None:
    arms = ("R", "R+", "R+cm", "ddpm", "qldm", "qldm:twin", "qldm:no-entanglement")
    lines = summary_table(write_run(tmp_path, replicates=2, arms=arms), 60).splitlines()
    starts = [line.split("  ")[0] or line[2:].split("  ")[0] for line in lines]
    main = starts.index("qldm")
    assert starts[main : main + 3] == ["qldm", "twin", "no-entanglement"]
    against = starts.index("qldm minus")
    assert starts[against + 1 : against + 3] == ["twin", "no-entanglement"]
    assert not any("…" in line for line in lines)


def test_a_control_that_stands_alone_has_its_whole_name(record: Record) -> None:
    shown = ["R+", "qldm:twin", "qldm", "qldm:twin", "ddpm", "qldm:twin"]
    assert indented_names(record, shown) == ["R+", "qldm:twin", "qldm", "  twin", "ddpm", "qldm:twin"]


def _geometry(reason: str | None = None) -> LatentGeometry:
    return LatentGeometry(
        effective_rank=None if reason else 20.5, directions=24, dimension=256, participation_ratio=11.0, reason=reason
    )


def test_what_has_no_directions_is_named_below_the_table_with_the_reason(record: Record) -> None:
    found = record.model_copy(update={"geometry": {"10%": {"qldm": _geometry()}}})
    failed = record.model_copy(
        update={"geometry": {"10%": {"qldm": _geometry(), "ddpm": _geometry("it came as files")}}}
    )
    for made in (summary_table, markdown_summary):
        assert "20.5" in made(found)
        assert "None of ddpm" not in made(found)
        assert "None of ddpm: it came as files." in " ".join(made(failed).split())


def test_controls_keep_their_order_when_a_record_is_read_again(tmp_path: Path) -> None:
    order = ("qldm", "qldm:twin", "qldm:no-entanglement", "qldm:frozen")
    made = write_run(
        tmp_path, replicates=2, arms=("R", "R+", "R+cm", *order), geometry={"10%": {arm: _geometry() for arm in order}}
    )
    assert summary_table(read_record(tmp_path)) == summary_table(made)


def test_long_names_fit_the_width_too(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "qldm", "qldm:no-entanglement"))
    assert max(map(len, summary_table(record).splitlines())) <= 110


def test_phantom_and_leaky_data_stand_above_the_numbers(record: Record) -> None:
    leaky = record.model_copy(update={"data": record.data.model_copy(update={"leaky": True, "crossing_groups": 7})})
    for text in (summary_table(leaky), markdown_summary(leaky)):
        numbers = re.search(r"[ (+-]\.\d{3}", text)
        assert numbers is not None
        numbers = numbers.start()
        assert text.index("PHANTOM DATA") < numbers
        assert text.index("LEAKY SPLIT. 7 patients") < numbers


def test_clean_real_data_have_no_banner(tmp_path: Path) -> None:
    text = summary_table(write_run(tmp_path, replicates=2, phantom=False))
    assert "PHANTOM" not in text
    assert "LEAKY" not in text


@pytest.mark.parametrize(
    "warning",
    [
        "Provisional: 6 replicates; a listed result needs 10.",
        "Low power at 10 %: 6 replicates and 40 test patients",
        "At 10 %, qldm failed in 1 of 6 replicates",
        "At 100 % there are no further real patients",
        "Failed: 2 steps. train qldm 10% r1 and 1 more (diverged): the loss is not finite",
    ],
)
def test_notes_warn(record: Record, warning: str) -> None:
    assert warning in " ".join(summary_table(record).split())


def test_moved_fraction_and_missing_controls_are_noted(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "qldm"))
    moved = record.fractions[0].model_copy(update={"requested": 0.05, "reason": "too few images of Hernia"})
    text = " ".join(summary_table(record.model_copy(update={"fractions": [moved]})).split())
    assert "- too few images of Hernia." in text
    assert "qldm ran without its controls" in text


def test_run_without_generators_says_that_there_is_no_verdict(tmp_path: Path) -> None:
    text = summary_table(write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "R+os")))
    assert "No verdict: no generator was run." in text


def test_secondary_endpoints_follow(tmp_path: Path) -> None:
    text = summary_table(write_run(tmp_path, "ordinal", replicates=2))
    assert text.index("macro-AUROC,") < text.index("Secondary: quadratic weighted kappa,")


def test_markdown_tables_are_rectangular(record: Record) -> None:
    blocks = [block.splitlines() for block in markdown_summary(record).split("\n\n") if block.startswith("|")]
    assert len(blocks) == 13  # four per fraction, one per generator and fraction, and the family
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1


def test_the_reference_is_named_with_how_it_was_chosen(record: Record) -> None:
    reference = record.scores.fractions["10%"].reference
    text = " ".join(summary_table(record).split())
    assert f"Reference R*: {reference.arm}, best mean validation score" in text
    assert unsigned(reference.validation_means[str(reference.arm)]) in text
    row = _line(summary_table(record), f"{reference.arm} ")
    assert row.endswith("reference")


def test_the_difference_from_classical_augmentation_is_marked(record: Record) -> None:
    assert "vs R+: not matched for computing" in " ".join(summary_table(record).split())
    assert "vs R+ (not matched for computing)" in markdown_summary(record)


def _with_detected(record: Record, *detected: float) -> Record:
    """Return the record with other detectable differences of its generators, in their order."""
    fraction = record.scores.fractions["10%"]
    endpoint = fraction.endpoints["macro_auroc"]
    left = iter(detected)
    contrasts = [
        replace(one, mde=next(left)) if one.family == "reference" and one.arm in ("ddpm", "qldm") else one
        for one in endpoint.contrasts
    ]
    endpoints = {"macro_auroc": replace(endpoint, contrasts=contrasts)}
    fractions = {**record.scores.fractions, "10%": replace(fraction, endpoints=endpoints)}
    return record.model_copy(update={"scores": replace(record.scores, fractions=fractions)})


@pytest.mark.parametrize(
    ("detected", "said"),
    [
        ((0.004, 0.02), None),
        ((0.02, 0.004), None),
        (
            (0.012, 0.02),
            "detect differences of .012 to .020 (80 % power, two-sided 5 %), but .010 would already matter",
        ),
        ((0.004, 0.009), None),
    ],
)
def test_power_is_low_when_no_generator_could_show_the_margin(
    record: Record, detected: tuple[float, ...], said: str | None
) -> None:
    found = low_power(_with_detected(record, *detected), "10%")
    assert (found is None) if said is None else (said in str(found))


def test_a_smoke_run_shows_values_but_neither_intervals_nor_power(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=2)
    assert "no intervals: 2 replicates" in " ".join(summary_table(record).split())
    for text in (summary_table(record), markdown_summary(record)):
        assert "No intervals, verdicts, ranks or power (2 replicates" in " ".join(text.split())
        assert not re.search(r"\[[+-]?\.\d{3}, [+-]?\.\d{3}\]", text)
        assert "Low power" not in text
        assert "Possible ranks" not in text
    value = record.scores.fractions["10%"].endpoints["macro_auroc"].arms["qldm"].mean
    assert unsigned(value) in summary_table(record)


def test_a_run_whose_generators_all_failed_says_so(tmp_path: Path) -> None:
    failed = tuple((arm, replicate) for arm in ("qldm", "R+cm") for replicate in range(3))
    text = summary_table(write_run(tmp_path, replicates=3, arms=("R", "R+", "R+cm", "qldm"), failed=failed))
    assert "No verdict: every generator failed (see Notes)." in text
    assert "R+cm, qldm are left out: no replicate has usable predictions" in " ".join(text.split())


def test_a_phantom_is_disclaimed_once(record: Record) -> None:
    data = record.data.model_copy(update={"notes": [record.data.description]})  # as the phantom's manifest says it
    for text in (summary_table(record), markdown_summary(record.model_copy(update={"data": data}))):
        assert len(re.findall("phantom|not evidence|patient data", text.partition("\n")[2], re.IGNORECASE)) == 3


def test_an_endpoint_without_values_has_no_table_and_one_note(tmp_path: Path) -> None:
    predicted = predictions_for("multilabel", ("R", "R+", "R+cm", "qldm"), ("10%", "25%"), replicates=3)
    labels = predicted.test_labels.copy()
    labels[:, 2] = 0
    predicted = replace(predicted, test_labels=labels)
    endpoints = [*endpoints_for("multilabel"), Endpoint("rare", "AUROC of Hernia", "auroc", ("Hernia",))]
    record = record_for(predicted, "multilabel", endpoints=endpoints)
    text = " ".join(summary_table(record).split())
    assert "Secondary: AUROC of Hernia" not in text
    assert text.count("AUROC of Hernia: ") == 1


def test_the_circuits_influence_and_an_unfinished_classifier_are_noted(record: Record) -> None:
    influence = BlockInfluence(
        seed_difference=20.0,
        controls={"frozen": 0.004, "twin": 0.3},
        mean_replaced=0.002,
        noise_replaced=0.003,
        parameter_share=0.01,
        n_images=100,
        n_replicates=6,
    )
    plateau = [
        Plateau(fraction="10%", replicate=0, steps=450, gains={"R+": 0.021}, gain=0.021, limit=0.005, climbs=True)
    ]
    changed = record.model_copy(update={"influence": {"10%": {"qldm": influence}}, "plateau": plateau})
    text = " ".join(summary_table(changed).split())
    assert "qldm: the circuit hardly reaches the images; attribution cannot be tested" in text
    assert "by 0.20 % (means) and 0.30 % (noise) of what another seed changes, both below 5 %" in text
    assert "the classifier is undertrained here: doubling its steps still gains +.021 on validation" in text


def test_intervals_of_a_single_replicate_are_said_to_be_over_patients_alone(tmp_path: Path) -> None:
    text = " ".join(summary_table(write_run(tmp_path, replicates=1)).split())
    assert "No verdicts, ranks or power (a single replicate" in text
    assert (
        "sd: over replicates; intervals are over patients alone, for the one trained model of each arm (DeLong)."
        in text
    )
    assert "over both replicates and patients" not in text
