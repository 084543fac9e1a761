from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from qaugbench.datasets.identity import content_identity
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.splits import choose_split, crossing_groups, split_seed, unusable_part, usable_split
from qaugbench.errors import DataError
from qaugbench.task import PARTS

from .conftest import png

CLASSES = SimpleNamespace(kind="multiclass", names=("a", "b"))


def source(make_source, parts, *, groups=None, column="split", extra=None):
    groups = range(len(parts)) if groups is None else groups
    header = f"filename,label,patient_id,{column}" + (f",{extra[0]}" if extra else "")
    lines = [
        f"{i}.png,{'ab'[i % 2]},p{group},{part}" + (f",{extra[1][i]}" if extra else "")
        for i, (group, part) in enumerate(zip(groups, parts, strict=True))
    ]
    return open_prepared(make_source("\n".join([header, *lines]) + "\n"), CLASSES)


def parts_of(split):
    return {part: set(getattr(split, part).tolist()) for part in ("train", "val", "test")}


def test_a_clean_published_split_is_used_as_it_is(make_source):
    prepared = source(make_source, ["train", "Test", "val", "train"])
    split = choose_split(prepared)
    assert parts_of(split) == {"train": {0, 3}, "val": {2}, "test": {1}}
    assert (split.name, split.leaky, split.crossing_groups) == ("split", False, 0)
    assert "no group crosses" in split.how


def test_group_split_goes_before_split(make_source):
    prepared = source(make_source, ["train", "test", "val"], extra=("group_split", ["test", "val", "train"]))
    split = choose_split(prepared)
    assert parts_of(split) == {"train": {2}, "val": {1}, "test": {0}}
    assert "group_split" in split.how


def test_a_published_split_without_val_gives_up_whole_groups_for_it(make_source):
    groups = np.repeat(np.arange(60), 2)
    prepared = source(make_source, ["train"] * 100 + ["test"] * 20, groups=groups)
    split = choose_split(prepared)
    assert sorted(split.test.tolist()) == list(range(100, 120))
    assert 13 <= len(split.val) <= 17
    assert not set(groups[split.val]) & set(groups[split.train])
    assert "became val" in split.how


def test_a_published_split_that_a_group_crosses_is_replaced_by_an_own_one(make_source):
    groups = np.arange(40) // 2
    prepared = source(make_source, ["train", "test"] * 20, groups=groups)
    split = choose_split(prepared)
    parts = parts_of(split)
    assert split.name == "own"
    assert "20 groups" in split.how
    assert set.union(*parts.values()) == set(range(40))
    sides = [set(groups[list(rows)]) for rows in parts.values()]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 20
    assert (len(parts["val"]), len(parts["test"])) == (6, 6)


def test_a_forced_column_that_a_group_crosses_is_refused_unless_allowed(make_source):
    prepared = source(make_source, ["train", "test", "train", "val"], groups=[7, 7, 8, 9])
    with pytest.raises(DataError, match=r"puts 1 groups.*p7 \(test, train\).*--allow-leaky-split"):
        choose_split(prepared, column="split")
    split = choose_split(prepared, column="split", allow_leaky=True)
    assert (split.leaky, split.crossing_groups) == (True, 1)
    assert "LEAKY" in split.how
    assert parts_of(split) == {"train": {0, 2}, "val": {3}, "test": {1}}


def test_a_leaky_group_split_is_refused_too(make_source):
    prepared = source(make_source, ["train", "test", "val"], groups=[1, 1, 2], column="group_split")
    with pytest.raises(DataError, match="--allow-leaky-split"):
        choose_split(prepared)


@pytest.mark.parametrize(
    ("column", "said"),
    [("splits", "Did you mean 'split'"), ("label", "must say train, val or test"), ("patient_id", "4 rows do not")],
)
def test_a_column_that_is_no_split_is_refused(make_source, column, said):
    prepared = source(make_source, ["train", "test", "val", "train"])
    with pytest.raises(DataError, match=said):
        choose_split(prepared, column=column)


def test_a_forced_column_without_a_test_part_is_refused_and_an_unforced_one_replaced(make_source):
    prepared = source(make_source, ["train"] * 20)
    with pytest.raises(DataError, match="no test part"):
        choose_split(prepared, column="split")
    assert choose_split(prepared).name == "own"


def test_rows_without_a_part_are_left_out_and_cross_nothing(make_source):
    prepared = source(make_source, ["train", "", "test", "val"], groups=[1, 1, 2, 3])
    split = choose_split(prepared)
    assert parts_of(split) == {"train": {0}, "val": {3}, "test": {2}}
    assert "1 images without a part" in split.how


