"""Estimates put side by side and summed: blocks stay independent, degrees of freedom are Satterthwaite's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import sqrtm

from qaugbench.errors import StatisticsError
from qaugbench.stats.joint import SPANS_BOARDS, Joint, combine, stack, symmetric_root

CORRELATED = np.array([[4.0, 1.0], [1.0, 9.0]]) * 1e-6


def _board(estimate: float, df: float) -> Joint:
    return Joint.of(np.array([estimate, 2 * estimate]), CORRELATED, df)


def test_of_returns_the_covariance_given() -> None:
    joint = Joint.of(np.zeros(2), CORRELATED, 7.0)
    np.testing.assert_allclose(joint.covariance, CORRELATED, rtol=1e-12)
    assert joint.se.tolist() == pytest.approx([0.002, 0.003])
    assert joint.df.tolist() == [7.0, 7.0]


def test_stacked_boards_are_independent() -> None:
    joint = stack([_board(0.01, 9.0), _board(0.02, 16.0)])
    np.testing.assert_allclose(joint.covariance[:2, :2], CORRELATED, rtol=1e-12)
    assert not joint.covariance[:2, 2:].any()
    assert joint.board.tolist() == [0, 0, 1, 1]
    assert joint.df.tolist() == [9, 9, 16, 16]


def test_stacks_of_stacks_number_their_boards_on() -> None:
    pair = stack([_board(0.01, 9.0), _board(0.02, 16.0)])
    assert stack([pair, pair]).board.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_pooled_rows_by_hand_beside_the_rows_they_pool() -> None:
    # Variances 4, 4 (1e-6), weights 1/2: (4+4)/4 = 2, and df = 2^2 / (1/9 + 1/16) = 23.04.
    tasks = stack([_board(0.01, 9.0), _board(0.02, 16.0)])
    family = combine(tasks, np.vstack([np.eye(4), [0.5, 0, 0.5, 0]]))
    assert family.estimate.tolist() == pytest.approx([0.01, 0.02, 0.02, 0.04, 0.015])
    assert (family.se[4], family.df[4]) == pytest.approx((math.sqrt(2e-6), 23.04))
    assert family.df[:4].tolist() == pytest.approx([9, 9, 16, 16])
    # cov(mean, first) = 4/2; cov(mean, second of the same board) = 1/2.
    assert family.covariance[4, :2].tolist() == pytest.approx([2e-6, 0.5e-6])
    assert family.board.tolist() == [0, 0, 1, 1, SPANS_BOARDS]


def test_terms_without_error_or_with_known_variance_are_summed_too() -> None:
    known = Joint.of(np.array([0.01]), np.array([[4e-6]]), math.inf)
    never_varies = Joint.of(np.array([0.0]), np.array([[0.0]]), math.inf)
    pooled = combine(stack([known, never_varies]), np.array([[0.5, 0.5], [0.0, 1.0]]))
    assert pooled.se.tolist() == pytest.approx([0.001, 0.0])
    assert np.isinf(pooled.df).all()


def test_symmetric_root_is_scipys() -> None:
    random = np.random.default_rng(0).normal(size=(5, 9))
    matrix = random @ random.T
    np.testing.assert_allclose(symmetric_root(matrix), sqrtm(matrix).real, rtol=1e-9)


@pytest.mark.parametrize("weights", [[[0.5, 0.5, 0, 0]], [[1.0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]])
def test_refuses_to_sum_estimates_that_share_patients(weights: list[list[float]]) -> None:
    tasks = stack([_board(0.01, 9.0), _board(0.02, 16.0)])
    with pytest.raises(StatisticsError, match="one estimate per board"):
        combine(tasks, np.array(weights))


def test_refuses_to_sum_a_pooled_row_again() -> None:
    pooled = combine(stack([_board(0.01, 9.0), _board(0.02, 16.0)]), np.array([[0.5, 0, 0.5, 0], [0, 0, 0, 1]]))
    with pytest.raises(StatisticsError, match="one estimate per board"):
        combine(pooled, np.array([[1.0, 1.0]]))


@pytest.mark.parametrize(
    ("covariance", "df", "message"),
    [
        (np.eye(3), 9.0, "given"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), 9.0, "not finite"),
        (np.array([[1.0, 0.5], [0.2, 1.0]]), 9.0, "symmetric"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), 9.0, "negative eigenvalue"),
        (np.eye(2), 0.0, "positive"),
    ],
)
def test_refuses_what_is_no_covariance(covariance: np.ndarray, df: float, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        Joint.of(np.zeros(2), covariance, df)


@pytest.mark.parametrize("weights", [np.zeros((1, 2)), np.ones((1, 3)), np.array([[np.nan, 1.0]])])
def test_refuses_weights_that_make_no_sum(weights: np.ndarray) -> None:
    with pytest.raises(StatisticsError):
        combine(_board(0.01, 9.0), weights)
    with pytest.raises(StatisticsError, match="nothing to stack"):
        stack([])
