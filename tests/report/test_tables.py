"""The table for the terminal and its Markdown twin: they say what the record says, fit the width, and warn."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.record import Record
from qaugbench.report.numbers import p_value, signed
from qaugbench.report.tables import markdown_table, summary_table
from tests.board.factory import write_run


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    folder = tmp_path_factory.mktemp("tables")
    return write_run(folder, replicates=6, fractions=("10%", "100%"), failed=(("qldm", 1),))


def _line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_row_holds_mean_sd_difference_interval_and_n(record: Record) -> None:
    scored = record.scores["fractions"]["10%"]["endpoints"]["macro_auroc"]
    value = scored["arms"]["ddpm"]
    contrast = next(c for c in scored["contrasts"] if c["arm"] == "ddpm" and c["family"] == "reference")
    line = _line(summary_table(record), "ddpm ")
    for shown in (
        f"{value['mean']:.4f}",
        f"{value['sd']:.4f}",
        f"{contrast['estimate']:+.4f}",
        f"[{contrast['ci_low']:+.4f}, {contrast['ci_high']:+.4f}]",
        " 6 ",
    ):
        assert shown in line


def test_every_sentence_of_the_generators_is_there(record: Record) -> None:
    text = " ".join(summary_table(record).split())
    for fraction in record.scores["fractions"].values():
        for verdict in fraction["endpoints"]["macro_auroc"]["verdicts"].values():
            assert verdict["sentence"] in text
    assert record.scores["worth"]["10%"]["qldm"]["sentence"] in text


def test_best_classical_arm_is_named_with_how_it_was_chosen(record: Record) -> None:
    best = record.scores["fractions"]["10%"]["best_classical"]["arm"]
    assert f"Against the best classical arm, {best} (chosen on validation" in summary_table(record)


def test_text_fits_the_width(record: Record) -> None:
    assert max(map(len, summary_table(record).splitlines())) <= 110


def test_long_names_fit_the_width_too(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "qldm", "qldm:no-entanglement"))
    assert max(map(len, summary_table(record).splitlines())) <= 110


def test_phantom_and_leaky_data_stand_above_the_numbers(record: Record) -> None:
    leaky = record.model_copy(update={"data": record.data.model_copy(update={"leaky": True, "crossing_groups": 7})})
    for text in (summary_table(leaky), markdown_table(leaky)):
        numbers = text.index("0.")
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
        "Low power at 10%: 6 replicates and 40 test patients",
        "At 10%, qldm failed in 1 of 6 replicates",
        "At 100% there are no further real patients",
        "Failed cells: 2. The first: train qldm 10% r1 (diverged): the loss is not finite",
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
    assert "No generator was run, so there is no verdict." in text


def test_secondary_endpoints_follow(tmp_path: Path) -> None:
    text = summary_table(write_run(tmp_path, "ordinal", replicates=2))
    assert text.index("macro-AUROC,") < text.index("Secondary: quadratic weighted kappa,")


def test_markdown_tables_are_rectangular(record: Record) -> None:
    blocks = [block.splitlines() for block in markdown_table(record).split("\n\n") if block.startswith("|")]
    assert len(blocks) == 11  # three a fraction, one a generator and fraction, and the family
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1


@pytest.mark.parametrize(
    ("value", "text"), [(0.01234, "+0.0123"), (-0.5, "-0.5000"), (-0.00001, "0.0000"), (0.0, "0.0000")]
)
def test_differences_are_signed(value: float, text: str) -> None:
    assert signed(value) == text


def test_small_p_values_are_bounds() -> None:
    assert (p_value(0.0004), p_value(0.04)) == ("<0.001", "0.040")
