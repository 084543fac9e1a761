"""Means over tasks: by hand, over which boards, and of which tasks."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from qaugbench.board.comparable import Submitted, by_board
from qaugbench.board.gains import measure
from qaugbench.board.pooled import TASKS, Pooled, pooled_rows
from qaugbench.definitions import names
from qaugbench.record import Board
from qaugbench.stats.mrmc import interval
from tests.board.factory import write_predictions

QLDM = ("R+", "qldm")


def _pooled(*entries: Submitted) -> list[Pooled]:
    return pooled_rows([measure(group) for group in by_board(entries)])


def _task(folder: Path, task: str, **facts: object) -> Submitted:
    return write_predictions(folder / task, task=task, arms=QLDM, seed=len(task), **facts)  # type: ignore[arg-type]


def test_every_task_counts_the_same(tmp_path: Path) -> None:
    tasks = [_task(tmp_path, "brainmri"), _task(tmp_path, "fundus", patients=80), _task(tmp_path, "kneeoa")]
    (row,) = _pooled(*tasks)
    each = []
    for task in tasks:
        gains = measure([task]).macro
        assert gains is not None
        each.append(interval(gains.theta[0], gains.influence[0], gains.n_eff))
    assert row.tasks == ("brainmri", "fundus", "kneeoa")
    assert row.comparison.estimate == pytest.approx(sum(one.estimate for one in each) / 3, abs=1e-12)
    assert row.comparison.se == pytest.approx(math.sqrt(sum(one.se**2 for one in each)) / 3, rel=1e-12)
    assert row.comparison.n_groups == 160
    assert row.posterior is not None
    assert row.posterior.below + row.posterior.within + row.posterior.above == pytest.approx(1)


def test_one_task_is_no_mean(tmp_path: Path) -> None:
    assert _pooled(_task(tmp_path, "brainmri")) == []


def test_only_the_benchmarks_own_tasks_on_real_data_without_leaks_are_pooled(tmp_path: Path) -> None:
    real = _task(tmp_path, "brainmri")
    assert _pooled(real, _task(tmp_path, "retina")) == []
    assert _pooled(real, _task(tmp_path, "fundus", phantom=True)) == []
    leaky = real.record.data.model_copy(update={"leaky": True})
    assert _pooled(real, _task(tmp_path, "kneeoa", data=leaky)) == []


def test_tracks_and_fractions_are_pooled_apart(tmp_path: Path) -> None:
    full = Board(task="fundus@1", source="nickparvar", track="full")
    assert _pooled(_task(tmp_path, "brainmri"), _task(tmp_path, "fundus", board=full)) == []
    both = ("10%", "5%")
    rows = _pooled(_task(tmp_path, "brainmri", fractions=both), _task(tmp_path, "kneeoa", fractions=both))
    assert [row.fraction for row in rows] == ["5%", "10%"]


def test_the_board_with_the_most_test_patients_stands_for_its_task(tmp_path: Path) -> None:
    knee = _task(tmp_path, "kneeoa")
    small = _task(tmp_path / "small", "brainmri", patients=40)
    chen = Board(task="brainmri@1", source="a-larger-one", track="lite")
    large = _task(tmp_path / "large", "brainmri", patients=60, board=chen)
    (row,) = _pooled(knee, small, large)
    assert row.comparison == _pooled(knee, large)[0].comparison
    assert row.comparison.n_groups == 100


def test_entries_of_one_generator_on_a_board_count_as_their_mean(tmp_path: Path) -> None:
    knee, one = _task(tmp_path, "kneeoa"), _task(tmp_path, "brainmri")
    other = write_predictions(tmp_path / "other", arms=QLDM, seed=11)
    both, first, second = (_pooled(knee, *mri)[0].comparison for mri in ((one, other), (one,), (other,)))
    assert both.estimate == pytest.approx((first.estimate + second.estimate) / 2, abs=1e-12)


def test_the_tasks_pooled_are_those_that_the_benchmark_defines() -> None:
    assert tuple(names("tasks")) == TASKS
