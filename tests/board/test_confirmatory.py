"""The confirmatory family: what belongs to it, and what being in it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qaugbench.board.comparable import by_board
from qaugbench.board.confirmatory import confirmatory
from qaugbench.board.gains import Measured, measure
from qaugbench.board.pooled import pooled_rows
from qaugbench.stats.mrmc import interval
from tests.board.factory import write_predictions


def _boards(*entries: object) -> list[Measured]:
    return [measure(group) for group in by_board(entries)]  # type: ignore[arg-type]


def test_entries_of_a_board_pay_for_one_another(tmp_path: Path) -> None:
    one, other = (write_predictions(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 7)))
    alone = confirmatory(_boards(one), [])
    together = confirmatory(_boards(one, other), [])
    assert together.family is not None
    assert (len(alone.rows), len(together.rows)) == (2, 4)
    assert (together.family.p_single_step >= together.family.p_value).all()
    for place, p_value in alone.rows.items():
        assert p_value < together.rows[place] or p_value > 0.9


def test_a_member_of_the_family_is_the_difference_that_its_row_shows(tmp_path: Path) -> None:
    boards = _boards(write_predictions(tmp_path / "a", fractions=("10%", "100%")))
    family, gains = confirmatory(boards, []).family, boards[0].primary
    assert family is not None
    assert gains is not None
    for number, row in enumerate(zip(gains.theta, gains.influence, strict=True)):
        alone = interval(*row, gains.n_eff)
        assert family.estimate[number] == pytest.approx(alone.estimate, abs=1e-12)
        assert family.se[number] == pytest.approx(alone.se, rel=1e-9)
        assert family.p_value[number] == pytest.approx(alone.p_value, rel=1e-9)


def test_rows_of_one_board_are_correlated_and_of_two_are_not(tmp_path: Path) -> None:
    # Two copies of an entry are one comparison; on two boards they are two.
    copies = [write_predictions(tmp_path / name, arms=("R+", "R+cm", "qldm")) for name in ("a", "b")]
    elsewhere = write_predictions(tmp_path / "c", arms=("R+", "R+cm", "qldm"), task="fundus")
    same = confirmatory(_boards(*copies), []).family
    two = confirmatory(_boards(copies[0], elsewhere), []).family
    one = confirmatory(_boards(copies[0]), []).family
    assert same is not None
    assert one is not None
    assert two is not None
    assert same.quantile == pytest.approx(one.quantile, rel=0.01)
    assert two.quantile > 1.05 * one.quantile


def test_provisional_and_phantom_rows_stay_outside(tmp_path: Path) -> None:
    listed = write_predictions(tmp_path / "a")
    provisional = write_predictions(tmp_path / "b", replicates=9, seed=1)
    phantom = write_predictions(tmp_path / "c", phantom=True)
    found = confirmatory(_boards(listed, provisional, phantom), [])
    assert {place.entry for place in found.rows} == {tmp_path / "a"}
    assert confirmatory(_boards(provisional, phantom), []).family is None


def test_pooled_rows_are_members_as_the_mean_over_tasks(tmp_path: Path) -> None:
    boards = _boards(
        *(write_predictions(tmp_path / task, task=task, seed=n) for n, task in enumerate(("fundus", "kneeoa")))
    )
    pooled = pooled_rows(boards)
    found = confirmatory(boards, pooled)
    assert found.family is not None
    assert (len(found.rows), list(found.pooled)) == (4, [("lite", "10%", "ddpm"), ("lite", "10%", "qldm")])
    assert found.family.estimate[4:].tolist() == pytest.approx([row.comparison.estimate for row in pooled], abs=1e-12)
    assert found.family.se[4:].tolist() == pytest.approx([row.comparison.se for row in pooled], rel=1e-9)
    assert found.family.df[4:].tolist() == pytest.approx([row.comparison.df for row in pooled], rel=1e-9)
    assert [found.pooled[row.row] for row in pooled] == found.family.p_single_step[4:].tolist()


def test_a_provisional_task_keeps_its_mean_outside(tmp_path: Path) -> None:
    short = write_predictions(tmp_path / "a", task="fundus", replicates=9)
    boards = _boards(short, write_predictions(tmp_path / "b", task="kneeoa", seed=1))
    pooled = pooled_rows(boards)
    assert [row.listed for row in pooled] == [False, False]
    found = confirmatory(boards, pooled)
    assert (len(found.rows), found.pooled) == (2, {})


def test_the_same_entries_give_the_same_numbers(tmp_path: Path) -> None:
    entries = [write_predictions(tmp_path / name, seed=seed) for seed, name in enumerate("abc")]
    one, other = (confirmatory(_boards(*order), []) for order in (entries, entries[::-1]))
    assert dict(one.rows) == dict(other.rows)
    assert np.isfinite(list(one.rows.values())).all()
