"""Nearest neighbours against a plain search and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from qaugbench.errors import StatisticsError
from qaugbench.metrics import neighbours
from qaugbench.metrics.neighbours import nearest


@pytest.mark.parametrize(("n", "m", "k"), [(7, 30, 3), (5, 4, 4), (40, 200, 50)])
def test_neighbours_are_those_of_scikit_learn(n: int, m: int, k: int) -> None:
    rng = np.random.default_rng(n)
    queries, references = rng.normal(size=(n, 16)).astype(np.float32), rng.normal(size=(m, 16)).astype(np.float32)
    found = nearest(queries, references, k)
    distances, rows = (
        NearestNeighbors(n_neighbors=k, algorithm="brute")
        .fit(references.astype(float))
        .kneighbors(queries.astype(float))
    )
    np.testing.assert_allclose(found.distances, distances, rtol=1e-6)
    assert found.rows.tolist() == rows.tolist()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    queries, references = rng.normal(size=(33, 8)), rng.normal(size=(50, 8))
    whole = nearest(queries, references, 5)
    monkeypatch.setattr(neighbours, "CHUNK_VALUES", 100)
    parts = nearest(queries, references, 5)
    assert (whole.rows == parts.rows).all()
    assert (whole.distances == parts.distances).all()


def test_equal_rows_are_at_distance_zero_far_from_the_origin() -> None:
    rows = np.random.default_rng(2).normal(1e3, 1.0, size=(20, 64)).astype(np.float32)
    assert (nearest(rows, rows).distances == 0).all()


def test_neighbours_within_a_collapsed_set_are_found_far_from_the_origin() -> None:
    """Its rows differ by far less than the rounding of their own squares."""
    rows = (1e3 + 0.05 * np.random.default_rng(3).normal(size=(300, 64))).astype(np.float32)
    expected = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(rows.astype(float) - 1e3)
    distances, _ = expected.kneighbors(rows.astype(float) - 1e3)
    np.testing.assert_allclose(nearest(rows, rows, 5, same=True).distances, distances[:, 1:], rtol=1e-6)


def test_no_row_is_its_own_neighbour() -> None:
    rows = np.array([[0.0], [1.0], [1.0], [5.0]])
    found = nearest(rows, rows, same=True)
    assert found.rows[:, 0].tolist() == [1, 2, 1, 1]
    assert found.distances[:, 0].tolist() == [1.0, 0.0, 0.0, 4.0]


@pytest.mark.parametrize(
    ("queries", "references", "says"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4)), "one extractor"),
        (np.full((2, 3), np.nan), np.zeros((2, 3)), "not finite"),
        (np.zeros((2, 3)), np.zeros((0, 3)), "too few"),
    ],
)
def test_impossible_features_are_refused(queries: np.ndarray, references: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        nearest(queries, references)