PICTURES = [png(np.full((2, 2), i, np.uint8)) for i in range(80)]


@pytest.mark.parametrize("column", [None, "fold:2/4"])
def test_the_split_depends_on_content_alone(make_source, column):
    """Other file names, other patient names, other order of rows, an unrelated file: the same pictures are tested."""
    rows = [(i, "ab"[i % 2], i // 2) for i in range(80)]
    text = "filename,label,patient_id\n" + "".join(f"{i}.png,{label},p{group}\n" for i, label, group in rows)
    files = {f"images/{i}.png": PICTURES[i] for i in range(80)}
    other = "patient_id,filename,label\n" + "".join(
        f"z{99 - group},x/{80 - i},{label}\n" for i, label, group in rows[::-1]
    )
    moved = {f"images/x/{80 - i}": PICTURES[i] for i in range(80)} | {"notes.txt": b"scanned in May"}
    first = open_prepared(make_source(text, files), CLASSES)
    second = open_prepared(make_source(other, moved, name="another"), CLASSES, name="hospital-b")
    one, two = (choose_split(prepared, column=column) for prepared in (first, second))
    for part in PARTS:
        tested = [
            {prepared.read_bytes(i) for i in getattr(split, part)} for prepared, split in ((first, one), (second, two))
        ]
        assert tested[0] == tested[1]
    assert one.sha256 == two.sha256
    assert first.identity.sha256 == second.identity.sha256
    ids = [dict(zip(prepared.hashes, prepared.identity.image_ids, strict=True)) for prepared in (first, second)]
    assert ids[0] == ids[1]


def test_one_changed_picture_label_or_group_is_another_content_and_draws_another_split(make_source):
    def opened(name, *, first=PICTURES[0], label="a", group="p0"):
        rows = [("0.png", label, group), *((f"{i}.png", "ab"[i % 2], f"p{i}") for i in range(1, 80))]
        text = "filename,label,patient_id\n" + "".join(",".join(row) + "\n" for row in rows)
        files = {f"images/{i}.png": PICTURES[i] for i in range(1, 80)} | {"images/0.png": first}
        return open_prepared(make_source(text, files, name=name), CLASSES)

    sources = [
        opened("a"),
        opened("b", first=png(np.full((2, 2), 99, np.uint8))),
        opened("c", label="b"),
        opened("d", group="p1"),
    ]
    assert len({source.identity.sha256 for source in sources}) == len({split_seed(source) for source in sources}) == 4


def test_copies_of_one_file_have_ids_of_their_own_that_follow_their_labels_and_groups():
    labels, groups = np.eye(2)[[0, 1, 0]], np.array([0, 0, 1])
    one = content_identity(["x", "x", "x"], labels, groups, "ab")
    order = [2, 0, 1]
    other = content_identity(["x", "x", "x"], labels[order], groups[order], "ab")
    assert len(set(one.image_ids)) == 3
    assert [one.image_ids[i] for i in order] == list(other.image_ids)
    assert one.sha256 == other.sha256


def test_a_part_without_both_positives_and_negatives_is_refused_with_its_counts(make_source):
    prepared = source(make_source, ["train", "train", "val", "val", "test", "train"])
    assert "the test part has 1 images" in unusable_part(prepared, choose_split(prepared))
    with pytest.raises(DataError, match=r"the test part has 1 images and no class.*\(a: 1, b: 0\)"):
        usable_split(prepared)


def test_an_own_split_keeps_the_share_of_a_rare_class(make_source):
    text = "filename,label\n" + "".join(f"{i}.png,{'b' if i < 20 else 'a'}\n" for i in range(200))
    prepared = open_prepared(make_source(text), CLASSES)
    split = choose_split(prepared)
    assert [len(split.train), len(split.val), len(split.test)] == [140, 30, 30]
    assert [int(prepared.labels[rows, 1].sum()) for rows in (split.val, split.test)] == [3, 3]


def test_too_few_groups_for_three_parts_is_said(make_source):
    prepared = source(make_source, ["train"] * 6, groups=[1, 1, 1, 2, 2, 2])
    with pytest.raises(DataError, match=r"2 groups.*too few"):
        choose_split(prepared)


def test_crossing_groups_by_hand():
    groups = np.array([5, 5, 2, 2, 9])
    parts = np.array(["train", "train", "test", "val", "test"])
    assert crossing_groups(groups, parts).tolist() == [2]
