"""The self-test passes what is sound, fails what is not, and says both in a table that can be read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.stats.mrmc import interval
from qaugbench.stats.selftest import SelfTest, run_selftest
from qaugbench.stats.selftest.cell import Cell, Finding, Outcomes, Row, at_most, binomial_band, size, within
from qaugbench.stats.selftest.checks import checks
from qaugbench.stats.selftest.contrasts import TwoArms, coverage, mean_estimate, power
from qaugbench.stats.selftest.contrasts import size as size_of
from qaugbench.stats.selftest.mutant_checks import mutant_checks
from qaugbench.stats.selftest.mutants import (
    patients_divided_twice,
    seeds_never_divided,
    seeds_only,
    sign_turned,
)
from qaugbench.stats.selftest.run import Block
from qaugbench.stats.simulate import OneFinding

ARMS = OneFinding((0.90, 0.85), 5, 60, 140)
EQUAL = OneFinding((0.85, 0.85), 5, 60, 140)
ENGINES = (interval, seeds_only, patients_divided_twice, seeds_never_divided, sign_turned)


@functools.cache
def _outcomes(population: OneFinding) -> Outcomes:
    return TwoArms(population, ENGINES).simulate(np.random.default_rng(1), 400)


def test_bands_are_the_exact_binomial_ones_and_wider_for_few_simulations() -> None:
    assert binomial_band(0.05, 2_000) == (0.038, 0.063)  # the protocol's .063
    assert binomial_band(0.025, 2_000) == (0.0165, 0.0345)
    low, high = binomial_band(0.05, 400)
    assert low < 0.025
    assert high > 0.08  # the 99 % band of 400


@pytest.mark.parametrize(("rejections", "verdict"), [(60, "warning: conservative"), (100, "ok"), (127, "FAILS")])
def test_size_gates_above_its_band_and_warns_below(rejections: int, verdict: str) -> None:
    rejected = np.arange(2_000) < rejections
    assert size(rejected).verdict == verdict
    assert at_most(rejected).verdict == verdict.replace("warning: conservative", "ok")


def test_finding_outside_its_band_fails_on_either_side() -> None:
    found: list[Finding] = [within(value, 0.935, 0.965, "covered") for value in (0.93, 0.95, 0.97)]
    assert [finding.verdict for finding in found] == ["FAILS", "ok", "FAILS"]


def test_engine_passes_and_mutants_fail_the_checks_of_size() -> None:
    outcomes = _outcomes(EQUAL)
    assert size_of()(outcomes).verdict == "ok"
    assert size_of(seeds_only)(outcomes).verdict == "FAILS"
    assert size_of(patients_divided_twice)(outcomes).verdict == "FAILS"


def test_engine_passes_and_mutants_fail_the_checks_of_a_planted_difference() -> None:
    outcomes = _outcomes(ARMS)
    for judge in (coverage(0.05), mean_estimate(0.05), power(0.05, 5)):
        assert judge(outcomes).verdict == "ok"
    assert mean_estimate(0.05, sign_turned)(outcomes).verdict == "FAILS"
    assert coverage(0.05, sign_turned)(outcomes).verdict == "FAILS"
    assert coverage(0.05, seeds_never_divided)(outcomes).verdict == "FAILS"
    assert power(0.05, 5, seeds_never_divided)(outcomes).verdict == "FAILS"
    assert coverage(0.07)(outcomes).verdict == "FAILS"


def test_coverage_is_the_share_of_intervals_with_the_truth_between_their_ends() -> None:
    low, high = np.array([0.0, 0.2, -0.3, 0.1]), np.array([0.2, 0.4, -0.1, 0.3])
    assert coverage(0.15)({"interval ci_low": low, "interval ci_high": high}).observed == 0.5
    assert coverage(-0.2)({"interval ci_low": low, "interval ci_high": high}).observed == 0.25


def test_cell_of_a_mutant_is_caught_only_when_its_check_fails() -> None:
    outcomes = _outcomes(EQUAL)
    cell = Cell("mutants", "seeds-only", "here", TwoArms(EQUAL, ENGINES), size_of(seeds_only), mutant=True)
    assert cell.row(outcomes).finding.verdict == "caught"
    assert replace(cell, judge=size_of()).row(outcomes).finding.verdict == "MISSED"


@pytest.mark.parametrize(
    ("verdict", "passed"), [("ok", True), ("warning: conservative", True), ("FAILS", False), ("MISSED", False)]
)
def test_a_failed_check_or_a_missed_mutant_fails_the_self_test(verdict: str, passed: bool) -> None:
    finding = replace(within(0.5, 0.0, 1.0, "rejected"), verdict=verdict)
    assert SelfTest((Row("section", "check", "setting", 400, finding),), full=False, seed=0).passed is passed


def test_result_does_not_depend_on_the_order_in_which_blocks_run() -> None:
    def backwards(function: Callable[[Block], object], blocks: Sequence[Block]) -> Iterator[object]:
        found = [function(block) for block in reversed(blocks)]
        return iter(found[::-1])

    only, told = ["A/A, R=3"], []
    forwards = run_selftest(full=False, only=only, progress=lambda done, total: told.append((done, total)))
    assert run_selftest(full=False, only=only, map_blocks=backwards).to_dict() == forwards.to_dict()
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert run_selftest(full=False, only=only, seed=1).to_dict() != forwards.to_dict()


def test_blocks_have_random_numbers_of_their_own() -> None:
    simulation = TwoArms(EQUAL)
    blocks = [Block(simulation, number, 3, 0) for number in (0, 1)] + [Block(TwoArms(ARMS), 0, 3, 0)]
    estimates = [block.outcomes()["interval estimate"] for block in blocks]
    assert np.unique(np.round(np.concatenate(estimates), 9)).size == 9


@pytest.fixture(scope="module")
def some() -> SelfTest:
    only = [
        "m=30",
        "patients ignored",
        "difference +.02",
        "8 arms and a reference",
        "permuted",
        "renamed",
        "transformed",
        "seeds-only",
    ]
    return run_selftest(full=False, only=only)


def test_part_of_the_short_form_passes_with_its_mutants_caught(some: SelfTest) -> None:
    assert some.passed
    assert {row.finding.verdict for row in some.rows} == {"ok", "caught"}


def test_table_has_a_line_a_check_in_110_columns(some: SelfTest) -> None:
    table = some.table()
    assert max(map(len, table.splitlines())) <= 110
    line = next(line for line in table.splitlines() if line.startswith("seeds-only t-test"))
    assert line.split()[-1] == "caught"
    assert "PASSED: " in table


def test_plain_data_hold_every_row(some: SelfTest) -> None:
    data = some.to_dict()
    assert data["passed"] is True
    assert len(data["rows"]) == len(some.rows)
    assert {"check", "setting", "n", "observed", "low", "high", "verdict"} <= data["rows"][0].keys()


def test_unknown_part_is_refused_with_what_there_is() -> None:
    with pytest.raises(StatisticsError, match=r"No check has 'coverge' in its name. Did you mean 'coverage'"):
        run_selftest(full=False, only=["coverge"])


def test_names_are_unique_fit_the_table_and_include_every_part_of_the_protocol() -> None:
    cells = [*checks(), *mutant_checks()]
    assert len({(cell.section, cell.name) for cell in cells}) == len(cells)
    assert max(len(cell.check) for cell in cells) <= 24
    assert max(len(cell.setting) for cell in cells) <= 38
    assert {cell.full for cell in cells if not cell.section.startswith("Invariances")} == {2_000}
    wanted = {
        "A/A",
        "A/A'",
        "coverage",
        "mean estimate",
        "power",
        "rank sets",
        "Holm",
        "seeds-only t-test",
        "sign turned",
    }
    assert wanted <= {cell.check for cell in cells if cell.short}


@pytest.mark.slow
def test_short_form_passes() -> None:
    assert run_selftest(full=False).passed
