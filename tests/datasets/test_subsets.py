from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaugbench.datasets.strata import groups_in_stratified_order, rarest_positive
from qaugbench.datasets.subsets import (
    deciding_classes,
    draw_label_vectors,
    nested_subsets,
    runnable_fraction,
    tailfill_weights,
)
from qaugbench.errors import DataError

LADDER = (0.05, 0.10, 0.25, 1.0)


def random_labels(seed, n=600):
    draw = np.random.default_rng(seed)
    labels = (draw.random((n, 4)) < [0.4, 0.2, 0.1, 0.03]).astype(np.float32)
    return labels, draw.integers(0, n // 3, n)


@given(seed=st.integers(0, 2**32), subset_seed=st.integers(0, 2**32))
def test_subsets_are_nested_whole_groups_of_the_right_size(seed, subset_seed):
    labels, groups = random_labels(seed, n=200)
    subsets = nested_subsets(labels, groups, LADDER, subset_seed)
    largest = np.bincount(groups).max()
    inside: set[int] = set()
    for fraction, rows in subsets.items():
        assert inside <= set(rows.tolist())
        assert abs(len(rows) - fraction * 200) <= largest / 2
        assert not set(groups[rows]) & set(np.delete(groups, rows))
        inside = set(rows.tolist())
    assert len(subsets[1.0]) == 200


def test_a_rare_class_keeps_its_share_in_every_subset():
    labels = np.zeros((1000, 2), np.float32)
    labels[:40, 1] = 1
    labels[40:, 0] = 1
    for seed in range(20):
        subsets = nested_subsets(labels, np.arange(1000), LADDER, seed)
        assert [int(labels[rows, 1].sum()) for rows in subsets.values()] == [2, 4, 10, 40]


def test_every_group_is_drawn_with_about_the_fraction_as_its_probability():
    labels, groups = random_labels(3, n=120)
    drawn = np.zeros(40)
    for seed in range(2000):
        rows = nested_subsets(labels, groups, (0.25,), seed)[0.25]
        drawn[np.unique(groups[rows])] += 1
    present = np.unique(groups)
    rate = drawn[present] / 2000
    assert abs(rate.mean() - 0.25) < 0.02
    assert rate.min() > 0.12
    assert rate.max() < 0.40


def test_subsets_differ_by_seed_and_repeat_for_one():
    labels, groups = random_labels(4)
    first, again, other = (nested_subsets(labels, groups, (0.1,), seed)[0.1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.tolist() != other.tolist()


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(DataError, match="fraction"):
        nested_subsets(np.ones((4, 1)), np.arange(4), (fraction,), 0)


def test_the_order_holds_every_group_once():
    labels, groups = random_labels(5)
    order = groups_in_stratified_order(labels, groups, 0)
    assert sorted(order.tolist()) == np.unique(groups).tolist()


def test_rarest_positive_by_hand():
    labels = np.array([[1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 0, 0]])
    assert rarest_positive(labels).tolist() == [1, 2, 2, 3]


def two_classes(rare, common):
    labels = np.zeros((rare + common, 2), np.float32)
    labels[:rare, 0] = 1
    labels[rare:, 1] = 1
    return labels


@pytest.mark.parametrize(
    ("labels", "fraction", "used", "said"),
    [
        (two_classes(3000, 3000), 0.05, 0.05, None),
        (two_classes(3000, 2999), 0.05, 0.10, "is 300"),
        (two_classes(200, 9800), 0.05, 0.05, None),
        (two_classes(199, 9801), 0.05, 0.10, "under 10 positives"),
        (two_classes(39, 9961), 0.05, 1.0, "under 10 positives"),
        (two_classes(9, 9991), 1.0, 1.0, "too few for a verdict"),
        (two_classes(100, 155), 0.10, 1.0, "255 training images, under the 300 needed"),
    ],
)
def test_a_fraction_too_small_moves_to_the_next_rung(labels, fraction, used, said):
    found, reason = runnable_fraction(labels, fraction)
    assert found == used
    assert (reason is None) if said is None else (said in reason)


def test_prior_draws_every_row_equally_often():
    labels, _ = random_labels(6)
    assert sorted(draw_label_vectors(labels, 1200, "prior", 1)) == sorted(2 * list(range(600)))
    few = draw_label_vectors(labels, 100, "prior", 1)
    assert len(set(few.tolist())) == 100


def test_tailfill_multiplies_a_tail_class_by_kappa_and_evens_out_the_middle():
    labels = np.zeros((1160, 3), np.float32)
    labels[:1000, 0] = labels[1000:1150, 1] = labels[1150:, 2] = 1
    weights = tailfill_weights(labels, kappa=8)
    assert weights[[0, 1000, 1150]].tolist() == [1, pytest.approx(1000 / 150), 8]
    targets = np.array([1000, 1000, 80])
    counts = labels[draw_label_vectors(labels, 2080, "tailfill", 1, kappa=8)].sum(axis=0)
    np.testing.assert_allclose(counts, targets, atol=1)


def test_images_without_a_finding_are_a_stratum_of_their_own():
    labels = np.zeros((100, 1), np.float32)
    labels[:10, 0] = 1
    assert tailfill_weights(labels, 4)[[0, 99]].tolist() == [4, 1]
    picked = labels[draw_label_vectors(labels, 130, "tailfill", 1)]
    assert picked.sum() == 40


def test_whole_label_vectors_are_drawn_in_random_order():
    labels, _ = random_labels(7)
    rows = draw_label_vectors(labels, 500, "tailfill", 1)
    assert rows.min() >= 0
    assert rows.max() < 600
    known = {tuple(row) for row in labels.tolist()}
    assert {tuple(row) for row in labels[rows].tolist()} <= known
    assert (np.diff(rows) > 0).mean() == pytest.approx(0.5, abs=0.08)
    np.testing.assert_array_equal(rows, draw_label_vectors(labels, 500, "tailfill", 1))
    assert rows.tolist() != draw_label_vectors(labels, 500, "tailfill", 2).tolist()


def test_an_unknown_mode_and_no_rows_are_refused():
    with pytest.raises(DataError, match="'tailfill'"):
        draw_label_vectors(np.ones((3, 1)), 3, "tail", 1)
    with pytest.raises(DataError, match="none"):
        draw_label_vectors(np.ones((0, 1)), 3, "prior", 1)


def test_a_class_that_the_source_lacks_does_not_hold_a_fraction_back() -> None:
    labels = np.zeros((6000, 3), dtype=np.float32)
    labels[np.arange(6000), np.arange(6000) % 2] = 1
    assert runnable_fraction(labels, 0.1) == (0.1, None)
    labels[0] = (0, 0, 1)
    found, reason = runnable_fraction(labels, 0.1)
    assert found == 1.0
    assert "1 of 3 classes have under" in str(reason)


def test_a_class_that_is_never_scored_does_not_hold_a_fraction_back() -> None:
    train = np.zeros((6000, 3), dtype=np.float32)
    train[np.arange(6000), np.arange(6000) % 2] = 1
    train[:8, 2] = 1  # as rare as Hernia
    test = np.zeros((300, 3), dtype=np.float32)
    test[np.arange(300), np.arange(300) % 2] = 1
    test[0, 2] = 1
    assert deciding_classes(test).tolist() == [0, 1]
    assert runnable_fraction(train, 0.1)[0] == 1.0
    assert runnable_fraction(train[:, deciding_classes(test)], 0.1) == (0.1, None)


def test_a_class_with_too_few_negatives_decides_nothing_either() -> None:
    test = np.ones((300, 2), dtype=np.float32)
    test[:9, 0] = test[:10, 1] = 0
    assert deciding_classes(test).tolist() == [1]


def test_where_no_class_is_scored_all_of_them_decide() -> None:
    assert deciding_classes(np.eye(3)[np.arange(9) % 3]).tolist() == [0, 1, 2]
