"""The tables behind a verdict: they say what the record says, in the order in which claims are tested."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaugbench.formatting import signed
from qaugbench.record import Record
from qaugbench.report import claims
from qaugbench.report.tables import markdown_summary, summary_table
from qaugbench.stats.ladder import Ladder
from tests.board.factory import write_run


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return write_run(tmp_path_factory.mktemp("claims"), replicates=6, fractions=("10%", "100%"))


def _ladder(record: Record, arm: str = "qldm") -> Ladder:
    return record.scores.fractions["10%"].endpoints["macro_auroc"].verdicts[arm].ladder


def test_the_grid_has_one_row_per_generator_and_one_column_per_claim(record: Record) -> None:
    grid = claims.claims_grid(record, "10%", "macro_auroc")
    assert [row[0] for row in grid] == ["qldm", "ddpm"]
    assert all(len(row) == len(claims.GRID_HEADER) for row in grid)
    assert grid[1][-1] == "-"  # a classical generator has no circuit
    assert grid[0][-1] in ("attributed", "not attributed", "not tested")


def test_a_claim_that_was_not_reached_is_shown_with_its_numbers_and_its_reason(record: Record) -> None:
    ladder = _ladder(record)
    rows = {row[0]: row for row in claims.claims_table(ladder)}
    superior = next(rung for rung in ladder.rungs if rung.claim == "superior")
    shown = rows["beats the best classical arm"]
    assert shown[2] == signed(superior.estimate)
    assert shown[-1] == "not tested"
    assert f"Not tested, because {superior.reason}" in str(claims.untested(ladder))


def test_equivalence_shows_the_ninety_percent_interval(record: Record) -> None:
    ladder = _ladder(record)
    rows = [row for row in claims.claims_table(ladder) if row[0] == "differs by less than .010"]
    assert len(rows) == len(ladder.equivalences) > 0
    assert all(row[3].endswith("(90 %)") for row in rows)


def test_a_ladder_without_gaps_has_nothing_untested(record: Record) -> None:
    assert claims.untested(replace(_ladder(record), rungs=[], attribution=None)) is None


def test_the_companion_is_three_shares_and_said_not_to_decide(record: Record) -> None:
    found = record.scores.fractions["10%"].endpoints["macro_auroc"].verdicts["qldm"]
    assert found.posterior is not None
    said = str(claims.posterior_sentence(found, 0.01))
    assert said.startswith("Bayesian companion, not used for the verdict:")
    assert f"{100 * found.posterior.within:.0f} % within ±.010" in said
    assert claims.posterior_sentence(replace(found, posterior=None), 0.01) is None
    sure = replace(found, posterior=replace(found.posterior, below=0.001, within=0.998, above=0.001))
    assert "under 1 % that the difference" in str(claims.posterior_sentence(sure, 0.01))
    assert "over 99 % within" in str(claims.posterior_sentence(sure, 0.01))


def test_the_family_and_the_ranks_are_printed(record: Record) -> None:
    text = summary_table(record)
    assert "Adjusted for 4 comparisons of this run (step-down, max-T)" in text
    assert "Possible ranks (95 %, simultaneous; 1 is best):" in text
    rows = claims.adjusted_rows(record)
    assert len(rows) == 4
    assert all(len(row) == len(claims.ADJUSTED_HEADER) for row in rows)


def test_other_metrics_say_which_way_is_better(record: Record) -> None:
    header, rows = claims.metrics_table(record, "10%")
    assert "Brier score ↓" in header
    assert "macro-AP ↑" in header
    assert [row[0] for row in rows] == [arm.id for arm in record.arms]
    exploratory = claims.exploratory_rows(record, "10%")
    assert any(row[0] == "qldm: Brier score" and row[1] == "lower is better" for row in exploratory)


def test_markdown_holds_every_claim(record: Record) -> None:
    text = markdown_summary(record)
    assert "**qldm, claim by claim**" in text
    reference = record.scores.fractions["10%"].reference.arm
    assert f"| helps | qldm - {reference} |" in text
