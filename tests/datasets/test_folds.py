from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaugbench.datasets.folds import fold_parts, fold_request, group_folds
from qaugbench.datasets.judge import judge_split
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.datasets.strata import group_strata
from qaugbench.errors import DataError

CLASSES = SimpleNamespace(kind="multiclass", names=("a", "b"))


def drawn(seed, n=240):
    draw = np.random.default_rng(seed)
    return (draw.random((n, 4)) < [0.4, 0.2, 0.1, 0.03]).astype(np.float32), draw.integers(0, n // 3, n)


@given(seed=st.integers(0, 2**32), n_folds=st.integers(2, 8))
def test_folds_are_whole_groups_and_hold_each_stratum_evenly(seed, n_folds):
    labels, groups = drawn(seed)
    folds = group_folds(labels, groups, n_folds, seed)
    codes, strata, images = group_strata(labels, groups)
    fold_of = [set(folds[groups == code]) for code in codes]
    assert all(len(inside) == 1 for inside in fold_of)
    fold = np.array([inside.pop() for inside in fold_of])
    for stratum in np.unique(strata):
        here = strata == stratum
        held = np.bincount(fold[here], weights=images[here], minlength=n_folds)
        assert held.max() - held.min() <= images[here].max()


def test_nine_patients_of_a_rare_class_are_spread_over_all_folds():
    labels = np.eye(2, dtype=np.float32)[[1] * 9 + [0] * 91]
    for seed in range(10):
        folds = group_folds(labels, np.arange(100), 5, seed)
        assert sorted(np.bincount(folds[:9]).tolist()) == [1, 2, 2, 2, 2]
        assert np.bincount(folds).tolist() == [20] * 5


def test_a_large_group_goes_first_so_that_the_small_ones_fill_up():
    groups = np.repeat(np.arange(5), [1, 1, 1, 1, 4])
    for seed in range(10):
        assert np.bincount(group_folds(np.ones((8, 1)), groups, 2, seed)).tolist() == [4, 4]


def test_folds_are_the_same_for_a_seed_whatever_the_order_of_rows():
    labels, groups = drawn(1)
    order = np.random.default_rng(2).permutation(len(groups))
    np.testing.assert_array_equal(
        group_folds(labels[order], groups[order], 5, 3), group_folds(labels, groups, 5, 3)[order]
    )
    assert group_folds(labels, groups, 5, 4).tolist() != group_folds(labels, groups, 5, 3).tolist()


def test_more_folds_than_groups_are_refused():
    with pytest.raises(DataError, match=r"2 groups.*3 folds"):
        group_folds(np.ones((4, 1)), np.array([0, 0, 1, 1]), 3, 0)


@pytest.mark.parametrize("column", ["fold:0/5", "fold:6/5", "fold:1/2", "fold:1", "fold:a/b", "fold:1/5 "])
def test_a_fold_that_is_none_is_refused(column):
    with pytest.raises(DataError, match=r"fold:1/5"):
        fold_request(column)


def test_parts_of_a_fold_by_hand():
    assert fold_parts(np.array([0, 1, 2, 0, 3]), 0).tolist() == ["test", "val", "train", "test", "train"]


def source(make_source, n=60, rare=10, parts=None):
    lines = [f"{i}.png,{'b' if i % (n // rare) == 0 else 'a'},p{i // 2}" for i in range(n)]
    lines = [f"{line},{part}" for line, part in zip(lines, parts or [""] * n, strict=True)]
    return open_prepared(make_source("\n".join(["filename,label,patient_id,split", *lines]) + "\n"), CLASSES)


def test_the_runs_of_all_folds_test_every_image_once(make_source):
    prepared = source(make_source)
    splits = [choose_split(prepared, column=f"fold:{j}/5") for j in range(1, 6)]
    assert np.sort(np.concatenate([split.test for split in splits])).tolist() == list(range(60))
    for split, following in zip(splits, splits[1:] + splits[:1], strict=True):
        np.testing.assert_array_equal(split.val, following.test)
        sides = [set(prepared.groups[rows]) for rows in (split.train, split.val, split.test)]
        assert sum(map(len, sides)) == len(set.union(*sides)) == 30
        assert int(prepared.labels[split.test, 1].sum()) == 2
        assert (split.name, split.leaky) == (f"fold:{splits.index(split) + 1}/5", False)
    assert len({split.sha256 for split in splits}) == 5
    assert choose_split(prepared, column="fold:1/5").sha256 == splits[0].sha256


def test_a_large_validation_part_gives_one_judge_apart_from_training_and_test(make_source):
    prepared = source(make_source, n=300, rare=150, parts=["train"] * 100 + ["val"] * 120 + ["test"] * 80)
    split = choose_split(prepared)
    judge = judge_split(prepared, split, seed=1)
    assert (len(judge.folds), judge.weak) == (1, None)
    fold = judge.folds[0]
    assert sorted([*fold.train, *fold.reference]) == sorted(split.val.tolist())
    assert not set(prepared.groups[fold.train]) & set(prepared.groups[fold.reference])
    assert [len(fold.train), len(fold.reference)] == [60, 60]
    assert judge_split(prepared, split, seed=1).sha256 == judge.sha256 != judge_split(prepared, split, seed=2).sha256


def test_a_small_validation_part_gives_two_judges_that_change_places(make_source):
    prepared = source(make_source, n=60, rare=20, parts=["train"] * 20 + ["val"] * 30 + ["test"] * 10)
    judge = judge_split(prepared, choose_split(prepared), seed=1)
    first, second = judge.folds
    np.testing.assert_array_equal(first.train, second.reference)
    np.testing.assert_array_equal(first.reference, second.train)
    assert "5 positives of b, under 10" in judge.weak
    assert "two judges" in judge.how


def test_patients_of_the_training_part_never_judge(make_source):
    parts = ["train"] * 21 + ["val"] * 29 + ["test"] * 10
    prepared = source(make_source, n=60, rare=20, parts=parts)
    split = choose_split(prepared, column="split", allow_leaky=True)
    judge = judge_split(prepared, split, seed=1)
    assert 21 in split.val
    assert 21 not in np.concatenate([judge.folds[0].train, judge.folds[0].reference])
    assert "1 images of groups in another part are left out" in judge.how


def test_a_validation_part_of_one_group_cannot_judge(make_source):
    prepared = source(make_source, n=60, parts=["train"] * 40 + ["val"] * 2 + ["test"] * 18)
    with pytest.raises(DataError, match=r"1 groups.*a judge needs two"):
        judge_split(prepared, choose_split(prepared), seed=1)


@pytest.mark.realdata
def test_the_rare_findings_of_real_chests_reach_every_fold_that_their_patients_can(real_data):
    from qaugbench import definitions

    prepared = open_prepared(real_data / "chestxray-nih14-1000.zip", definitions.task("chestxray").labels)
    tested = [choose_split(prepared, column=f"fold:{j}/5").test for j in range(1, 6)]
    positives = {
        name: [int(prepared.labels[rows, k].sum()) for rows in tested] for k, name in enumerate(prepared.label_names)
    }
    assert min(positives["Pneumonia"]) >= 1  # 11 images of 9 patients
    assert sum(positives["Hernia"]) == 9
    assert np.count_nonzero(positives["Hernia"]) == 2  # two patients
